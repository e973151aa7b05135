/**
 * Sorts more records than there is memory for: batches are sorted on the heap and kept as runs of bytes in managed memory; when that is full, runs go to a file, the oldest
 * first; at the end all of them are merged, one block of each in memory.
 *
 * Owned by one operator: `add` … `add`, then `sorted` once, then `close`; or `close` at any time.
 * ES1 what `compare` takes for equal comes out in the order in which it came: runs are in that order, each is sorted so, and of equal heads the one of the earlier run goes first.
 * ES2 on the heap is one batch, at most BATCH_RECORDS or about BATCH_BYTES; all else is in runs.
 * ES3 after `close` nothing is reserved and the file is gone.
 */
import { estimatedBytes } from '@millrace/core/types/estimated-size';
import type { Codec } from '@millrace/core/types/type-information';
import type { ManagedMemory, SpillStorage } from '../contract/managed-memory.ts';
import type { MemoryUse } from '../contract/memory-use.ts';
import { SortedRun } from './sorted-run.ts';

const BATCH_RECORDS = 32_768;
const BATCH_BYTES = 4 * 2 ** 20;
/** Every so many records one is measured. */
const MEASURE_EVERY = 16;

export type Compare = (a: unknown, b: unknown) => number;

interface Head {
  record: unknown;
  /** The place of its run. */
  readonly run: number;
  readonly rest: Generator<unknown>;
}

export class ExternalSorter {
  readonly #codec: Codec<unknown>;
  readonly #memory: ManagedMemory;
  readonly #compare: Compare;
  readonly #runs: SortedRun[] = [];
  #batch: unknown[] = [];
  #batchBytes = 0;
  #spilledRuns = 0;
  #file: SpillStorage | undefined = undefined;

  constructor(codec: Codec<unknown>, memory: ManagedMemory, compare: Compare) {
    this.#codec = codec;
    this.#memory = memory;
    this.#compare = compare;
  }

  /** Written to the file so far. */
  get spilledBytes(): number {
    return this.#file?.sizeBytes ?? 0;
  }

  add(record: unknown): void {
    const batch = this.#batch;
    if (batch.length % MEASURE_EVERY === 0) this.#batchBytes += MEASURE_EVERY * estimatedBytes(record);
    batch.push(record);
    if (batch.length >= BATCH_RECORDS || this.#batchBytes >= BATCH_BYTES) this.#endBatch();
  }

  /** All records in order, once; what was read is given back. Where no batch was full it costs no bytes. */
  sorted(): Iterable<unknown> {
    if (this.#runs.length === 0) return this.#batch.sort(this.#compare);
    if (this.#batch.length > 0) this.#endBatch();
    return this.#merge();
  }

  memoryUse(): MemoryUse {
    const entries = this.#batch.length;
    const bytes = this.#memory.reservedBytes + this.#batchBytes;
    return { name: 'records to sort, in memory', entries, unit: 'records on the heap, with managed memory', bytes };
  }

  close(): void {
    this.#batch = [];
    this.#runs.length = 0;
    this.#memory.release(this.#memory.reservedBytes);
    this.#file?.close();
    this.#file = undefined;
  }

  #endBatch(): void {
    const run = SortedRun.write(this.#batch.sort(this.#compare), this.#codec, this.#memory);
    this.#batch = [];
    this.#batchBytes = 0;
    this.#runs.push(run);
    while (!run.tryReserve()) {
      const oldest = this.#runs[this.#spilledRuns] as SortedRun;
      this.#file ??= this.#memory.openSpill();
      oldest.spill(this.#file, oldest !== run);
      this.#spilledRuns += 1;
      if (oldest === run) return;
    }
  }

  *#merge(): Generator<unknown> {
    this.#leaveRoomForBlocks();
    const heads: Head[] = [];
    for (const [index, run] of this.#runs.entries()) {
      const rest = run.read();
      const first = rest.next();
      if (first.done !== true) heads.push({ record: first.value, run: index, rest });
    }
    for (let at = (heads.length >> 1) - 1; at >= 0; at--) this.#sink(heads, at);
    while (heads.length > 0) {
      const head = heads[0] as Head;
      yield head.record;
      const next = head.rest.next();
      if (next.done !== true) head.record = next.value;
      else {
        const last = heads.pop() as Head;
        if (heads.length > 0 && last !== head) heads[0] = last;
      }
      this.#sink(heads, 0);
    }
  }

  /** A merge reads one block of each spilled run at a time: runs that are in memory make room for them. */
  #leaveRoomForBlocks(): void {
    const file = this.#file;
    if (file === undefined) return;
    while (this.#spilledRuns < this.#runs.length && this.#memory.availableBytes < this.#blocksOfSpilled()) {
      (this.#runs[this.#spilledRuns] as SortedRun).spill(file, true);
      this.#spilledRuns += 1;
    }
  }

  #blocksOfSpilled(): number {
    let bytes = 0;
    for (let index = 0; index < this.#spilledRuns; index++) bytes += (this.#runs[index] as SortedRun).largestBlockBytes;
    return bytes;
  }

  #goesBefore(a: Head, b: Head): boolean {
    const order = this.#compare(a.record, b.record);
    return order === 0 ? a.run < b.run : order < 0;
  }

  /** Restores the order of a binary heap whose entry at `at` may be too small for its place. */
  #sink(heads: Head[], at: number): void {
    const moving = heads[at];
    if (moving === undefined) return;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heads.length) break;
      if (child + 1 < heads.length && this.#goesBefore(heads[child + 1] as Head, heads[child] as Head)) child += 1;
      if (!this.#goesBefore(heads[child] as Head, moving)) break;
      heads[at] = heads[child] as Head;
      at = child;
    }
    heads[at] = moving;
  }
}
