/**
 * Runs a source without a cluster, for tests: one enumerator and its readers in one thread, interleaved by a seed.
 *
 * H1 every output refuses now and then (`isBlocked`), as a full channel does; what was emitted then counts all the same.
 * H2 with `restoreEvery`, everything is torn down after so many turns and made anew from serialized snapshots, as after a failure.
 * H3 as in a slot, promises that have settled are seen before a snapshot is taken.
 * H4 events between readers and their enumerator arrive later, in their order, unless their receiver is gone.
 */
import { NO_LOGGER } from '@millrace/core/base/log';
import { MetricRegistry } from '@millrace/core/metrics/metric-group';
import { invariant } from '@millrace/core/base/assert';
import type { Clock } from '@millrace/core/base/clock';
import { type Random, seededRandom } from '@millrace/core/base/random';
import type { RuntimeContext } from '../contract/functions.ts';
import { TaskAccumulators } from '../contract/task-accumulators.ts';
import type { ReaderOutput, Source, SourceOutput, SourceReader, SplitEnumerator, SplitEnumeratorContext } from '../contract/source.ts';

export interface HarnessOptions {
  readonly readers?: number;
  readonly seed?: number;
  /** Turns of readers between two restores; none if absent. */
  readonly restoreEvery?: number;
  readonly clock?: Clock;
}

export interface HarnessResult<T> {
  /** By subtask, in the order of emission. */
  readonly records: readonly (readonly T[])[];
  readonly sideOutputs: ReadonlyMap<string, readonly unknown[]>;
  readonly numRecordsInErrors: number;
  /** Ids of the splits that had an output, in the order in which they got it. */
  readonly splits: readonly string[];
}

// biome-ignore lint/suspicious/noExplicitAny: as in `Source`, whose splits this does not look into
type AnySource<T> = Source<T, any, any>;

export async function runSource<T>(source: AnySource<T>, options: HarnessOptions = {}): Promise<HarnessResult<T>> {
  const run = new HarnessRun(source, options);
  await run.start(undefined);
  await run.finish();
  return run;
}

/** A life that is too short for any progress would go on for ever. */
const LIVES_MAX = 40;

interface Snapshot {
  readonly readers: readonly (readonly Uint8Array[])[];
  readonly enumerator: Uint8Array;
}

class HarnessRun<T> implements HarnessResult<T> {
  readonly records: T[][];
  readonly sideOutputs = new Map<string, unknown[]>();
  readonly splits: string[] = [];
  numRecordsInErrors = 0;
  readonly #source: AnySource<T>;
  readonly #options: HarnessOptions;
  readonly #random: Random;
  #readers: SourceReader<T, unknown>[] = [];
  #enumerator: SplitEnumerator<unknown, unknown> | undefined;
  #ended = new Set<number>();
  #turns = 0;
  #life = 0; // what an enumerator of an earlier life assigns is lost, as a message to a task that is gone

  constructor(source: AnySource<T>, options: HarnessOptions) {
    this.#source = source;
    this.#options = options;
    this.#random = seededRandom(options.seed ?? 1);
    this.records = Array.from({ length: options.readers ?? 1 }, () => []);
  }

  async start(snapshot: Snapshot | undefined): Promise<void> {
    this.#life += 1;
    const context = this.#enumeratorContext(this.#life);
    const state = snapshot === undefined ? undefined : this.#source.enumeratorStateSerializer().deserialize(snapshot.enumerator, 1);
    const enumerator = state === undefined ? this.#source.createEnumerator(context) : this.#source.restoreEnumerator(context, state);
    this.#enumerator = enumerator;
    await enumerator.start();
    this.#ended = new Set();
    this.#readers = this.records.map((_records, subtask) => this.#createReader(subtask, enumerator));
    for (const [subtask, reader] of this.#readers.entries()) {
      const serializer = this.#source.splitSerializer();
      const splits = (snapshot?.readers[subtask] ?? []).map((bytes) => serializer.deserialize(bytes, serializer.version));
      if (splits.length > 0) reader.addSplits(splits);
      enumerator.addReader(subtask);
      await reader.start();
    }
  }

