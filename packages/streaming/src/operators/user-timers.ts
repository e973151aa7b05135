/** The timers of a user's function on keyed streams, whatever the number of its inputs: what registers them, and the calls of its `onTimer`. */
import type { Collector, Nothing } from '../contract/emittable.ts';
import { FailingCall } from '../contract/failing-call.ts';
import type { OperatorContext } from '../contract/operator.ts';
import type { OnTimerContext } from '../contract/process-context.ts';
import type { DeclaredStateStore } from '../contract/state-declaration.ts';
import { type InternalTimer, type InternalTimerService, type TimeDomain, type Triggerable, VOID_NAMESPACES } from '../contract/timers.ts';
import { KeyTimerService, TimerContext } from './element-context.ts';
import { refuseResult } from './refused-result.ts';

export interface TimedFunction {
  readonly onTimer?: (timestamp: number, context: OnTimerContext<unknown>, out: Collector<unknown>) => Nothing;
}

export class UserTimers implements Triggerable<unknown, number> {
  /** What the function sees of it in its contexts. */
  readonly service: KeyTimerService;
  readonly #fn: TimedFunction;
  readonly #timers: InternalTimerService<number>;
  readonly #context: TimerContext<unknown>;
  readonly #output: Collector<unknown>;

  constructor(context: OperatorContext, fn: TimedFunction, states: DeclaredStateStore) {
    this.#fn = fn;
    this.#timers = context.timers('user-timers', this, VOID_NAMESPACES);
    this.service = new KeyTimerService(this.#timers);
    this.#context = new TimerContext(context, this.service, states);
    this.#output = context.output;
  }

  advanceWatermark(timestamp: number): boolean {
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
    const context = this.#context;
    const { timestamp } = timer;
    context.time = timestamp;
    context.domain = domain;
    try {
      const result: unknown = this.#fn.onTimer?.(timestamp, context, this.#output);
      if (result !== undefined) refuseResult('onTimer', result);
    } catch (error) {
      throw FailingCall.of(`onTimer(${timestamp}, ${domain})`, error, { value: timer.key });
    }
    return true;
  }
}
