/** How the operators of a stream graph are put together to tasks: everything that the job graph is written from, and that an explanation of it reads. */
import { type Chain, chainsOf } from './chaining.ts';
import { operatorIds } from './operator-ids.ts';
import type { StreamEdge, StreamGraph } from './stream-graph.ts';

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
}

export function planOf(graph: StreamGraph): JobPlan {
  const ids = operatorIds(graph);
  const chains = chainsOf(graph);
  const places = new Map(chains.flatMap((chain) => chain.nodes.map((node, position) => [node.index, { chain, position }] as const)));
  const inside = new Set(chains.flatMap((chain) => chain.inputs.filter((edge) => edge !== undefined)));
  return { graph, ids, chains, places, inside, crossing: graph.edges.filter((edge) => !inside.has(edge)) };
}
