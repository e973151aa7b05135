/**
 * The client's end of `executeAndCollect`: batches come in, records go out.
 *
 * Owned by one loop of the program. The executor calls `take`, the loop `next` and `return`.
 * R1 a batch's promise settles when its last record has been handed out, so that a slow loop slows the job.
 * R2 the end or the failure of the job is told after all records that came before it.
 * R3 after `close` batches are dropped at once, and the job's failure, which is its cancellation, is nobody's business.
 */
import type { SubmittedJob } from '../graph/executor.ts';
import type { CloseableIterator } from './closeable-iterator.ts';

interface Batch<T> {
  readonly records: readonly T[];
  readonly taken: () => void;
}

type End = { readonly failed: false } | { readonly failed: true; readonly error: unknown };

export class CollectedRecords<T> implements CloseableIterator<T> {
  readonly #decode: (bytes: Uint8Array) => readonly T[];
  readonly #batches: Batch<T>[] = [];
  #position = 0; // in the first batch
  #end: End | undefined;
  #job: SubmittedJob | undefined;
  #closed = false;
  #changed: (() => void) | undefined;

  constructor(decode: (bytes: Uint8Array) => readonly T[]) {
    this.#decode = decode;
  }

  /** For the executor: one batch of the sink. */
  readonly take = (bytes: Uint8Array): Promise<void> => {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#batches.push({ records: this.#decode(bytes), taken: resolve });
      this.#wake();
    });
  };

  /** The job that the batches come from. */
  follow(job: SubmittedJob): void {
    this.#job = job;
    job.result().then(
      () => this.#ended({ failed: false }),
      (error: unknown) => this.#ended({ failed: true, error }),
    );
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      if (this.#closed) return { done: true, value: undefined };
      const [batch] = this.#batches;
      if (batch !== undefined && this.#position < batch.records.length) return { done: false, value: this.#nextOf(batch) };
      if (batch !== undefined) this.#dropFirst();
      else if (this.#end?.failed === true) throw this.#end.error;
      else if (this.#end !== undefined) return { done: true, value: undefined };
      else await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    await this.close();
    return { done: true, value: undefined };
  }

  async close(): Promise<void> {
    this.#closed = true;
    while (this.#batches.length > 0) this.#dropFirst();
    this.#wake();
    if (this.#end === undefined) await this.#job?.cancel();
    await this.#job?.result().catch(() => undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #nextOf(batch: Batch<T>): T {
    const record = batch.records[this.#position] as T;
    this.#position += 1;
    if (this.#position === batch.records.length) this.#dropFirst();
    return record;
  }

  #dropFirst(): void {
    this.#position = 0;
    this.#batches.shift()?.taken();
  }

  #ended(end: End): void {
    this.#end = end;
    this.#wake();
  }

  #wake(): void {
    this.#changed?.();
    this.#changed = undefined;
  }
}
