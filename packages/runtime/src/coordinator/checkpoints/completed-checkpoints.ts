/**
 * The complete checkpoints of a job, of which the newest is what it is restarted from. Owned by the CheckpointCoordinator; the one place that says what is removed.
 *
 * CC1 one is removed only when a newer one is complete, or at the end of the job. CC2 what somebody else made is never removed. CC3 there is always the newest.
 * CC4 what the job was told to begin with is the newest at first: own ones that are newer cannot be used, or would have been named; they are left where they are.
 * CC5 what was passed over or cannot be used stays as it is, with the files that it shares with others.
 */
import type { JobStatus } from '@millrace/streaming/graph/executor';
import type { StoredCheckpoint } from '../../checkpoint/checkpoint-directory.ts';
import type { CheckpointRetention } from './checkpoint-settings.ts';
import type { CheckpointStore } from './checkpoint-store.ts';

export interface CompletedCheckpointsOptions {
  readonly store: Pick<CheckpointStore, 'remove'>;
  readonly retained: number;
  readonly owned: readonly StoredCheckpoint[];
  readonly restored: StoredCheckpoint | undefined;
  readonly onRemoved: (checkpointId: number) => void;
}

export class CompletedCheckpoints {
  readonly #options: CompletedCheckpointsOptions;
  /** Oldest first. */
  #owned: readonly StoredCheckpoint[];
  #foreign: StoredCheckpoint | undefined;
  /** Of this job, and not used again. */
  #leftAlone: readonly StoredCheckpoint[];

  constructor(options: CompletedCheckpointsOptions) {
    this.#options = options;
    const { owned, restored } = options;
    const at = owned.findIndex(({ path }) => path === restored?.path);
    this.#owned = at < 0 ? owned : owned.slice(0, at + 1); // CC4
    this.#leftAlone = at < 0 ? [] : owned.slice(at + 1);
    this.#foreign = at < 0 ? restored : undefined;
  }

  get latest(): StoredCheckpoint | undefined {
    return this.#foreign ?? this.#owned.at(-1);
  }

  /** All whose files are not to be removed. */
  get kept(): readonly StoredCheckpoint[] {
    return [...this.#leftAlone, ...this.#owned];
  }

  has(checkpointId: number): boolean {
    return this.#owned.some(({ metadata }) => metadata.checkpointId === checkpointId);
  }

  /** The newest cannot be read: it is left where it is and not used again. */
  passOverLatest(): void {
    if (this.#foreign === undefined) {
      this.#leftAlone = [...this.#leftAlone, ...this.#owned.slice(-1)]; // CC5
      this.#owned = this.#owned.slice(0, -1);
    }
    this.#foreign = undefined;
  }

  /** One that was given up has become complete all the same: it is not among those that are kept. */
  removeGivenUp(checkpoint: StoredCheckpoint): void {
    this.#options.store.remove(checkpoint, this.kept);
  }

  add(checkpoint: StoredCheckpoint): void {
    this.#foreign = undefined;
    this.#owned = [...this.#owned, checkpoint];
    while (this.#owned.length > this.#options.retained) this.#removeOldest();
  }

  /** The job is in a terminal state. True where something of it stays. */
  end(status: JobStatus, retention: CheckpointRetention): boolean {
    if (!isRemovedAt(status, retention)) return this.#owned.length > 0;
    while (this.#owned.length > 0) this.#removeOldest();
    return false;
  }

  #removeOldest(): void {
    const [oldest, ...rest] = this.#owned;
    this.#owned = rest;
    if (oldest === undefined) return;
    this.#options.store.remove(oldest, this.kept);
    this.#options.onRemoved(oldest.metadata.checkpointId);
  }
}

/** Flink: CheckpointProperties. */
function isRemovedAt(status: JobStatus, retention: CheckpointRetention): boolean {
  if (status === 'FINISHED') return true;
  if (status === 'CANCELED') return retention !== 'RETAIN_ON_CANCELLATION';
  return status === 'FAILED' && retention === 'NO_EXTERNALIZED_CHECKPOINTS';
}
