import type { DurationLike } from '@millrace/core/config/duration';
import { offsetMillis, positiveMillis, windowsOf } from './aligned-windows.ts';
import { checkStagger } from './check-stagger.ts';
import { EventTimeTrigger } from './event-time-trigger.ts';
import type { TimeWindow } from './time-window.ts';
import type { Trigger } from './trigger.ts';
import { type WindowAlignment, WindowAssigner, type WindowStagger } from './window-assigner.ts';

/**
 * Windows of one size that follow each other without gap or overlap. They start at `floor(timestamp / size) * size`, moved by the offset.
 *
 * ```ts
 * stream.keyBy((click) => click.user).window(TumblingEventTimeWindows.of('1 d', '-8 h')) // days of UTC+8
 * ```
 */
export class TumblingEventTimeWindows extends WindowAssigner<unknown, TimeWindow> {
  readonly #alignment: WindowAlignment;

  private constructor(alignment: WindowAlignment) {
    super();
    this.#alignment = alignment;
  }

  static of(size: DurationLike, offset: DurationLike = '0 ms', stagger: WindowStagger = 'ALIGNED'): TumblingEventTimeWindows {
    const sizeMs = positiveMillis('TumblingEventTimeWindows', 'size', size);
    const offsetMs = offsetMillis('TumblingEventTimeWindows', offset, { name: 'size', millis: sizeMs });
    checkStagger(stagger, 'TumblingEventTimeWindows.of');
    return new TumblingEventTimeWindows({ sizeMs, slideMs: sizeMs, offsetMs, stagger });
  }

  /** Of the grid without stagger: that is the operator's, for it differs between subtasks. */
  override assignWindows(_element: unknown, timestamp: number): TimeWindow[] {
    return windowsOf(timestamp, this.#alignment);
  }

  override getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }

  override isEventTime(): boolean {
    return true;
  }

  override alignment(): WindowAlignment {
    return this.#alignment;
  }

  override toString(): string {
    return `TumblingEventTimeWindows(${this.#alignment.sizeMs} ms)`;
  }
}
