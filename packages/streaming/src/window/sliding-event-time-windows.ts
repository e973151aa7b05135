import type { DurationLike } from '@millrace/core/config/duration';
import { offsetMillis, positiveMillis, windowsOf } from './aligned-windows.ts';
import { EventTimeTrigger } from './event-time-trigger.ts';
import type { TimeWindow } from './time-window.ts';
import type { Trigger } from './trigger.ts';
import { type WindowAlignment, WindowAssigner } from './window-assigner.ts';

/**
 * Windows of one size, one of which starts with every slide. A record is in size / slide of them; with a slide above the size, records in the gaps are in none
 * (`losesRecords`). The size need not be a multiple of the slide.
 *
 * ```ts
 * stream.keyBy((bid) => bid.auction).window(SlidingEventTimeWindows.of('10 s', '100 ms'))
 * ```
 */
export class SlidingEventTimeWindows extends WindowAssigner<unknown, TimeWindow> {
  readonly #alignment: WindowAlignment;

  private constructor(alignment: WindowAlignment) {
    super();
    this.#alignment = alignment;
  }

  static of(size: DurationLike, slide: DurationLike, offset: DurationLike = '0 ms'): SlidingEventTimeWindows {
    const sizeMs = positiveMillis('SlidingEventTimeWindows', 'size', size);
    const slideMs = positiveMillis('SlidingEventTimeWindows', 'slide', slide);
    const offsetMs = offsetMillis('SlidingEventTimeWindows', offset, { name: 'slide', millis: slideMs });
    return new SlidingEventTimeWindows({ sizeMs, slideMs, offsetMs, stagger: 'ALIGNED' });
  }

  /** True where the slide is longer than the size: what falls between two windows is lost by design, and the plan warns of it. */
  get losesRecords(): boolean {
    return this.#alignment.slideMs > this.#alignment.sizeMs;
  }

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
    return `SlidingEventTimeWindows(${this.#alignment.sizeMs} ms, ${this.#alignment.slideMs} ms)`;
  }
}
