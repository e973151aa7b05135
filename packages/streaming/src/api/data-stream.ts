import { UsageError } from '@millrace/core/base/errors';
import type { DurationLike } from '@millrace/core/config/duration';
import type { TypeInformation } from '@millrace/core/types/type-information';
import { PrintSink } from '../builtin/print-sink.ts';
import type { ReconnectionOptions } from '../builtin/socket/reconnection.ts';
import { type SocketSchema, SocketSink } from '../builtin/socket/socket-sink.ts';
import type { Emittable } from '../contract/emittable.ts';
import type { PlainFunction } from '../contract/operator.ts';
import type { Sink } from '../contract/sink.ts';
import { BroadcastStateDeclaration } from '../contract/state-declaration.ts';
import { type AnyMapStateDescriptor, MapStateDescriptor } from '../contract/state-descriptor.ts';
import type { WatermarkStrategy } from '../contract/watermark-strategy.ts';
import type { PartitionerKind } from '../graph/job-graph.ts';
import { processOperator } from '../operators/process-operator.ts';
import { timestampsAndWatermarks } from '../operators/timestamps-and-watermarks.ts';
import type { GlobalWindow } from '../window/global-window.ts';
import type { TimeWindow } from '../window/time-window.ts';
import type { Window } from '../window/window.ts';
import type { WindowAssigner } from '../window/window-assigner.ts';
import type { AllWindowedStream } from './all-windowed-stream.ts';
import { allCountWindows, allWindows } from './all-windows.ts';
import type { BroadcastConnectedStream } from './broadcast-connected-stream.ts';
import { BroadcastStream } from './broadcast-stream.ts';
import type { CloseableIterator } from './closeable-iterator.ts';
import type { CoGroupedStreams } from './co-grouped-streams.ts';
import type { ConnectedStreams } from './connected-streams.ts';
import type { DataStreamSink } from './data-stream-sink.ts';
import { executeAndCollect, executeAndCollectSome } from './execute-and-collect.ts';
import { checkFunction, checkPlainFunction, show } from './function-checks.ts';
import type { IterationOptions, IterativeStream } from './iterative-stream.ts';
import type { JoinedStreams } from './joined-streams.ts';
import { addFunctionOperator } from './function-operator.ts';
import type { KeyedStream } from './keyed-stream.ts';
import { checkIdentifier } from './operator-settings.ts';
import type { PartitionWindowedStream } from './partition-windowed-stream.ts';
import type { NewOperator } from './program.ts';
import { PROCESS_FUNCTION, type ProcessFunctionLike } from './process-functions.ts';
import { projection } from './projection.ts';
import type { RichFilterFunctionLike, RichFlatMapFunctionLike, RichMapFunctionLike } from './rich-functions.ts';
import { type FunctionParameters, runtimeContextOf } from './runtime-context.ts';
import { addSinkTopology } from './sink-topologies.ts';
import { type SinkFunctionArgument, sinkOfFunction } from './sink-functions.ts';
import type { TwoPhaseCommitSinkFunctionLike } from './two-phase-commit-sink-function.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { SplitStream } from './split-stream.ts';
import { StreamHandle } from './stream-handle.ts';
import { statefulFunction } from './stateful-function.ts';
import { type BroadcastPair, checkSameEnvironment, type KeyOf, type StreamPair } from './stream-scope.ts';
import type { ElementOf, Simplify } from './stream-types.ts';
import { timeWindows } from './time-window.ts';
import { type StrategyFunction, watermarkStrategy } from './watermark-strategies.ts';

/**
 * A stream of records of type T, bounded or not. Calls describe what is to be done; nothing runs before `execute`. Flink: "DataStream API".
 *
 * Functions are called in the order of the records of their subtask, in one thread, and are synchronous. What they throw fails the job with a
 * `UserCodeError` that names the operator. A record must not be changed after it was emitted.
 */
export class DataStream<out T> extends StreamHandle {
  /** For the compiler only. */
  declare protected readonly holds: T;

  /**
   * Emits what the function makes of each record: exactly one record. An array is one record, so is `null`; `undefined` and promises are refused.
   *
   * ```ts
   * const lengths = env.fromData('to', 'be').map((word) => word.length); // 2, 2
   * ```
   */
  map<R extends Emittable>(mapper: ((value: T) => R) | RichMapFunctionLike<T, R>): SingleOutputStreamOperator<R> {
    if (isObject(mapper)) return this.richFunction('Map', 'map', mapper);
    checkPlainFunction(mapper, 'map', 'a function from one record to one record');
    return this.transform('Map', { logic: { kind: 'map', fn: mapper as PlainFunction } });
  }

