/**
 * A whole cluster on this machine: the parts of the JobManager in the calling process, one TaskManager in a child process with a worker thread for each slot,
 * so that whatever a job does to its memory, the caller survives and can say what happened (architecture D1). With `singleThread` everything shares the
 * calling thread, for debuggers and small tests.
 */
import type { MemorySettings } from '@millrace/runtime/memory/task-manager-memory';
import type { LogSettings } from '@millrace/core/base/log';
import type { ClusterOverview } from '@millrace/runtime/coordinator/resource-manager';
import type { CheckpointStatistics } from '@millrace/runtime/protocol/control-messages';
import type { ProgramDescriptor } from '@millrace/runtime/protocol/deployment';
import type { JobStatus, SubmittedJob } from '@millrace/streaming/graph/executor';
import type { JobGraph } from '@millrace/streaming/graph/job-graph';
import type { JobMetrics } from './job-metrics.ts';
import type { JobReporter } from './job-reports.ts';
import type { ProfileSettings } from './profile-settings.ts';
import { RunningCluster } from './running-cluster.ts';

export interface LocalClusterOptions {
  readonly slots: number;
  /** Everything in the calling thread: no child process, no workers. */
  readonly singleThread?: boolean;
  /** How the memory of the TaskManager is divided; absent: as where nothing is configured. */
  readonly memory?: MemorySettings;
  /** Exclusive segments of each channel between slots. */
  readonly segmentsPerChannel?: number;
  /** What each channel keeps in memory of records beyond its segments, before it uses a file. */
  readonly overdraftMemoryBytes?: number;
  /** A job that gets no slots for so long fails with a message that says how many it needs; undefined waits for ever. */
  readonly slotRequestTimeoutMs?: number;
  /** A task that has not stopped so long after it was cancelled is given up together with its slot. */
  readonly taskCancellationTimeoutMs?: number;
  /** How often a task that has not stopped is looked at until then, with a warning that says where it is. */
  readonly taskCancellationIntervalMs?: number;
  /** A function that does not return for so long is named in a warning; 0: none is. */
  readonly watchdogLimitMs?: number;
  readonly heartbeatIntervalMs?: number;
  /** Which subtask is profiled, and where its profile goes; absent: none. */
  readonly profile?: ProfileSettings;
  /** Makes figures of threads, processes and operators too, for somebody who reads them. */
  readonly systemMetrics?: boolean;
  /** Told what happens to jobs: status, failures, restarts, checkpoints. */
  readonly reporter?: JobReporter;
  /** Of what functions log. Default: warn, as text. */
  readonly logging?: LogSettings;
  /** Told when a job begins to wait for slots and each time the figures change. */
  readonly onWaitingForSlots?: (waiting: WaitingForSlots) => void;
  /** Told of what is wrong and has ended no job: a restart, a checkpoint that failed or could not be removed. */
  readonly onWarning?: (message: string) => void;
  /** Told of what is as it should be: a checkpoint that is complete. */
  readonly onInformation?: (message: string) => void;
  /** Takes the job's text instead of the standard streams of this process. Called in order for each stream. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', text: string) => void;
}

export interface WaitingForSlots {
  readonly jobId: string;
  readonly jobName: string;
  readonly neededSlots: number;
  readonly freeSlots: number;
  readonly totalSlots: number;
}

export interface JobSubmission {
  readonly jobGraph: JobGraph;
  readonly program: ProgramDescriptor;
  /** The bundle whose content hash is `program.bundle`: SHA-256 in hexadecimal. */
  readonly bundle: Uint8Array;
  /** What the job begins with; absent: nothing. */
  readonly restore?: RestoreSelection;
  /** As ExecuteOptions.onCollected: the sink sends the next batch when the promise has settled; a rejection fails the job. */
  readonly onCollected?: (bytes: Uint8Array) => Promise<void>;
}

export type RestoreSelection =
  | { readonly kind: 'path'; readonly path: string; readonly allowNonRestoredState: boolean }
  /** The newest complete checkpoint of a job with this name; a job of which there is none begins without state. */
  | { readonly kind: 'latest'; readonly directory: string; readonly allowNonRestoredState: boolean }
  /** None: it runs in BATCH mode. Refused where there is one that the job would have begun with. */
  | { readonly kind: 'none'; readonly directory: string };

/** How a job stands apart from its records. */
export interface JobProgress {
  readonly status: JobStatus;
  readonly restarts: number;
  readonly checkpoints: CheckpointStatistics | undefined;
  /** The name of the vertex that others wait for: lately, or in all of a job that has ended. */
  readonly backPressureCulprit: string | undefined;
}

/** Figures of one vertex over all its subtasks: the newest that are known; exact once the job is in a terminal state. */
export interface VertexFigures {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
  /** The least of the subtasks; undefined before the first one. */
  readonly watermark: number | undefined;
  readonly lateRecordsDropped: number;
  /** What the subtasks did with their time, all of them together. */
  readonly busyTimeMs: number;
  readonly backPressuredTimeMs: number;
  readonly idleTimeMs: number;
}

/** A thread of a TaskManager that has subtasks of the job: a slot is one, however many subtasks share it. */
export interface SlotThread {
  readonly taskManagerId: string;
  readonly slot: number;
  /** `worker_threads.threadId` within the TaskManager's process; 0 is its main thread. Undefined before the slot has said so. */
  readonly threadId: number | undefined;
  /** As Flink names tasks: `Map (1/2)`. In the order of the job graph. */
  readonly subtasks: readonly string[];
}

export interface LocalCluster {
  /** Settles when the job is accepted. It may still wait for slots. */
  submitJob(submission: JobSubmission): Promise<SubmittedJob>;
  /** Of a running or ended job of this cluster, in the order of the job graph; throws a UsageError for an id it does not know. */
  metrics(jobId: string): readonly VertexFigures[];
  /** The threads that run the job, by slot; those that it ran in last, once it has ended. As `metrics`. */
  threads(jobId: string): readonly SlotThread[];
  /** As `metrics`. */
  progress(jobId: string): JobProgress;
  /** Everything, with the metrics of its functions, under Flink's names. As `metrics`. */
  jobMetrics(jobId: string): JobMetrics;
  /** What there is and what of it is free. Flink: `/overview`. */
  overview(): ClusterOverview;
  /** Cancels what runs, then ends workers and processes in order and removes temporary files. Calling it twice is the same as once. */
  close(): Promise<void>;
}

/** Settles as soon as jobs can be submitted: the TaskManager goes on starting in the background, so call it before the bundle is made. */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  return RunningCluster.start(options);
}
