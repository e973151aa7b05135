/** What the operators of connected streams have in common: the life of the user's object, its contexts, the watermark; with a key also state and timers. */
import type { Collector } from '../contract/emittable.ts';
import type { KeyedStateBackend } from '../contract/keyed-state.ts';
import type { OperatorContext, TwoInputOperator } from '../contract/operator.ts';
import type { FunctionLife } from '../contract/rich-function.ts';
import type { ReadOnlyTimerService } from '../contract/timers.ts';
import { NO_TIMESTAMP } from '../contract/timestamp.ts';
import type { KeyTimerService } from './element-context.ts';
import { FunctionLifeCycle } from './function-life.ts';
import { type TimedFunction, UserTimers } from './user-timers.ts';

/** One user object for each subtask, and what it is opened with. */
export interface FunctionSpec<F> {
  readonly create: () => F;
  readonly runtimeContext: (context: OperatorContext) => unknown;
}

/** Without a key there is only the time to read. */
export abstract class TwoInputFunctionOperator<F extends FunctionLife<unknown>> implements TwoInputOperator, ReadOnlyTimerService {
  protected readonly fn: F;
  protected readonly output: Collector<unknown>;
  readonly #context: OperatorContext;
  readonly #life: FunctionLifeCycle<unknown>;
  #watermark: number;

  constructor(context: OperatorContext, { create, runtimeContext }: FunctionSpec<F>) {
    this.fn = create();
    this.output = context.output;
    this.#context = context;
    this.#life = new FunctionLifeCycle<unknown>(this.fn, runtimeContext(context), () => context.operatorState);
    this.#watermark = NO_TIMESTAMP;
  }

  abstract processElement1(record: unknown): void;
  abstract processElement2(record: unknown): void;

  open(): Promise<void> {
    return this.#life.open();
  }

  close(): Promise<void> {
    return this.#life.close();
  }

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
export abstract class KeyedTwoInputFunctionOperator<F extends KeyedFunction> implements TwoInputOperator {
  protected readonly fn: F;
  protected readonly output: Collector<unknown>;
  protected readonly state: KeyedStateBackend;
  protected readonly timerService: KeyTimerService;
  readonly #life: FunctionLifeCycle<unknown>;
  readonly #timers: UserTimers;

  constructor(context: OperatorContext, { create, runtimeContext }: FunctionSpec<F>) {
    this.fn = create();
    this.output = context.output;
    this.state = context.keyedState;
    this.#life = new FunctionLifeCycle<unknown>(this.fn, runtimeContext(context), () => context.operatorState);
    this.#timers = new UserTimers(context, this.fn);
    this.timerService = this.#timers.service;
  }

  abstract processElement1(record: unknown): void;
  abstract processElement2(record: unknown): void;

  open(): Promise<void> {
    return this.#life.open();
  }

  close(): Promise<void> {
    this.state.clearCurrentKey();
    return this.#life.close();
  }

  processWatermark(timestamp: number): boolean {
    return this.#timers.advanceWatermark(timestamp);
  }

  resume(): boolean {
    return this.#timers.resume();
  }
}
