/** What a task has asked the clock for. Ends with the task, so that no timer of a canceled one keeps its thread awake. */
import type { Cancellation, Clock } from '@millrace/core/base/clock';

export class TaskSchedule {
  readonly #clock: Clock;
  readonly #pending = new Set<Cancellation>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Nothing is scheduled once the task has ended. */
  schedule(delayMs: number, action: () => void): Cancellation {
    if (this.#isClosed) return { cancel() {} };
    const scheduled = this.#clock.schedule(delayMs, () => {
      this.#pending.delete(cancellation);
      action();
    });
    const cancellation: Cancellation = {
      cancel: () => {
        this.#pending.delete(cancellation);
        scheduled.cancel();
      },
    };
    this.#pending.add(cancellation);
    return cancellation;
  }

  close(): void {
    this.#isClosed = true;
    for (const cancellation of [...this.#pending]) cancellation.cancel();
  }
}
