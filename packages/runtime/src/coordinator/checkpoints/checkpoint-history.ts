/** What became of the checkpoints of a job, for whoever looks: counts of all, details of the newest. Owned by the CheckpointCoordinator. */
import type { CheckpointDetails, CheckpointStatistics, RestoredCheckpointDetails } from '../../protocol/control-messages.ts';

/** Flink: web.checkpoints.history. */
const MAX_ENDED = 10;

export class CheckpointHistory {
  #ended: readonly CheckpointDetails[] = []; // the newest first
  #latestCompleted: CheckpointDetails | undefined;
  #latestFailed: CheckpointDetails | undefined;
  #latestRestored: RestoredCheckpointDetails | undefined;
  #restored = 0;
  #completed = 0;
  #failed = 0;

  ended(details: CheckpointDetails): void {
    this.#ended = [details, ...this.#ended].slice(0, MAX_ENDED);
    if (details.status === 'COMPLETED') {
      this.#completed += 1;
      this.#latestCompleted = details;
    } else {
      this.#failed += 1;
      this.#latestFailed = details;
    }
  }

  restored(details: RestoredCheckpointDetails): void {
    this.#restored += 1;
    this.#latestRestored = details;
  }

  /** Its files are gone; that it was complete stays true. */
  discarded(checkpointId: number): void {
    const mark = (details: CheckpointDetails) =>
      details.id === checkpointId && details.status === 'COMPLETED' ? { ...details, isDiscarded: true } : details;
    this.#ended = this.#ended.map(mark);
    if (this.#latestCompleted !== undefined) this.#latestCompleted = mark(this.#latestCompleted);
  }

  statistics(inProgress: readonly CheckpointDetails[]): CheckpointStatistics {
    return {
      counts: {
        restored: this.#restored,
        total: this.#completed + this.#failed + inProgress.length,
        inProgress: inProgress.length,
        completed: this.#completed,
        failed: this.#failed,
      },
      latestCompleted: this.#latestCompleted,
      latestFailed: this.#latestFailed,
      latestRestored: this.#latestRestored,
      history: [...inProgress, ...this.#ended],
    };
  }
}
