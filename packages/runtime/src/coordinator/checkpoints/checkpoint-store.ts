/**
 * The ports behind which checkpoints are kept. Implementations do the input and output; which checkpoint is removed, and when, the coordinator says.
 *
 * CS1 every `settle` is called once, later than the call, in the order in which the store got its orders. CS2 nobody else writes where an open store does.
 */
import type { StoredCheckpoint } from '../../checkpoint/checkpoint-directory.ts';
import type { CheckpointMetadata } from '../../checkpoint/checkpoint-metadata.ts';
import type { CheckpointLocation } from '../../checkpoint/checkpoint-options.ts';
import type { FailureDescription } from '../../protocol/execution-state.ts';
import type { CompiledCheckpointing } from './checkpoint-settings.ts';

export type StoreOutcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: FailureDescription };

export interface CheckpointStoreRequest {
  readonly jobId: string;
  readonly jobName: string;
  /** Undefined: the job takes none, it only begins with one. */
  readonly checkpointing: CompiledCheckpointing | undefined;
  /** The checkpoint to begin with. */
  readonly restorePath: string | undefined;
}

export interface OpenedCheckpointStore {
  readonly store: CheckpointStore;
  /** Complete ones of this very job that were there already, oldest first: it has been run before under its id. */
  readonly owned: readonly StoredCheckpoint[];
  /** What `restorePath` names; one of `owned`, or somebody else's, which is never removed. */
  readonly restored: StoredCheckpoint | undefined;
  /** Above every id that was ever used here. */
  readonly nextCheckpointId: number;
}

export interface CheckpointStoreProvider {
  /** Prepares the place and takes it for this process alone; says so in a failure where that is not possible. */
  open(request: CheckpointStoreRequest, settle: (outcome: StoreOutcome<OpenedCheckpointStore>) => void): void;
}

export interface CheckpointStore {
  /** The place of a new checkpoint. */
  begin(checkpointId: number, settle: (outcome: StoreOutcome<CheckpointLocation>) => void): void;
  /** Makes it complete: when it settles, the checkpoint outlives a power failure. */
  complete(metadata: CheckpointMetadata, settle: (outcome: StoreOutcome<StoredCheckpoint>) => void): void;
  /** A complete one, without what those that stay refer to. What cannot be removed is reported by the store and left. */
  remove(checkpoint: StoredCheckpoint, retained: readonly StoredCheckpoint[]): void;
  /** What has been written of one that was given up, without what those that stay refer to. */
  discard(checkpointId: number, retained: readonly StoredCheckpoint[]): void;
  /** After all that was ordered before: gives the place free. */
  close(settle: () => void): void;
}
