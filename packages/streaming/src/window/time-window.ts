import { Window } from './window.ts';

/** The records with `start <= timestamp < end`, in milliseconds since the epoch. Windows are values: compare them by `equals`, never by reference. */
export class TimeWindow extends Window {
  readonly start: number;
  readonly end: number;

  constructor(start: number, end: number) {
    super();
    this.start = start;
    this.end = end;
  }

  override maxTimestamp(): number {
    return this.end - 1;
  }

  equals(other: unknown): boolean {
    return other instanceof TimeWindow && other.start === this.start && other.end === this.end;
  }

  /** True where the two windows overlap or touch, which is where sessions merge. */
  intersects(other: TimeWindow): boolean {
    return this.start <= other.end && this.end >= other.start;
  }

  /** The smallest window that holds both. */
  cover(other: TimeWindow): TimeWindow {
    return new TimeWindow(Math.min(this.start, other.start), Math.max(this.end, other.end));
  }

  override toString(): string {
    return `[${this.start}, ${this.end})`;
  }
}
