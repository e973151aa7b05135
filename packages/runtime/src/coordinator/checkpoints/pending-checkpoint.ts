/**
 * One checkpoint that is under way: who has still to acknowledge it, and what has come so far. Owned by the CheckpointCoordinator.
 *
 * P1 the phase only goes forward; after `closed` nothing of it changes, whatever comes late. P2 an execution acknowledges once, and only one that was asked.
 */
import type { Cancellation } from '@millrace/core/base/clock';
import {
  type CheckpointMetadata,
  type CoordinatorState,
  operatorMetadataOf,
  type SubtaskMetadata,
} from '../../checkpoint/checkpoint-metadata.ts';
import type { CheckpointDetails, CheckpointTaskDetails } from '../../protocol/control-messages.ts';
import type { JobInformation } from '../../protocol/deployment.ts';
import type { SubtaskCheckpointMetrics, TaskStateSnapshot } from '../../checkpoint/state-handles.ts';
import type { Execution, ExecutionGraph } from '../execution-graph.ts';
import type { CheckpointPlan } from './checkpoint-plan.ts';

/** `preparing`: its place and the enumerators; `tasks`: the barrier is on its way; `writing`: all have acknowledged, it is being made durable. */
export type PendingPhase = 'preparing' | 'tasks' | 'writing' | 'closed';

interface Acknowledgement {
  readonly execution: Execution;
  readonly snapshot: TaskStateSnapshot;
  readonly metrics: SubtaskCheckpointMetrics;
}

/** The version that writes checkpoints. */
const WRITTEN_BY = '0.1.0';

export class PendingCheckpoint {
  readonly checkpointId: number;
  readonly triggerTime: number;
  phase: PendingPhase = 'preparing';
  coordinators: Readonly<Record<string, CoordinatorState>> = {};
  timer: Cancellation | undefined = undefined;
  readonly #graph: ExecutionGraph;
  readonly #missing = new Set<string>(); // execution ids
  readonly #acknowledged = new Map<string, Acknowledgement>(); // by execution id
  #plan: CheckpointPlan = { toTrigger: [], toAcknowledge: [], finished: [] };

  constructor(checkpointId: number, triggerTime: number, graph: ExecutionGraph) {
    this.checkpointId = checkpointId;
    this.triggerTime = triggerTime;
    this.#graph = graph;
  }

  begin(plan: CheckpointPlan): void {
    this.phase = 'tasks';
    this.#plan = plan;
    for (const { executionId } of plan.toAcknowledge) this.#missing.add(executionId);
  }

  /** False for one that was not asked or has answered before (P2). */
  acknowledge(execution: Execution, snapshot: TaskStateSnapshot, metrics: SubtaskCheckpointMetrics): boolean {
    if (this.phase !== 'tasks' || !this.#missing.delete(execution.executionId)) return false;
    this.#acknowledged.set(execution.executionId, { execution, snapshot, metrics });
    return true;
  }

  awaits(execution: Execution): boolean {
    return this.#missing.has(execution.executionId);
  }

  get isAcknowledged(): boolean {
    return this.phase === 'tasks' && this.#missing.size === 0;
  }

  close(): void {
    this.phase = 'closed';
    this.timer?.cancel();
  }

  /** Of one that all have acknowledged. */
  metadata({ jobId, program }: Pick<JobInformation, 'jobId' | 'program'>, completionTimestamp: number): CheckpointMetadata {
    const { jobGraph } = this.#graph;
    return {
      checkpointId: this.checkpointId,
      kind: 'checkpoint',
      ...(jobGraph.configuration.checkpointing?.mode === 'AT_LEAST_ONCE' ? { mode: 'AT_LEAST_ONCE' } : {}),
      triggerTimestamp: this.triggerTime,
      completionTimestamp,
      jobId,
      jobName: jobGraph.name,
      graphDigest: jobGraph.digest,
      program: program.bundle,
      writtenBy: WRITTEN_BY,
      coordinators: this.coordinators,
      vertices: jobGraph.vertices.map(({ id, name, parallelism, maxParallelism, operators }) => ({
        id,
        name,
        parallelism,
        maxParallelism,
        operators: operators.map(operatorMetadataOf),
        subtasks: this.#subtasksOf(id),
      })),
    };
  }

  details(now: number): Omit<CheckpointDetails, 'status' | 'path' | 'isDiscarded' | 'failure'> {
    const tasks = this.#graph.jobGraph.vertices.map(({ id }) => this.#taskDetails(id));
    const sum = (figure: (task: CheckpointTaskDetails) => number) => tasks.reduce((total, task) => total + figure(task), 0);
    const ofCoordinators = Object.values(this.coordinators).reduce((total, { bytes }) => total + bytes.byteLength, 0);
    return {
      id: this.checkpointId,
      triggerTime: this.triggerTime,
      durationMs: now - this.triggerTime,
      numSubtasks: sum(({ numSubtasks }) => numSubtasks),
      numAcknowledged: sum(({ numAcknowledged }) => numAcknowledged),
      checkpointedSizeBytes: ofCoordinators + sum(({ checkpointedSizeBytes }) => checkpointedSizeBytes),
      stateSizeBytes: ofCoordinators + sum(({ stateSizeBytes }) => stateSizeBytes),
      tasks,
    };
  }

  #subtasksOf(vertexId: string): readonly SubtaskMetadata[] {
    const finished = new Set(this.#plan.finished.map(({ executionId }) => executionId));
    return this.#graph.subtasksOf(vertexId).map(({ executionId }) => ({
      isFinished: finished.has(executionId),
      operators: this.#acknowledged.get(executionId)?.snapshot.operators ?? {},
    }));
  }

  #taskDetails(vertexId: string): CheckpointTaskDetails {
    const asked = this.#plan.toAcknowledge.filter(({ vertex }) => vertex.id === vertexId);
    const metrics = asked.flatMap(({ executionId }) => this.#acknowledged.get(executionId)?.metrics ?? []);
    const sum = (figure: (one: SubtaskCheckpointMetrics) => number) => metrics.reduce((total, one) => total + figure(one), 0);
    const most = (figure: (one: SubtaskCheckpointMetrics) => number) => metrics.reduce((max, one) => Math.max(max, figure(one)), 0);
    return {
      id: vertexId,
      numSubtasks: asked.length,
      numAcknowledged: metrics.length,
      checkpointedSizeBytes: sum((one) => one.checkpointedSizeBytes),
      stateSizeBytes: sum((one) => one.stateSizeBytes),
      alignmentMsMax: most((one) => one.alignmentMs),
      syncMsMax: most((one) => one.syncMs),
      asyncMsMax: most((one) => one.asyncMs),
    };
  }
}
