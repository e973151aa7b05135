/**
 * Flink's Sink V2. A writer's calls come one after another: the next when the promise of the last has settled. They are awaited by the sink's bounded queue,
 * never by the record path. At the end of a bounded job all output is committed.
 */
import type { SimpleVersionedSerializer } from '@millrace/core/types/type-information';
import type { MaybePromise } from './emittable.ts';
import type { RuntimeContext } from './functions.ts';

export interface Sink<in T> {
  createWriter(context: WriterInitContext): MaybePromise<SinkWriter<T>>;
}

export interface WriterInitContext {
  getRuntimeContext(): RuntimeContext;
  getRestoredCheckpointId(): number | undefined;
  /** Standard streams of the process that runs the job; `write` settles when the text has been handed over. */
  readonly standardStreams: StandardStreams;
  /** Internal: the barrier of a checkpoint has passed; what is sent from here on belongs to a later one. */
  barrierPassed?(checkpointId: number): void;
  /** Sends bytes to the client that runs the job (`executeAndCollect`); settles when the client has taken them. */
  sendToClient(bytes: Uint8Array): Promise<void>;
}

export interface StandardStreams {
  write(stream: 'stdout' | 'stderr', text: string): MaybePromise<void>;
}

export interface SinkContext {
  timestamp(): number | undefined;
  currentWatermark(): number;
  currentProcessingTime(): number;
}

export interface SinkWriter<in T> {
  write(element: T, context: SinkContext): MaybePromise<void>;
  /** Called when the task has nothing to read for the moment, at checkpoints, and at the end with `endOfInput`. */
  flush(endOfInput: boolean): MaybePromise<void>;
  writeWatermark?(timestamp: number): MaybePromise<void>;
  /** Told between two calls of others, after what belongs to the checkpoint has been committed. */
  notifyCheckpointComplete?(checkpointId: number): MaybePromise<void>;
  notifyCheckpointAborted?(checkpointId: number): MaybePromise<void>;
  close(): MaybePromise<void>;
}

/** A writer with state of its own: asked for it at every checkpoint, after `flush` and `prepareCommit`, also after the end of its input. */
export interface StatefulSinkWriter<in T, out S> extends SinkWriter<T> {
  snapshotState(checkpointId: number, checkpointTimestamp: number): MaybePromise<readonly S[]>;
}

export interface SupportsWriterState<in T, in out S> extends Sink<T> {
  /**
   * In place of `createWriter` where a checkpoint brought states back: those of this subtask, or of several when there are fewer subtasks now. By then what the
   * checkpoint left to be committed has been committed.
   */
  restoreWriter(context: WriterInitContext, states: readonly S[]): MaybePromise<StatefulSinkWriter<T, S>>;
  writerStateSerializer(): SimpleVersionedSerializer<S>;
}

export interface CommittingSinkWriter<in T, out C> extends SinkWriter<T> {
  prepareCommit(): MaybePromise<readonly C[]>;
}

export interface SupportsCommitter<in T, in out C> extends Sink<T> {
  createWriter(context: WriterInitContext): MaybePromise<CommittingSinkWriter<T, C>>;
  createCommitter(context: WriterInitContext): MaybePromise<Committer<C>>;
  committableSerializer(): SimpleVersionedSerializer<C>;
}

export interface Committer<in out C> {
  commit(requests: readonly CommitRequest<C>[]): MaybePromise<void>;
  close(): MaybePromise<void>;
}

export interface CommitRequest<in out C> {
  getCommittable(): C;
  getNumberOfRetries(): number;
  signalFailedWithKnownReason(error: unknown): void;
  signalFailedWithUnknownReason(error: unknown): void;
  signalAlreadyCommitted(): void;
  retryLater(): void;
  updateAndRetryLater(committable: C): void;
}
