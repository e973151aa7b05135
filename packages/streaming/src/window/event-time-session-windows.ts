import type { DurationLike } from '@millrace/core/config/duration';
import { EventTimeTrigger } from './event-time-trigger.ts';
import { mergeTimeWindows } from './merge-time-windows.ts';
import { MergingWindowAssigner } from './merging-window-assigner.ts';
import { dynamicGap, fixedGap, type SessionGaps } from './session-gap.ts';
import { TimeWindow } from './time-window.ts';
import type { Trigger } from './trigger.ts';

/** Sessions: a record and the next one of its key are in one window if the gap between their timestamps is not longer than the gap. Windows that touch merge: exactly one gap is still one session. */
export class EventTimeSessionWindows<in T> extends MergingWindowAssigner<T, TimeWindow> {
  readonly #gaps: SessionGaps;

  private constructor(gaps: SessionGaps) {
    super();
    this.#gaps = gaps;
  }

  static withGap(gap: DurationLike): EventTimeSessionWindows<unknown> {
    return new EventTimeSessionWindows(fixedGap('EventTimeSessionWindows', gap));
  }

  /** The gap after each record is what the function says of it. */
  static withDynamicGap<T = unknown>(gap: (element: T) => DurationLike): EventTimeSessionWindows<T> {
    return new EventTimeSessionWindows<T>(dynamicGap('EventTimeSessionWindows', gap));
  }

  /** Internal: for how many milliseconds after this record its session stays open. */
  gapAfter(element: T): number {
    return this.#gaps.of(element);
  }

  override assignWindows(element: T, timestamp: number): TimeWindow[] {
    return [new TimeWindow(timestamp, timestamp + this.#gaps.of(element))];
  }

  override mergeWindows(windows: Iterable<TimeWindow>, merge: (merged: readonly TimeWindow[], result: TimeWindow) => void): void {
    mergeTimeWindows(windows, merge);
  }

  override getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }

  override isEventTime(): boolean {
    return true;
  }

  override toString(): string {
    return this.#gaps.text;
  }
}
