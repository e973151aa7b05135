import type { DurationLike } from '@millrace/core/config/duration';
import { positiveMillis } from './aligned-windows.ts';
import { type OnMergeContext, Trigger, type TriggerContext } from './trigger.ts';
import type { TriggerResult } from './trigger-result.ts';
import { nextFiringState } from './trigger-state.ts';
import type { Window } from './window.ts';

const NEXT_FIRING = nextFiringState('ContinuousProcessingTimeTrigger');

/**
 * Fires as the clock reaches each multiple of the interval, from the one after the window's first record on; in a processing-time window also at its end. In an
 * event-time window it gives early results and nothing at the end: event time fires it only if a trigger says so.
 */
export class ContinuousProcessingTimeTrigger extends Trigger<unknown, Window> {
  readonly #intervalMs: number;

  private constructor(intervalMs: number) {
    super();
    this.#intervalMs = intervalMs;
  }

  static of(interval: DurationLike): ContinuousProcessingTimeTrigger {
    return new ContinuousProcessingTimeTrigger(positiveMillis('ContinuousProcessingTimeTrigger', 'interval', interval));
  }

  override onElement(_element: unknown, _timestamp: number, window: Window, context: TriggerContext): TriggerResult {
    if (context.getPartitionedState(NEXT_FIRING).get() === undefined) this.#fireAfter(context.currentProcessingTime(), window, context);
    return 'CONTINUE';
  }

  override onEventTime(): TriggerResult {
    return 'CONTINUE';
  }

  override onProcessingTime(time: number, window: Window, context: TriggerContext): TriggerResult {
    const nextFiring = context.getPartitionedState(NEXT_FIRING);
    if (nextFiring.get() !== time) return 'CONTINUE';
    nextFiring.clear();
    this.#fireAfter(time, window, context);
    return 'FIRE';
  }

  override clear(_window: Window, context: TriggerContext): void {
    const nextFiring = context.getPartitionedState(NEXT_FIRING);
    const time = nextFiring.get();
    if (time === undefined) return;
    context.deleteProcessingTimeTimer(time);
    nextFiring.clear();
  }

  override canMerge(): boolean {
    return true;
  }

  override onMerge(_window: Window, context: OnMergeContext): void {
    context.mergePartitionedState(NEXT_FIRING);
    const time = context.getPartitionedState(NEXT_FIRING).get();
    if (time !== undefined) context.registerProcessingTimeTimer(time);
  }

  override purges(): boolean {
    return false;
  }

  override toString(): string {
    return `ContinuousProcessingTimeTrigger(${this.#intervalMs} ms)`;
  }

  /** An end that the clock has passed is one of event time, which stops no clock. */
  #fireAfter(time: number, window: Window, context: TriggerContext): void {
    const multiple = (Math.floor(time / this.#intervalMs) + 1) * this.#intervalMs;
    const end = window.maxTimestamp();
    const next = end > time ? Math.min(multiple, end) : multiple;
    context.getPartitionedState(NEXT_FIRING).add(next);
    context.registerProcessingTimeTimer(next);
  }
}
