import type { DurationLike } from '@millrace/core/config/duration';
import { offsetMillis, positiveMillis, windowsOf } from './aligned-windows.ts';
import { checkStagger } from './check-stagger.ts';
import { ProcessingTimeTrigger } from './processing-time-trigger.ts';
import type { TimeWindow } from './time-window.ts';
import type { Trigger } from './trigger.ts';
import { type WindowAlignment, WindowAssigner, type WindowAssignerContext, type WindowStagger } from './window-assigner.ts';

/**
 * Windows of one size by the clock, without gap or overlap, aligned to the epoch and not to the start of the job: hourly windows of a job that starts at 9:15 end at
 * 10:00 first. One that is open when the input ends does not fire.
 */
export class TumblingProcessingTimeWindows extends WindowAssigner<unknown, TimeWindow> {
  readonly #alignment: WindowAlignment;

  private constructor(alignment: WindowAlignment) {
    super();
    this.#alignment = alignment;
  }

  static of(size: DurationLike, offset: DurationLike = '0 ms', stagger: WindowStagger = 'ALIGNED'): TumblingProcessingTimeWindows {
    const sizeMs = positiveMillis('TumblingProcessingTimeWindows', 'size', size);
    const offsetMs = offsetMillis('TumblingProcessingTimeWindows', offset, { name: 'size', millis: sizeMs });
    checkStagger(stagger, 'TumblingProcessingTimeWindows.of');
    return new TumblingProcessingTimeWindows({ sizeMs, slideMs: sizeMs, offsetMs, stagger });
  }

  /** Of the grid without stagger: that is the operator's, for it differs between subtasks. */
  override assignWindows(_element: unknown, _timestamp: number, context: WindowAssignerContext): TimeWindow[] {
    return windowsOf(context.getCurrentProcessingTime(), this.#alignment);
  }

  override getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return ProcessingTimeTrigger.create();
  }

  override isEventTime(): boolean {
    return false;
  }

  override alignment(): WindowAlignment {
    return this.#alignment;
  }

  override toString(): string {
    return `TumblingProcessingTimeWindows(${this.#alignment.sizeMs} ms)`;
  }
}
