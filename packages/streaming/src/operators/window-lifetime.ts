import { MAX_TIMESTAMP } from '../contract/timestamp.ts';
import type { Window } from '../window/window.ts';

/** How long the windows of an operator live: until their last millisecond, in event time and the allowed lateness besides. */
export class WindowLifetime {
  readonly isEventTime: boolean;
  readonly #latenessMs: number; // 0 in processing time

  constructor(isEventTime: boolean, allowedLatenessMs: number) {
    this.isEventTime = isEventTime;
    this.#latenessMs = isEventTime ? allowedLatenessMs : 0;
  }

  /** When all that is kept of a window goes; MAX_TIMESTAMP for one that stays as long as the job runs. */
  cleanupTime(window: Window): number {
    return Math.min(window.maxTimestamp() + this.#latenessMs, MAX_TIMESTAMP);
  }

  isLate(window: Window, watermark: number): boolean {
    return this.isEventTime && this.cleanupTime(window) <= watermark;
  }
}
