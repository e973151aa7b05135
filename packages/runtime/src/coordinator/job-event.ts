/** One line of a job's history, for listeners, tests and later the history server. `time` is milliseconds since the epoch. */
import type { JobStatus } from '@millrace/streaming/graph/executor';
import type { CheckpointDetails, SlotShortage } from '../protocol/control-messages.ts';
import type { ExecutionState, FailureDescription } from '../protocol/execution-state.ts';

export type JobEvent =
  | { readonly kind: 'job-status'; readonly jobId: string; readonly time: number; readonly from: JobStatus; readonly to: JobStatus }
  | {
      readonly kind: 'execution';
      readonly jobId: string;
      readonly time: number;
      readonly executionId: string;
      readonly name: string; // `map (2/4)`
      readonly vertexId: string;
      readonly subtask: number;
      readonly from: ExecutionState;
      readonly to: ExecutionState;
    }
  | {
      readonly kind: 'restart';
      readonly jobId: string;
      readonly time: number;
      readonly jobName: string;
      readonly failure: FailureDescription;
      readonly restart: number; // from 1
      readonly delayMs: number;
      readonly subtasks: number; // that are restarted
    }
  /** One has ended. */
  | {
      readonly kind: 'checkpoint';
      readonly jobId: string;
      readonly time: number;
      readonly jobName: string;
      readonly details: CheckpointDetails;
    }
  /** What a person should know of what runs, and what has ended nothing: memory that is getting short, a task that does not stop. */
  | { readonly kind: 'warning'; readonly jobId: string; readonly time: number; readonly jobName: string; readonly message: string }
  | { readonly kind: 'waiting'; readonly jobId: string; readonly time: number; readonly jobName: string; readonly shortage: SlotShortage };
