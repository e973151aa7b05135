/** Time as a parameter: rooms that decide take a clock, `cluster` and the slots pass the system's, simulation and tests a virtual one. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back: for durations and deadlines. */
  monotonic(): number;
  /** Calls `action` once, `delayMs` from now. Returns what cancels it; cancelling twice or after the call does nothing. */
  schedule(delayMs: number, action: () => void): Cancellation;
}

export interface Cancellation {
  cancel(): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
