/** What the operators of connected streams have in common: the life of the user's object, its contexts, the watermark; with a key also state and timers. */
import type { Collector, Nothing } from '../contract/emittable.ts';
import { FailingCall } from '../contract/failing-call.ts';
import type { KeyedStateBackend } from '../contract/keyed-state.ts';
import type { OperatorContext, TwoInputOperator } from '../contract/operator.ts';
import type { OnTimerContext } from '../contract/process-context.ts';
import type { FunctionLife } from '../contract/rich-function.ts';
import {
  type InternalTimer,
  type InternalTimerService,
  type ReadOnlyTimerService,
  type TimeDomain,
  type Triggerable,
  VOID_NAMESPACES,
} from '../contract/timers.ts';
import { NO_TIMESTAMP } from '../contract/timestamp.ts';
import { KeyTimerService, TimerContext } from './element-context.ts';
import { FunctionLifeCycle } from './function-life.ts';
import { refuseResult } from './refused-result.ts';

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

export interface KeyedFunction extends FunctionLife<unknown> {
  readonly onTimer?: (timestamp: number, context: OnTimerContext<unknown>, out: Collector<unknown>) => Nothing;
}

/** With a key: the current key is set before each record of a keyed input, and by each timer. */
export abstract class KeyedTwoInputFunctionOperator<F extends KeyedFunction> implements TwoInputOperator, Triggerable<unknown, number> {
  protected readonly fn: F;
  protected readonly output: Collector<unknown>;
  protected readonly state: KeyedStateBackend;
  protected readonly timerService: KeyTimerService;
  readonly #life: FunctionLifeCycle<unknown>;
  readonly #timers: InternalTimerService<number>;
  readonly #timerContext: TimerContext<unknown>;

  constructor(context: OperatorContext, { create, runtimeContext }: FunctionSpec<F>) {
    this.fn = create();
    this.output = context.output;
    this.state = context.keyedState;
    this.#life = new FunctionLifeCycle<unknown>(this.fn, runtimeContext(context), () => context.operatorState);
    this.#timers = context.timers('user-timers', this, VOID_NAMESPACES);
    this.timerService = new KeyTimerService(this.#timers);
    this.#timerContext = new TimerContext(context, this.timerService);
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

  onEventTime(timer: InternalTimer<unknown, number>): boolean {
    return this.#onTimer(timer, 'EVENT_TIME');
  }

  onProcessingTime(timer: InternalTimer<unknown, number>): boolean {
    return this.#onTimer(timer, 'PROCESSING_TIME');
  }

  #onTimer(timer: InternalTimer<unknown, number>, domain: TimeDomain): boolean {
    const context = this.#timerContext;
    const { timestamp } = timer;
    context.time = timestamp;
    context.domain = domain;
    try {
      const result: unknown = this.fn.onTimer?.(timestamp, context, this.output);
      if (result !== undefined) refuseResult('onTimer', result);
    } catch (error) {
      throw FailingCall.of(`onTimer(${timestamp}, ${domain})`, error, { value: timer.key });
    }
    return true;
  }
}
