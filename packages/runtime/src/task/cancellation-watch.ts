/**
 * Looks after tasks that were cancelled: while one of a slot has not ended, the slot is examined again and again, and what is found is told.
 *
 * Owns a timer for each slot with such tasks. Used by the TaskExecutor. Whoever ordered the cancellation decides when it has taken too long.
 * CW1 a slot none of whose tasks is being cancelled has no timer.
 */
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import type { SlotReport } from '../protocol/slot-report.ts';

export interface CancellationWatchPorts {
  readonly clock: Clock;
  /** task.cancellation.interval */
  readonly intervalMs: number;
  /** Of a slot: what its thread is doing; undefined when it does not answer. */
  examine(slot: number, settle: (report: SlotReport | undefined) => void): void;
  /** Tasks of the slot have not ended `sinceMs` after the first of them was cancelled. */
  stuck(slot: number, report: SlotReport | undefined, sinceMs: number): void;
}

interface Watch {
  readonly sinceMs: number;
  timer: Cancellation;
}

export class CancellationWatch {
  readonly #ports: CancellationWatchPorts;
  readonly #watches = new Map<number, Watch>();

  constructor(ports: CancellationWatchPorts) {
    this.#ports = ports;
  }

  begin(slot: number): void {
    if (this.#watches.has(slot)) return;
    const { clock } = this.#ports;
    this.#watches.set(slot, { sinceMs: clock.monotonic(), timer: this.#later(slot) });
  }

  /** Nothing is being cancelled there any more. */
  end(slot: number): void {
    this.#watches.get(slot)?.timer.cancel();
    this.#watches.delete(slot);
  }

  #later(slot: number): Cancellation {
    const { clock, intervalMs } = this.#ports;
    return clock.schedule(intervalMs, () => this.#look(slot));
  }

  #look(slot: number): void {
    const watch = this.#watches.get(slot);
    if (watch === undefined) return;
    watch.timer = this.#later(slot);
    const { clock } = this.#ports;
    this.#ports.examine(slot, (report) => {
      if (this.#watches.get(slot) === watch) this.#ports.stuck(slot, report, Math.round(clock.monotonic() - watch.sinceMs));
    });
  }
}
