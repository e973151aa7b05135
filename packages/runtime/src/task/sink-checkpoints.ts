/**
 * What a sink gives to checkpoints: what its writer prepared for the commit, until that is done, and the writer's own state.
 *
 * Owned by its sink operator, which says when the writer's turn is (Q1 of sink-operator.ts).
 *
 * C1 at a barrier the writer is flushed, prepares what is to be committed, and gives its state, in this order and with no record in between.
 * C2 what was prepared is committed once its checkpoint is complete, or a later one, and not before. What the end of the input left waits for the next checkpoint, where
 *    there are any: a job that failed behind a commit without one would write the same once more.
 * C3 it is in every checkpoint until its commit has settled: after a failure it is committed again, before the writer is restored.
 * C4 commits come one after another, beside the writer's calls.
 */
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { MaybePromise } from '@millrace/streaming/contract/emittable';
import type {
  CommittingSinkWriter,
  Committer,
  Sink,
  SinkWriter,
  StatefulSinkWriter,
  SupportsCommitter,
  SupportsWriterState,
  WriterInitContext,
} from '@millrace/streaming/contract/sink';
import type { ListSnapshot, StateInitializationContext, StateSnapshotContext } from '@millrace/streaming/contract/snapshot';
import { commitAll } from './sink-commit.ts';

interface StoredCommittable {
  readonly checkpointId: number;
  /** Of the sink's committable serializer. */
  readonly version: number;
  readonly bytes: Uint8Array;
}

interface StoredWriterState {
  readonly version: number;
  readonly bytes: Uint8Array;
}

const COMMITTABLES: ListSnapshot<StoredCommittable> = listOf('sink committables');
const WRITER_STATES: ListSnapshot<StoredWriterState> = listOf('sink writer states');

interface Prepared {
  /** LAST until a checkpoint has it. */
  readonly checkpointId: number;
  readonly committable: unknown;
}

/** Of what was prepared at the end of the input. */
export const LAST = Number.POSITIVE_INFINITY;

export class SinkCheckpoints {
  readonly #sink: Sink<unknown>;
  readonly #init: WriterInitContext;
  #prepared: readonly Prepared[] = [];
  #restoredStates: readonly unknown[] = [];
  #committer: Promise<Committer<unknown>> | undefined = undefined;
  #commits: Promise<void> = Promise.resolve();
  #isClosed = false;
  #onCommitted: (() => void) | undefined = undefined;

  constructor(sink: Sink<unknown>, init: WriterInitContext) {
    this.#sink = sink;
    this.#init = init;
  }

  initialize(context: StateInitializationContext): void {
    const committables = context.readList(COMMITTABLES);
    const states = context.readList(WRITER_STATES);
    if (committables.length > 0 && commits(this.#sink)) {
      const serializer = this.#sink.committableSerializer();
      this.#prepared = committables.map(({ checkpointId, version, bytes }) => ({
        checkpointId,
        committable: serializer.deserialize(bytes, version),
      }));
    }
    if (states.length === 0 || !hasWriterState(this.#sink)) return;
    const serializer = this.#sink.writerStateSerializer();
    this.#restoredStates = states.map(({ version, bytes }) => serializer.deserialize(bytes, version));
  }

  /** Commits what the checkpoint had left to be committed (C3), then makes the writer. */
  async open(): Promise<SinkWriter<unknown>> {
    await this.complete(LAST);
    const states = this.#restoredStates;
    this.#restoredStates = [];
    if (states.length > 0 && hasWriterState(this.#sink)) return this.#sink.restoreWriter(this.#init, states);
    return this.#sink.createWriter(this.#init);
  }

  /** C1. In the writer's turn; what it comes to is written into the checkpoint at once. */
  barrier(writer: SinkWriter<unknown>, context: StateSnapshotContext): MaybePromise<void> {
    const { checkpointId } = context;
    return andThen(writer.flush(false), () =>
      andThen(this.prepare(writer, checkpointId), () =>
        andThen(hasWriterState(this.#sink) ? (writer as StatefulSinkWriter<unknown, unknown>).snapshotState(checkpointId) : [], (states) =>
          this.#write(context, states),
        ),
      ),
    );
  }

  /** Takes what the writer has ready for the commit. */
  prepare(writer: SinkWriter<unknown>, checkpointId: number): MaybePromise<void> {
    if (!commits(this.#sink)) return;
    return andThen((writer as CommittingSinkWriter<unknown, unknown>).prepareCommit(), (committables) => {
      this.#prepared = [...this.#prepared, ...committables.map((committable) => ({ checkpointId, committable }))];
    });
  }

  /** After the writer has nothing to do any more: what was prepared goes into the checkpoint as it is. */
  writeRest(context: StateSnapshotContext): void {
    const { checkpointId } = context;
    this.#prepared = this.#prepared.map((each) => (each.checkpointId === LAST ? { ...each, checkpointId } : each));
    this.#write(context, []);
  }

  /** Settles when nothing is left to be committed. */
  committed(): Promise<void> {
    if (this.#prepared.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onCommitted = resolve;
    });
  }

  get isCommitted(): boolean {
    return this.#prepared.length === 0;
  }

  /** C2, C4. Settles when what belongs to this checkpoint and those before it has been committed. */
  complete(checkpointId: number): Promise<void> {
    this.#commits = this.#commits.then(() => this.#commit(checkpointId));
    return this.#commits;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const committer = await this.#committer?.catch(() => undefined); // whoever waited for it has been told
    await committer?.close();
  }

  async #commit(checkpointId: number): Promise<void> {
    const due = this.#prepared.filter((each) => each.checkpointId <= checkpointId);
    if (due.length === 0 || this.#isClosed || !commits(this.#sink)) return;
    this.#committer ??= Promise.resolve(this.#sink.createCommitter(this.#init));
    await commitAll(
      await this.#committer,
      due.map(({ committable }) => committable),
    );
    this.#prepared = this.#prepared.filter((each) => !due.includes(each));
    if (this.#prepared.length === 0) this.#onCommitted?.();
  }

  #write(context: StateSnapshotContext, states: readonly unknown[]): void {
    if (commits(this.#sink) && this.#prepared.length > 0) {
      const serializer = this.#sink.committableSerializer();
      const stored = this.#prepared.map(({ checkpointId, committable }) => ({
        checkpointId,
        version: serializer.version,
        bytes: serializer.serialize(committable),
      }));
      context.writeList(COMMITTABLES, stored);
    }
    if (states.length === 0 || !hasWriterState(this.#sink)) return;
    const serializer = this.#sink.writerStateSerializer();
    context.writeList(
      WRITER_STATES,
      states.map((state) => ({ version: serializer.version, bytes: serializer.serialize(state) })),
    );
  }
}

export function commits(sink: Sink<unknown>): sink is SupportsCommitter<unknown, unknown> {
  return 'createCommitter' in sink && typeof sink.createCommitter === 'function';
}

function hasWriterState(sink: Sink<unknown>): sink is SupportsWriterState<unknown, unknown> {
  return 'restoreWriter' in sink && typeof sink.restoreWriter === 'function';
}

function listOf<T>(name: string): ListSnapshot<T> {
  const elementType: TypeInformation<T> | undefined = undefined;
  return { name, mode: 'split', elementType };
}

/** Goes on at once where there is nothing to wait for. */
function andThen<A, B>(value: MaybePromise<A>, next: (value: A) => MaybePromise<B>): MaybePromise<B> {
  return typeof (value as PromiseLike<A> | undefined)?.then === 'function' ? (value as Promise<A>).then(next) : next(value as A);
}
