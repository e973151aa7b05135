/**
 * What will become of a job, as plain data for people and tools: both graphs, what runs together, what is exchanged, and why an edge is not chained. Field names are an
 * interface (`millrace explain --json`): add, never rename.
 */
import {
  type DeclaredState,
  type DeclaredStateKind,
  declaredTypeText,
  type RedistributionMode,
  type RedistributionStrategy,
} from '../contract/state-declaration.ts';
import { type ChainingObstacle, chainingObstacles } from './chaining.ts';
import { channelsOf } from './execution-edges.ts';
import type { CompiledJob, JobEdge, JobVertex, PartitionerKind } from './job-graph.ts';
import type { JobPlan } from './job-plan.ts';
import type { IterationEnds, StreamEdge, StreamNode } from './stream-graph.ts';

export interface JobExplanation {
  readonly name: string;
  /** Of the job graph but its name: equal for equal programs. */
  readonly digest: string;
  readonly executionMode: 'STREAMING' | 'BATCH';
  /** The greatest of any operator. */
  readonly parallelism: number;
  /** Of all groups together. */
  readonly slots: number;
  readonly slotSharingGroups: readonly ExplainedSlotSharingGroup[];
  readonly streamGraph: { readonly nodes: readonly ExplainedOperator[]; readonly edges: readonly ExplainedStream[] };
  readonly jobGraph: { readonly vertices: readonly ExplainedVertex[]; readonly exchanges: readonly ExplainedExchange[] };
}

export interface ExplainedOperator {
  readonly node: number; // counts from 1
  readonly id: string; // 32 hexadecimal digits
  readonly uid: string | null;
  readonly name: string;
  readonly kind: string;
  readonly description: string | null;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly slotSharingGroup: string;
  /** It emits nothing before its input has ended. */
  readonly outputOnlyAfterEndOfStream: boolean;
  /** What its function declares by `usesStates`. What it asks for without a declaration is known only when it runs. */
  readonly states: readonly ExplainedState[];
  readonly vertex: number;
}

export interface ExplainedState {
  readonly name: string;
  readonly kind: DeclaredStateKind;
  readonly redistributionMode: RedistributionMode;
  /** null unless REDISTRIBUTABLE. */
  readonly redistributionStrategy: RedistributionStrategy | null;
  /** Of values, elements, accumulators: `LONG`; of a map `STRING to LONG`. */
  readonly type: string;
  /** null: values live until they are cleared. */
  readonly ttlMs: number | null;
}

export interface ExplainedStream {
  readonly from: number; // node
  readonly to: number;
  /** 1, or 2 of an operator with two inputs. */
  readonly input: number;
  readonly partitioner: PartitionerKind;
  readonly sideOutput: string | null;
  readonly type: string | null; // null: learned from the records
  /** Only of what an iteration sends back: it goes from the tail to the head by way of the slot's memory, and nothing is chained. */
  readonly feedback?: true;
  readonly chained: boolean;
  /** Empty for a chained one. */
  readonly notChained: readonly ChainingObstacle[];
}

export interface ExplainedVertex {
  readonly vertex: number; // counts from 1
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly slotSharingGroup: string;
  readonly nodes: readonly number[]; // in the order of the chain
}

export interface ExplainedExchange {
  readonly id: string;
  readonly from: number; // vertex
  readonly to: number;
  readonly input: number;
  readonly partitioner: PartitionerKind;
  readonly sideOutput: string | null;
  readonly type: string | null; // null: learned from the records
  /** Of a partitioning by key; `type` null: learned from the keys. */
  readonly key: { readonly type: string | null; readonly keyGroups: number } | null;
  readonly channels: number;
  readonly bufferTimeoutMs: number;
}

export interface ExplainedSlotSharingGroup {
  readonly name: string;
  readonly slots: number;
  readonly vertices: readonly number[];
}

export function explainJob({ jobGraph, plan }: CompiledJob): JobExplanation {
  const numbers = vertexNumbers(plan);
  const slotSharingGroups = slotSharingGroupsOf(jobGraph.vertices);
  return {
    name: jobGraph.name,
    digest: jobGraph.digest,
    executionMode: jobGraph.configuration.isBatch === true ? 'BATCH' : 'STREAMING',
    parallelism: Math.max(...jobGraph.vertices.map((vertex) => vertex.parallelism)),
    slots: slotSharingGroups.reduce((sum, { slots }) => sum + slots, 0),
    slotSharingGroups,
    streamGraph: {
      nodes: plan.graph.nodes.map((node) => explainOperator(node, plan, numbers)),
      edges: [...plan.graph.edges.map((edge) => explainStream(edge, plan)), ...plan.iterations.map(explainFeedback)],
    },
    jobGraph: {
      vertices: jobGraph.vertices.map((vertex, index) => explainVertex(vertex, index, plan)),
      exchanges: plan.crossing.map((edge, index) => explainExchange(jobGraph.edges[index]!, edge, plan, numbers)),
    },
  };
}

