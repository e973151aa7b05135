import type { DurationLike } from '@millrace/core/config/duration';
import { offsetMillis, positiveMillis, windowsOf } from './aligned-windows.ts';
import { ProcessingTimeTrigger } from './processing-time-trigger.ts';
import type { TimeWindow } from './time-window.ts';
import type { Trigger } from './trigger.ts';
import { type WindowAlignment, WindowAssigner, type WindowAssignerContext } from './window-assigner.ts';

/** Windows of one size by the clock, one of which starts with every slide. One that is open when the input ends does not fire. */
export class SlidingProcessingTimeWindows extends WindowAssigner<unknown, TimeWindow> {
  readonly #alignment: WindowAlignment;

  private constructor(alignment: WindowAlignment) {
    super();
    this.#alignment = alignment;
  }

  static of(size: DurationLike, slide: DurationLike, offset: DurationLike = '0 ms'): SlidingProcessingTimeWindows {
    const sizeMs = positiveMillis('SlidingProcessingTimeWindows', 'size', size);
    const slideMs = positiveMillis('SlidingProcessingTimeWindows', 'slide', slide);
    const offsetMs = offsetMillis('SlidingProcessingTimeWindows', offset, { name: 'slide', millis: slideMs });
    return new SlidingProcessingTimeWindows({ sizeMs, slideMs, offsetMs, stagger: 'ALIGNED' });
  }

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
    return `SlidingProcessingTimeWindows(${this.#alignment.sizeMs} ms, ${this.#alignment.slideMs} ms)`;
  }
}