  /**
   * Emits what the returned iterable yields, one by one and lazily: under back-pressure a generator is suspended. To emit nothing, return `[]`.
   *
   * ```ts
   * const words = env.fromData('to be', 'or not').flatMap((line) => line.split(' ')); // to, be, or, not
   * ```
   */
  flatMap<R extends Emittable>(
    flatMapper: ((value: T) => Iterable<R> & object) | RichFlatMapFunctionLike<T, R>,
  ): SingleOutputStreamOperator<R> {
    if (isObject(flatMapper)) return this.richFunction('Flat Map', 'flatMap', flatMapper);
    checkFunction(flatMapper, 'flatMap', 'a function from one record to an iterable of records');
    return this.transform('Flat Map', { logic: { kind: 'flatMap', fn: flatMapper as PlainFunction } });
  }

  /**
   * Keeps the records for which the function returns true. A type predicate narrows the type of the stream.
   *
   * ```ts
   * const even = env.fromSequence(1, 10).filter((n) => n % 2 === 0); // 2, 4, 6, 8, 10
   * ```
   */
  filter<S extends T>(filter: (value: T) => value is S): SingleOutputStreamOperator<S>;
  filter(filter: ((value: T) => boolean) | RichFilterFunctionLike<T>): SingleOutputStreamOperator<T>;
  filter(filter: ((value: T) => boolean) | RichFilterFunctionLike<T>): SingleOutputStreamOperator<T> {
    if (isObject(filter)) return this.richFunction('Filter', 'filter', filter, this.type());
    checkPlainFunction(filter, 'filter', 'a function from a record to true or false');
    return this.transform('Filter', { logic: { kind: 'filter', fn: filter as PlainFunction }, type: this.type() });
  }

  /**
   * Gives each record to an object that emits what it likes, to side outputs too, and knows the record's time. A bare function is a factory: it makes one object
   * for each subtask. For state and timers call it on a keyed stream. Flink: "Process Function".
   *
   * ```ts
   * const valid = lines.process({ processElement(line, context, out: Collector<string>) { if (line === '') context.output(empty, 1); else out.collect(line); } });
   * ```
   */
  process<R extends Emittable>(fn: ProcessFunctionLike<T, R> | (() => ProcessFunctionLike<T, R>)): SingleOutputStreamOperator<R> {
    const { create, states } = statefulFunction<never>(fn, PROCESS_FUNCTION, 'non-keyed');
    return this.functionOperator('Process', (parameters) => ({
      logic: processOperator({ create, states, runtimeContext: (context, own) => runtimeContextOf(context, parameters, own) }),
    }));
  }

  /** Picks elements of a tuple by position, or fields of a record by name. Fields that an optional one leaves out stay absent. */
  project<A extends readonly unknown[], const F extends readonly number[]>(
    this: DataStream<A>,
    ...fields: F
  ): SingleOutputStreamOperator<{ -readonly [I in keyof F]: A[F[I]] }>;
  project<F extends keyof T>(...fields: readonly F[]): SingleOutputStreamOperator<Simplify<Pick<T, F>>>;
  project(...fields: readonly PropertyKey[]): SingleOutputStreamOperator<never> {
    return this.transform<never>('Projection', { logic: { kind: 'map', fn: projection(fields) } });
  }

  /**
   * Sends all records of one key to one subtask. A key is a number, a string, a boolean, a bigint, a Date, `null`, or an object or tuple of these, which is
   * compared by value. The function is called twice for each record and must return the same both times.
   *
   * ```ts
   * const perDay = bids.keyBy((bid) => [bid.auction, bid.day]).sum('price');
   * ```
   */
  keyBy<const K extends Emittable>(key: (value: T) => K, type?: TypeInformation<K>): KeyedStream<T, K> {
    checkPlainFunction(key, 'keyBy', 'a function from a record to its key');
    const id = this.scope.program.add({
      kind: 'partition',
      input: this.id,
      partitioner: 'hash',
      keySelector: key as PlainFunction,
      keyType: type as TypeInformation<unknown> | undefined,
    });
    return this.scope.streams.keyed(this.scope, id, { selector: key, type });
  }

