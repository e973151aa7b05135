/**
 * Which operators run as one task. Flink: "Operator Chains".
 *
 * An operator joins the task of the one that feeds it where nothing has to be exchanged: one input edge, forward, equal parallelism and maximum parallelism,
 * one slot sharing group, and no objection at either end. An operator with two inputs is always a head: the network feeds both of them. A maximum that was set for one of two neighbours parts them: a task has one.
 */
import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.ts';

/** Operators that run as one task, the head first, every other one behind the one that feeds it. */
export interface Chain {
  readonly nodes: readonly StreamNode[];
  /** The edge that feeds each; undefined for the head. */
  readonly inputs: readonly (StreamEdge | undefined)[];
}

export function chainsOf(graph: StreamGraph): readonly Chain[] {
  const chains: { nodes: StreamNode[]; inputs: (StreamEdge | undefined)[] }[] = [];
  const chainOf = new Map<number, (typeof chains)[number]>();
  for (const node of graph.nodes) {
    const edges = graph.edges.filter((edge) => edge.target === node.index);
    const [edge] = edges;
    const joins = edge !== undefined && edges.length === 1 && graph.operatorChaining && isChainable(graph.nodes[edge.source]!, edge, node);
    const chain = (joins ? chainOf.get(edge.source) : undefined) ?? { nodes: [], inputs: [] };
    if (!joins) chains.push(chain);
    chain.nodes.push(node);
    chain.inputs.push(joins ? edge : undefined);
    chainOf.set(node.index, chain);
  }
  return chains;
}

function isChainable(upstream: StreamNode, edge: StreamEdge, downstream: StreamNode): boolean {
  return (
    downstream.operator.logic.kind !== 'twoInput' &&
    edge.partitioner === 'forward' &&
    upstream.parallelism === downstream.parallelism &&
    upstream.maxParallelism === downstream.maxParallelism &&
    upstream.slotSharingGroup === downstream.slotSharingGroup &&
    upstream.operator.chaining !== 'NEVER' &&
    downstream.operator.chaining === 'ALWAYS'
  );
}

/** `Source: commits -> Map -> (Filter, Sink: Print to Std. Out)`. */
export function chainName({ nodes, inputs }: Chain): string {
  const nameFrom = (node: StreamNode): string => {
    const next = nodes.filter((_, position) => inputs[position]?.source === node.index).map(nameFrom);
    if (next.length === 0) return node.name;
    return `${node.name} -> ${next.length === 1 ? next[0] : `(${next.join(', ')})`}`;
  };
  return nameFrom(nodes[0]!);
}
