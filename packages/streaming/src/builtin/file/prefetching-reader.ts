/**
 * Reads splits ahead of the task: fetching and decoding are asynchronous, `pollNext` emits what is at hand.
 *
 * Owns the splits it was given, one fetch at a time and the batches that came of it. Called by its source task.
 *
 * P1 batches are emitted in the order of the splits and of their content.
 * P2 about AHEAD_BYTES are read ahead, and one batch more.
 * P3 the next split is asked for when the last one has been fetched to its end, so that it comes while the batches of that one are emitted.
 * P4 a failure is thrown after everything that was read before it has been emitted.
 */
import type { InputStatus, ReaderOutput, SourceOutput, SourceReader, SourceReaderContext } from '../../contract/source.ts';
import { Signal } from '../signal.ts';
import type { Batch, BadRecordPolicy } from './batch.ts';

const AHEAD_BYTES = 4 * 1024 * 1024;
const RUN_RECORDS = 512;

/** From an enumerator that goes on looking: there is nothing for this reader at the moment. Until its next split it does not hold the watermark back. */
export const IDLE_READER = 'idle';

export interface ResumableSplit {
  readonly index: number;
  readonly done: number;
}

export interface PrefetchingReaderOptions<T, Split> {
  readonly read: (split: Split) => AsyncIterable<Batch<T>>;
  readonly policy: BadRecordPolicy;
}

/** Null stands for the end of its split. */
interface Fetched<T, Split> {
  readonly split: Split;
  readonly batch: Batch<T> | null;
}

export class PrefetchingReader<T, Split extends ResumableSplit> implements SourceReader<T, Split> {
  readonly #context: SourceReaderContext;
  readonly #options: PrefetchingReaderOptions<T, Split>;
  readonly #available = new Signal();
  readonly #room = new Signal();
  readonly #fetched: Fetched<T, Split>[] = [];
  readonly #toFetch: Split[] = [];
  #aheadBytes = 0;
  #fetching: Split | undefined;
  #failure: { readonly error: unknown } | undefined;
  #noMore = false;
  #closed = false;
  #idle: 'no' | 'told' | 'marked' = 'no';
  // The batch under way.
  #output: SourceOutput<T> | undefined;
  #record = 0; // of the batch: the next to emit
  #bad = 0; // likewise
  #done = 0; // of the split, records good and bad

  constructor(context: SourceReaderContext, options: PrefetchingReaderOptions<T, Split>) {
    this.#context = context;
    this.#options = options;
  }

