/**
 * Which operators run as one task. Flink: "Operator Chains".
 *
 * An operator joins the task of the one that feeds it where nothing has to be exchanged: one input edge, forward, equal parallelism and maximum parallelism,
 * one slot sharing group, and no objection at either end. An operator with two inputs is always a head: the network feeds both of
 * them. A maximum that was set for one of two neighbours parts them: a task has one.
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
    const edge = graph.edges.find((candidate) => candidate.target === node.index);
    const joins = edge !== undefined && chainingObstacles(graph, edge).length === 0;
    const chain = (joins ? chainOf.get(edge.source) : undefined) ?? { nodes: [], inputs: [] };
    if (!joins) chains.push(chain);
    chain.nodes.push(node);
    chain.inputs.push(joins ? edge : undefined);
    chainOf.set(node.index, chain);
  }
  return chains;
}

/** Why the two ends of an edge are not one task. The names are an interface: `millrace explain --json` shows them. */
export type ChainingObstacleReason =
  | 'TWO_INPUTS'
  | 'ITERATION_HEAD'
  | 'SEVERAL_INPUT_EDGES'
  | 'REDISTRIBUTION'
  | 'DIFFERENT_PARALLELISM'
  | 'DIFFERENT_MAX_PARALLELISM'
  | 'DIFFERENT_SLOT_SHARING_GROUP'
  | 'CHAINING_DISABLED_BY_CONFIGURATION'
  | 'CHAINING_DISABLED_BEFORE'
  | 'CHAINING_DISABLED_HERE'
  | 'NEW_CHAIN_HERE';

export interface ChainingObstacle {
  readonly reason: ChainingObstacleReason;
  /** For people: one clause, without a full stop. */
  readonly text: string;
}

/** Everything that keeps the target of an edge out of its source's chain; nothing: they are one task. The one place that decides it. */
export function chainingObstacles(graph: StreamGraph, edge: StreamEdge): readonly ChainingObstacle[] {
  const upstream = graph.nodes[edge.source]!;
  const downstream = graph.nodes[edge.target]!;
  return [...inputObstacles(graph, edge), ...differences(edge, upstream, downstream), ...objections(graph, upstream, downstream)];
}

function inputObstacles({ nodes, edges }: StreamGraph, { target }: StreamEdge): readonly ChainingObstacle[] {
  const { logic } = nodes[target]!.operator;
  if (logic.kind === 'twoInput' && logic.iteration !== undefined) {
    return [{ reason: 'ITERATION_HEAD', text: 'it is the head of an iteration, where records come back' }];
  }
  if (logic.kind === 'twoInput') {
    return [{ reason: 'TWO_INPUTS', text: 'it has two inputs, and the network feeds both' }];
  }
  const inputs = edges.filter((edge) => edge.target === target).length;
  return inputs === 1 ? [] : [{ reason: 'SEVERAL_INPUT_EDGES', text: `it reads a union of ${inputs} streams` }];
}

function differences(edge: StreamEdge, upstream: StreamNode, downstream: StreamNode): readonly ChainingObstacle[] {
  const found: ChainingObstacle[] = [];
  const differ = (reason: ChainingObstacleReason, what: string, before: string | number, here: string | number) => {
    if (before !== here) found.push({ reason, text: `${what} ${before} before it, ${here} here` });
  };
  if (edge.partitioner !== 'forward') found.push({ reason: 'REDISTRIBUTION', text: `records are redistributed by ${edge.partitioner}` });
  differ('DIFFERENT_PARALLELISM', 'parallelism', upstream.parallelism, downstream.parallelism);
  differ('DIFFERENT_MAX_PARALLELISM', 'maximum parallelism', upstream.maxParallelism, downstream.maxParallelism);
  differ('DIFFERENT_SLOT_SHARING_GROUP', 'slot sharing group', `'${upstream.slotSharingGroup}'`, `'${downstream.slotSharingGroup}'`);
  return found;
}

function objections({ operatorChaining }: StreamGraph, upstream: StreamNode, downstream: StreamNode): readonly ChainingObstacle[] {
  const found: ChainingObstacle[] = [];
  if (!operatorChaining) {
    found.push({
      reason: 'CHAINING_DISABLED_BY_CONFIGURATION',
      text: 'chaining is switched off for the job (pipeline.operator-chaining.enabled)',
    });
  }
  if (upstream.operator.chaining === 'NEVER') {
    found.push({ reason: 'CHAINING_DISABLED_BEFORE', text: `disableChaining() of '${upstream.name}'` });
  }
  if (downstream.operator.chaining === 'NEVER') found.push({ reason: 'CHAINING_DISABLED_HERE', text: 'disableChaining() here' });
  if (downstream.operator.chaining === 'HEAD') found.push({ reason: 'NEW_CHAIN_HERE', text: 'startNewChain() here' });
  return found;
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
