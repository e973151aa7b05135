/**
 * Runs a process function over a stream and a broadcast one, with a key of the first stream or without. The broadcast stream is the second input: each of its
 * records comes to every subtask. Flink: `CoBroadcastWithNonKeyedOperator`, `CoBroadcastWithKeyedOperator`.
 */
import type {
  BroadcastContext,
  BroadcastReader,
  KeyedBroadcastContext,
  ReadOnlyBroadcastContext,
  ReadOnlyKeyedBroadcastContext,
} from '../contract/broadcast-context.ts';
import type { Collector, Nothing } from '../contract/emittable.ts';
import type { BroadcastState, KeyedStateBackend, ReadOnlyBroadcastState } from '../contract/keyed-state.ts';
import type { KeyContext, OperatorContext, TwoInputLogic } from '../contract/operator.ts';
import type { FunctionLife } from '../contract/rich-function.ts';
import { BroadcastStateDeclaration, StateDeclaration, type TypedStateDeclaration } from '../contract/state-declaration.ts';
import type { AnyMapStateDescriptor, StateDescriptor } from '../contract/state-descriptor.ts';
import type { ReadOnlyTimerService, TimerService } from '../contract/timers.ts';
import { type BroadcastKey, BroadcastStates } from './broadcast-states.ts';
import type { DeclaredStates } from './declared-states.ts';
import { ElementContext, KeyedElementContext } from './element-context.ts';
import { refuseResult } from './refused-result.ts';
import { type KeyedFunction, KeyedTwoInputFunctionOperator, TwoInputFunctionOperator } from './two-input-function.ts';
import { declaredBy, type FunctionSpec } from './user-function.ts';

interface BroadcastProcess<R, W> {
  readonly processElement: (value: unknown, context: R, out: Collector<unknown>) => Nothing;
  readonly processBroadcastElement: (value: unknown, context: W, out: Collector<unknown>) => Nothing;
}

type PlainObject = BroadcastProcess<ReadOnlyBroadcastContext, BroadcastContext> & FunctionLife<unknown>;
type KeyedObject = BroadcastProcess<ReadOnlyKeyedBroadcastContext<unknown>, KeyedBroadcastContext<unknown>> & KeyedFunction;

export interface BroadcastSpec<F> extends FunctionSpec<F> {
  /** Of the broadcast states that the function may ask for. */
  readonly descriptors: readonly AnyMapStateDescriptor[];
}

export function broadcastProcessOperator(spec: BroadcastSpec<PlainObject>): TwoInputLogic {
  return { kind: 'twoInput', create: (context) => new BroadcastProcessOperator(context, spec), ...declaredBy(spec) };
}

export function keyedBroadcastProcessOperator(spec: BroadcastSpec<KeyedObject>, key: KeyContext): TwoInputLogic {
  const create = (context: OperatorContext) => new KeyedBroadcastProcessOperator(context, spec, key);
  return { kind: 'twoInput', create, keys: [key, undefined], ...declaredBy(spec) };
}

class BroadcastProcessOperator extends TwoInputFunctionOperator<PlainObject> {
  readonly #readOnly: ReadOnlyBroadcastContext;
  readonly #writing: BroadcastContext;

  constructor(context: OperatorContext, spec: BroadcastSpec<PlainObject>) {
    super(context, spec);
    const states = { broadcast: new BroadcastStates(context.operatorState, spec.descriptors, this.states), declared: this.states };
    this.#readOnly = new ReadingContext(context, this, states);
    this.#writing = new WritingContext(context, this, states);
  }

