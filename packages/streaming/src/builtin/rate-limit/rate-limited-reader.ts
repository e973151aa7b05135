/**
 * Holds a reader back to the rate of a limiter.
 *
 * Owns the reader. Called by its source task.
 *
 * L1 the reader is asked only while there are permits, and finds its output blocked when they are used up: one that stops there emits not one record too many. What a
 *    reader emits beyond that is owed to the limiter.
 * L2 while there are none, the task is told that nothing is at hand, and woken when there will be some.
 */
import { type Cancellation, type Clock, systemClock } from '@millrace/core/base/clock';
import type { MaybePromise } from '../../contract/emittable.ts';
import type { RateLimiter, RateLimiterStrategy } from '../../contract/rate-limiter.ts';
import type { InputStatus, ReaderOutput, SourceOutput, SourceReader, SourceReaderContext } from '../../contract/source.ts';
import { Signal } from '../signal.ts';

const TICK_MS_MIN = 5;

export class RateLimitedReader<T, Split> implements SourceReader<T, Split> {
  readonly #reader: SourceReader<T, Split>;
  readonly #limiter: RateLimiter;
  readonly #clock: Clock;
  readonly #permitted = new Signal();
  #output: CountingOutput<T> | undefined;
  #waiting = false; // for permits, not for the reader
  #timer: Cancellation | undefined;
  readonly pauseOrResumeSplits?: (splitsToPause: readonly string[], splitsToResume: readonly string[]) => void;

  constructor(context: SourceReaderContext, reader: SourceReader<T, Split>, strategy: RateLimiterStrategy) {
    this.#reader = reader;
    this.#clock = context.clock ?? systemClock;
    this.#limiter = strategy.createRateLimiter(context.getRuntimeContext().getNumberOfParallelSubtasks(), this.#clock);
    if (reader.pauseOrResumeSplits !== undefined) this.pauseOrResumeSplits = (pause, resume) => reader.pauseOrResumeSplits?.(pause, resume);
  }

  start(): MaybePromise<void> {
    return this.#reader.start();
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    const permits = this.#limiter.permits();
    if (permits < 1) return this.#wait();
    this.#waiting = false;
    if (this.#output?.inner !== output) this.#output = new CountingOutput(output);
    this.#output.left = permits;
    try {
      return this.#reader.pollNext(this.#output);
    } finally {
      this.#limiter.emitted(permits === Number.POSITIVE_INFINITY ? 0 : permits - this.#output.left);
    }
  }

  isAvailable(): Promise<void> {
    return this.#waiting ? this.#permitted.wait() : this.#reader.isAvailable();
  }

  addSplits(splits: readonly Split[]): void {
    this.#reader.addSplits(splits);
  }

  notifyNoMoreSplits(): void {
    this.#reader.notifyNoMoreSplits();
  }

  handleSourceEvent(event: unknown): void {
    this.#reader.handleSourceEvent?.(event);
  }

  snapshotState(checkpointId: number): readonly Split[] {
    return this.#reader.snapshotState(checkpointId);
  }

  isReadyForCheckpoint(): boolean {
    return this.#reader.isReadyForCheckpoint?.() !== false;
  }

  notifyCheckpointComplete(checkpointId: number): MaybePromise<void> {
    this.#limiter.notifyCheckpointComplete?.(checkpointId);
    if (this.#waiting) this.#permitted.raise();
    return this.#reader.notifyCheckpointComplete?.(checkpointId);
  }

  close(): MaybePromise<void> {
    this.#timer?.cancel();
    return this.#reader.close();
  }

  #wait(): InputStatus {
    this.#waiting = true;
    const delayMs = this.#limiter.delayMs();
    this.#timer?.cancel();
    if (delayMs !== Number.POSITIVE_INFINITY)
      this.#timer = this.#clock.schedule(Math.max(TICK_MS_MIN, Math.ceil(delayMs)), () => this.#permitted.raise());
    return this.#permitted.none();
  }
}

/** Counts what goes through, in whatever output of a split. */
class CountingOutput<T> implements ReaderOutput<T> {
  readonly inner: ReaderOutput<T>;
  left = 0;

  constructor(inner: ReaderOutput<T>) {
    this.inner = inner;
  }

  collect(record: T, timestamp?: number): void {
    this.left -= 1;
    this.inner.collect(record, timestamp);
  }

  isBlocked(): boolean {
    return this.left < 1 || this.inner.isBlocked();
  }

  createOutputForSplit(splitId: string): SourceOutput<T> {
    const output = this.inner.createOutputForSplit(splitId);
    return {
      collect: (record, timestamp) => {
        this.left -= 1;
        output.collect(record, timestamp);
      },
      emitWatermark: (timestamp) => output.emitWatermark(timestamp),
      markIdle: () => output.markIdle(),
      markActive: () => output.markActive(),
    };
  }

  releaseOutputForSplit(splitId: string): void {
    this.inner.releaseOutputForSplit(splitId);
  }

  sideOutput<X>(tagId: string, record: X): void {
    this.inner.sideOutput?.(tagId, record);
  }

  emitWatermark(timestamp: number): void {
    this.inner.emitWatermark(timestamp);
  }

  markIdle(): void {
    this.inner.markIdle();
  }

  markActive(): void {
    this.inner.markActive();
  }
}