  /** All records of all streams, in no order between them. The watermark is the least of theirs. */
  union<const S extends readonly DataStream<unknown>[]>(...streams: S): DataStream<T | ElementOf<S[number]>> {
    for (const stream of streams as readonly unknown[]) {
      if (!(stream instanceof DataStream)) throw new UsageError(`union got ${show(stream)}. Give it streams.`);
      checkSameEnvironment(this.scope, stream.scope, 'union');
    }
    const id = this.scope.program.add({ kind: 'union', inputs: [this.id, ...streams.map((stream) => stream.id)] });
    return this.scope.streams.stream(this.scope, id);
  }

  /**
   * Both streams for one operator, which keeps them apart: `map`, `flatMap` and `process` have a function for each. For keyed state, connect keyed streams.
   *
   * ```ts
   * const texts = words.connect(numbers).map((word) => word, (n) => String(n));
   * ```
   */
  connect<B>(other: BroadcastStream<B>): BroadcastConnectedStream<T, B>;
  connect<B>(other: DataStream<B>): ConnectedStreams<T, B>;
  connect<B>(other: BroadcastStream<B> | DataStream<B>): BroadcastConnectedStream<T, B> | ConnectedStreams<T, B> {
    if (other instanceof BroadcastStream) return this.scope.streams.broadcastConnected(this.broadcastPair(other));
    return this.scope.streams.connected(this.pairWith(other, 'connect'));
  }

  /** Pairs of records that have one key and share a window: `join(other).where(…).equalTo(…).window(…).apply(…)`. */
  join<B>(other: DataStream<B>): JoinedStreams<T, B> {
    return this.scope.streams.joined(this.pairWith(other, 'join'));
  }

  /** The records of both streams of one key and window, side by side: `coGroup(other).where(…).equalTo(…).window(…).apply(…)`. */
  coGroup<B>(other: DataStream<B>): CoGroupedStreams<T, B> {
    return this.scope.streams.coGrouped(this.pairWith(other, 'coGroup'));
  }

  /** Groups all records by window, whatever their key. Not parallel: one subtask does it, whatever the parallelism of the job. */
  windowAll<W extends Window>(assigner: WindowAssigner<T, W>): AllWindowedStream<T, W> {
    return allWindows<T, W>(this.scope, this.id, assigner);
  }

  /** Windows of so many records, whatever their key; with a slide, one firing after every so many records, over the last `size`. Not parallel. */
  countWindowAll(size: number, slide?: number): AllWindowedStream<T, GlobalWindow> {
    return allCountWindows(this, size, slide);
  }

  /** All records of each subtask in one window, evaluated at the end of a bounded input. Parallel, unlike `windowAll`. */
  fullWindowPartition(): PartitionWindowedStream<T> {
    return this.scope.streams.partitionWindowed(this.scope, this.id);
  }

  /**
   * Windows of event time over all records, whatever their key; with a slide, sliding ones. Not parallel.
   *
   * @deprecated Use `windowAll(TumblingEventTimeWindows.of(size))` or `windowAll(SlidingEventTimeWindows.of(size, slide))`.
   */
  timeWindowAll(size: DurationLike, slide?: DurationLike): AllWindowedStream<T, TimeWindow> {
    return this.windowAll<TimeWindow>(timeWindows(size, slide));
  }

  /**
   * Gives every record one or more names, by which `select` takes it. Once only: what was selected cannot be split again.
   *
   * @deprecated Use `process` with side outputs, whose types are checked: `context.output(tag, record)` and `getSideOutput(tag)`.
   */
  split(selector: (value: T) => string | Iterable<string>): SplitStream<T> {
    return this.scope.streams.split(this.scope, this.id, selector);
  }

  /**
   * Begins a loop: `closeWith` of the returned stream sends records back to it. The loop ends when its input has ended and nothing is in it, or no record has come back for
   * the wait time. Not with checkpoints.
   */
  iterate(maxWaitTime?: DurationLike, options?: IterationOptions): IterativeStream<T> {
    return this.scope.streams.iterate(this.scope, this.id, maxWaitTime, options);
  }

