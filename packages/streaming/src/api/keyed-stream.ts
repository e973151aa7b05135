import { UsageError } from '@millrace/core/base/errors';
import type { DurationLike } from '@millrace/core/config/duration';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { Emittable } from '../contract/emittable.ts';
import type { AggregateFunction } from '../contract/functions.ts';
import type { KeyContext, OperatorContext } from '../contract/operator.ts';
import type { DeclaredStateStore } from '../contract/state-declaration.ts';
import type { TransformationId } from '../graph/transformation.ts';
import { keyedProcessOperator } from '../operators/keyed-process-operator.ts';
import { reduceOperator } from '../operators/reduce-operator.ts';
import { rollingAggregateOperator } from '../operators/rolling-aggregate-operator.ts';
import type { GlobalWindow } from '../window/global-window.ts';
import { GlobalWindows } from '../window/global-windows.ts';
import type { TimeWindow } from '../window/time-window.ts';
import { WindowAssigner } from '../window/window-assigner.ts';
import type { Window } from '../window/window.ts';
import type { BroadcastConnectedStream, KeyedBroadcastConnectedStream } from './broadcast-connected-stream.ts';
import { BroadcastStream } from './broadcast-stream.ts';
import type { ConnectedStreams, KeyedConnectedStreams } from './connected-streams.ts';
import { countWindow } from './count-window.ts';
import { DataStream } from './data-stream.ts';
import { type FieldAggregation, fieldAverage, fieldReducer } from './field-reducer.ts';
import { folded } from './fold.ts';
import { checkPlainFunction, show } from './function-checks.ts';
import type { IntervalJoin } from './interval-join.ts';
import type { PartitionWindowedStream } from './partition-windowed-stream.ts';
import type { KeyedProcessFunctionLike } from './process-functions.ts';
import type { RichFilterFunctionLike, RichFlatMapFunctionLike, RichMapFunctionLike } from './rich-functions.ts';
import { type FunctionParameters, type KeyedRuntimeContext, keyedRuntimeContextOf } from './runtime-context.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import { type StatePlace, statefulFunction } from './stateful-function.ts';
import type { KeyedPair, KeyOf, StreamScope } from './stream-scope.ts';
import type { Comparable, FieldOf, Summable } from './stream-types.ts';
import { timeWindows } from './time-window.ts';
import type { WindowedStream } from './windowed-stream.ts';

/**
 * A stream whose records of one key are in one subtask, in the order in which they came from each producer. It is a partitioning, not an operator: `name`, `uid`
 * and the like come after the next call. The aggregations are rolling: one result for every record, the aggregate of all records of its key so far.
 */
export class KeyedStream<out T, out K> extends DataStream<T> {
  readonly #key: KeyOf<never, unknown>;
  /** For the compiler only. */
  declare protected readonly keys: K;

  /** Internal: made by `keyBy`. */
  constructor(scope: StreamScope, id: TransformationId, key: KeyOf<T, K>) {
    super(scope, id);
    this.#key = key as unknown as KeyOf<never, unknown>;
  }

  override map<R extends Emittable>(
    mapper: ((value: T) => R) | RichMapFunctionLike<T, R, KeyedRuntimeContext>,
  ): SingleOutputStreamOperator<R> {
    return super.map(mapper as (value: T) => R);
  }

  override flatMap<R extends Emittable>(
    flatMapper: ((value: T) => Iterable<R> & object) | RichFlatMapFunctionLike<T, R, KeyedRuntimeContext>,
  ): SingleOutputStreamOperator<R> {
    return super.flatMap(flatMapper as (value: T) => Iterable<R> & object);
  }

  override filter<S extends T>(filter: (value: T) => value is S): SingleOutputStreamOperator<S>;
  override filter(filter: ((value: T) => boolean) | RichFilterFunctionLike<T, KeyedRuntimeContext>): SingleOutputStreamOperator<T>;
  override filter(filter: ((value: T) => boolean) | RichFilterFunctionLike<T, KeyedRuntimeContext>): SingleOutputStreamOperator<T> {
    return super.filter(filter as (value: T) => boolean);
  }

  /**
   * Gives each record to an object that may keep state of the record's key and set timers for it. A bare function is a factory: it makes one object for each
   * subtask. Flink: "KeyedProcessFunction".
   *
   * ```ts
   * const visits = clicks.keyBy((click) => click.user).process(new CountVisits());
   * ```
   */
  override process<R extends Emittable>(
    fn: KeyedProcessFunctionLike<K, T, R> | (() => KeyedProcessFunctionLike<K, T, R>),
  ): SingleOutputStreamOperator<R> {
    const { create, states } = statefulFunction<never>(fn, KEYED_PROCESS, 'keyed');
    const key = this.#key as unknown as KeyContext;
    return this.functionOperator('KeyedProcess', (parameters) => ({
      logic: keyedProcessOperator({
        create,
        key,
        states,
        runtimeContext: (context, own) => keyedRuntimeContextOf(context, parameters, own),
      }),
    }));
  }

