import { displayName, type StreamGraph, type StreamNode } from './stream-graph.ts';

/** The stream graph as Flink's plan JSON, which its plan visualizer reads. */
export function executionPlan(graph: StreamGraph): string {
  return JSON.stringify({ nodes: graph.nodes.map((node) => planNode(graph, node)) }, undefined, 2);
}

function planNode(graph: StreamGraph, node: StreamNode): object {
  const { operator, parallelism } = node;
  const predecessors = graph.edges
    .filter((edge) => edge.target === node.index)
    .map((edge) => ({
      id: edge.source + 1,
      ship_strategy: edge.partitioner.toUpperCase(),
      side: 'second',
      ...(edge.tag === undefined ? {} : { side_output: edge.tag }),
    }));
  return {
    id: node.index + 1,
    type: displayName(operator),
    pact: PACTS[operator.logic.kind] ?? 'Operator',
    contents: operator.description ?? displayName(operator),
    parallelism,
    ...(operator.outputOnlyAfterEndOfStream === true ? { output_only_after_end_of_stream: true } : {}),
    ...(predecessors.length === 0 ? {} : { predecessors }),
  };
}

const PACTS: Readonly<Record<string, string>> = { source: 'Data Source', sink: 'Data Sink' };
