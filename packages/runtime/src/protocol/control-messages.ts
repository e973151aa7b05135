/**
 * What the parts of the control plane say to each other. Plain data that the message codec carries; `leader` is the fencing token of the leader between
 * sender and receiver (R3 in rpc.ts): the ResourceManager's or the JobMaster's, or the Dispatcher's.
 *
 * The slot protocol, in order: register-task-executor → request-slots (JobMaster to ResourceManager) → allocate-slots (ResourceManager to TaskExecutor) →
 * offer-slots (TaskExecutor to JobMaster) → submit-tasks; and back: free-slot → slot-available. An offer that nobody wants is free again.
 */

import type { AccumulatorValues, JobStatus } from '@millrace/streaming/graph/executor';
import type { JobGraph } from '@millrace/streaming/graph/job-graph';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { SubtaskCheckpointMetrics, TaskStateSnapshot } from '../checkpoint/state-handles.ts';
import type { JobInformation, ProgramDescriptor, SlotLocation, TaskDeployment } from './deployment.ts';
import type { ExecutionState, FailureDescription } from './execution-state.ts';
import type { EnumeratorEvent, ReaderEvent, SlotMemoryReport } from './slot-messages.ts';
import type { SlotReport } from './slot-report.ts';
import type { UserMetrics } from './user-metrics.ts';

interface Fenced<Type extends string> {
  readonly type: Type;
  readonly leader: string;
}

/** Where a leader is and how to address it. */
export interface LeaderAddress {
  readonly address: string;
  readonly leader: string;
}

// ---- client → Dispatcher ----

export interface SubmitJob extends Fenced<'submit-job'> {
  readonly jobId: string;
  readonly jobGraph: JobGraph;
  readonly program: ProgramDescriptor;
  /** The checkpoint that the job begins with. */
  readonly restore?: RestoreRequest;
}
export interface RestoreRequest {
  /** The directory of the checkpoint. */
  readonly path: string;
  /** State of operators that the job has not is left behind instead of refused. */
  readonly allowNonRestoredState: boolean;
}
export interface CancelJob extends Fenced<'cancel-job'> {
  readonly jobId: string;
}
/** Answered with a JobEnd when the job is in a terminal state; ask without a time-out. */
export interface RequestJobResult extends Fenced<'request-job-result'> {
  readonly jobId: string;
}
/** Answered with JobDetails. */
export interface RequestJobDetails extends Fenced<'request-job-details'> {
  readonly jobId: string;
}
/** Answered with JobOverview[]. */
export type ListJobs = Fenced<'list-jobs'>;
export type ToDispatcher = SubmitJob | CancelJob | RequestJobResult | RequestJobDetails | ListJobs;

export interface JobOverview {
  readonly jobId: string;
  readonly name: string;
  readonly status: JobStatus;
}

export interface JobEnd extends JobOverview {
  /** From the first deployment to the end. */
  readonly netRuntimeMs: number;
  /** Why the job failed: the first failure; the others that followed are attached. */
  readonly failure: FailureDescription | undefined;
  readonly suppressed: readonly FailureDescription[];
  /** By name, merged over all tasks as they have reported last. */
  readonly accumulators: AccumulatorValues;
}

export interface JobDetails extends JobEnd {
  /** The greatest of its operators. */
  readonly parallelism: number;
  readonly startTime: number; // of the submission, milliseconds since the epoch
  readonly endTime: number | undefined;
  /** How often the job, or a part of it, was restarted. */
  readonly restarts: number;
  /** By status, of those that the job has been in. */
  readonly statusTimes: readonly StatusTime[];
  /** The newest failures, oldest first; those before the last one were followed by a restart. */
  readonly failures: readonly JobFailure[];
  /** Set while the job waits for slots. */
  readonly waiting: SlotShortage | undefined;
  /** Undefined for a job that takes no checkpoints and began with none. */
  readonly checkpoints: CheckpointStatistics | undefined;
  readonly vertices: readonly VertexDetails[];
  /** The vertex that makes others wait, by id: see back-pressure.ts. Undefined where nobody waits. */
  readonly backPressureCulprit: string | undefined;
}

export interface StatusTime {
  readonly status: JobStatus;
  /** Since the job came to it; 0 where it is in another one. */
  readonly currentMs: number;
  readonly totalMs: number;
}

export interface JobFailure {
  readonly time: number; // milliseconds since the epoch
  readonly failure: FailureDescription;
  /** How many restarts the job had seen, with the one that follows this failure. */
  readonly restart: number;
}

/** Flink's REST: `/jobs/:jobid/checkpoints`. */
export interface CheckpointStatistics {
  readonly counts: {
    readonly restored: number;
    readonly total: number;
    readonly inProgress: number;
    readonly completed: number;
    readonly failed: number;
  };
  readonly latestCompleted: CheckpointDetails | undefined;
  readonly latestFailed: CheckpointDetails | undefined;
  readonly latestRestored: RestoredCheckpointDetails | undefined;
  /** The newest first; those that are under way among them. */
  readonly history: readonly CheckpointDetails[];
}

