/**
 * Commits what the writer of a sink has prepared, where a topology lies between the two. Flink: CommitterOperator.
 *
 * Owns what it was given and has not committed. Called by the chain; commits run beside it.
 *
 * O1 what comes for a checkpoint that is complete already is committed at once: its writer's part of that checkpoint brings it back after a failure, so it is durable.
 * O2 what was committed is emitted behind the commit, for the topology that follows; after a failure some of it may come twice.
 */
import type { CommittableMessage } from '../contract/committable-message.ts';
import type { OneInputOperator, OperatorContext, OperatorLogic } from '../contract/operator.ts';
import { LAST, PendingCommits, type Prepared } from '../contract/pending-commits.ts';
import type { Committer, SupportsCommitter, WriterInitContext } from '../contract/sink.ts';
import type { StateInitializationContext, StateSnapshotContext } from '../contract/snapshot.ts';
import { NO_TIMESTAMP } from '../contract/timestamp.ts';

type Committing<C> = Pick<SupportsCommitter<never, C>, 'createCommitter' | 'committableSerializer'>;

export function committerOperator<C>(sink: Committing<C>): OperatorLogic {
  return { kind: 'operator', create: (context) => new CommitterOperator<C>(context, sink) as OneInputOperator };
}

class CommitterOperator<C> implements OneInputOperator<CommittableMessage<C>> {
  readonly #context: OperatorContext;
  readonly #commits: PendingCommits<C>;
  #completeUpTo = 0;

  constructor(context: OperatorContext, sink: Committing<C>) {
    this.#context = context;
    this.#commits = new PendingCommits<C>({
      name: 'committables',
      serializer: () => sink.committableSerializer(),
      createCommitter: async (): Promise<Committer<C>> => sink.createCommitter(initContextOf(context)),
      committed: (prepared) => context.mail(() => this.#emit(prepared)),
    });
  }

  initializeState(context: StateInitializationContext): void {
    this.#commits.initialize(context);
    this.#completeUpTo = context.restoredCheckpointId ?? 0;
  }

  /** What was left by the checkpoint, first of all. */
  open(): Promise<void> {
    return this.#commits.complete(LAST);
  }

  processElement(message: CommittableMessage<C>): void {
    this.#commits.add([message]);
    if (message.checkpointId <= this.#completeUpTo)
      this.#commits.complete(this.#completeUpTo).catch((error: unknown) => this.#context.fail(error)); // O1
  }

  snapshotState(context: StateSnapshotContext): void {
    this.#commits.write(context);
  }

  notifyCheckpointComplete(checkpointId: number): Promise<void> {
    this.#completeUpTo = Math.max(this.#completeUpTo, checkpointId);
    return this.#commits.complete(checkpointId);
  }

  /** Without checkpoints the end of the input is what sets the commits free. */
  async flush(): Promise<void> {
    if (this.#context.requestCheckpoint === undefined) await this.#commits.complete(LAST);
  }

  settle(): Promise<void> {
    if (!this.#commits.isCommitted) this.#context.requestCheckpoint?.();
    return this.#commits.committed();
  }

  close(): Promise<void> {
    return this.#commits.close();
  }

  #emit(prepared: readonly Prepared<C>[]): void {
    this.#context.flow.timestamp = NO_TIMESTAMP;
    for (const each of prepared) this.#context.output.collect(each);
  }
}

function initContextOf(context: OperatorContext): WriterInitContext {
  return {
    getRuntimeContext: () => context.runtime,
    getRestoredCheckpointId: () => undefined,
    standardStreams: { write: () => {} },
    sendToClient: () => Promise.resolve(),
  };
}
