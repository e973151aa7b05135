/**
 * Between the `run` of a source function, which goes on by itself, and its reader, which is asked for records by the task.
 *
 * Owned by the reader. `run` puts in, the reader takes out; both in the slot's thread, in turns.
 *
 * E1 records, watermarks and idleness come out in the order of the calls.
 * E2 at most CAPACITY are held. A call beyond that waits, in order, and its element counts as emitted only when it has been let in: just before its promise settles,
 *    so that no turn of the task comes between the two.
 * E3 whoever does not wait is refused after WAITING_MAX calls.
 * E4 after `cancel` nothing comes in any more: calls throw, and those that wait reject.
 */
import { TerminalError, UsageError } from '@millrace/core/base/errors';
import type { MaybePromise } from '../../contract/emittable.ts';
import type { SourceContext } from '../../contract/source-function.ts';
import { Signal } from '../signal.ts';

const CAPACITY = 1_024;
const WAITING_MAX = 16_384;

export type Emission<T> =
  | { readonly kind: 'record'; readonly record: T; readonly timestamp: number | undefined }
  | { readonly kind: 'watermark'; readonly timestamp: number }
  | { readonly kind: 'idle' };

export class SourceEmissions<T> implements SourceContext<T> {
  readonly #canceled = new AbortController();
  readonly #arrived: () => void;
  readonly #room = new Signal();
  #held: Emission<T>[];
  #taken = 0; // of `held`
  #waiting = 0;
  #lastPut: Promise<void> = Promise.resolve();

  /** `held`: what was emitted before a failure and not taken. `arrived` is called for each emission. */
  constructor(held: readonly Emission<T>[], arrived: () => void) {
    this.#held = [...held];
    this.#arrived = arrived;
  }

  get signal(): AbortSignal {
    return this.#canceled.signal;
  }

  collect(record: T): MaybePromise<void> {
    return this.#put({ kind: 'record', record, timestamp: undefined });
  }

  collectWithTimestamp(record: T, timestamp: number): MaybePromise<void> {
    checkTime(timestamp, 'collectWithTimestamp', 'the timestamp');
    return this.#put({ kind: 'record', record, timestamp });
  }

  emitWatermark(timestamp: number): void {
    checkTime(timestamp, 'emitWatermark', 'the watermark');
    void this.#put({ kind: 'watermark', timestamp });
  }

  markAsTemporarilyIdle(): void {
    void this.#put({ kind: 'idle' });
  }

  take(): Emission<T> | undefined {
    const emission = this.#held[this.#taken];
    if (emission !== undefined) this.#taken += 1;
    else if (this.#taken > 0) {
      this.#held = [];
      this.#taken = 0;
      this.#room.raise();
    }
    return emission;
  }

  /** What has been emitted and not taken. */
  rest(): readonly Emission<T>[] {
    return this.#held.slice(this.#taken);
  }

  /** Settles when all that `run` emitted has been let in, whether it waited for that or not. */
  settled(): Promise<void> {
    return this.#lastPut;
  }

  cancel(): void {
    this.#canceled.abort();
    this.#room.raise();
  }

  #put(emission: Emission<T>): MaybePromise<void> {
    this.#checkRunning();
    if (this.#waiting > 0 || this.#held.length >= CAPACITY) return this.#putLater(emission);
    this.#held.push(emission);
    this.#arrived();
  }

  #putLater(emission: Emission<T>): Promise<void> {
    if (this.#waiting >= WAITING_MAX) {
      throw new UsageError(
        `collect was called ${WAITING_MAX} times without waiting for what it returned, while the job takes no more records. Write: await context.collect(record).`,
        { reason: 'collect-not-awaited' },
      );
    }
    this.#waiting += 1;
    const put = this.#lastPut.then(async () => {
      while (this.#held.length >= CAPACITY && !this.signal.aborted) {
        this.#room.none();
        await this.#room.wait();
      }
      this.#checkRunning();
      this.#waiting -= 1;
      this.#held.push(emission);
      this.#arrived();
    });
    put.catch(() => {}); // who awaits it hears of it; a watermark has nobody who does
    this.#lastPut = put;
    return put;
  }

  #checkRunning(): void {
    if (this.signal.aborted)
      throw new TerminalError('The source was canceled: nothing is emitted any more. Return from run when context.signal is aborted.');
  }
}

function checkTime(timestamp: number, call: string, what: string): void {
  if (Number.isSafeInteger(timestamp)) return;
  throw new UsageError(`${call} got ${String(timestamp)} as ${what}. Give a safe integer, milliseconds since the epoch.`);
}
