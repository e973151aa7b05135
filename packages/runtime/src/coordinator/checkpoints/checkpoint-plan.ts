/** Who takes part in a checkpoint that begins now. Pure. Flink: DefaultCheckpointPlanCalculator, FLIP-147. */
import { channelsOf } from '@millrace/streaming/graph/execution-edges';
import type { Execution, ExecutionGraph } from '../execution-graph.ts';

export interface CheckpointPlan {
  /** They start the barrier: nobody who runs is before them. */
  readonly toTrigger: readonly Execution[];
  readonly toAcknowledge: readonly Execution[];
  /** They have finished, and have sent on all they had. */
  readonly finished: readonly Execution[];
}

/** Undefined where a task does not run yet, or not any more without having finished. */
export function planCheckpoint(graph: ExecutionGraph): CheckpointPlan | undefined {
  const { executions } = graph;
  if (executions.some(({ state }) => state !== 'RUNNING' && state !== 'FINISHED')) return undefined;
  const finished = executions.filter(({ state }) => state === 'FINISHED');
  const toAcknowledge = executions.filter(({ state }) => state === 'RUNNING');
  return {
    finished,
    toAcknowledge,
    toTrigger: finished.length === 0 ? sourcesOf(graph) : toAcknowledge.filter((each) => isFirst(graph, each)),
  };
}

function sourcesOf({ jobGraph, executions }: ExecutionGraph): readonly Execution[] {
  const fed = new Set(jobGraph.edges.map(({ target }) => target));
  return executions.filter(({ vertex }) => !fed.has(vertex.id));
}

function isFirst(graph: ExecutionGraph, { vertex, subtask }: Execution): boolean {
  const inputs = graph.jobGraph.edges.filter(({ target }) => target === vertex.id);
  return inputs.every((edge) => {
    const producers = graph.subtasksOf(edge.source);
    const channels = channelsOf(edge, producers.length, vertex.parallelism);
    return channels.producersOf(subtask).every((producer) => producers[producer]?.state === 'FINISHED');
  });
}
