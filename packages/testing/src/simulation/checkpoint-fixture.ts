/** A job of two vertices that takes checkpoints in a simulated cluster, and what a test wants to know of it. */
import { lostFailure } from '@millrace/runtime/protocol/failure-description';
import type { CheckpointSettings, JobGraph, RestartStrategySettings } from '@millrace/streaming/graph/job-graph';
import {
  jobOf,
  SimulatedCluster,
  type SimulatedTaskManager,
  type SimulationOptions,
  stateOf,
  type VertexSpec,
} from './simulated-cluster.ts';
import { SimulatedTasks } from './simulated-tasks.ts';

export const BOOM = lostFailure('test', 'boom');
export const RESTART: RestartStrategySettings = { kind: 'fixed-delay', attempts: 1_000, delayMs: 100 };

export function pipeline(checkpointing: CheckpointSettings | undefined, parallelism = 2): JobGraph {
  const vertices: readonly VertexSpec[] = [
    { name: 'source', parallelism, kind: 'source' },
    { name: 'sink', parallelism },
  ];
  const configuration = { restartStrategy: RESTART, ...(checkpointing === undefined ? {} : { checkpointing }) };
  return jobOf('pipeline', vertices, [['source', 'sink']], { configuration });
}

export function running(jobGraph: JobGraph, options: SimulationOptions = {}) {
  const cluster = new SimulatedCluster(options);
  const tasks = new SimulatedTasks();
  const taskManager = cluster.addTaskManager('tm-1', 8, tasks.script);
  cluster.submit('a', jobGraph);
  cluster.advance(10);
  return { cluster, tasks, taskManager };
}

export function checkpoints(cluster: SimulatedCluster, jobId = 'a') {
  return cluster.details(jobId).checkpoints!;
}

export function ended(cluster: SimulatedCluster): string[] {
  return cluster.events.flatMap((event) =>
    event.kind === 'checkpoint' ? [`${event.details.id} ${event.details.failure?.reason ?? event.details.status}`] : [],
  );
}

export function stored(cluster: SimulatedCluster): string[] {
  return [...cluster.checkpoints.stored.keys()];
}

export function execution(cluster: SimulatedCluster, vertex: string, subtask: number, jobId = 'a') {
  return cluster.details(jobId).vertices.find(({ name }) => name === vertex)!.subtasks[subtask]!;
}

export function post(
  cluster: SimulatedCluster,
  taskManager: SimulatedTaskManager,
  vertex: string,
  subtask: number,
  state: 'FAILED' | 'FINISHED',
): void {
  const { executionId, location } = execution(cluster, vertex, subtask);
  taskManager.post(location!.slot, stateOf(executionId, state, state === 'FAILED' ? BOOM : undefined));
}

/** `[begin, end]` of every checkpoint that is known, by id. */
export function spans(cluster: SimulatedCluster): readonly (readonly [number, number])[] {
  return cluster.events.flatMap((event) =>
    event.kind === 'checkpoint' ? [[event.details.triggerTime, event.details.triggerTime + event.details.durationMs] as const] : [],
  );
}
