/**
 * The soft memory limit of a slot. V8's own limit ends a worker, or for one large array the whole process (architecture D1), so the slot looks itself, every
 * few milliseconds of work, and fails the job by name while there is still room to do so.
 *
 * G1 what is over the limit may be garbage: before the guard speaks it has collected it, at most once in COLLECT_EVERY_MS.
 */
import { TerminalError } from '@millrace/core/base/errors';

const LOOK_EVERY_MS = 5;
const COLLECT_EVERY_MS = 1_000;

export interface MemoryPort {
  /** Of this thread. */
  heapUsedBytes(): number;
  externalBytes(): number;
  /** A full garbage collection; undefined where the host offers none. */
  readonly collect: (() => void) | undefined;
}

export class MemoryGuard {
  readonly #memory: MemoryPort;
  readonly #limitBytes: number;
  readonly #slot: string;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #collectedMs = Number.NEGATIVE_INFINITY;
  heapUsedBytes = 0;
  externalBytes = 0;

  /** `slot` is how a message names the slot. */
  constructor(memory: MemoryPort, limitBytes: number, slot: string) {
    this.#memory = memory;
    this.#limitBytes = limitBytes;
    this.#slot = slot;
  }

  /** The failure of the slot's tasks where the limit is passed. */
  look(nowMs: number): TerminalError | undefined {
    if (nowMs - this.#lookedMs < LOOK_EVERY_MS) return undefined;
    this.#lookedMs = nowMs;
    if (this.#measure() <= this.#limitBytes) return undefined;
    if (this.#memory.collect !== undefined) {
      if (nowMs - this.#collectedMs < COLLECT_EVERY_MS) return undefined;
      this.#collectedMs = nowMs;
      this.#memory.collect();
      if (this.#measure() <= this.#limitBytes) return undefined;
    }
    return this.#failure();
  }

  #measure(): number {
    this.heapUsedBytes = this.#memory.heapUsedBytes();
    this.externalBytes = this.#memory.externalBytes();
    return this.heapUsedBytes + this.externalBytes;
  }

  #failure(): TerminalError {
    const used = `${mebibytes(this.heapUsedBytes)} of heap and ${mebibytes(this.externalBytes)} outside it`;
    return new TerminalError(
      `${this.#slot} uses ${used}; its limit is ${mebibytes(this.#limitBytes)}. Keep less in state and in user functions, spread the job over more slots, or raise taskmanager.memory.task.heap.size.`,
      { reason: 'slot-memory' },
    );
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
}
