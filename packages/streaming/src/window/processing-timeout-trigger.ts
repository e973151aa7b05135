import type { DurationLike } from '@millrace/core/config/duration';
import { Types } from '@millrace/core/types/types';
import { ValueStateDescriptor } from '../contract/state-descriptor.ts';
import { positiveMillis } from './aligned-windows.ts';
import { checkTrigger } from './check-trigger.ts';
import { Trigger, type TriggerContext } from './trigger.ts';
import { fires, type TriggerResult } from './trigger-result.ts';
import type { Window } from './window.ts';

const TIMEOUT = new ValueStateDescriptor('ProcessingTimeoutTrigger/timeout', Types.LONG);

/** As its nested trigger, and fires besides when that has not fired for so long by the clock, counted from the first record since it last did. */
export class ProcessingTimeoutTrigger<in T, in W extends Window> extends Trigger<T, W> {
  readonly #nested: Trigger<T, W>;
  readonly #timeoutMs: number;

  private constructor(nested: Trigger<T, W>, timeoutMs: number) {
    super();
    this.#nested = nested;
    this.#timeoutMs = timeoutMs;
  }

  static of<T, W extends Window>(nested: Trigger<T, W>, timeout: DurationLike): Trigger<T, W> {
    checkTrigger(nested, 'ProcessingTimeoutTrigger.of');
    return new ProcessingTimeoutTrigger(nested, positiveMillis('ProcessingTimeoutTrigger', 'timeout', timeout));
  }

  override onElement(element: T, timestamp: number, window: W, context: TriggerContext): TriggerResult {
    const result = this.#nested.onElement(element, timestamp, window, context);
    if (fires(result)) this.clear(window, context);
    else this.#start(context);
    return result;
  }

  override onEventTime(time: number, window: W, context: TriggerContext): TriggerResult {
    const result = this.#nested.onEventTime(time, window, context);
    if (fires(result)) this.clear(window, context);
    return result;
  }

  override onProcessingTime(time: number, window: W, context: TriggerContext): TriggerResult {
    const isTimeout = context.getPartitionedState(TIMEOUT).value() === time;
    const result = this.#nested.onProcessingTime(time, window, context);
    if (!isTimeout && !fires(result)) return result;
    this.clear(window, context);
    return result === 'PURGE' || result === 'FIRE_AND_PURGE' ? 'FIRE_AND_PURGE' : 'FIRE';
  }

  override clear(window: W, context: TriggerContext): void {
    const timeout = context.getPartitionedState(TIMEOUT);
    const time = timeout.value();
    if (time !== undefined) {
      context.deleteProcessingTimeTimer(time);
      timeout.clear();
    }
    this.#nested.clear(window, context);
  }

  override purges(): boolean {
    return this.#nested.purges();
  }

  override toString(): string {
    return `ProcessingTimeoutTrigger(${this.#nested.toString()}, ${this.#timeoutMs} ms)`;
  }

  #start(context: TriggerContext): void {
    const timeout = context.getPartitionedState(TIMEOUT);
    if (timeout.value() !== undefined) return;
    const time = context.currentProcessingTime() + this.#timeoutMs;
    timeout.update(time);
    context.registerProcessingTimeTimer(time);
  }
}