  /**
   * Gives records a timestamp and the stream watermarks, in place of those that it may have. The record's type reaches the assigner if that is the last call of
   * the chain; in the function form, `(strategy) => strategy.forMonotonousTimestamps()…`, calls come in any order.
   *
   * ```ts
   * clicks.assignTimestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness('10 s').withTimestampAssigner((click) => click.at));
   * ```
   */
  assignTimestampsAndWatermarks(strategy: WatermarkStrategy<T>): SingleOutputStreamOperator<T>;
  assignTimestampsAndWatermarks(strategy: StrategyFunction<T>): SingleOutputStreamOperator<T>;
  assignTimestampsAndWatermarks(strategy: WatermarkStrategy<T> | StrategyFunction<T>): SingleOutputStreamOperator<T> {
    const made = watermarkStrategy(strategy, 'assignTimestampsAndWatermarks');
    if (made.describe().alignment !== undefined)
      throw new UsageError(
        'assignTimestampsAndWatermarks got a strategy with withWatermarkAlignment, but only a source can be held back. Give the strategy to env.fromSource.',
      );
    return this.transform('Timestamps/Watermarks', { logic: timestampsAndWatermarks(made), type: this.type() });
  }

  /** Every record to every subtask of what follows. */
  broadcast(): DataStream<T>;
  /** … and kept there in broadcast state, for streams that are connected with it. */
  broadcast(...states: readonly [AnyMapStateDescriptor, ...AnyMapStateDescriptor[]]): BroadcastStream<T>;
  broadcast(...states: readonly AnyMapStateDescriptor[]): DataStream<T> | BroadcastStream<T> {
    const stream = this.partitioned('broadcast');
    if (states.length === 0) return stream;
    for (const state of states as readonly unknown[]) {
      if (!(state instanceof MapStateDescriptor || state instanceof BroadcastStateDeclaration))
        throw new UsageError(
          `broadcast got ${show(state)}. Give it a MapStateDescriptor for each state, or the declaration of a broadcast state.`,
        );
    }
    return this.scope.streams.broadcast(this.scope, stream.id, states);
  }

  /** Every record to a subtask chosen at random. */
  shuffle(): DataStream<T> {
    return this.partitioned('shuffle');
  }

  /** Records to all subtasks in turn. */
  rebalance(): DataStream<T> {
    return this.partitioned('rebalance');
  }

  /** Records in turn to those subtasks of what follows that lie nearest: fewer channels than with rebalance, less even. */
  rescale(): DataStream<T> {
    return this.partitioned('rescale');
  }

  /** Every record to the first subtask. */
  global(): DataStream<T> {
    return this.partitioned('global');
  }

  /** Records stay in their subtask. What follows must have the same parallelism; if it has not, the job is refused. */
  forward(): DataStream<T> {
    return this.partitioned('forward');
  }

  /** Every record to the subtask that the partitioner names, from 0 to `numPartitions` − 1, both functions being pure. */
  partitionCustom<const K extends Emittable>(partitioner: (key: K, numPartitions: number) => number, key: (value: T) => K): DataStream<T> {
    checkPlainFunction(partitioner, 'partitionCustom', 'a function from a key and the number of partitions to a partition');
    checkPlainFunction(key, 'the key of partitionCustom', 'a function from a record to its key');
    return this.partitioned('custom', {
      keySelector: key as PlainFunction,
      partition: partitioner as (key: unknown, numPartitions: number) => number,
    });
  }

  /**
   * Writes each record to standard output as `identifier:subtask> record`: the subtask counts from 1 and is there only at parallelism > 1. A string is written as
   * it is, anything else as JSON in one line.
   */
  print(identifier?: string): DataStreamSink {
    return this.endIn('Print to Std. Out', new PrintSink(checkIdentifier(identifier, 'print'), 'stdout'));
  }

  /** As `print`, to standard error. */
  printToErr(identifier?: string): DataStreamSink {
    return this.endIn('Print to Std. Err', new PrintSink(checkIdentifier(identifier, 'printToErr'), 'stderr'));
  }

  /** Ends the stream in a sink. Its calls come one after another, and are awaited. At the end of a bounded job all output is committed. */
  sinkTo(sink: Sink<T>): DataStreamSink {
    if (typeof (sink as Partial<Sink<T>> | undefined)?.createWriter !== 'function') {
      throw new UsageError(
        `sinkTo got ${show(sink)}, which is no sink: it has no createWriter. Give it a sink, for example FileSink.forRowFormat(…).build().`,
      );
    }
    return addSinkTopology(this.scope, this, sink);
  }

