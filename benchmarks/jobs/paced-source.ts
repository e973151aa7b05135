import type { ReaderOutput, Source, SourceReader, SplitEnumerator, SplitEnumeratorContext } from 'millrace';

/** One of `of` that make every `of`-th record, from `startMicros` on. */
interface PacedSplit {
  readonly index: number;
  readonly of: number;
  readonly startMicros: number;
}

const BATCH = 256;
/** How long the reader sleeps when nothing is due. Without it two slots would use two cores whole, and every other thread would come in their way for some milliseconds. */
const SLEEP_MS = 0.1;
/** Before the first record is due, so that every subtask is there. */
const LEAD_MICROS = 1_000_000;

/** The machine's monotonic clock, the same in every thread and process. */
export function nowMicros(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1e6 + nanos / 1e3;
}

/**
 * A fixed number of records a second, each with the time at which it is due, whether or not the job keeps up: what is read late has waited (Hazelcast Jet's method).
 * The reader looks at the clock every tenth of a millisecond, as a source does that polls; its thread sleeps in between.
 */
export class PacedSource<T extends object> implements Source<T, PacedSplit, null> {
  readonly #make: (index: number, dueMicros: number) => T;
  readonly #perSecond: number;
  readonly #count: number;

  constructor(make: (index: number, dueMicros: number) => T, perSecond: number, seconds: number) {
    this.#make = make;
    this.#perSecond = perSecond;
    this.#count = perSecond * seconds;
  }

  getBoundedness() {
    return 'BOUNDED' as const;
  }

  createReader() {
    return new PacedReader(this.#make, this.#perSecond, this.#count);
  }

  createEnumerator(context: SplitEnumeratorContext<PacedSplit>): SplitEnumerator<PacedSplit, null> {
    const startMicros = nowMicros() + LEAD_MICROS;
    return {
      start() {},
      handleSplitRequest() {},
      addSplitsBack() {},
      addReader(subtask) {
        context.assignSplit({ index: subtask, of: context.currentParallelism(), startMicros }, subtask);
        context.signalNoMoreSplits(subtask);
      },
      snapshotState: () => null,
      close() {},
    };
  }

  restoreEnumerator(context: SplitEnumeratorContext<PacedSplit>) {
    return this.createEnumerator(context);
  }

  splitSerializer() {
    return json<PacedSplit>();
  }

  enumeratorStateSerializer() {
    return json<null>();
  }
}

class PacedReader<T extends object> implements SourceReader<T, PacedSplit> {
  readonly #make: (index: number, dueMicros: number) => T;
  readonly #perSecond: number;
  readonly #count: number;
  readonly #cell = new Int32Array(new SharedArrayBuffer(4)); // nobody wakes it
  #split: PacedSplit | undefined;
  #next = 0;

  constructor(make: (index: number, dueMicros: number) => T, perSecond: number, count: number) {
    this.#make = make;
    this.#perSecond = perSecond;
    this.#count = count;
  }

  start() {}

  pollNext(output: ReaderOutput<T>) {
    const split = this.#split;
    if (split === undefined) return 'NOTHING_AVAILABLE';
    const now = nowMicros();
    for (let left = BATCH; left > 0 && !output.isBlocked(); left--) {
      if (this.#next >= this.#count) return 'END_OF_INPUT';
      const dueMicros = split.startMicros + (this.#next * 1e6) / this.#perSecond;
      if (dueMicros > now) return 'NOTHING_AVAILABLE';
      output.collect(this.#make(this.#next, dueMicros));
      this.#next += split.of;
    }
    return 'MORE_AVAILABLE';
  }

  isAvailable() {
    return new Promise<void>((resolve) =>
      setImmediate(() => {
        Atomics.wait(this.#cell, 0, 0, SLEEP_MS);
        resolve();
      }),
    );
  }

  addSplits([split]: readonly PacedSplit[]) {
    this.#split = split;
    this.#next = split?.index ?? 0;
  }

  notifyNoMoreSplits() {}

  snapshotState() {
    return this.#split === undefined ? [] : [this.#split];
  }

  close() {}
}

function json<T>() {
  return {
    version: 1,
    serialize: (value: T) => new TextEncoder().encode(JSON.stringify(value)),
    deserialize: (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as T,
  };
}
