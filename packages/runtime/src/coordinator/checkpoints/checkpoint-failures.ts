/** Counts checkpoints that failed in a row, and says when they are more than the job tolerates. Flink: CheckpointFailureManager. */
import type { FailureDescription } from '../../protocol/execution-state.ts';
import { lostFailure } from '../../protocol/failure-description.ts';
import { CHECKPOINT_FAILURE_REASONS, type CheckpointFailure, textOf } from './checkpoint-failure-reason.ts';

export class CheckpointFailures {
  readonly #tolerable: number;
  #inARow = 0;

  constructor(tolerable: number) {
    this.#tolerable = tolerable;
  }

  completed(): void {
    this.#inARow = 0;
  }

  /** What the job fails with, where this one is too many. Counting begins anew then: the job is restarted. */
  failed(failure: CheckpointFailure): FailureDescription | undefined {
    if (!CHECKPOINT_FAILURE_REASONS[failure.reason].counts) return undefined;
    this.#inARow += 1;
    if (this.#inARow <= this.#tolerable) return undefined;
    const count = this.#inARow;
    this.#inARow = 0;
    const failed = count === 1 ? 'A checkpoint has failed' : `${count} checkpoints in a row have failed`;
    return lostFailure(
      'tolerable-failed-checkpoints',
      `${failed}, and the job tolerates ${this.#tolerable} (execution.checkpointing.tolerable-failed-checkpoints). The last one: ${textOf(failure)}`,
      failure.cause,
    );
  }
}
