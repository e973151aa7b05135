import type { Emittable } from '../contract/emittable.ts';
import type { KeyContext, TwoInputLogic } from '../contract/operator.ts';
import { BroadcastStateDeclaration } from '../contract/state-declaration.ts';
import { broadcastProcessOperator, keyedBroadcastProcessOperator } from '../operators/broadcast-process-operator.ts';
import type { BroadcastProcessFunctionLike, KeyedBroadcastProcessFunctionLike } from './broadcast-process-functions.ts';
import { addFunctionOperator } from './function-operator.ts';
import { type FunctionParameters, keyedRuntimeContextOf, runtimeContextOf } from './runtime-context.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import { type StatePlace, type StatefulFunction, statefulFunction } from './stateful-function.ts';
import type { BroadcastPair, KeyOf } from './stream-scope.ts';

/** A stream and a broadcast one, for one operator. Its broadcast state is the same in every subtask. There is no order between the two. */
export class BroadcastConnectedStream<out A, out B> {
  protected readonly pair: BroadcastPair;
  /** For the compiler only. */
  declare protected readonly holds: readonly [A, B];

  /** Internal: made by `connect`. */
  constructor(pair: BroadcastPair) {
    this.pair = pair;
  }

  /**
   * Gives records to `processElement` and broadcast records to `processBroadcastElement` of one object. A bare function is a factory: it makes one object for each
   * subtask. Only the broadcast side may change the broadcast state.
   *
   * ```ts
   * const checked = payments.connect(rules.broadcast(rulesState)).process({
   *   processElement(payment, context, out: Collector<Payment>) { if (context.getBroadcastState(rulesState).contains(payment.kind)) out.collect(payment); },
   *   processBroadcastElement(rule, context) { context.getBroadcastState(rulesState).put(rule.kind, rule); },
   * });
   * ```
   */
  process<R extends Emittable>(
    fn: BroadcastProcessFunctionLike<A, B, R> | (() => BroadcastProcessFunctionLike<A, B, R>),
  ): SingleOutputStreamOperator<R> {
    const { create, states } = this.functionOf(fn, 'a BroadcastProcessFunction', 'non-keyed-broadcast');
    const { descriptors } = this.pair;
    return this.added('Co-Process-Broadcast', (parameters) =>
      broadcastProcessOperator({
        create,
        descriptors,
        states,
        runtimeContext: (context, own) => runtimeContextOf(context, parameters, own),
      }),
    );
  }

  /** A declaration that `broadcast` was given is as good as one of the function's. */
  protected functionOf(fn: unknown, what: string, place: StatePlace): StatefulFunction<never> {
    const given = this.pair.descriptors.filter((state) => state instanceof BroadcastStateDeclaration);
    return statefulFunction<never>(fn, { ...PROCESS, what: `${what}${SHAPE}` }, place, given);
  }

  protected added<R>(operation: string, make: (parameters: FunctionParameters) => TwoInputLogic): SingleOutputStreamOperator<R> {
    const { scope, first: input, second: secondInput } = this.pair;
    const id = addFunctionOperator(scope, (parameters) => ({ operation, logic: make(parameters), type: undefined, input, secondInput }));
    return scope.streams.operator(scope, id);
  }
}

/** … whose first stream is keyed: the function may keep state for each key of it, and set timers. */
export class KeyedBroadcastConnectedStream<out K, out A, out B> extends BroadcastConnectedStream<A, B> {
  readonly #key: KeyOf<never, unknown>;
  /** For the compiler only. */
  declare protected readonly keys: K;

  /** Internal: made by `connect`. */
  constructor(pair: BroadcastPair, key: KeyOf<never, unknown>) {
    super(pair);
    this.#key = key;
  }

  /** As without a key; `applyToKeyedState` lets the broadcast side reach what every key has. */
  override process<R extends Emittable>(
    fn: KeyedBroadcastProcessFunctionLike<K, A, B, R> | (() => KeyedBroadcastProcessFunctionLike<K, A, B, R>),
  ): SingleOutputStreamOperator<R> {
    const { create, states } = this.functionOf(fn, 'a KeyedBroadcastProcessFunction', 'keyed-broadcast');
    const { descriptors } = this.pair;
    const key = this.#key as unknown as KeyContext;
    return this.added('Co-Process-Broadcast-Keyed', (parameters) =>
      keyedBroadcastProcessOperator(
        { create, descriptors, states, runtimeContext: (context, own) => keyedRuntimeContextOf(context, parameters, own) },
        key,
      ),
    );
  }
}

const SHAPE = ': an object with the methods processElement and processBroadcastElement, or a function that makes one';
const PROCESS = {
  where: 'process beside a broadcast stream',
  methods: ['processElement', 'processBroadcastElement'],
  bareFactory: true,
};
