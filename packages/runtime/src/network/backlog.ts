/**
 * Elements that nobody can take yet and that nobody may refuse, because a `Collector` cannot be suspended: first in, first out, in memory by reference, and past
 * a cap the records in a file.
 *
 * Owned by the writer of a local channel, or by a step of a chain. In one thread.
 *
 * B1 order holds among all elements. Once a record was spilled, all that come later are, until the file is empty; control elements stay in memory.
 * B2 an empty backlog has no file and no memory but its first.
 */
import { estimatedBytes } from '@millrace/core/types/estimated-size';
import { RECORD } from './channel.ts';
import { LocalQueue } from './local-queue.ts';
import type { RecordSpill } from './record-spill.ts';

/** Stands for as many records in the file as its number says. */
const SPILLED = 255;
const FIRST_CAPACITY = 16;
const CONTROL_BYTES = 64; // of an element that is no record
/** Every so many records one is measured. */
const MEASURED_EVERY = 16;
const DEFAULT_MEMORY_CAP_BYTES = 16 * 1024 * 1024;

export interface BacklogOptions {
  /** Absent: everything stays in memory. */
  readonly openSpill?: () => RecordSpill;
  /** What the records in memory may take, by estimate, before the file is used. */
  readonly memoryCapBytes?: number;
}

export class Backlog {
  /** Elements that wait. */
  size = 0;
  /** Records that were written to a file so far. */
  recordsSpilled = 0;
  /** What `take` took last. */
  tag = 0;
  number = 0;
  value: unknown = undefined;
  readonly #queue = new LocalQueue(FIRST_CAPACITY);
  readonly #openSpill: (() => RecordSpill) | undefined;
  readonly #memoryCapBytes: number;
  #spill: RecordSpill | undefined = undefined;
  #inSpill = 0; // records
  #bytes = 0; // of what is in memory
  #recordBytes = 0; // of the one that was measured last
  #unmeasured = 0;

  constructor({ openSpill, memoryCapBytes = DEFAULT_MEMORY_CAP_BYTES }: BacklogOptions = {}) {
    this.#openSpill = openSpill;
    this.#memoryCapBytes = memoryCapBytes;
  }

  /** Of all that waits, by estimate. */
  get bytes(): number {
    return Math.ceil(this.#bytes + this.#inSpill * this.#recordBytes);
  }

  get bytesInMemory(): number {
    return Math.ceil(this.#bytes);
  }

  get sizeInMemory(): number {
    return this.size - this.#inSpill;
  }

  /** `number`: the timestamp of a record, the value of a control element. Its tag is any below 255; records that may go to the file have RECORD. */
  add(tag: number, number: number, value: unknown): void {
    this.size += 1;
    if (tag !== RECORD) {
      this.#keep(tag, number, value, CONTROL_BYTES);
      return;
    }
    if (this.#unmeasured === 0) this.#recordBytes = estimatedBytes(value);
    this.#unmeasured = (this.#unmeasured + 1) % MEASURED_EVERY;
    const open = this.#openSpill;
    const full = this.#inSpill > 0 || this.#bytes + this.#recordBytes > this.#memoryCapBytes;
    if (full && open !== undefined) this.#addToSpill(open, value, number);
    else this.#keep(tag, number, value, this.#recordBytes);
  }

  /** Moves the oldest element to `tag`, `number` and `value`; false when there is none. */
  take(): boolean {
    const queue = this.#queue;
    if (this.size === 0) return false;
    this.size -= 1;
    const { head } = queue;
    if (queue.tags[head] === SPILLED) this.#takeFromSpill(head);
    else {
      this.tag = queue.tags[head]!;
      this.number = queue.numbers[head]!;
      this.value = queue.records[head];
      this.#bytes -= this.#bytes / queue.count;
      this.#removeHead();
    }
    if (this.size === 0) this.clear();
    return true;
  }

  clear(): void {
    this.size = 0;
    this.#inSpill = 0;
    this.#bytes = 0;
    this.#unmeasured = 0;
    if (this.#queue.count > 0 || this.#queue.tags.length > FIRST_CAPACITY) this.#queue.clear();
    const spill = this.#spill;
    this.#spill = undefined;
    spill?.close();
  }

  #keep(tag: number, number: number, value: unknown, bytes: number): void {
    this.#queue.put(tag, number, value);
    this.#bytes += bytes;
  }

  #addToSpill(open: () => RecordSpill, value: unknown, timestamp: number): void {
    this.#spill ??= open();
    this.#spill.write(value, timestamp);
    this.#inSpill += 1;
    this.recordsSpilled += 1;
    const queue = this.#queue;
    const last = (queue.head + queue.count - 1) & queue.mask;
    if (queue.count > 0 && queue.tags[last] === SPILLED) queue.numbers[last]! += 1;
    else queue.put(SPILLED, 1, undefined);
  }

  #takeFromSpill(head: number): void {
    const spill = this.#spill as RecordSpill;
    this.value = spill.take();
    this.number = spill.timestamp;
    this.tag = RECORD;
    this.#inSpill -= 1;
    this.#queue.numbers[head]! -= 1;
    if (this.#queue.numbers[head] === 0) this.#removeHead();
  }

  #removeHead(): void {
    const queue = this.#queue;
    queue.records[queue.head] = undefined;
    queue.head = (queue.head + 1) & queue.mask;
    queue.count -= 1;
  }
}