  /**
   * Gives each record to a function: a plain one, an object with `invoke` (Flink's SinkFunction), or `rich(() => object)`. It may return a promise, which is awaited
   * before the next record. Nothing is promised beyond that each record is given once while no task fails; a `TwoPhaseCommitSinkFunction` and `sinkTo` can do more.
   */
  addSink(sink: SinkFunctionArgument<T>): DataStreamSink;
  addSink(sink: TwoPhaseCommitSinkFunctionLike<T>): DataStreamSink;
  addSink(sink: SinkFunctionArgument<T> | TwoPhaseCommitSinkFunctionLike<T>): DataStreamSink {
    return this.endIn('Unnamed', sinkOfFunction<T>(sink));
  }

  /**
   * Sends each record over one connection to a server, as the text or the bytes that the schema makes of it, delimiter included. Not parallel. A connection that is lost is
   * made anew (`maxRetries`, 3 unless set): the last batch is then sent again, and what was under way before may be lost.
   */
  writeToSocket(host: string, port: number, schema: SocketSchema<T>, options?: ReconnectionOptions): DataStreamSink {
    return this.endIn('Socket Sink', new SocketSink<T>(host, port, schema, options), 'a socket is written by one connection');
  }

  /**
   * Runs the job with all that was added to the environment, and brings the records of this stream to the program, under back-pressure. Leaving the loop cancels
   * the job; a failure of the job is thrown out of the loop. With a limit, the first records as an array.
   *
   * ```ts
   * for await (const n of await env.fromSequence(1, 3).executeAndCollect()) console.log(n);
   * ```
   */
  executeAndCollect(jobName?: string): Promise<CloseableIterator<T>>;
  executeAndCollect(jobName: string, limit: number): Promise<T[]>;
  executeAndCollect(jobName?: string, limit?: number): Promise<CloseableIterator<T> | T[]> {
    const input = { scope: this.scope, id: this.id, type: this.type() as TypeInformation<T> | undefined };
    return limit === undefined ? executeAndCollect(input, jobName) : executeAndCollectSome(input, jobName, limit);
  }

  /** Internal: for `DataStreamUtils`. */
  reinterpretedAsKeyed<K>(key: KeyOf<T, K>): KeyedStream<T, K> {
    const id = this.scope.program.add({ kind: 'partition', input: this.id, partitioner: 'forward' });
    return this.scope.streams.keyed(this.scope, id, key);
  }

  /** Internal: for `AsyncDataStream`. */
  asynchronous<R>(make: (parameters: FunctionParameters) => Pick<NewOperator, 'logic'>): SingleOutputStreamOperator<R> {
    return this.functionOperator('async wait operator', make);
  }

  protected broadcastPair(other: BroadcastStream<unknown>): BroadcastPair {
    checkSameEnvironment(this.scope, other.scope, 'connect');
    return { scope: this.scope, first: this.id, second: other.id, descriptors: other.descriptors };
  }

  protected pairWith(other: DataStream<unknown>, where: string): StreamPair {
    if (!(other instanceof DataStream)) throw new UsageError(`${where} got ${show(other)}. Give it a stream.`);
    checkSameEnvironment(this.scope, other.scope, where);
    return { scope: this.scope, first: this.id, second: other.id };
  }

  protected partitioned(
    partitioner: PartitionerKind,
    functions: { keySelector?: PlainFunction; partition?: (key: unknown, numPartitions: number) => number } = {},
  ): DataStream<T> {
    return this.scope.streams.stream(this.scope, this.scope.program.add({ kind: 'partition', input: this.id, partitioner, ...functions }));
  }

  private endIn(name: string, sink: Sink<T> | ((parameters: FunctionParameters) => Sink<T>), notParallel?: string): DataStreamSink {
    const { scope, id: input } = this;
    const id = addFunctionOperator(scope, (parameters) => {
      const made = typeof sink === 'function' ? sink(parameters) : sink;
      const one = notParallel === undefined ? {} : { parallelism: 1, notParallel };
      return { operation: 'Sink', name, logic: { kind: 'sink', sink: made as Sink<unknown> }, type: undefined, input, ...one };
    });
    return scope.streams.sink(scope, id);
  }
}
const isObject = (given: unknown): given is object => typeof given === 'object' && given !== null;