export interface RestoredCheckpointDetails {
  readonly id: number;
  readonly restoreTime: number; // milliseconds since the epoch
  readonly path: string | undefined;
}

export interface CheckpointDetails {
  readonly id: number;
  readonly status: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  readonly triggerTime: number; // milliseconds since the epoch
  /** From the trigger to the end, or until now. */
  readonly durationMs: number;
  readonly numSubtasks: number;
  readonly numAcknowledged: number;
  /** What this checkpoint wrote; the state that it holds may be more. */
  readonly checkpointedSizeBytes: number;
  readonly stateSizeBytes: number;
  /** Of a complete one in a directory. */
  readonly path: string | undefined;
  readonly isDiscarded: boolean;
  readonly failure: { readonly reason: string; readonly message: string } | undefined;
  readonly tasks: readonly CheckpointTaskDetails[];
}

/** Over the subtasks of one vertex. */
export interface CheckpointTaskDetails {
  readonly id: string;
  readonly numSubtasks: number;
  readonly numAcknowledged: number;
  readonly checkpointedSizeBytes: number;
  readonly stateSizeBytes: number;
  readonly alignmentMsMax: number;
  readonly syncMsMax: number;
  readonly asyncMsMax: number;
}

export interface SlotShortage {
  readonly needed: number;
  readonly free: number;
  readonly total: number;
}

export interface VertexDetails {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly subtasks: readonly SubtaskDetails[];
}

export interface SubtaskDetails {
  readonly subtask: number;
  readonly attempt: number;
  readonly executionId: string;
  readonly state: ExecutionState;
  readonly location: SlotLocation | undefined;
  /** By TASK_METRIC; undefined before the first report. */
  readonly metrics: readonly number[] | undefined;
  /** Lately; undefined before the first report, and of a subtask that has ended. */
  readonly rates: TaskRates | undefined;
  /** Of its functions; undefined where they have none. */
  readonly userMetrics: UserMetrics | undefined;
}

/** Over the last seconds of the task's own time. */
export interface TaskRates {
  readonly numRecordsInPerSecond: number;
  readonly numRecordsOutPerSecond: number;
  /** These three make 1000 together. */
  readonly busyTimeMsPerSecond: number;
  readonly backPressuredTimeMsPerSecond: number;
  readonly idleTimeMsPerSecond: number;
}

// ---- → ResourceManager ----

export interface RegisterTaskExecutor extends Fenced<'register-task-executor'> {
  readonly taskManagerId: string;
  readonly address: string;
  readonly slots: number;
}
/** All of them or none: two jobs never hold half of what each needs. */
export interface RequestSlots extends Fenced<'request-slots'> {
  readonly jobId: string;
  readonly jobMaster: LeaderAddress;
  readonly allocationIds: readonly string[];
}
/** The job has ended or gives up: what is still requested is void. */
export interface DisconnectJobMaster extends Fenced<'disconnect-job-master'> {
  readonly jobId: string;
}
export interface SlotAvailable extends Fenced<'slot-available'> {
  readonly taskManagerId: string;
  readonly slot: number;
  readonly allocationId: string;
}
/** From whoever sees a TaskManager end: its process's parent, its connection. */
export interface TaskExecutorLost extends Fenced<'task-executor-lost'> {
  readonly taskManagerId: string;
  readonly failure: FailureDescription;
}
/** The answer to a heartbeat of the ResourceManager. */
export interface TaskExecutorAlive extends Fenced<'task-executor-alive'> {
  readonly taskManagerId: string;
}
export type ToResourceManager =
  | RegisterTaskExecutor
  | RequestSlots
  | DisconnectJobMaster
  | SlotAvailable
  | TaskExecutorLost
  | TaskExecutorAlive;

// ---- → TaskExecutor ----

/** From the ResourceManager: these slots are this job's now; offer them. */
export interface AllocateSlots extends Fenced<'allocate-slots'> {
  readonly jobId: string;
  readonly jobMaster: LeaderAddress;
  readonly slots: readonly SlotAllocation[];
}
export interface SlotAllocation {
  readonly allocationId: string;
  readonly slot: number;
}
export type ResourceManagerHeartbeat = Fenced<'resource-manager-heartbeat'>;

