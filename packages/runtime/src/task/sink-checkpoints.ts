/**
 * What a sink gives to checkpoints: what its writer prepared for the commit, until that is done or handed on, and the writer's own state.
 *
 * Owned by its sink operator, which says when the writer's turn is (Q1 of sink-operator.ts).
 *
 * C1 at a barrier the writer is flushed, prepares what is to be committed, and gives its state, in this order and with no record in between.
 * C2 what was prepared is committed as `PendingCommits` says. What the end of the input left waits for the next checkpoint, where there are any: a job that failed
 *    behind a commit without one would write the same once more. After a restore it is committed before the writer is made.
 * C3 a sink with a topology behind its writer commits nothing here: what was prepared for a checkpoint is part of it, and is emitted behind the barrier. After a restore it is
 *    emitted again, for the checkpoint is older than what became of it.
 * C4 the barrier is ahead of its turn here: what is emitted between the two is behind the barrier, so that the receiver's part of the checkpoint has not got it, and it is
 *    written into this part.
 */
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { CommittableMessage } from '@millrace/streaming/contract/committable-message';
import type { MaybePromise } from '@millrace/streaming/contract/emittable';
import { FailingCall } from '@millrace/streaming/contract/failing-call';
import { LAST, PendingCommits, type Prepared } from '@millrace/streaming/contract/pending-commits';
import type {
  CommittingSinkWriter,
  Sink,
  SinkWriter,
  StatefulSinkWriter,
  SupportsCommitter,
  SupportsWriterState,
  WriterInitContext,
} from '@millrace/streaming/contract/sink';
import type { ListSnapshot, StateInitializationContext, StateSnapshotContext } from '@millrace/streaming/contract/snapshot';

interface StoredWriterState {
  readonly version: number;
  readonly bytes: Uint8Array;
}

const NOT_DECLARED: TypeInformation<StoredWriterState> | undefined = undefined;
const WRITER_STATES: ListSnapshot<StoredWriterState> = { name: 'sink writer states', mode: 'split', elementType: NOT_DECLARED };

/** Takes what a writer has prepared to whoever commits it. */
export type EmitCommittables = (messages: readonly CommittableMessage<unknown>[]) => void;

export class SinkCheckpoints {
  readonly #sink: Sink<unknown>;
  readonly #init: WriterInitContext;
  /** C3; undefined where the sink commits by itself. */
  readonly #emit: EmitCommittables | undefined;
  /** Undefined where there is nothing to commit. */
  readonly #commits: PendingCommits<unknown> | undefined;
  #restoredStates: readonly unknown[] = [];
  /** C4: by checkpoint whose barrier has gone by and whose turn has not come. */
  readonly #behind = new Map<number, Prepared<unknown>[]>();