  processElement1(record: unknown): void {
    const result: unknown = this.fn.processElement(record, this.#readOnly, this.output);
    if (result !== undefined) refuseResult('processElement', result);
  }

  processElement2(record: unknown): void {
    const result: unknown = this.fn.processBroadcastElement(record, this.#writing, this.output);
    if (result !== undefined) refuseResult('processBroadcastElement', result);
  }
}

class KeyedBroadcastProcessOperator extends KeyedTwoInputFunctionOperator<KeyedObject> {
  readonly #readOnly: ReadOnlyKeyedBroadcastContext<unknown>;
  readonly #writing: KeyedBroadcastContext<unknown>;
  readonly #selector: (record: unknown) => unknown;

  constructor(context: OperatorContext, spec: BroadcastSpec<KeyedObject>, key: KeyContext) {
    super(context, spec);
    const states = { broadcast: new BroadcastStates(context.operatorState, spec.descriptors, this.states), declared: this.states };
    this.#readOnly = new KeyedReadingContext(context, this.timerService, states);
    this.#writing = new KeyedWritingContext(context, this.timerService, states);
    this.#selector = key.selector;
  }

  processElement1(record: unknown): void {
    this.state.setCurrentKey(this.#selector(record));
    const result: unknown = this.fn.processElement(record, this.#readOnly, this.output);
    if (result !== undefined) refuseResult('processElement', result);
  }

  /** A broadcast record has no key: keyed state is reached by `applyToKeyedState`. */
  processElement2(record: unknown): void {
    this.state.clearCurrentKey();
    const result: unknown = this.fn.processBroadcastElement(record, this.#writing, this.output);
    if (result !== undefined) refuseResult('processBroadcastElement', result);
  }
}

/** What both sides see of the operator's states. */
interface States {
  readonly broadcast: BroadcastStates;
  readonly declared: DeclaredStates;
}

class ReadingContext extends ElementContext implements ReadOnlyBroadcastContext {
  readonly #states: BroadcastStates;

  constructor(context: OperatorContext, timers: ReadOnlyTimerService, states: States) {
    super(context, timers, states.declared);
    this.#states = states.broadcast;
  }

  getBroadcastState<N, V>(descriptor: BroadcastKey<N, V>): ReadOnlyBroadcastState<N, V> {
    return this.#states.readOnly(descriptor);
  }
}

class KeyedReadingContext extends KeyedElementContext<unknown> implements BroadcastReader {
  readonly #states: BroadcastStates;

  constructor(context: OperatorContext, timers: TimerService, states: States) {
    super(context, timers, states.declared);
    this.#states = states.broadcast;
  }

  getBroadcastState<N, V>(descriptor: BroadcastKey<N, V>): ReadOnlyBroadcastState<N, V> {
    return this.#states.readOnly(descriptor);
  }
}

class WritingContext extends ElementContext implements BroadcastContext {
  readonly #states: BroadcastStates;

  constructor(context: OperatorContext, timers: ReadOnlyTimerService, states: States) {
    super(context, timers, states.declared);
    this.#states = states.broadcast;
  }

  override getState<N, V>(declaration: BroadcastStateDeclaration<N, V>): BroadcastState<N, V>;
  override getState<S>(declaration: TypedStateDeclaration<S>): S;
  override getState(declaration: StateDeclaration): unknown {
    if (declaration instanceof BroadcastStateDeclaration) return this.#states.writable(declaration);
    return super.getState(declaration as TypedStateDeclaration<unknown>);
  }

  getBroadcastState<N, V>(descriptor: BroadcastKey<N, V>): BroadcastState<N, V> {
    return this.#states.writable(descriptor);
  }
}

class KeyedWritingContext extends WritingContext implements KeyedBroadcastContext<unknown> {
  readonly #keyedState: KeyedStateBackend;
  readonly #declared: DeclaredStates;

  constructor(context: OperatorContext, timers: ReadOnlyTimerService, states: States) {
    super(context, timers, states);
    this.#declared = states.declared;
    this.#keyedState = context.keyedState;
  }

  applyToKeyedState<S>(given: StateDescriptor<S> | TypedStateDeclaration<S>, visit: (key: unknown, state: S) => Nothing): void {
    const descriptor = given instanceof StateDeclaration ? this.#declared.keyedDescriptor(given) : given;
    this.#keyedState.applyToAllKeys(descriptor, (key, state) => {
      const result: unknown = visit(key, state);
      if (result !== undefined) refuseResult('the visitor of applyToKeyedState', result);
    });
  }
}