  start(): void {
    if (this.#toFetch.length === 0 && this.#fetching === undefined) this.#context.sendSplitRequest();
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    const head = this.#fetched[0];
    if (head === undefined) return this.#nothingAtHand(output);
    if (this.#output === undefined) this.#beginSplit(head.split, output);
    if (head.batch === null) this.#endSplit(head.split, output);
    else if (this.#emit(head.batch, this.#output as SourceOutput<T>, output)) this.#endBatch(head.batch);
    return 'MORE_AVAILABLE';
  }

  isAvailable(): Promise<void> {
    return this.#available.wait();
  }

  addSplits(splits: readonly Split[]): void {
    this.#toFetch.push(...splits);
    this.#fetchNext();
  }

  notifyNoMoreSplits(): void {
    this.#noMore = true;
    this.#available.raise();
  }

  handleSourceEvent(event: unknown): void {
    if (event !== IDLE_READER || this.#idle === 'marked') return;
    this.#idle = 'told';
    this.#available.raise();
  }

  snapshotState(): readonly Split[] {
    const splits = new Map<number, Split>();
    for (const { split } of this.#fetched) splits.set(split.index, split);
    if (this.#fetching !== undefined) splits.set(this.#fetching.index, this.#fetching);
    for (const split of this.#toFetch) splits.set(split.index, split);
    const [first, ...others] = splits.values();
    if (first === undefined) return [];
    return [this.#output === undefined ? first : { ...first, done: this.#done }, ...others];
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#fetched.length = 0;
    this.#room.raise();
  }

  #nothingAtHand(output: ReaderOutput<T>): InputStatus {
    if (this.#failure !== undefined) throw this.#failure.error;
    const reading = this.#fetching !== undefined || this.#toFetch.length > 0;
    if (this.#idle === 'told') {
      this.#idle = reading ? 'no' : 'marked';
      if (!reading) output.markIdle();
    }
    return this.#noMore && !reading ? 'END_OF_INPUT' : this.#available.none();
  }

  #beginSplit(split: Split, output: ReaderOutput<T>): void {
    this.#output = output.createOutputForSplit(String(split.index));
    this.#done = split.done;
    if (this.#idle === 'marked') output.markActive();
    this.#idle = 'no';
  }

  /** Emits a run of the batch; true when all of it has been emitted. */
  #emit(batch: Batch<T>, output: SourceOutput<T>, reader: ReaderOutput<T>): boolean {
    const { bad, size } = batch;
    const end = Math.min(size, this.#record + RUN_RECORDS);
    while (this.#record < end) {
      if (this.#bad < bad.length && (bad[this.#bad] as { before: number }).before <= this.#record) {
        this.#emitBad(batch, reader);
        continue;
      }
      const record = batch.get(this.#record);
      this.#record += 1;
      this.#done += 1;
      output.collect(record);
      if (reader.isBlocked()) break;
    }
    if (this.#record < size) return false;
    while (this.#bad < bad.length) this.#emitBad(batch, reader);
    return true;
  }

  #emitBad(batch: Batch<T>, reader: ReaderOutput<T>): void {
    const placed = batch.bad[this.#bad];
    this.#bad += 1;
    this.#done += 1;
    if (this.#context.metrics !== undefined) this.#context.metrics.numRecordsInErrors += 1;
    if (placed?.record !== undefined && this.#options.policy.kind === 'route')
      reader.sideOutput?.(this.#options.policy.tagId, placed.record);
  }

  #endBatch(batch: Batch<T>): void {
    this.#fetched.shift();
    this.#record = 0;
    this.#bad = 0;
    this.#aheadBytes -= batch.weightBytes;
    if (this.#aheadBytes < AHEAD_BYTES) this.#room.raise();
  }

  #endSplit(split: Split, output: ReaderOutput<T>): void {
    this.#fetched.shift();
    output.releaseOutputForSplit(String(split.index));
    this.#output = undefined;
  }

  #fetchNext(): void {
    if (this.#fetching !== undefined || this.#failure !== undefined || this.#closed) return;
    const split = this.#toFetch.shift();
    if (split === undefined) return;
    this.#fetching = split;
    void this.#fetch(split);
  }

  async #fetch(split: Split): Promise<void> {
    try {
      let toSkip = split.done;
      for await (const batch of this.#options.read(split)) {
        if (this.#closed) return;
        toSkip = this.#put(split, batch, toSkip);
        while (this.#aheadBytes >= AHEAD_BYTES && !this.#closed) {
          this.#room.none();
          await this.#room.wait();
        }
      }
      this.#fetched.push({ split, batch: null });
    } catch (error) {
      this.#failure = { error };
    }
    this.#fetching = undefined;
    if (!this.#noMore && this.#failure === undefined && this.#toFetch.length === 0 && !this.#closed) this.#context.sendSplitRequest();
    this.#fetchNext();
    this.#available.raise();
  }

  /** Returns how many records are still to be passed over, because they were emitted before the failure that this split comes back from. */
  #put(split: Split, batch: Batch<T>, toSkip: number): number {
    const entries = batch.size + batch.bad.length;
    if (entries === 0) return toSkip;
    const rest = toSkip === 0 ? batch : dropFirst(batch, toSkip);
    if (rest !== undefined) {
      this.#fetched.push({ split, batch: rest });
      this.#aheadBytes += rest.weightBytes;
      this.#available.raise();
    }
    return Math.max(0, toSkip - entries);
  }
}

function dropFirst<T>(batch: Batch<T>, count: number): Batch<T> | undefined {
  if (count >= batch.size + batch.bad.length) return undefined;
  let records = 0;
  let bad = 0;
  while (records + bad < count) {
    if (bad < batch.bad.length && (batch.bad[bad] as { before: number }).before <= records) bad += 1;
    else records += 1;
  }
  return {
    size: batch.size - records,
    get: (index) => batch.get(index + records),
    weightBytes: batch.weightBytes,
    bad: batch.bad.slice(bad).map((placed) => ({ before: placed.before - records, record: placed.record })),
  };
}
