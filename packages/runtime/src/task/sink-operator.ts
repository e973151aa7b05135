/**
 * The end of a chain: a Sink V2 writer behind a bounded queue.
 *
 * Owns the writer, its committer and the queue. Called by the chain for each record, in the task's thread.
 *
 * Q1 the writer's calls come one after another, in the order of the records: the next when the promise of the last has settled.
 * Q2 while a call returns no promise and nothing waits, a record costs that call and nothing else.
 * Q3 past QUEUE_MAX waiting calls the sink raises `flow.blocked`, and lowers it when half of them are done.
 */
import type { MaybePromise } from '@millrace/streaming/contract/emittable';
import type { OneInputOperator, OperatorContext } from '@millrace/streaming/contract/operator';
import type {
  CommittingSinkWriter,
  Sink,
  SinkContext,
  SinkWriter,
  SupportsCommitter,
  WriterInitContext,
} from '@millrace/streaming/contract/sink';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import { commitAll } from './sink-commit.ts';

const QUEUE_MAX = 256;

type Call = { readonly record: unknown; readonly timestamp: number } | { readonly action: () => MaybePromise<void> };

export class SinkOperator implements OneInputOperator, SinkContext {
  readonly #sink: Sink<unknown>;
  readonly #context: OperatorContext;
  readonly #init: WriterInitContext;
  readonly #locate: (error: unknown, record?: { readonly value: unknown }) => Error;
  #writer: SinkWriter<unknown> | undefined = undefined;
  #queue: Call[] = [];
  /** A call of the writer has not settled. */
  #underWay = false;
  isBlocked = false;
  #timestamp = NO_TIMESTAMP;
  #watermark = NO_TIMESTAMP;
  #unflushed = false;
  #emptied: (() => void) | undefined = undefined;
  #closed = false;

  constructor(
    sink: Sink<unknown>,
    context: OperatorContext,
    init: WriterInitContext,
    locate: (error: unknown, record?: { readonly value: unknown }) => Error,
  ) {
    this.#sink = sink;
    this.#context = context;
    this.#init = init;
    this.#locate = locate;
  }

  async open(): Promise<void> {
    const writer = await this.#sink.createWriter(this.#init);
    this.#writer = writer;
    if (this.#closed) await writer.close();
  }

  processElement(record: unknown): void {
    this.#unflushed = true;
    const { timestamp } = this.#context.flow;
    if (this.#underWay) {
      this.#enqueue({ record, timestamp });
      return;
    }
    this.#timestamp = timestamp;
    const settled = (this.#writer as SinkWriter<unknown>).write(record, this);
    if (settled !== undefined) this.#await(settled, { value: record });
  }

  processWatermark(timestamp: number): boolean {
    const writer = this.#writer as SinkWriter<unknown>;
    const action = () => {
      this.#watermark = timestamp;
      return writer.writeWatermark?.(timestamp);
    };
    if (this.#underWay) this.#enqueue({ action });
    else this.#settle(action(), undefined);
    return true;
  }

  /** Nothing to read: what was written becomes visible. */
  idle(): number {
    if (this.#unflushed && !this.#underWay) {
      this.#unflushed = false;
      this.#settle((this.#writer as SinkWriter<unknown>).flush(false), undefined);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** At the end of the input: everything is written, flushed and committed. */
  async flush(): Promise<void> {
    await this.#empty();
    const writer = this.#writer as SinkWriter<unknown>;
    await writer.flush(true);
    if (!commits(this.#sink) || this.#closed) return;
    const committables = await (writer as CommittingSinkWriter<unknown, unknown>).prepareCommit();
    if (this.#closed) return; // canceled: nothing is committed any more
    const committer = await this.#sink.createCommitter(this.#init);
    try {
      await commitAll(committer, committables);
    } finally {
      await committer.close();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#queue = [];
    await this.#writer?.close();
  }

  timestamp(): number | undefined {
    return this.#timestamp === NO_TIMESTAMP ? undefined : this.#timestamp;
  }

  currentWatermark(): number {
    return this.#watermark;
  }

  currentProcessingTime(): number {
    return this.#context.currentProcessingTime();
  }

  #enqueue(call: Call): void {
    this.#queue.push(call);
    if (this.#queue.length < QUEUE_MAX || this.isBlocked) return;
    this.isBlocked = true;
    this.#context.flow.blocked += 1;
  }

  #settle(result: MaybePromise<void>, record: { readonly value: unknown } | undefined): void {
    if (result !== undefined) this.#await(result, record);
  }

  #await(result: PromiseLike<void> | void, record: { readonly value: unknown } | undefined): void {
    if (typeof (result as PromiseLike<void> | undefined)?.then !== 'function') return;
    this.#underWay = true;
    (result as PromiseLike<void>).then(
      () => this.#context.mail(() => this.#proceed()),
      (error: unknown) => this.#context.fail(this.#locate(error, record)),
    );
  }

  /** Makes the calls that wait, up to the next that returns a promise. */
  #proceed(): void {
    this.#underWay = false;
    if (this.#closed) return;
    const calls = this.#queue;
    let made = 0;
    while (made < calls.length && !this.#underWay) this.#make(calls[made++] as Call);
    this.#queue = calls.slice(made);
    if (this.isBlocked && this.#queue.length <= QUEUE_MAX / 2) {
      this.isBlocked = false;
      this.#context.flow.blocked -= 1;
    }
    if (!this.#underWay) this.#emptied?.();
  }

  #make(call: Call): void {
    const record = 'action' in call ? undefined : { value: call.record };
    try {
      this.#settle(this.#run(call), record);
    } catch (error) {
      throw this.#locate(error, record);
    }
  }

  #run(call: Call): MaybePromise<void> {
    if ('action' in call) return call.action();
    this.#timestamp = call.timestamp;
    return (this.#writer as SinkWriter<unknown>).write(call.record, this);
  }

  #empty(): Promise<void> {
    if (!this.#underWay) return Promise.resolve();
    return new Promise((resolve) => {
      this.#emptied = resolve;
    });
  }
}

function commits(sink: Sink<unknown>): sink is SupportsCommitter<unknown, unknown> {
  return 'createCommitter' in sink && typeof sink.createCommitter === 'function';
}
