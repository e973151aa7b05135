/** Why a task does without a checkpoint, in Flink's words. The coordinator reads `reason` alone. */
import type { FailureDescription } from '../protocol/execution-state.ts';
import { describeFailure, lostFailure } from '../protocol/failure-description.ts';

export const declineFailure = {
  notRunning: (task: string, checkpointId: number): FailureDescription =>
    lostFailure('CHECKPOINT_DECLINED_TASK_NOT_READY', `Checkpoint ${checkpointId} was declined: ${task} is not running.`),

  closing: (task: string, checkpointId: number): FailureDescription =>
    lostFailure('CHECKPOINT_DECLINED_TASK_CLOSING', `Checkpoint ${checkpointId} was declined: ${task} is ending.`),

  subsumed: (task: string, checkpointId: number, newerId: number): FailureDescription =>
    lostFailure(
      'CHECKPOINT_DECLINED_SUBSUMED',
      `Checkpoint ${checkpointId} was declined: the barrier of checkpoint ${newerId} reached ${task} before all of checkpoint ${checkpointId}'s had.`,
    ),

  /** The cause says which operator, or which file. */
  async: (task: string, checkpointId: number, error: unknown): FailureDescription => {
    const cause = describeFailure(error);
    const text = `The snapshot of ${task} for checkpoint ${checkpointId} could not be completed: ${cause.message}`;
    return lostFailure('CHECKPOINT_ASYNC_EXCEPTION', text, cause);
  },
};