/** By index of the node. */
function vertexNumbers({ chains }: JobPlan): ReadonlyMap<number, number> {
  return new Map(chains.flatMap(({ nodes }, index) => nodes.map((node) => [node.index, index + 1] as const)));
}

function explainOperator(node: StreamNode, { ids }: JobPlan, numbers: ReadonlyMap<number, number>): ExplainedOperator {
  const { operator, name, parallelism, maxParallelism, slotSharingGroup } = node;
  return {
    node: node.index + 1,
    id: ids[node.index]!,
    uid: operator.uid ?? null,
    name,
    kind: operator.logic.kind,
    description: operator.description ?? null,
    parallelism,
    maxParallelism,
    slotSharingGroup,
    outputOnlyAfterEndOfStream: operator.outputOnlyAfterEndOfStream === true,
    states: ('states' in operator.logic ? operator.logic.states : []).map(explainState),
    vertex: numbers.get(node.index)!,
  };
}

function explainState(state: DeclaredState): ExplainedState {
  const { name, kind, redistributionMode, redistributionStrategy = null, ttlMs = null } = state;
  return { name, kind, redistributionMode, redistributionStrategy, type: declaredTypeText(state), ttlMs };
}

function explainStream(edge: StreamEdge, { graph, inside }: JobPlan): ExplainedStream {
  return {
    from: edge.source + 1,
    to: edge.target + 1,
    input: edge.inputIndex + 1,
    partitioner: edge.partitioner,
    sideOutput: edge.tag ?? null,
    type: edge.type?.typeName ?? null,
    chained: inside.has(edge),
    notChained: chainingObstacles(graph, edge),
  };
}

function explainFeedback({ head, tail }: IterationEnds): ExplainedStream {
  return {
    from: tail.index + 1,
    to: head.index + 1,
    input: 2,
    partitioner: 'forward',
    sideOutput: null,
    type: null,
    feedback: true,
    chained: false,
    notChained: [],
  };
}

function explainVertex(vertex: JobVertex, index: number, { chains }: JobPlan): ExplainedVertex {
  const { id, name, parallelism, maxParallelism, slotSharingGroup } = vertex;
  const nodes = chains[index]!.nodes.map((node) => node.index + 1);
  return { vertex: index + 1, id, name, parallelism, maxParallelism, slotSharingGroup, nodes };
}

function explainExchange(
  exchange: JobEdge,
  { source, target, keyType, ...edge }: StreamEdge,
  { graph }: JobPlan,
  numbers: ReadonlyMap<number, number>,
): ExplainedExchange {
  const [producer, consumer] = [graph.nodes[source]!, graph.nodes[target]!];
  return {
    id: exchange.id,
    from: numbers.get(source)!,
    to: numbers.get(target)!,
    input: edge.inputIndex + 1,
    partitioner: edge.partitioner,
    sideOutput: edge.tag ?? null,
    type: edge.type?.typeName ?? null,
    key: edge.partitioner === 'hash' ? { type: keyType?.typeName ?? null, keyGroups: consumer.maxParallelism } : null,
    channels: channelsOf(exchange, producer.parallelism, consumer.parallelism).channels,
    bufferTimeoutMs: exchange.bufferTimeoutMs,
  };
}

/** Vertices of one group share slots, so a group needs as many as its widest vertex has subtasks. Flink: "Task slots". */
export function slotSharingGroupsOf(vertices: readonly JobVertex[]): readonly ExplainedSlotSharingGroup[] {
  const groups = new Map<string, { name: string; slots: number; vertices: number[] }>();
  for (const [index, { slotSharingGroup: name, parallelism }] of vertices.entries()) {
    const group = groups.get(name) ?? { name, slots: 0, vertices: [] };
    group.slots = Math.max(group.slots, parallelism);
    group.vertices.push(index + 1);
    groups.set(name, group);
  }
  return [...groups.values()];
}
