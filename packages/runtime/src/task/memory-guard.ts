/**
 * The soft memory limit of a slot. V8's own limit ends a worker, or for one large array the whole process (architecture D1), so the slot looks itself, every
 * few milliseconds of work, and fails the job by name while there is still room to do so. Before that it warns, and says what has grown.
 *
 * G1 what is over the limit may be garbage: before the guard speaks it has collected it, at most once in COLLECT_EVERY_MS.
 * G2 a warning costs a collection as well, and where that shows garbage only, the next try waits twice as long, up to WARN_EVERY_MS_MAX.
 */
import { TerminalError } from '@millrace/core/base/errors';
import type { SlotMemoryReport } from '../protocol/slot-messages.ts';
import { mebibytes } from './memory-report.ts';

const LOOK_EVERY_MS = 5;
const COLLECT_EVERY_MS = 1_000;
/** From here on the slot says now and then what it holds, for whoever must tell of its end. */
const REPORT_SHARE = 0.5;
const REPORT_EVERY_MS = 1_000;
const WARN_SHARE = 0.8;
const WARN_EVERY_MS = 60_000;
const WARN_AGAIN_MS = 10_000;
const WARN_EVERY_MS_MAX = 320_000;

export interface MemoryPort {
  /** Of this thread. */
  heapUsedBytes(): number;
  externalBytes(): number;
  /** A full garbage collection; undefined where the host offers none. */
  readonly collect: (() => void) | undefined;
}

export interface MemoryGuardPorts {
  readonly memory: MemoryPort;
  readonly limitBytes: number;
  /** What managed memory takes outside the heap: it has a budget of its own. */
  managedBytes(): number;
  /** How a message names the slot. */
  readonly slot: string;
  /** What uses the memory: sentences, or nothing (memory-report.ts). */
  describe(usedBytes: number): string;
  report(report: SlotMemoryReport): void;
}

export class MemoryGuard {
  readonly #ports: MemoryGuardPorts;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #collectedMs = Number.NEGATIVE_INFINITY;
  #reportAtMs = Number.NEGATIVE_INFINITY;
  #warnAtMs = Number.NEGATIVE_INFINITY;
  #againMs = WARN_AGAIN_MS;
  heapUsedBytes = 0;
  externalBytes = 0;

  constructor(ports: MemoryGuardPorts) {
    this.#ports = ports;
  }

  /** The failure of the slot's tasks where the limit is passed. */
  look(nowMs: number): TerminalError | undefined {
    if (nowMs - this.#lookedMs < LOOK_EVERY_MS) return undefined;
    this.#lookedMs = nowMs;
    const { limitBytes } = this.#ports;
    const used = this.#measure();
    if (used > limitBytes) return this.#isOver(nowMs) ? this.#failure() : undefined;
    if (used > limitBytes * WARN_SHARE && nowMs >= this.#warnAtMs) this.#warnUnlessGarbage(nowMs);
    else if (used > limitBytes * REPORT_SHARE && nowMs >= this.#reportAtMs) this.#report(nowMs, undefined);
    return undefined;
  }

  #measure(): number {
    const { memory } = this.#ports;
    this.heapUsedBytes = memory.heapUsedBytes();
    this.externalBytes = Math.max(0, memory.externalBytes() - this.#ports.managedBytes());
    return this.heapUsedBytes + this.externalBytes;
  }

  /** G1 */
  #isOver(nowMs: number): boolean {
    const { memory, limitBytes } = this.#ports;
    if (memory.collect === undefined) return true;
    if (nowMs - this.#collectedMs < COLLECT_EVERY_MS) return false;
    return this.#collect(nowMs) > limitBytes;
  }

  #collect(nowMs: number): number {
    this.#collectedMs = nowMs;
    this.#ports.memory.collect?.();
    return this.#measure();
  }

  /** G2 */
  #warnUnlessGarbage(nowMs: number): void {
    const { limitBytes, slot } = this.#ports;
    const used = this.#collect(nowMs);
    if (used <= limitBytes * WARN_SHARE) {
      this.#warnAtMs = nowMs + this.#againMs;
      this.#againMs = Math.min(2 * this.#againMs, WARN_EVERY_MS_MAX);
      return;
    }
    this.#againMs = WARN_AGAIN_MS;
    this.#warnAtMs = nowMs + WARN_EVERY_MS;
    const share = Math.round((100 * used) / limitBytes);
    this.#report(nowMs, `${slot} uses ${this.#used}, ${share} % of its limit of ${mebibytes(limitBytes)}.`);
  }

  #report(nowMs: number, warning: string | undefined): void {
    const { heapUsedBytes, externalBytes } = this;
    this.#reportAtMs = nowMs + REPORT_EVERY_MS;
    const users = this.#ports.describe(heapUsedBytes + externalBytes);
    this.#ports.report({ heapUsedBytes, externalBytes, users, warning: warning && `${joined(warning, users)} ${ADVICE}` });
  }

  get #used(): string {
    return `${mebibytes(this.heapUsedBytes)} of heap and ${mebibytes(this.externalBytes)} outside it`;
  }

  #failure(): TerminalError {
    const { slot, limitBytes } = this.#ports;
    const users = this.#ports.describe(this.heapUsedBytes + this.externalBytes);
    return new TerminalError(`${joined(`${slot} uses ${this.#used}; its limit is ${mebibytes(limitBytes)}.`, users)} ${ADVICE}`, {
      reason: 'slot-memory',
    });
  }
}

const ADVICE = 'Keep less in state and in user functions, spread the job over more slots, or raise taskmanager.memory.task.heap.size.';

function joined(...sentences: readonly string[]): string {
  return sentences.filter((sentence) => sentence !== '').join(' ');
}
