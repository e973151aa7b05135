/** What can be said of a job at a moment: plain data for clients, REST and messages. */
import type { JobGraph } from '@millrace/streaming/graph/job-graph';
import type { JobDetails, VertexDetails } from '../protocol/control-messages.ts';
import type { JobInformation } from '../protocol/deployment.ts';
import { TASK_METRIC } from '../protocol/slot-messages.ts';
import { backPressureCulprit } from './back-pressure.ts';
import type { ExecutionGraph } from './execution-graph.ts';
import { mergedAccumulators } from './job-accumulators.ts';

type JobProgress = Omit<JobDetails, 'jobId' | 'name' | 'parallelism' | 'vertices' | 'accumulators' | 'backPressureCulprit'>;

export function detailsOf({ jobId, jobGraph }: JobInformation, graph: ExecutionGraph | undefined, progress: JobProgress): JobDetails {
  const vertices = vertexDetailsOf(jobGraph, graph);
  return {
    jobId,
    name: jobGraph.name,
    parallelism: Math.max(...jobGraph.vertices.map((vertex) => vertex.parallelism)),
    ...progress,
    accumulators: mergedAccumulators(graph),
    vertices,
    backPressureCulprit: backPressureCulprit(jobGraph.edges, vertices),
  };
}

export function vertexDetailsOf({ vertices }: JobGraph, graph: ExecutionGraph | undefined): readonly VertexDetails[] {
  return vertices.map(({ id, name, parallelism }) => oneVertexOf(graph, { id, name, parallelism }));
}

function oneVertexOf(graph: ExecutionGraph | undefined, vertex: Omit<VertexDetails, 'subtasks'>): VertexDetails {
  const subtasks = (graph?.subtasksOf(vertex.id) ?? []).map((execution) => {
    const { subtask, attempt, executionId, state, slot, metrics, rates, userMetrics } = execution;
    const location = slot === undefined ? undefined : { taskManagerId: slot.taskManagerId, slot: slot.slot };
    return { subtask, attempt, executionId, state, location, metrics, rates, userMetrics };
  });
  return { ...vertex, subtasks };
}

/** ` Last seen: slot 0 with 812 MiB of heap and 3 MiB outside of it; …` for the message about a lost TaskManager; empty when nothing was reported. */
export function lastMemoryOf(graph: ExecutionGraph | undefined, taskManagerId: string): string {
  const bySlot = new Map<number, string>();
  for (const { slot, metrics } of graph?.executions ?? []) {
    if (slot?.taskManagerId !== taskManagerId || metrics === undefined) continue;
    const heap = mebibytes(metrics[TASK_METRIC.heapUsedBytes]);
    const external = mebibytes(metrics[TASK_METRIC.externalBytes]);
    bySlot.set(slot.slot, `slot ${slot.slot} with ${heap} of heap and ${external} outside of it`);
  }
  if (bySlot.size === 0) return '';
  return ` Last seen: ${[...bySlot.values()].join('; ')}.`;
}

function mebibytes(bytes: number | undefined): string {
  return `${Math.round((bytes ?? 0) / (1024 * 1024))} MiB`;
}
