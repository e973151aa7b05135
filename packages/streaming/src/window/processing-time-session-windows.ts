import type { DurationLike } from '@millrace/core/config/duration';
import { ProcessingTimeTrigger } from './processing-time-trigger.ts';
import { mergeTimeWindows } from './merge-time-windows.ts';
import { MergingWindowAssigner } from './merging-window-assigner.ts';
import { dynamicGap, fixedGap, type SessionGaps } from './session-gap.ts';
import { TimeWindow } from './time-window.ts';
import type { Trigger } from './trigger.ts';
import type { WindowAssignerContext } from './window-assigner.ts';

/** Sessions by the clock: they end when no record of the key has come for the length of the gap. A session that is open when the input ends does not fire. */
export class ProcessingTimeSessionWindows<in T> extends MergingWindowAssigner<T, TimeWindow> {
  readonly #gaps: SessionGaps;

  private constructor(gaps: SessionGaps) {
    super();
    this.#gaps = gaps;
  }

  static withGap(gap: DurationLike): ProcessingTimeSessionWindows<unknown> {
    return new ProcessingTimeSessionWindows(fixedGap('ProcessingTimeSessionWindows', gap));
  }

  /** The gap after each record is what the function says of it. */
  static withDynamicGap<T = unknown>(gap: (element: T) => DurationLike): ProcessingTimeSessionWindows<T> {
    return new ProcessingTimeSessionWindows<T>(dynamicGap('ProcessingTimeSessionWindows', gap));
  }

  override assignWindows(element: T, _timestamp: number, context: WindowAssignerContext): TimeWindow[] {
    const now = context.getCurrentProcessingTime();
    return [new TimeWindow(now, now + this.#gaps.of(element))];
  }

  override mergeWindows(windows: Iterable<TimeWindow>, merge: (merged: readonly TimeWindow[], result: TimeWindow) => void): void {
    mergeTimeWindows(windows, merge);
  }

  override getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return ProcessingTimeTrigger.create();
  }

  override isEventTime(): boolean {
    return false;
  }

  override toString(): string {
    return this.#gaps.text;
  }
}
