import type { DurationLike } from '@millrace/core/config/duration';
import { positiveMillis } from './aligned-windows.ts';
import { type Evictor, evictorOf, type TimestampedValue } from './evictor.ts';
import type { Window } from './window.ts';

/** Keeps the elements that are less than so long before the window's newest one, by their timestamps. Elements without a timestamp all stay. */
export const TimeEvictor: { of(windowSize: DurationLike, doEvictAfter?: boolean): Evictor<unknown, Window> } = {
  of(windowSize, doEvictAfter = false) {
    const sizeMs = positiveMillis('TimeEvictor', 'window size', windowSize);
    return evictorOf(`TimeEvictor(${sizeMs} ms)`, doEvictAfter, (elements) => newest(elements, sizeMs));
  },
};

function newest<U>(elements: readonly TimestampedValue<U>[], sizeMs: number): readonly TimestampedValue<U>[] {
  let latest = Number.NEGATIVE_INFINITY;
  for (const { timestamp } of elements) if (timestamp !== undefined && timestamp > latest) latest = timestamp;
  return elements.filter(({ timestamp }) => timestamp === undefined || timestamp > latest - sizeMs);
}
