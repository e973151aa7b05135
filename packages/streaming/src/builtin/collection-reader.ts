/**
 * Reads a collection in its order.
 *
 * Owns the iterator. Called by its source task. Async iterables are read one element ahead of what `pollNext` has emitted, up to AHEAD_RECORDS.
 *
 * L1 the iterator is asked for the next element only after the last was given, and closed (`return`) when the reader is.
 */
import type { InputStatus, ReaderOutput, SourceOutput, SourceReader, SourceReaderContext } from '../contract/source.ts';
import type { Collection, CollectionSplit } from './collection-source.ts';
import { Signal } from './signal.ts';

const RUN_RECORDS = 512;
const AHEAD_RECORDS = 256;

export class CollectionReader<T> implements SourceReader<T, CollectionSplit> {
  readonly #context: SourceReaderContext;
  readonly #make: () => Collection<T>;
  readonly #available = new Signal();
  #elements: Elements<T> | undefined;
  #output: SourceOutput<T> | undefined;
  #split: CollectionSplit | undefined;
  #toSkip = 0;
  #emitted = 0;
  #noMore = false;

  constructor(context: SourceReaderContext, make: () => Collection<T>) {
    this.#context = context;
    this.#make = make;
  }

  start(): void {
    if (this.#split === undefined) this.#context.sendSplitRequest();
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    if (this.#split === undefined) return this.#noMore ? 'END_OF_INPUT' : this.#available.none();
    this.#elements ??= elementsOf(this.#make(), () => this.#available.raise());
    this.#output ??= output.createOutputForSplit('0');
    for (let count = 0; count < RUN_RECORDS; count += 1) {
      const state = this.#elements.advance();
      if (state === 'end') return this.#end(output);
      if (state === 'wait') return this.#available.none();
      if (this.#toSkip > 0) {
        this.#toSkip -= 1;
        continue;
      }
      this.#emitted += 1;
      this.#output.collect(this.#elements.current as T);
      if (output.isBlocked()) break;
    }
    return 'MORE_AVAILABLE';
  }

  isAvailable(): Promise<void> {
    return this.#available.wait();
  }

  addSplits(splits: readonly CollectionSplit[]): void {
    const [split] = splits;
    if (split === undefined) return;
    this.#split = split;
    this.#emitted = split.emitted;
    this.#toSkip = split.emitted;
    this.#available.raise();
  }

  notifyNoMoreSplits(): void {
    this.#noMore = true;
    this.#available.raise();
  }

  snapshotState(): readonly CollectionSplit[] {
    return this.#split === undefined ? [] : [{ index: 0, emitted: this.#emitted }];
  }

  async close(): Promise<void> {
    await this.#elements?.close();
    this.#elements = undefined;
  }

  #end(output: ReaderOutput<T>): InputStatus {
    output.releaseOutputForSplit('0');
    this.#split = undefined;
    this.#noMore = true; // there is but one
    return 'END_OF_INPUT';
  }
}

/** Puts the next element into `current`, or says why it cannot. What the collection throws comes out of `advance`. */
interface Elements<T> {
  current: T | undefined;
  advance(): 'value' | 'wait' | 'end';
  close(): Promise<void>;
}

function elementsOf<T>(collection: Collection<T>, wake: () => void): Elements<T> {
  return Symbol.asyncIterator in collection ? new AsyncElements(collection, wake) : new SyncElements(collection);
}

class SyncElements<T> implements Elements<T> {
  current: T | undefined;
  readonly #iterator: Iterator<T>;
  #done = false;

  constructor(collection: Iterable<T>) {
    this.#iterator = collection[Symbol.iterator]();
  }

  advance(): 'value' | 'end' {
    const next = this.#iterator.next();
    this.#done = next.done === true;
    this.current = this.#done ? undefined : next.value;
    return this.#done ? 'end' : 'value';
  }

  async close(): Promise<void> {
    if (!this.#done) this.#iterator.return?.();
    this.#done = true;
  }
}

class AsyncElements<T> implements Elements<T> {
  current: T | undefined;
  readonly #iterator: AsyncIterator<T>;
  readonly #wake: () => void;
  readonly #ahead: T[] = [];
  #taken = 0; // of `ahead`
  #state: 'idle' | 'asking' | 'end' | 'failed' = 'idle';
  #failure: unknown;

  constructor(collection: AsyncIterable<T>, wake: () => void) {
    this.#iterator = collection[Symbol.asyncIterator]();
    this.#wake = wake;
  }

  advance(): 'value' | 'wait' | 'end' {
    if (this.#taken < this.#ahead.length) {
      this.current = this.#ahead[this.#taken];
      this.#taken += 1;
      return 'value';
    }
    this.#ahead.length = 0;
    this.#taken = 0;
    if (this.#state === 'failed') throw this.#failure;
    if (this.#state === 'end') return 'end';
    if (this.#state === 'idle') void this.#fetch();
    return 'wait';
  }

  async close(): Promise<void> {
    const running = this.#state === 'idle' || this.#state === 'asking';
    this.#state = 'end';
    // A `next` that never settles would hold `return` back for ever, so nobody waits for it.
    if (running) void Promise.resolve(this.#iterator.return?.()).catch(() => {});
  }

  async #fetch(): Promise<void> {
    this.#state = 'asking';
    try {
      while (this.#state === 'asking' && this.#ahead.length < AHEAD_RECORDS) {
        const next = await this.#iterator.next();
        if (this.#state !== 'asking') return; // closed meanwhile
        if (next.done === true) this.#state = 'end';
        else this.#ahead.push(next.value);
        this.#wake();
      }
      if (this.#state === 'asking') this.#state = 'idle';
    } catch (error) {
      this.#failure = error;
      this.#state = 'failed';
    }
    this.#wake();
  }
}
