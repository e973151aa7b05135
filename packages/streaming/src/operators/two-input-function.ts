/** What the operators of connected streams have in common: the life of the user's object, its contexts, the watermark; with a key also state and timers. */
import type { Collector, MaybePromise } from '../contract/emittable.ts';
import type { KeyedStateBackend } from '../contract/keyed-state.ts';
import type { OperatorContext, TwoInputOperator } from '../contract/operator.ts';
import type { FunctionLife } from '../contract/rich-function.ts';
import type { ReadOnlyTimerService } from '../contract/timers.ts';
import { NO_TIMESTAMP } from '../contract/timestamp.ts';
import type { KeyTimerService } from './element-context.ts';
import type { DeclaredStates } from './declared-states.ts';
import { FunctionOperator } from './function-life.ts';
import { type FunctionSpec, userFunction } from './user-function.ts';
import { type TimedFunction, UserTimers } from './user-timers.ts';

/** Without a key there is only the time to read. */
export abstract class TwoInputFunctionOperator<F extends FunctionLife<unknown>>
  extends FunctionOperator
  implements TwoInputOperator, ReadOnlyTimerService
{
  protected readonly fn: F;
  protected readonly states: DeclaredStates;
  protected readonly output: Collector<unknown>;
  readonly #context: OperatorContext;
  #watermark: number;

  constructor(context: OperatorContext, spec: FunctionSpec<F>) {
    const { fn, states, life } = userFunction(context, spec);
    super(life);
    this.fn = fn;
    this.states = states;
    this.output = context.output;
    this.#context = context;
    this.#watermark = NO_TIMESTAMP;
  }

  abstract processElement1(record: unknown): void;
  abstract processElement2(record: unknown): void;

  processWatermark(timestamp: number): boolean {
    this.#watermark = timestamp;
    return true;
  }

  currentWatermark(): number {
    return this.#watermark;
  }

  currentProcessingTime(): number {
    return this.#context.currentProcessingTime();
  }
}

export type KeyedFunction = FunctionLife<unknown> & TimedFunction;

/** With a key: the current key is set before each record of a keyed input, and by each timer. */
export abstract class KeyedTwoInputFunctionOperator<F extends KeyedFunction> extends FunctionOperator implements TwoInputOperator {
  protected readonly fn: F;
  protected readonly states: DeclaredStates;
  protected readonly output: Collector<unknown>;
  protected readonly state: KeyedStateBackend;
  protected readonly timerService: KeyTimerService;
  readonly #timers: UserTimers;

  constructor(context: OperatorContext, spec: FunctionSpec<F>) {
    const { fn, states, life } = userFunction(context, spec);
    super(life);
    this.fn = fn;
    this.states = states;
    this.output = context.output;
    this.state = context.keyedState;
    this.#timers = new UserTimers(context, fn, states);
    this.timerService = this.#timers.service;
  }

  abstract processElement1(record: unknown): void;
  abstract processElement2(record: unknown): void;

  override close(): MaybePromise<void> {
    this.state.clearCurrentKey();
    return super.close();
  }

  processWatermark(timestamp: number): boolean {
    return this.#timers.advanceWatermark(timestamp);
  }

  resume(): boolean {
    return this.#timers.resume();
  }
}