  /**
   * Emits, for every record, what the function makes of the last result of its key and the record; for the first record of a key that record itself. The result
   * is of the records' type, and neither argument may be changed.
   *
   * ```ts
   * const longest = words.keyBy((word) => word[0] ?? '').reduce((a, b) => (b.length > a.length ? b : a));
   * ```
   */
  reduce(reducer: (accumulated: T, value: T) => T): SingleOutputStreamOperator<T> {
    checkPlainFunction(reducer, 'reduce', 'a function from two records to one');
    return this.rolling('Keyed Reduce', reducer);
  }

  /**
   * Emits, for every record, what has been accumulated of its key from the initial value on. The function may change and return what it is given: what is stored and
   * what is emitted are copies, and so is each key's initial value.
   *
   * @deprecated Use `reduce`, or `process` with an AggregatingState; in windows `aggregate`.
   */
  fold<R>(initialValue: R & Emittable, folder: (accumulated: R, value: T) => R): SingleOutputStreamOperator<R> {
    return this.rollingAggregate('Keyed Fold', folded<T, R>(initialValue, folder));
  }

  /** The sum of a field, or of plain values; the other fields are those of the key's first record. */
  sum(this: KeyedStream<Summable, unknown>): SingleOutputStreamOperator<T>;
  sum<F extends FieldOf<T, Summable>>(field: F): SingleOutputStreamOperator<T>;
  sum(field?: PropertyKey): SingleOutputStreamOperator<T> {
    return this.aggregated('sum', field);
  }

  /** The least value of a field, or of plain values; the other fields are those of the key's first record. */
  min(this: KeyedStream<Comparable, unknown>): SingleOutputStreamOperator<T>;
  min<F extends FieldOf<T, Comparable>>(field: F): SingleOutputStreamOperator<T>;
  min(field?: PropertyKey): SingleOutputStreamOperator<T> {
    return this.aggregated('min', field);
  }

  /** The greatest value of a field, or of plain values; the other fields are those of the key's first record. */
  max(this: KeyedStream<Comparable, unknown>): SingleOutputStreamOperator<T>;
  max<F extends FieldOf<T, Comparable>>(field: F): SingleOutputStreamOperator<T>;
  max(field?: PropertyKey): SingleOutputStreamOperator<T> {
    return this.aggregated('max', field);
  }

  /**
   * The average of a field, or of plain values; the other fields are those of the key's first record. Numbers are averaged as doubles, so the result of whole
   * numbers need not be one; of bigints the remainder is cut off.
   */
  avg(this: KeyedStream<Summable, unknown>): SingleOutputStreamOperator<T>;
  avg<F extends FieldOf<T, Summable>>(field: F): SingleOutputStreamOperator<T>;
  avg(field?: PropertyKey): SingleOutputStreamOperator<T> {
    return this.rollingAggregate('Keyed Aggregation', fieldAverage<T>(field));
  }

  /** The record with the least value of a field; of equals the first, or the last if `first` is false. */
  minBy<F extends FieldOf<T, Comparable>>(field: F, first = true): SingleOutputStreamOperator<T> {
    return this.aggregated('minBy', field, first);
  }

  /** The record with the greatest value of a field; of equals the first, or the last if `first` is false. */
  maxBy<F extends FieldOf<T, Comparable>>(field: F, first = true): SingleOutputStreamOperator<T> {
    return this.aggregated('maxBy', field, first);
  }

