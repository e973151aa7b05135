/**
 * Between the main thread of a TaskManager and its slots. Shared memory travels in them, so they are structured clones inside one process and never leave it.
 * A slot that runs in the main thread (`--single-thread`, tests) gets the same messages by call.
 */

import type { AccumulatorValues } from '@millrace/streaming/graph/executor';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { SubtaskCheckpointMetrics, TaskStateSnapshot } from '../checkpoint/state-handles.ts';
import type { JobInformation, TaskDeployment } from './deployment.ts';
import type { ExecutionState, FailureDescription } from './execution-state.ts';
import type { UserMetrics } from './user-metrics.ts';

export type ToSlot =
  | { readonly type: 'deploy'; readonly job: JobInformation; readonly bundlePath: string; readonly tasks: readonly TaskInSlot[] }
  | { readonly type: 'cancel'; readonly executionId: string }
  | { readonly type: 'operator-event'; readonly executionId: string; readonly operatorId: string; readonly event: ReaderEvent }
  | { readonly type: 'collect-ack'; readonly executionId: string; readonly operatorId: string }
  | { readonly type: 'trigger-checkpoint'; readonly executionId: string; readonly barrier: CheckpointBarrier }
  | {
      readonly type: 'notify-checkpoint';
      readonly executionId: string;
      readonly checkpointId: number;
      readonly outcome: 'complete' | 'aborted';
    };

export type FromSlot =
  | {
      readonly type: 'state';
      readonly executionId: string;
      readonly state: ExecutionState;
      readonly failure: FailureDescription | undefined;
    }
  | { readonly type: 'operator-event'; readonly executionId: string; readonly operatorId: string; readonly event: EnumeratorEvent }
  | {
      readonly type: 'acknowledge-checkpoint';
      readonly executionId: string;
      readonly checkpointId: number;
      readonly snapshot: TaskStateSnapshot;
      readonly metrics: SubtaskCheckpointMetrics;
    }
  /** The task has only a commit left, which waits for a checkpoint that begins from now on. */
  | { readonly type: 'request-checkpoint'; readonly executionId: string }
  | {
      readonly type: 'decline-checkpoint';
      readonly executionId: string;
      readonly checkpointId: number;
      readonly failure: FailureDescription;
    }
  /** Now and then, and before the terminal state; only of tasks that have some. */
  | { readonly type: 'accumulators'; readonly executionId: string; readonly accumulators: AccumulatorValues }
  /** As accumulators. */
  | { readonly type: 'user-metrics'; readonly executionId: string; readonly metrics: UserMetrics }
  /** `afterCheckpoint`: the last whose barrier had passed the sink; 0 before the first. The bytes belong to the next one that is complete. */
  | {
      readonly type: 'collected';
      readonly executionId: string;
      readonly operatorId: string;
      readonly bytes: Uint8Array;
      readonly afterCheckpoint: number;
    }
  /** Of the whole slot, when its memory is getting short. */
  | { readonly type: 'memory-report'; readonly report: SlotMemoryReport }
  /** Text of user code (`console.log`) and of print sinks, for the TaskManager's standard streams; `collect-ack`-like answer not needed, order is kept. */
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly text: string };

/** What a slot holds; the newest one counts. */
export interface SlotMemoryReport {
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
  /** What uses the most, in sentences; may be empty. */
  readonly users: string;
  /** For the user, when it should be told; complete. */
  readonly warning: string | undefined;
}

export interface TaskInSlot {
  readonly task: TaskDeployment;
  /** How each channel of the task is reached from this slot, by channel id. */
  readonly attachments: Readonly<Record<string, ChannelAttachment>>;
  /** The task's metrics: a block of numbers that the slot writes and anyone may read. */
  readonly metrics: SharedArrayBuffer;
}

/** `local`: both ends are in this slot, records pass by reference. `ring`: the other end is in another slot of this TaskManager. */
export type ChannelAttachment =
  | { readonly kind: 'local' }
  | {
      readonly kind: 'ring';
      readonly control: SharedArrayBuffer; // the ring's header
      readonly memory: SharedArrayBuffer; // the TaskManager's network memory
      readonly segments: readonly number[]; // indexes of this channel's segments in it
      readonly peerDoorbell: SharedArrayBuffer; // rung when the other end has something to do
    };

/** From the enumerator's side to a reader. Splits are in the form of the source's split serializer. */
export type ReaderEvent =
  | { readonly type: 'add-splits'; readonly version: number; readonly splits: readonly Uint8Array[] }
  | { readonly type: 'no-more-splits' }
  /** How far the reader may go, so that it stays near the others of its alignment group. */
  | { readonly type: 'watermark-alignment'; readonly maxWatermark: number }
  | { readonly type: 'source-event'; readonly event: unknown }
  | IterationCommand;

/** To the head of an iteration: send this marker through the loop, behind the end of time if it says so; or: nothing is in the loop any more. */
export type IterationCommand =
  | { readonly type: 'iteration-marker'; readonly marker: number; readonly endOfTime: boolean }
  | { readonly type: 'iteration-ended' };

/** From the head of an iteration: the marker has come to the tail (undefined: the input has ended), and so many records since the last; or: it waits no longer. */
export type IterationReport =
  | { readonly type: 'iteration-report'; readonly marker: number | undefined; readonly fedBack: number }
  | { readonly type: 'iteration-left' };

/** From a reader to its enumerator. */
export type EnumeratorEvent =
  /** With the splits that it was restored with. */
  | { readonly type: 'register-reader'; readonly splits?: { readonly version: number; readonly splits: readonly Uint8Array[] } }
  | { readonly type: 'request-split' }
  /** Of readers in an alignment group. Urgent: others may wait for it. */
  | { readonly type: 'report-watermark'; readonly watermark: number; readonly urgent: boolean }
  | { readonly type: 'source-event'; readonly event: unknown }
  | IterationReport;

/** Where each figure stands in a task's metrics block (Float64Array). Written by the slot at event-loop turns, not per record. */
export const TASK_METRIC = {
  numRecordsIn: 0,
  numRecordsOut: 1,
  currentInputWatermark: 2,
  currentOutputWatermark: 3,
  numLateRecordsDropped: 4,
  busyTimeMs: 5,
  backPressuredTimeMs: 6,
  idleTimeMs: 7,
  heapUsedBytes: 8, // of the slot
  externalBytes: 9, // of the slot
  numRecordsInErrors: 10, // input of a source that was no record and did not fail the job
  threadId: 11, // of the slot, within its process; 0 is the main thread, UNKNOWN_THREAD until the slot has the task
  inputQueueSize: 12, // bytes in flight towards the task
  outputQueueSize: 13, // bytes that the task has emitted beyond its credit, in memory and in files
  debloatedBufferSize: 14, // 0 without debloating
  estimatedTimeToConsumeBuffersMs: 15, // the same
  /** Shares of the buffers that are full, from 0 to 1. */
  inPoolUsage: 16,
  outPoolUsage: 17,
  /** Of the newest checkpoint that has come to the task. */
  checkpointAlignmentMs: 18,
  checkpointStartDelayMs: 19,
  /** Of the slot's thread and of its process; 0 where nobody asked for them. */
  garbageCollections: 20,
  garbageCollectionMs: 21,
  eventLoopDelayMs: 22,
  processRssBytes: 23,
  processCpuMs: 24,
} as const;
export const UNKNOWN_THREAD = -1;
export const TASK_METRICS = 32;
