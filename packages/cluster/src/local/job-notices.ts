import {
  CHECKPOINT_FAILURE_REASONS,
  type CheckpointFailureReason,
} from '@millrace/runtime/coordinator/checkpoints/checkpoint-failure-reason';
import type { JobEvent } from '@millrace/runtime/coordinator/job-event';
import type { CheckpointDetails } from '@millrace/runtime/protocol/control-messages';

export interface JobNotice {
  readonly level: 'warn' | 'info';
  readonly message: string;
}

/** What of a running job a user may want to read; undefined for the rest. */
export function jobNotice(event: JobEvent): JobNotice | undefined {
  if (event.kind === 'checkpoint') return checkpointNotice(event.jobName, event.details);
  if (event.kind === 'warning') return { level: 'warn', message: `the job '${event.jobName}': ${event.message}` };
  if (event.kind !== 'restart') return undefined;
  const { jobName, restart, delayMs, failure } = event;
  return { level: 'warn', message: `the job '${jobName}' is restarted in ${delayMs} ms (restart ${restart}): ${failure.message}` };
}

function checkpointNotice(jobName: string, { id, durationMs, stateSizeBytes, failure }: CheckpointDetails): JobNotice {
  if (failure === undefined)
    return {
      level: 'info',
      message: `checkpoint ${id} of the job '${jobName}' is complete: ${stateSizeBytes} bytes after ${durationMs} ms`,
    };
  const { counts } = CHECKPOINT_FAILURE_REASONS[failure.reason as CheckpointFailureReason];
  return { level: counts ? 'warn' : 'info', message: `checkpoint ${id} of the job '${jobName}' failed: ${failure.message}` };
}