  /**
   * Both streams for one operator that keeps them apart and may keep state for each key, of whichever stream. Keys of one type: equal ones meet in one subtask.
   * With a stream that is not keyed, the operator has no keyed state.
   */
  override connect<B>(other: BroadcastStream<B>): KeyedBroadcastConnectedStream<K, T, B>;
  override connect<B>(other: KeyedStream<B, K>): KeyedConnectedStreams<K, T, B>;
  override connect<B>(other: BroadcastStream<B> | DataStream<B>): BroadcastConnectedStream<T, B> | ConnectedStreams<T, B> {
    if (other instanceof BroadcastStream) {
      return this.scope.streams.keyedBroadcastConnected<K, T, B>(this.broadcastPair(other), this.#key as unknown as KeyOf<T, K>);
    }
    if (!(other instanceof KeyedStream)) return super.connect(other);
    return this.scope.streams.keyedConnected<K, T, B>(this.#keyedPair(other, 'connect'));
  }

  /**
   * Joins records of one key whose timestamps lie near each other. Flink: "Interval Join".
   *
   * ```ts
   * orders.intervalJoin(shipments).between(Duration.ZERO, '10 s').process((order, shipment) => ({ order: order.id, delayMs: shipment.at - order.at }));
   * ```
   */
  intervalJoin<B>(other: KeyedStream<B, K>): IntervalJoin<T, B> {
    if (!(other instanceof KeyedStream)) throw new UsageError(`intervalJoin got ${show(other)}. Give it a keyed stream: call keyBy on it.`);
    return this.scope.streams.intervalJoin<T, B>(this.#keyedPair(other, 'intervalJoin'));
  }

  /**
   * Groups the records of each key by window. Flink: "Windows".
   *
   * ```ts
   * const perMinute = byUser.window(TumblingEventTimeWindows.of('1 min')).sum('amount');
   * ```
   */
  window<W extends Window>(assigner: WindowAssigner<T, W>): WindowedStream<T, K, W> {
    if (!(assigner instanceof WindowAssigner)) {
      throw new UsageError(`window got ${show(assigner)}. Give it a window assigner, for example TumblingEventTimeWindows.of('1 min').`);
    }
    return this.scope.streams.windowed({ scope: this.scope, id: this.id, key: this.#key as unknown as KeyOf<T, K> }, assigner);
  }

  /**
   * Windows of event time; with a slide, sliding ones.
   *
   * @deprecated Use `window(TumblingEventTimeWindows.of(size))` or `window(SlidingEventTimeWindows.of(size, slide))`.
   */
  timeWindow(size: DurationLike, slide?: DurationLike): WindowedStream<T, K, TimeWindow> {
    return this.window<TimeWindow>(timeWindows(size, slide));
  }

  /**
   * Windows of so many records of a key; with a slide, one firing after every so many records, over the last `size`. What is left over when the input ends is
   * not emitted.
   */
  countWindow(size: number, slide?: number): WindowedStream<T, K, GlobalWindow> {
    return countWindow(this.window<GlobalWindow>(GlobalWindows.create()), 'countWindow', size, slide);
  }

  /** All records of each key in one window, evaluated at the end of a bounded input. */
  override fullWindowPartition(): PartitionWindowedStream<T> {
    return this.scope.streams.keyedPartitionWindowed({ scope: this.scope, id: this.id, key: this.#key as unknown as KeyOf<T, K> });
  }

  #keyedPair(other: KeyedStream<unknown, K>, where: string): KeyedPair {
    return { ...this.pairWith(other, where), keys: [this.#key, other.#key] };
  }

  protected override functionContext(parameters: FunctionParameters): {
    readonly key: KeyContext | undefined;
    readonly runtimeContext: (context: OperatorContext, states: DeclaredStateStore) => unknown;
  } {
    const key = this.#key as unknown as KeyContext;
    return { key, runtimeContext: (context, states) => keyedRuntimeContextOf(context, parameters, states) };
  }

  protected override statePlace(): StatePlace {
    return 'keyed';
  }

  private aggregated(aggregation: FieldAggregation, field: PropertyKey | undefined, first?: boolean): SingleOutputStreamOperator<T> {
    return this.rolling('Keyed Aggregation', fieldReducer<T>(aggregation, field, first));
  }

  private rolling(operation: string, reducer: (accumulated: T, value: T) => T): SingleOutputStreamOperator<T> {
    const type = this.type();
    const key = this.#key as unknown as KeyContext<T, K>;
    return this.transform(operation, { logic: reduceOperator({ key, reducer, type: type as TypeInformation<T> | undefined }), type });
  }

  private rollingAggregate<ACC, R>(operation: string, aggregate: AggregateFunction<T, ACC, R>): SingleOutputStreamOperator<R> {
    const key = this.#key as unknown as KeyContext<T, K>;
    return this.transform(operation, { logic: rollingAggregateOperator({ key, aggregate }) });
  }

  protected override partitioned(): DataStream<T> {
    throw new UsageError(
      'A keyed stream is partitioned by its key already. Call the partitioning before keyBy, or on the result of the next operator.',
    );
  }
}

const KEYED_PROCESS = {
  where: 'process of a keyed stream',
  what: 'a KeyedProcessFunction: an object with a method processElement, or a function that makes one',
  methods: ['processElement'],
  bareFactory: true,
};
