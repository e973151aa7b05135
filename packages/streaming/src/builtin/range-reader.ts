/**
 * Reads ranges of numbers: the loop behind sequences and generated records.
 *
 * Owns the ranges it was given and the position in the first of them. Called by its source task.
 *
 * R1 emits in runs of at most RUN_RECORDS, and stops within a run at the record that blocked the output.
 * R2 asks for the next range when it begins one, so that it never waits for the coordinator in between.
 * R3 with a rate, emits what is due by the clock and makes up for at most BURST_MS of standing still.
 */
import { type Cancellation, type Clock, systemClock } from '@millrace/core/base/clock';
import type { InputStatus, ReaderOutput, SourceOutput, SourceReader, SourceReaderContext } from '../contract/source.ts';
import type { RangeSplit } from './range-split.ts';
import { Signal } from './signal.ts';

const RUN_RECORDS = 512;
const BURST_MS = 100;
const TICK_MS_MIN = 5;

export class RangeReader<T> implements SourceReader<T, RangeSplit> {
  readonly #context: SourceReaderContext;
  readonly #generate: (index: number) => T;
  readonly #clock: Clock;
  readonly #ranges: RangeSplit[] = [];
  readonly #available = new Signal();
  #output: SourceOutput<T> | undefined; // of the range under way
  #position = 0;
  #noMore = false;
  #dueSince = 0; // by the monotonic clock: from when on the rate counts
  #emittedSince = 0;
  #timer: Cancellation | undefined;

  constructor(context: SourceReaderContext, generate: (index: number) => T) {
    this.#context = context;
    this.#generate = generate;
    this.#clock = context.clock ?? systemClock;
  }

  start(): void {
    if (this.#ranges.length === 0) this.#context.sendSplitRequest();
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    const range = this.#ranges[0];
    if (range === undefined) return this.#noMore ? 'END_OF_INPUT' : this.#available.none();
    if (this.#output === undefined) this.#begin(range, output);
    const allowed = range.recordsPerSecond === undefined ? RUN_RECORDS : this.#due(range.recordsPerSecond);
    if (allowed === 0) return this.#wait(range.recordsPerSecond as number);
    const start = this.#position;
    this.#position = this.#emit(this.#output as SourceOutput<T>, output, start, Math.min(start + allowed, range.to));
    this.#emittedSince += this.#position - start;
    if (this.#position === range.to) this.#end(range, output);
    return 'MORE_AVAILABLE';
  }

  isAvailable(): Promise<void> {
    return this.#available.wait();
  }

  /** @cold */
  addSplits(splits: readonly RangeSplit[]): void {
    this.#ranges.push(...splits);
    this.#available.raise();
  }

  notifyNoMoreSplits(): void {
    this.#noMore = true;
    this.#available.raise();
  }

  /** @cold */
  snapshotState(): readonly RangeSplit[] {
    const [first, ...others] = this.#ranges;
    if (first === undefined) return [];
    return [this.#output === undefined ? first : { ...first, from: this.#position }, ...others];
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** The hot loop: nothing in it but the call of the user's function and of the chain. */
  #emit(output: SourceOutput<T>, flow: ReaderOutput<T>, start: number, end: number): number {
    const generate = this.#generate;
    let n = start;
    while (n < end) {
      output.collect(generate(n));
      n += 1;
      if (flow.isBlocked()) break;
    }
    return n;
  }

  #begin(range: RangeSplit, output: ReaderOutput<T>): void {
    this.#position = range.from;
    this.#output = output.createOutputForSplit(String(range.index));
    this.#dueSince = this.#clock.monotonic();
    this.#emittedSince = 0;
    if (!this.#noMore && this.#ranges.length === 1) this.#context.sendSplitRequest();
  }

  #end(range: RangeSplit, output: ReaderOutput<T>): void {
    output.releaseOutputForSplit(String(range.index));
    this.#output = undefined;
    this.#ranges.shift();
  }

  #due(recordsPerSecond: number): number {
    const now = this.#clock.monotonic();
    const owed = ((now - this.#dueSince) * recordsPerSecond) / 1_000 - this.#emittedSince;
    const burst = Math.max(1, (BURST_MS * recordsPerSecond) / 1_000);
    if (owed > burst) {
      this.#dueSince = now - (burst * 1_000) / recordsPerSecond;
      this.#emittedSince = 0;
      return Math.min(RUN_RECORDS, Math.floor(burst));
    }
    return Math.min(RUN_RECORDS, Math.max(0, Math.floor(owed)));
  }

  /** @cold */
  #wait(recordsPerSecond: number): InputStatus {
    const dueAt = this.#dueSince + ((this.#emittedSince + 1) * 1_000) / recordsPerSecond;
    const delayMs = Math.max(TICK_MS_MIN, Math.ceil(dueAt - this.#clock.monotonic()));
    this.#timer?.cancel();
    this.#timer = this.#clock.schedule(delayMs, () => this.#available.raise());
    return this.#available.none();
  }
}
