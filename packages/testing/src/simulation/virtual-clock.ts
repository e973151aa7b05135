/** A clock that stands still until it is told to go on. Actions that are due at the same time run in the order in which they were scheduled. */
import type { Cancellation, Clock } from '@millrace/core/base/clock';

interface Timer {
  readonly at: number;
  readonly action: () => void;
}

export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, action: () => void): Cancellation {
    const timer = { at: this.#nowMs + Math.max(0, delayMs), action };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  get numTimers(): number {
    return this.#timers.size;
  }

  /** Runs the next timer that is due by `untilMs`, with the clock at its time; false when there is none, and the clock is then at `untilMs`. */
  step(untilMs: number): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (timer.at <= untilMs && (next === undefined || timer.at < next.at)) next = timer;
    this.#nowMs = Math.max(this.#nowMs, next?.at ?? untilMs);
    if (next === undefined) return false;
    this.#timers.delete(next);
    next.action();
    return true;
  }
}
