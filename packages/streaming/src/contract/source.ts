/**
 * The split-based source of Flink's FLIP-27: an enumerator beside the JobMaster finds splits and hands them out, readers in the subtasks read them.
 * The enumerator runs in the coordinator isolate of its job (architecture D14), the reader in the slot; both come from the same `Source` of the program.
 */
import type { Clock } from '@millrace/core/base/clock';
import type { SimpleVersionedSerializer } from '@millrace/core/types/type-information';
import type { DurationLike } from '@millrace/core/config/duration';
import type { MaybePromise } from './emittable.ts';
import type { RuntimeContext } from './functions.ts';
import type { WatermarkOutput } from './watermark-strategy.ts';

export type Boundedness = 'BOUNDED' | 'CONTINUOUS_UNBOUNDED';
export type InputStatus = 'MORE_AVAILABLE' | 'NOTHING_AVAILABLE' | 'END_OF_INPUT';

// biome-ignore lint/suspicious/noExplicitAny: `Source<T>` names every source of T, whatever its splits; `unknown` there would refuse them all (invariance)
export interface Source<out T, Split = any, EnumeratorState = any> {
  getBoundedness(): Boundedness;
  createReader(context: SourceReaderContext): SourceReader<T, Split>;
  createEnumerator(context: SplitEnumeratorContext<Split>): SplitEnumerator<Split, EnumeratorState>;
  restoreEnumerator(context: SplitEnumeratorContext<Split>, state: EnumeratorState): SplitEnumerator<Split, EnumeratorState>;
  splitSerializer(): SimpleVersionedSerializer<Split>;
  enumeratorStateSerializer(): SimpleVersionedSerializer<EnumeratorState>;
  /** False where what was read once cannot be read again, so that no restart is exact; a job that asks for EXACTLY_ONCE is warned. True unless set. */
  readonly isReplayable?: boolean;
  /** What may not be meant, each a sentence that follows the source's name; told to the user when the job is submitted. */
  readonly submitWarnings?: readonly string[];
}

export interface SourceReaderContext {
  getRuntimeContext(): RuntimeContext;
  sendSplitRequest(): void;
  sendSourceEventToCoordinator(event: unknown): void;
  /** For readers that wait (rate limits). Absent: the system's. */
  readonly clock?: Clock;
  readonly metrics?: SourceReaderMetrics;
}

/** Plain numbers that the reader raises and the task reads. Flink: `numRecordsInErrors`. */
export interface SourceReaderMetrics {
  numRecordsInErrors: number;
}

export interface SourceReader<out T, Split> {
  start(): MaybePromise<void>;
  /** Emits what is at hand and never waits. Emits in batches; stops where `output.isBlocked()`. */
  pollNext(output: ReaderOutput<T>): InputStatus;
  /** Settles when `pollNext` is worth calling again after NOTHING_AVAILABLE. Rejects with what went wrong while fetching. */
  isAvailable(): Promise<void>;
  addSplits(splits: readonly Split[]): void;
  notifyNoMoreSplits(): void;
  handleSourceEvent?(event: unknown): void;
  /**
   * Of a reader that reads several splits at once: which of them, by the ids of their outputs, are to emit nothing for the time being, because they are ahead of their
   * alignment group, and which go on. Without it the whole reader waits.
   */
  pauseOrResumeSplits?(splitsToPause: readonly string[], splitsToResume: readonly string[]): void;
  snapshotState(checkpointId: number): readonly Split[];
  /** False: a checkpoint now would lack what the reader is about to have; it is declined, as by a task that does not run yet. */
  isReadyForCheckpoint?(): boolean;
  notifyCheckpointComplete?(checkpointId: number): MaybePromise<void>;
  close(): MaybePromise<void>;
}

export interface SourceOutput<in T> extends WatermarkOutput {
  collect(record: T, timestamp?: number): void;
}

export interface ReaderOutput<in T> extends SourceOutput<T> {
  /** An output with a watermark of its own. Ids are unique among the splits a reader has at one time. */
  createOutputForSplit(splitId: string): SourceOutput<T>;
  releaseOutputForSplit(splitId: string): void;
  /** True when what is emitted now would be overdraft: a reader that emits in batches stops there and reports MORE_AVAILABLE. */
  isBlocked(): boolean;
  /** Emits to a side output of the source, for input that is no record. Dropped where nobody reads that output. */
  sideOutput?<X>(tagId: string, record: X): void;
}

export interface SplitEnumerator<Split, EnumeratorState> {
  start(): MaybePromise<void>;
  handleSplitRequest(subtask: number): void;
  addSplitsBack(splits: readonly Split[], subtask: number): void;
  addReader(subtask: number): void;
  handleSourceEvent?(subtask: number, event: unknown): void;
  /**
   * The state as of the call. Where it gives a promise, the enumerator is not called until that settles; what it assigns meanwhile, by itself, is not part of the
   * checkpoint for the readers, and must not be in the state either.
   */
  snapshotState(checkpointId: number): MaybePromise<EnumeratorState>;
  notifyCheckpointComplete?(checkpointId: number): MaybePromise<void>;
  notifyCheckpointAborted?(checkpointId: number): MaybePromise<void>;
  close(): MaybePromise<void>;
}

export interface ReaderInfo<out Split> {
  readonly location: string;
  /** What it came back with when it registered: the splits of the checkpoint that it was restored from. What was assigned since, the enumerator knows itself. */
  readonly reportedSplits: readonly Split[];
}

export interface SplitEnumeratorContext<Split> {
  currentParallelism(): number;
  registeredReaders(): ReadonlyMap<number, ReaderInfo<Split>>;
  assignSplit(split: Split, subtask: number): void;
  signalNoMoreSplits(subtask: number): void;
  sendEventToSourceReader(subtask: number, event: unknown): void;
  callAsync<V>(
    work: () => Promise<V>,
    handle: (outcome: { readonly value: V } | { readonly error: unknown }) => void,
    period?: DurationLike,
  ): void;
  setIsProcessingBacklog(isProcessingBacklog: boolean): void;
}