/** From the JobMaster: all tasks of the job on this TaskManager at once, so that both ends of a channel are known. */
export interface SubmitTasks extends Fenced<'submit-tasks'> {
  readonly job: JobInformation;
  readonly tasks: readonly TaskSubmission[];
}
export interface TaskSubmission {
  readonly allocationId: string;
  readonly task: TaskDeployment;
}
export interface CancelTask extends Fenced<'cancel-task'> {
  readonly executionId: string;
}
/** The job leaves the slot: its isolate ends, with whatever of the job still runs in it. */
export interface FreeSlot extends Fenced<'free-slot'> {
  readonly allocationId: string;
}
export interface ReaderOperatorEvent extends Fenced<'reader-event'> {
  readonly executionId: string;
  readonly operatorId: string;
  readonly event: ReaderEvent;
}
export interface CollectAck extends Fenced<'collect-ack'> {
  readonly executionId: string;
  readonly operatorId: string;
}
/** To tasks whose input is a source, or has ended: they start the barrier. Its order among the events of enumerators counts. */
export interface TriggerCheckpoint extends Fenced<'trigger-checkpoint'> {
  readonly executionId: string;
  readonly barrier: CheckpointBarrier;
}
/** To every task that runs. */
export interface NotifyCheckpoint extends Fenced<'notify-checkpoint'> {
  readonly executionId: string;
  readonly checkpointId: number;
  readonly outcome: 'complete' | 'aborted';
}
export type JobMasterHeartbeat = Fenced<'job-master-heartbeat'>;
export type ToTaskExecutor =
  | AllocateSlots
  | ResourceManagerHeartbeat
  | SubmitTasks
  | CancelTask
  | FreeSlot
  | ReaderOperatorEvent
  | CollectAck
  | TriggerCheckpoint
  | NotifyCheckpoint
  | JobMasterHeartbeat;

// ---- → JobMaster ----

/** Answered with the allocation ids that are taken. */
export interface OfferSlots extends Fenced<'offer-slots'> {
  readonly taskManagerId: string;
  readonly address: string;
  readonly slots: readonly SlotAllocation[];
}
export interface UpdateTaskExecutionState extends Fenced<'update-task-execution-state'> {
  readonly executionId: string;
  readonly state: ExecutionState;
  readonly failure: FailureDescription | undefined;
  /** The last figures, with terminal states. */
  readonly metrics: readonly number[] | undefined;
  /** The last ones, with terminal states of tasks that have some. */
  readonly accumulators?: AccumulatorValues | undefined;
  /** Likewise. */
  readonly userMetrics?: UserMetrics | undefined;
}
/** Tasks of one slot that do not stop although they were cancelled, or whose thread does not come back (`busy`). */
export interface TasksStuck extends Fenced<'tasks-stuck'> {
  readonly executionIds: readonly string[];
  readonly reason: 'cancelled' | 'busy';
  readonly sinceMs: number;
  /** Undefined where the thread did not answer. */
  readonly report: SlotReport | undefined;
}
export interface EnumeratorOperatorEvent extends Fenced<'enumerator-event'> {
  readonly executionId: string;
  readonly operatorId: string;
  readonly event: EnumeratorEvent;
}
export interface AcknowledgeCheckpoint extends Fenced<'acknowledge-checkpoint'> {
  readonly executionId: string;
  readonly checkpointId: number;
  readonly snapshot: TaskStateSnapshot;
  readonly metrics: SubtaskCheckpointMetrics;
}
/** A task at its end waits for a checkpoint that begins from now on; no interval is waited for. */
export interface RequestCheckpoint extends Fenced<'request-checkpoint'> {
  readonly executionId: string;
}
/** The task goes on without this checkpoint; `reason` is one of the checkpoint failure reasons. */
export interface DeclineCheckpoint extends Fenced<'decline-checkpoint'> {
  readonly executionId: string;
  readonly checkpointId: number;
  readonly failure: FailureDescription;
}
export interface Collected extends Fenced<'collected'> {
  readonly executionId: string;
  readonly operatorId: string;
  readonly bytes: Uint8Array;
  /** As in the slot's message. */
  readonly afterCheckpoint: number;
}
/** The answer to a heartbeat of the JobMaster: figures of every task of the job there, by execution id. */
export interface TaskMetricsReport extends Fenced<'task-metrics'> {
  readonly taskManagerId: string;
  readonly metrics: Readonly<Record<string, readonly number[]>>;
  /** Of tasks that have some. */
  readonly accumulators: Readonly<Record<string, AccumulatorValues>>;
  /** Likewise; the newest that the tasks have posted. */
  readonly userMetrics?: Readonly<Record<string, UserMetrics>>;
  /** Of slots of the job whose memory is short. A warning comes once. */
  readonly memory?: readonly SlotMemory[] | undefined;
}
export interface SlotMemory extends SlotMemoryReport {
  readonly slot: number;
}
/** From the ResourceManager, as long as a request cannot be met. */
export interface SlotsMissing extends Fenced<'slots-missing'> {
  readonly shortage: SlotShortage;
}
export interface TaskManagerLost extends Fenced<'task-manager-lost'> {
  readonly taskManagerId: string;
  readonly failure: FailureDescription;
}
export type ToJobMaster =
  | OfferSlots
  | UpdateTaskExecutionState
  | TasksStuck
  | EnumeratorOperatorEvent
  | AcknowledgeCheckpoint
  | DeclineCheckpoint
  | RequestCheckpoint
  | Collected
  | TaskMetricsReport
  | SlotsMissing
  | TaskManagerLost;
