import type { TypeInformation } from '@millrace/core/types/type-information';
import type { Emittable } from '../contract/emittable.ts';
import type { KeyContext, PlainFunction, TwoInputLogic } from '../contract/operator.ts';
import type { TransformationId } from '../graph/transformation.ts';
import { coFlatMapOperator } from '../operators/co-flat-map-operator.ts';
import { coMapOperator } from '../operators/co-map-operator.ts';
import { coProcessOperator, keyedCoProcessOperator } from '../operators/co-process-operator.ts';
import type { CoProcessFunctionLike, KeyedCoProcessFunctionLike } from './co-process-functions.ts';
import { checkFunction, checkPlainFunction } from './function-checks.ts';
import { addFunctionOperator } from './function-operator.ts';
import { type FunctionParameters, keyedRuntimeContextOf, runtimeContextOf } from './runtime-context.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import { statefulFunction } from './stateful-function.ts';
import type { KeyedPair, StreamPair } from './stream-scope.ts';

/**
 * Two streams that one operator reads, each with a function of its own; the functions share the operator's state. There is no order between the two streams.
 * The watermark is the lesser one of theirs. Flink: "Connect".
 */
export class ConnectedStreams<out A, out B> {
  /** Internal: made by `connect`. */
  protected readonly pair: StreamPair;
  /** For the compiler only. */
  declare protected readonly holds: readonly [A, B];

  constructor(pair: StreamPair) {
    this.pair = pair;
  }

  /**
   * Emits what the one function makes of each record of the first stream, and the other of each of the second: exactly one record.
   *
   * ```ts
   * const texts = words.connect(numbers).map((word) => word, (n) => String(n));
   * ```
   */
  map<R extends Emittable>(first: (value: A) => R, second: (value: B) => R): SingleOutputStreamOperator<R> {
    checkPlainFunction(first, 'the first argument of map', 'a function from a record of the first stream to one record');
    checkPlainFunction(second, 'the second argument of map', 'a function from a record of the second stream to one record');
    return this.transform('Co-Map', coMapOperator(first as PlainFunction, second as PlainFunction));
  }

  /** Emits what the returned iterables yield, one by one and lazily: under back-pressure a generator is suspended. */
  flatMap<R extends Emittable>(
    first: (value: A) => Iterable<R> & object,
    second: (value: B) => Iterable<R> & object,
  ): SingleOutputStreamOperator<R> {
    checkFunction(first, 'the first argument of flatMap', 'a function from a record of the first stream to an iterable of records');
    checkFunction(second, 'the second argument of flatMap', 'a function from a record of the second stream to an iterable of records');
    return this.transform('Co-Flat Map', coFlatMapOperator(first as PlainFunction, second as PlainFunction));
  }

  /** Sends records of one key, whichever stream they are of, to one subtask. Both functions are called twice for each of their records. */
  keyBy<const K extends Emittable>(
    first: (value: A) => K,
    second: (value: B) => K,
    type?: TypeInformation<K>,
  ): KeyedConnectedStreams<K, A, B> {
    checkPlainFunction(first, 'the first argument of keyBy', 'a function from a record of the first stream to its key');
    checkPlainFunction(second, 'the second argument of keyBy', 'a function from a record of the second stream to its key');
    const keys = [
      { selector: first, type },
      { selector: second, type },
    ] as unknown as KeyedPair['keys'];
    return new KeyedConnectedStreams({
      ...this.pair,
      first: this.partitioned(this.pair.first, keys[0]),
      second: this.partitioned(this.pair.second, keys[1]),
      keys,
    });
  }

  /**
   * Gives records of the first stream to `processElement1` and those of the second to `processElement2` of one object, which emits what it likes. A bare function is
   * a factory: it makes one object for each subtask. For state and timers connect keyed streams.
   */
  process<R extends Emittable>(fn: CoProcessFunctionLike<A, B, R> | (() => CoProcessFunctionLike<A, B, R>)): SingleOutputStreamOperator<R> {
    const { create, states } = statefulFunction<never>(fn, { ...PROCESS, what: `a CoProcessFunction${SHAPE}` }, 'non-keyed');
    return this.functionOperator('Co-Process', (parameters) =>
      coProcessOperator({ create, states, runtimeContext: (context, own) => runtimeContextOf(context, parameters, own) }),
    );
  }

  protected functionOperator<R>(operation: string, make: (parameters: FunctionParameters) => TwoInputLogic): SingleOutputStreamOperator<R> {
    const { scope, first: input, second: secondInput } = this.pair;
    const id = addFunctionOperator(scope, (parameters) => ({ operation, logic: make(parameters), type: undefined, input, secondInput }));
    return scope.streams.operator(scope, id);
  }

  protected transform<R>(operation: string, logic: TwoInputLogic): SingleOutputStreamOperator<R> {
    const { scope, first, second } = this.pair;
    const id = scope.program.addOperator({ operation, logic, type: undefined, input: first, secondInput: second });
    return scope.streams.operator(scope, id);
  }

  private partitioned(input: TransformationId, key: KeyedPair['keys'][number]): TransformationId {
    const { selector, type } = key as unknown as KeyContext;
    return this.pair.scope.program.add({ kind: 'partition', input, partitioner: 'hash', keySelector: selector, keyType: type });
  }
}

/** Connected streams of which records of one key are in one subtask; functions may keep state for each key, and set timers. */
export class KeyedConnectedStreams<out K, out A, out B> extends ConnectedStreams<A, B> {
  /** Internal: made by `connect` of two keyed streams, and by `keyBy`. */
  declare protected readonly pair: KeyedPair;
  /** For the compiler only. */
  declare protected readonly keys: K;

  constructor(pair: KeyedPair) {
    super(pair);
  }

  /** As without keys; the object may keep state of the record's key, whichever stream that is of, and set timers for it. */
  override process<R extends Emittable>(
    fn: KeyedCoProcessFunctionLike<K, A, B, R> | (() => KeyedCoProcessFunctionLike<K, A, B, R>),
  ): SingleOutputStreamOperator<R> {
    const { create, states } = statefulFunction<never>(fn, { ...PROCESS, what: `a KeyedCoProcessFunction${SHAPE}` }, 'keyed');
    const keys = this.pair.keys as unknown as readonly [KeyContext, KeyContext];
    return this.functionOperator('Co-Keyed-Process', (parameters) =>
      keyedCoProcessOperator({ create, states, runtimeContext: (context, own) => keyedRuntimeContextOf(context, parameters, own) }, keys),
    );
  }
}

const SHAPE = ': an object with the methods processElement1 and processElement2, or a function that makes one';
const PROCESS = { where: 'process of connected streams', methods: ['processElement1', 'processElement2'], bareFactory: true };
