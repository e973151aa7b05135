/** How the operators of a stream graph are put together to tasks: everything that the job graph is written from, and that an explanation of it reads. */
import { type Chain, chainsOf } from './chaining.ts';
import { checkIterations } from './iterations.ts';
import { operatorIds } from './operator-ids.ts';
import { type IterationEnds, iterationsOf, type StreamEdge, type StreamGraph, type StreamNode } from './stream-graph.ts';

export interface JobPlan {
  readonly graph: StreamGraph;
  readonly ids: readonly string[]; // by index of the node
  /** In the order of the job graph's vertices. */
  readonly chains: readonly Chain[];
  /** The chain of a node and its place there, by index of the node. */
  readonly places: ReadonlyMap<number, { readonly chain: Chain; readonly position: number }>;
  /** Edges inside a chain. */
  readonly inside: ReadonlySet<StreamEdge>;
  /** The others, in the order of the job graph's edges. */
  readonly crossing: readonly StreamEdge[];
  readonly iterations: readonly IterationEnds[];
  /** Of chains that must be in one slot, subtask by subtask: the first of them, which names the group. */
  readonly coLocated: ReadonlyMap<Chain, Chain>;
}

export function planOf(graph: StreamGraph): JobPlan {
  const ids = operatorIds(graph);
  const chains = chainsOf(graph);
  const places = new Map(chains.flatMap((chain) => chain.nodes.map((node, position) => [node.index, { chain, position }] as const)));
  const inside = new Set(chains.flatMap((chain) => chain.inputs.filter((edge) => edge !== undefined)));
  const iterations = iterationsOf(graph.nodes);
  checkIterations(graph, iterations);
  const coLocated = coLocatedChains(iterations, (node) => places.get(node.index)!.chain);
  return { graph, ids, chains, places, inside, crossing: graph.edges.filter((edge) => !inside.has(edge)), iterations, coLocated };
}

/** A chain may end one iteration and begin another, or end two: all that hang together are one group. */
function coLocatedChains(iterations: readonly IterationEnds[], chainOf: (node: StreamNode) => Chain): ReadonlyMap<Chain, Chain> {
  const groups = new Map<Chain, Chain>();
  const leaderOf = (chain: Chain): Chain => groups.get(chain) ?? chain;
  for (const { head, tail } of iterations) {
    const leader = leaderOf(chainOf(head));
    const joining = leaderOf(chainOf(tail));
    for (const [chain, other] of groups) if (other === joining) groups.set(chain, leader);
    for (const chain of [leader, joining, chainOf(head), chainOf(tail)]) groups.set(chain, leader);
  }
  return groups;
}
