import type { DurationLike } from '@millrace/core/config/duration';
import type { ReducingState } from '../contract/keyed-state.ts';
import { MAX_TIMESTAMP, MAX_WATERMARK, NO_TIMESTAMP } from '../contract/timestamp.ts';
import { positiveMillis } from './aligned-windows.ts';
import { type OnMergeContext, Trigger, type TriggerContext } from './trigger.ts';
import type { TriggerResult } from './trigger-result.ts';
import { nextFiringState } from './trigger-state.ts';
import type { Window } from './window.ts';

const NEXT_FIRING = nextFiringState('ContinuousEventTimeTrigger');

/**
 * Fires as the watermark reaches each multiple of the interval, from the one after the window's first record on, and at the window's end; after the end for each
 * record that the allowed lateness lets in.
 */
export class ContinuousEventTimeTrigger extends Trigger<unknown, Window> {
  readonly #intervalMs: number;

  private constructor(intervalMs: number) {
    super();
    this.#intervalMs = intervalMs;
  }

  static of(interval: DurationLike): ContinuousEventTimeTrigger {
    return new ContinuousEventTimeTrigger(positiveMillis('ContinuousEventTimeTrigger', 'interval', interval));
  }

  override onElement(_element: unknown, timestamp: number, window: Window, context: TriggerContext): TriggerResult {
    const end = window.maxTimestamp();
    if (end <= context.currentWatermark()) return 'FIRE';
    context.registerEventTimeTimer(end);
    const nextFiring = context.getPartitionedState(NEXT_FIRING);
    if (nextFiring.get() === undefined && timestamp !== NO_TIMESTAMP) {
      const multiple = Math.floor(timestamp / this.#intervalMs) * this.#intervalMs; // floored, so that it holds before 1970 too
      this.#fireAt(multiple + this.#intervalMs, window, { context, nextFiring });
    }
    return 'CONTINUE';
  }

  override onEventTime(time: number, window: Window, context: TriggerContext): TriggerResult {
    if (time === window.maxTimestamp()) return 'FIRE';
    const nextFiring = context.getPartitionedState(NEXT_FIRING);
    if (nextFiring.get() !== time) return 'CONTINUE';
    nextFiring.clear();
    if (isEndOfEndless(window, context)) return 'CONTINUE'; // the timer of the end comes last; the multiples until then have no end
    this.#fireAt(time + this.#intervalMs, window, { context, nextFiring });
    return 'FIRE';
  }

  override onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }

  override clear(window: Window, context: TriggerContext): void {
    context.deleteEventTimeTimer(window.maxTimestamp());
    const nextFiring = context.getPartitionedState(NEXT_FIRING);
    const time = nextFiring.get();
    if (time === undefined) return;
    context.deleteEventTimeTimer(time);
    nextFiring.clear();
  }

  override canMerge(): boolean {
    return true;
  }

  override onMerge(window: Window, context: OnMergeContext): void {
    if (window.maxTimestamp() > context.currentWatermark()) context.registerEventTimeTimer(window.maxTimestamp());
    context.mergePartitionedState(NEXT_FIRING);
    const time = context.getPartitionedState(NEXT_FIRING).get();
    if (time !== undefined) context.registerEventTimeTimer(time);
  }

  override purges(): boolean {
    return false;
  }

  override toString(): string {
    return `ContinuousEventTimeTrigger(${this.#intervalMs} ms)`;
  }

  #fireAt(time: number, window: Window, { context, nextFiring }: Firing): void {
    const next = Math.min(time, window.maxTimestamp(), MAX_TIMESTAMP);
    nextFiring.add(next);
    context.registerEventTimeTimer(next);
  }
}

interface Firing {
  readonly context: TriggerContext;
  readonly nextFiring: ReducingState<number>;
}

function isEndOfEndless(window: Window, context: TriggerContext): boolean {
  return window.maxTimestamp() === MAX_TIMESTAMP && context.currentWatermark() === MAX_WATERMARK;
}
