/**
 * Watches the thread of a slot from outside: whether its loop turns, and what it does when it does not.
 *
 * Owns a timer while the slot has work. Used by the slot's handle, in the TaskManager's main thread.
 * SW1 a thread that turns or rests is left alone. One that did neither for EXAMINE_AFTER_MS is examined: memory that one call takes is seen by nobody else.
 */
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import type { SlotReport } from '@millrace/runtime/protocol/slot-report';

const CHECK_MS = 100;
const EXAMINE_AFTER_MS = 200;
/** A function that takes so long is looked at less often. */
const LONG_MS = 10_000;
const EXAMINE_LONG_EVERY_MS = 1_000;

export interface SlotWatchPorts {
  readonly clock: Clock;
  /** A thread that does not come back for so long is told of; undefined: none is. */
  readonly limitMs: number | undefined;
  /** Turns of the slot's loop so far. */
  turns(): number;
  /** How long the thread has rested so far. */
  idleMs(): number;
  examine(settle: (report: SlotReport | undefined) => void): void;
  /** The thread has not come back for so long: told at the limit, and at every doubling. */
  busy(report: SlotReport | undefined, sinceMs: number): void;
  /** The slot has outgrown its share in one call, which may go on until the whole process is out of memory. */
  outgrown(report: SlotReport, what: string): void;
}

export class SlotWatch {
  readonly #ports: SlotWatchPorts;
  #timer: Cancellation | undefined;
  #turns = 0;
  #idleMs = 0;
  #movedAtMs = 0;
  #examinedAtMs = 0;
  #tellAfterMs = Number.POSITIVE_INFINITY;

  constructor(ports: SlotWatchPorts) {
    this.#ports = ports;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#moved();
    this.#later();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #later(): void {
    this.#timer = this.#ports.clock.schedule(CHECK_MS, () => {
      this.#later();
      this.#check();
    });
  }

  #check(): void {
    const turns = this.#ports.turns();
    const idleMs = this.#ports.idleMs();
    if (turns !== this.#turns || idleMs !== this.#idleMs) return this.#moved();
    const nowMs = this.#ports.clock.monotonic();
    const sinceMs = nowMs - this.#movedAtMs;
    const everyMs = sinceMs > LONG_MS ? EXAMINE_LONG_EVERY_MS : CHECK_MS;
    if (sinceMs < EXAMINE_AFTER_MS || nowMs - this.#examinedAtMs < everyMs) return;
    this.#examinedAtMs = nowMs;
    const stretch = this.#movedAtMs;
    this.#ports.examine((report) => {
      if (this.#timer !== undefined && this.#movedAtMs === stretch) this.#seen(report);
    });
  }

  #seen(report: SlotReport | undefined): void {
    if (report?.overLimit !== undefined) return this.#ports.outgrown(report, report.overLimit);
    const sinceMs = Math.round(this.#ports.clock.monotonic() - this.#movedAtMs);
    if (sinceMs < this.#tellAfterMs) return;
    this.#tellAfterMs *= 2;
    this.#ports.busy(report, sinceMs);
  }

  #moved(): void {
    this.#turns = this.#ports.turns();
    this.#idleMs = this.#ports.idleMs();
    this.#movedAtMs = this.#ports.clock.monotonic();
    this.#tellAfterMs = this.#ports.limitMs ?? Number.POSITIVE_INFINITY;
  }
}
