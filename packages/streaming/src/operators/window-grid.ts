/**
 * Which windows a time belongs to, which have ended and which are gone, as whole numbers: window k is `[origin + k * slide, origin + k * slide + size)`.
 *
 * G1 the origin is moved near the first record, by whole slides, so that indexes are small integers.
 * G2 the watermark here is a plain number that may be infinite: −∞ before the first one, +∞ for MAX_WATERMARK, which ends every window.
 */
import { MAX_TIMESTAMP, MAX_WATERMARK, NO_TIMESTAMP } from '../contract/timestamp.ts';
import { TimeWindow } from '../window/time-window.ts';
import type { WindowAlignment } from '../window/window-assigner.ts';

export class WindowGrid {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly latenessMs: number;
  origin: number;

  constructor(alignment: WindowAlignment, latenessMs: number, firstTimestamp: number) {
    this.sizeMs = alignment.sizeMs;
    this.slideMs = alignment.slideMs;
    this.latenessMs = latenessMs;
    this.origin = alignment.offsetMs + Math.floor((firstTimestamp - alignment.offsetMs) / alignment.slideMs) * alignment.slideMs;
  }

  /** The last window that has begun at `timestamp`; in the gaps of windows shorter than their slide it does not hold it. */
  lastWindow(timestamp: number): number {
    return Math.floor((timestamp - this.origin) / this.slideMs);
  }

  /** The first window that has not ended at `timestamp`; above `lastWindow` in a gap. */
  firstWindow(timestamp: number): number {
    return Math.floor((timestamp - this.origin - this.sizeMs) / this.slideMs) + 1;
  }

  /** The last window whose end − 1 is not above the watermark. */
  lastEnded(watermark: number): number {
    return Math.floor((watermark + 1 - this.sizeMs - this.origin) / this.slideMs);
  }

  /** The last window whose end − 1 + lateness is not above the watermark: its state is gone, its records are late. */
  lastExpired(watermark: number): number {
    return this.lastEnded(watermark - this.latenessMs);
  }

  windowAt(index: number): TimeWindow {
    const start = this.origin + index * this.slideMs;
    return new TimeWindow(start, start + this.sizeMs);
  }
}

/** The timestamp of a window's results: its last millisecond, or the last there is. */
export function resultTimestamp(window: TimeWindow): number {
  return Math.min(window.maxTimestamp(), MAX_TIMESTAMP);
}

/** G2 */
export function unboundedWatermark(timestamp: number): number {
  if (timestamp >= MAX_WATERMARK) return Number.POSITIVE_INFINITY;
  return timestamp <= NO_TIMESTAMP ? Number.NEGATIVE_INFINITY : timestamp;
}

export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