  constructor(sink: Sink<unknown>, init: WriterInitContext, emit: EmitCommittables | undefined) {
    this.#sink = sink;
    this.#init = init;
    this.#emit = emit;
    if (!commits(sink)) return;
    this.#commits = new PendingCommits({
      name: 'sink committables',
      serializer: () => sink.committableSerializer(),
      createCommitter: async () => sink.createCommitter(init),
    });
  }

  initialize(context: StateInitializationContext): void {
    this.#commits?.initialize(context);
    const states = context.readList(WRITER_STATES);
    if (states.length === 0 || !hasWriterState(this.#sink)) return;
    const serializer = this.#sink.writerStateSerializer();
    this.#restoredStates = states.map(({ version, bytes }) => serializer.deserialize(bytes, version));
  }

  /** Commits or emits what the checkpoint had left (C2, C3), then makes the writer. */
  async open(): Promise<SinkWriter<unknown>> {
    if (this.#emit === undefined) await this.#commitRestored();
    else this.#emitPrepared();
    const states = this.#restoredStates;
    this.#restoredStates = [];
    if (states.length > 0 && hasWriterState(this.#sink)) return this.#sink.restoreWriter(this.#init, states);
    return this.#sink.createWriter(this.#init);
  }

  /** The barrier goes by (C4). */
  passing(checkpointId: number): void {
    if (this.#emit !== undefined) this.#behind.set(checkpointId, []);
  }

  async #commitRestored(): Promise<void> {
    try {
      await this.#commits?.complete(LAST);
    } catch (error) {
      throw FailingCall.of('the commit of what its checkpoint had left', error); // opening a sink, the task would not name it
    }
  }

  /** C1. In the writer's turn; what it comes to is written into the checkpoint at once. */
  barrier(writer: SinkWriter<unknown>, context: StateSnapshotContext): MaybePromise<void> {
    const { checkpointId } = context;
    return andThen(writer.flush(false), () => {
      this.#init.barrierPassed?.(checkpointId);
      return andThen(this.prepare(writer, checkpointId), () => this.writeRest(writer, context));
    });
  }

  /** Takes what the writer has ready for the commit; `LAST` at the end of the input. */
  prepare(writer: SinkWriter<unknown>, checkpointId: number): MaybePromise<void> {
    if (this.#commits === undefined) return;
    return andThen((writer as CommittingSinkWriter<unknown, unknown>).prepareCommit(), (committables) => {
      const subtask = this.#init.getRuntimeContext().getIndexOfThisSubtask();
      this.#commits?.add(committables.map((committable) => ({ checkpointId, subtask, committable })));
      if (checkpointId === LAST) this.#emitPrepared();
    });
  }

  /** What was prepared goes into the checkpoint as it is, and the writer's state with it, also when the writer has had its last record. */
  writeRest(writer: SinkWriter<unknown>, context: StateSnapshotContext): MaybePromise<void> {
    if (!hasWriterState(this.#sink)) return this.#write(context, []);
    const { checkpointId, checkpointTimestamp } = context;
    const states = (writer as StatefulSinkWriter<unknown, unknown>).snapshotState(checkpointId, checkpointTimestamp);
    return andThen(states, (given) => this.#write(context, given));
  }

  /** Settles when what belongs to this checkpoint and those before it has been committed. */
  async complete(checkpointId: number): Promise<void> {
    if (this.#emit === undefined) await this.#commits?.complete(checkpointId);
  }

  /** Settles when nothing is left to be committed here. */
  async committed(): Promise<void> {
    await this.#commits?.committed();
  }

  get isCommitted(): boolean {
    return this.#commits?.isCommitted !== false;
  }

  async close(): Promise<void> {
    await this.#commits?.close();
  }

  #write(context: StateSnapshotContext, states: readonly unknown[]): void {
    const { checkpointId } = context;
    this.#commits?.write(context, this.#behind.get(checkpointId));
    this.#behind.delete(checkpointId);
    this.#emitPrepared();
    if (states.length === 0 || !hasWriterState(this.#sink)) return;
    const serializer = this.#sink.writerStateSerializer();
    context.writeList(
      WRITER_STATES,
      states.map((state) => ({ version: serializer.version, bytes: serializer.serialize(state) })),
    );
  }

  #emitPrepared(): void {
    if (this.#emit === undefined || this.#commits === undefined) return;
    const prepared = this.#commits.take();
    if (prepared.length === 0) return;
    for (const emitted of this.#behind.values()) emitted.push(...prepared);
    this.#emit(prepared);
  }
}

export function commits(sink: Sink<unknown>): sink is SupportsCommitter<unknown, unknown> {
  return 'createCommitter' in sink && typeof sink.createCommitter === 'function';
}

function hasWriterState(sink: Sink<unknown>): sink is SupportsWriterState<unknown, unknown> {
  return 'restoreWriter' in sink && typeof sink.restoreWriter === 'function';
}

/** Goes on at once where there is nothing to wait for. */
function andThen<A, B>(value: MaybePromise<A>, next: (value: A) => MaybePromise<B>): MaybePromise<B> {
  return typeof (value as PromiseLike<A> | undefined)?.then === 'function' ? (value as Promise<A>).then(next) : next(value as A);
}
