/**
 * Why a checkpoint was not completed: a closed list under Flink's names, each with its text and whether it counts against the failures that a job tolerates. What the
 * job itself brings about (it is stopped, restarted, tasks come to their ends) counts nothing.
 */
import type { FailureDescription } from '../../protocol/execution-state.ts';

export interface CheckpointFailureReasonAttributes {
  readonly text: string;
  readonly counts: boolean;
}

export const CHECKPOINT_FAILURE_REASONS = {
  NOT_ALL_REQUIRED_TASKS_RUNNING: { text: 'Not all required tasks are running.', counts: false },
  IO_EXCEPTION: { text: 'The place of the checkpoint could not be prepared.', counts: true },
  TRIGGER_CHECKPOINT_FAILURE: { text: 'The checkpoint could not be triggered.', counts: true },
  CHECKPOINT_EXPIRED: { text: 'Checkpoint expired before completing.', counts: true },
  CHECKPOINT_SUBSUMED: { text: 'Checkpoint has been subsumed.', counts: false },
  CHECKPOINT_DECLINED: { text: 'Checkpoint was declined.', counts: true },
  CHECKPOINT_DECLINED_TASK_NOT_READY: { text: 'Checkpoint was declined: a task was not ready.', counts: false },
  CHECKPOINT_DECLINED_TASK_CLOSING: { text: 'Checkpoint was declined: a task came to its end.', counts: false },
  CHECKPOINT_DECLINED_SUBSUMED: { text: 'Checkpoint was declined: a task had seen a newer one.', counts: false },
  CHECKPOINT_DECLINED_INPUT_END_OF_STREAM: { text: 'Checkpoint was declined: an input ended before the barrier came.', counts: false },
  CHECKPOINT_ASYNC_EXCEPTION: { text: 'Asynchronous task checkpoint failed.', counts: true },
  TASK_FAILURE: { text: 'A task failed.', counts: false },
  JOB_FAILOVER_REGION: { text: 'The job, or a region of it, is restarted.', counts: false },
  CHECKPOINT_COORDINATOR_SUSPEND: { text: 'Checkpoint coordinator is suspending.', counts: false },
  CHECKPOINT_COORDINATOR_SHUTDOWN: { text: 'Checkpoint coordinator is shut down.', counts: false },
  FINALIZE_CHECKPOINT_FAILURE: { text: 'Failure to finalize checkpoint.', counts: true },
} as const satisfies Readonly<Record<string, CheckpointFailureReasonAttributes>>;

export type CheckpointFailureReason = keyof typeof CHECKPOINT_FAILURE_REASONS;

export interface CheckpointFailure {
  readonly reason: CheckpointFailureReason;
  readonly cause?: FailureDescription;
}

/** Of what a task says: its reason where it is one of the list. */
export function declineOf(cause: FailureDescription): CheckpointFailure {
  const { reason } = cause;
  return { reason: Object.hasOwn(CHECKPOINT_FAILURE_REASONS, reason) ? (reason as CheckpointFailureReason) : 'CHECKPOINT_DECLINED', cause };
}

export function textOf({ reason, cause }: CheckpointFailure): string {
  const { text } = CHECKPOINT_FAILURE_REASONS[reason];
  return cause === undefined ? text : `${text} ${cause.message}`;
}