  async finish(): Promise<void> {
    try {
      while (this.#ended.size < this.#readers.length) {
        await this.#turn();
        if (this.#options.restoreEvery !== undefined && this.#turns % this.#options.restoreEvery === 0 && this.#life <= LIVES_MAX)
          await this.#restore();
      }
    } finally {
      for (const reader of this.#readers) await reader.close();
      await this.#enumerator?.close();
    }
  }

  async #turn(): Promise<void> {
    const running = this.#readers.map((_reader, subtask) => subtask).filter((subtask) => !this.#ended.has(subtask));
    const subtask = running[this.#random.nextInt(running.length)] as number;
    this.#turns += 1;
    const reader = this.#readers[subtask] as SourceReader<T, unknown>;
    const status = reader.pollNext(this.#output(subtask));
    if (status === 'END_OF_INPUT') this.#ended.add(subtask);
    // Others may have work meanwhile; whoever waits alone is waited for.
    else if (status === 'NOTHING_AVAILABLE')
      await (running.length === 1 ? reader.isAvailable() : new Promise((resolve) => setImmediate(resolve)));
  }

  async #restore(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const splits = this.#source.splitSerializer();
    const readers = this.#readers.map((reader, subtask) =>
      this.#ended.has(subtask) ? [] : reader.snapshotState(1).map((split) => splits.serialize(split)),
    );
    const state = await (this.#enumerator as SplitEnumerator<unknown, unknown>).snapshotState(1);
    const enumerator = this.#source.enumeratorStateSerializer().serialize(state);
    for (const reader of this.#readers) await reader.close();
    await this.start({ readers, enumerator });
  }

  #createReader(subtask: number, enumerator: SplitEnumerator<unknown, unknown>): SourceReader<T, unknown> {
    return this.#source.createReader({
      getRuntimeContext: () => runtimeContext(subtask, this.records.length),
      sendSplitRequest: () => queueMicrotask(() => enumerator.handleSplitRequest(subtask)),
      sendSourceEventToCoordinator: (event) => queueMicrotask(() => enumerator.handleSourceEvent?.(subtask, event)),
      metrics: this,
      ...(this.#options.clock === undefined ? {} : { clock: this.#options.clock }),
    });
  }

  #enumeratorContext(life: number): SplitEnumeratorContext<unknown> {
    const parallelism = this.records.length;
    const reader = (subtask: number) => (life === this.#life ? this.#readers[subtask] : undefined);
    return {
      currentParallelism: () => parallelism,
      registeredReaders: () => new Map(this.#readers.map((_reader, subtask) => [subtask, { location: 'test', reportedSplits: [] }])),
      assignSplit: (split, subtask) => reader(subtask)?.addSplits([split]),
      signalNoMoreSplits: (subtask) => reader(subtask)?.notifyNoMoreSplits(),
      sendEventToSourceReader: (subtask, event) => queueMicrotask(() => reader(subtask)?.handleSourceEvent?.(event)),
      callAsync: (work, handle) =>
        void work().then(
          (value) => (life === this.#life ? handle({ value }) : undefined),
          (error: unknown) => (life === this.#life ? handle({ error }) : undefined),
        ),
      setIsProcessingBacklog() {},
    };
  }

  #output(subtask: number): ReaderOutput<T> {
    const records = this.records[subtask] as T[];
    const split: SourceOutput<T> = { collect: (record) => records.push(record), emitWatermark() {}, markIdle() {}, markActive() {} };
    return {
      ...split,
      createOutputForSplit: (id) => {
        this.splits.push(id);
        return split;
      },
      releaseOutputForSplit: (id) => invariant(this.splits.includes(id), () => `split ${id} has no output`),
      isBlocked: () => this.#random.nextInt(4) === 0,
      sideOutput: (tagId, record) => this.sideOutputs.set(tagId, [...(this.sideOutputs.get(tagId) ?? []), record]),
    };
  }
}

function runtimeContext(subtask: number, parallelism: number): RuntimeContext {
  const metrics = new MetricRegistry();
  return {
    getTaskName: () => 'source',
    getIndexOfThisSubtask: () => subtask,
    getNumberOfParallelSubtasks: () => parallelism,
    getMaxNumberOfParallelSubtasks: () => 128,
    getAttemptNumber: () => 0,
    getJobId: () => 'job',
    getMetricGroup: () => metrics,
    getLogger: () => NO_LOGGER,
    ...new TaskAccumulators().of('source'),
  };
}
