/** From an execution graph whose executions have their slots to what each TaskManager is told to run. Pure. */
import { invariant } from '@millrace/core/base/assert';
import { channelsOf } from '@millrace/streaming/graph/execution-edges';
import type { JobEdge } from '@millrace/streaming/graph/job-graph';
import type { TaskSubmission } from '../protocol/control-messages.ts';
import type { ChannelDeployment, GateDeployment, TaskDeployment, TaskRestore } from '../protocol/deployment.ts';
import type { Execution, ExecutionGraph } from './execution-graph.ts';

/** Of these executions, by address of the TaskExecutor; sources come before what they feed. `restoreOf` gives what a task begins with. */
export function planDeployments(
  graph: ExecutionGraph,
  executions: readonly Execution[] = graph.executions,
  restoreOf: (execution: Execution) => TaskRestore | undefined = () => undefined,
): ReadonlyMap<string, readonly TaskSubmission[]> {
  const byAddress = new Map<string, TaskSubmission[]>();
  for (const execution of executions) {
    const { slot } = execution;
    invariant(slot !== undefined, () => `${execution.name} is deployed without a slot`);
    const submissions = byAddress.get(slot.address) ?? [];
    const restore = restoreOf(execution);
    const task = { ...deploymentOf(graph, execution), ...(restore === undefined ? {} : { restore }) };
    submissions.push({ allocationId: slot.allocationId, task });
    byAddress.set(slot.address, submissions);
  }
  return byAddress;
}

function deploymentOf(graph: ExecutionGraph, execution: Execution): TaskDeployment {
  const { executionId, vertex, subtask, attempt } = execution;
  const { edges } = graph.jobGraph;
  return {
    executionId,
    vertexId: vertex.id,
    subtask,
    attempt,
    inputs: edges.filter((edge) => edge.target === vertex.id).map((edge) => inputGate(graph, edge, subtask)),
    outputs: edges.filter((edge) => edge.source === vertex.id).map((edge) => outputGate(graph, edge, subtask)),
  };
}

function inputGate(graph: ExecutionGraph, edge: JobEdge, consumer: number): GateDeployment {
  const producers = channelsBetween(graph, edge).producersOf(consumer);
  return {
    edgeId: edge.id,
    channels: producers.map((producer) => channel(graph, edge.source, producer, `${edge.id}:${producer}:${consumer}`)),
  };
}

function outputGate(graph: ExecutionGraph, edge: JobEdge, producer: number): GateDeployment {
  const consumers = channelsBetween(graph, edge).consumersOf(producer);
  return {
    edgeId: edge.id,
    channels: consumers.map((consumer) => channel(graph, edge.target, consumer, `${edge.id}:${producer}:${consumer}`)),
  };
}

function channelsBetween(graph: ExecutionGraph, edge: JobEdge) {
  return channelsOf(edge, graph.subtasksOf(edge.source).length, graph.subtasksOf(edge.target).length);
}

function channel(graph: ExecutionGraph, peerVertex: string, peerSubtask: number, channelId: string): ChannelDeployment {
  const slot = graph.subtasksOf(peerVertex)[peerSubtask]?.slot;
  invariant(slot !== undefined, () => `channel ${channelId} leads to a subtask without a slot`);
  return { channelId, peerSubtask, peer: { taskManagerId: slot.taskManagerId, slot: slot.slot } };
}
