/**
 * The end of a chain: a Sink V2 writer behind a bounded queue.
 *
 * Owns the writer, its committer and the queue. Called by the chain for each record, in the task's thread.
 *
 * Q1 the writer's calls come one after another, in the order of the records: the next when the promise of the last has settled.
 * Q2 while a call returns no promise and nothing waits, a record costs that call and nothing else.
 * Q3 past QUEUE_MAX waiting calls the sink raises `flow.blocked`, and lowers it when half of them are done.
 *    A chained `Collector` that goes on is kept in front of the operator from then on (S3 of step.ts).
 * Q4 a barrier takes its place in that order: what the writer gives to the checkpoint lies between two records (sink-checkpoints.ts).
 */
import { estimatedBytesOfMany } from '@millrace/core/types/estimated-size';
import type { CommittableMessage } from '@millrace/streaming/contract/committable-message';
import type { MaybePromise } from '@millrace/streaming/contract/emittable';
import type { MemoryUse } from '@millrace/streaming/contract/memory-use';
import type { OneInputOperator, OperatorContext } from '@millrace/streaming/contract/operator';
import type { Sink, SinkContext, SinkWriter, WriterInitContext } from '@millrace/streaming/contract/sink';
import type { StateInitializationContext, StateSnapshotContext } from '@millrace/streaming/contract/snapshot';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import { LAST } from '@millrace/streaming/contract/pending-commits';
import { type EmitCommittables, SinkCheckpoints } from './sink-checkpoints.ts';

const QUEUE_MAX = 256;

type Call = { readonly record: unknown; readonly timestamp: number } | { readonly action: () => MaybePromise<void> };

export interface SinkPorts {
  locate(error: unknown, record?: { readonly value: unknown }): Error;
  /** What was prepared is a stream of its own, and committed behind it. */
  readonly emitsCommittables: boolean;
}

export class SinkOperator implements OneInputOperator, SinkContext {
  readonly #context: OperatorContext;
  readonly #checkpoints: SinkCheckpoints;
  readonly #locate: (error: unknown, record?: { readonly value: unknown }) => Error;
  #writer: SinkWriter<unknown> | undefined = undefined;
  #queue: Call[] = [];
  /** A call of the writer has not settled. */
  #underWay = false;
  isBlocked = false;
  #timestamp = NO_TIMESTAMP;
  #watermark = NO_TIMESTAMP;
  #unflushed = false;
  /** The flush of the end, once it has begun. */
  #flushed: Promise<void> | undefined = undefined;
  #emptied: (() => void) | undefined = undefined;
  #closed = false;

  constructor(sink: Sink<unknown>, context: OperatorContext, init: WriterInitContext, ports: SinkPorts) {
    this.#context = context;
    const emit: EmitCommittables = (messages) => context.mail(() => this.#emit(messages));
    this.#checkpoints = new SinkCheckpoints(sink, init, ports.emitsCommittables ? emit : undefined);
    this.#locate = (error, record) => ports.locate(error, record);
  }

  memoryUse(): readonly MemoryUse[] {
    const entries = this.#queue.length;
    return [{ name: 'records that wait for the writer', entries, unit: 'records', bytes: estimatedBytesOfMany(entries, this.#queue) }];
  }

  get isFull(): boolean {
    return this.isBlocked;
  }

  initializeState(context: StateInitializationContext): void {
    this.#checkpoints.initialize(context);
  }

  async open(): Promise<void> {
    const writer = await this.#checkpoints.open();
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

  /** At the end of the input: everything is written, flushed and prepared, and committed where no checkpoint could do that. */
  flush(): Promise<void> {
    this.#flushed = this.#flushAll();
    return this.#flushed;
  }

  async #flushAll(): Promise<void> {
    await this.#empty();
    const writer = this.#writer as SinkWriter<unknown>;
    await writer.flush(true);
    if (this.#closed) return;
    await this.#checkpoints.prepare(writer, LAST);
    if (!this.#closed && this.#context.requestCheckpoint === undefined) await this.#checkpoints.complete(LAST); // canceled: nothing is committed any more
  }

  /** The last checkpoint, whose completion commits what is left (C2 of sink-checkpoints.ts). */
  settle(): Promise<void> {
    if (this.#closed || this.#checkpoints.isCommitted) return Promise.resolve();
    this.#context.requestCheckpoint?.();
    return this.#checkpoints.committed();
  }

  snapshotState(context: StateSnapshotContext): MaybePromise<void> {
    this.#checkpoints.passing(context.checkpointId);
    const writer = this.#writer as SinkWriter<unknown>;
    if (this.#flushed !== undefined) return this.#flushed.then(() => this.#checkpoints.writeRest(writer, context));
    this.#unflushed = false;
    return this.#inTurn(() => this.#checkpoints.barrier(writer, context));
  }

  notifyCheckpointComplete(checkpointId: number): MaybePromise<void> {
    if (this.#checkpoints.isCommitted) return this.#tellComplete(checkpointId);
    return this.#checkpoints.complete(checkpointId).then(
      () => this.#tellComplete(checkpointId),
      (error: unknown) => {
        throw this.#locate(error);
      },
    );
  }

  #tellComplete(checkpointId: number): void {
    const writer = this.#writer;
    if (writer?.notifyCheckpointComplete !== undefined) this.#tell(() => writer.notifyCheckpointComplete?.(checkpointId));
  }

  notifyCheckpointAborted(checkpointId: number): void {
    const writer = this.#writer;
    if (writer?.notifyCheckpointAborted !== undefined) this.#tell(() => writer.notifyCheckpointAborted?.(checkpointId));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#queue = [];
    try {
      await this.#writer?.close();
    } finally {
      await this.#checkpoints.close();
    }
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

  #emit(messages: readonly CommittableMessage<unknown>[]): void {
    this.#context.flow.timestamp = NO_TIMESTAMP;
    for (const message of messages) this.#context.output.collect(message);
  }

  #enqueue(call: Call): void {
    this.#queue.push(call);
    if (this.#queue.length < QUEUE_MAX || this.isBlocked) return;
    this.isBlocked = true;
    this.#context.flow.blocked += 1;
  }

  /** What a notification calls (Q1); nothing waits for it but the writer's next call. */
  #tell(call: () => MaybePromise<void>): void {
    this.#context.mail(() => {
      if (this.#closed) return;
      if (this.#underWay) this.#enqueue({ action: call });
      else this.#make({ action: call });
    });
  }

  /** Q4 */
  #inTurn(call: () => MaybePromise<void>): MaybePromise<void> {
    if (!this.#underWay) {
      const settled = call();
      if (settled !== undefined) this.#await(settled, undefined);
      return settled;
    }
    return new Promise((resolve, reject) => {
      const action = () => {
        const settled = call();
        if (settled === undefined) resolve();
        else settled.then(resolve, reject);
        return settled;
      };
      this.#enqueue({ action });
    });
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
