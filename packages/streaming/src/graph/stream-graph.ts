/**
 * The stream graph: every operator of a program with all that holds for it, and the edges between operators. Partitionings, unions and side outputs of the
 * program have become properties of the edges. Flink: `StreamGraph`.
 *
 * G1 nodes are in topological order, and among those that have no order in the order of the program: equal programs give equal graphs.
 * G2 the graph has no cycle.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { AnyTypeInformation, TypeInformation } from '@millrace/core/types/type-information';
import type { PartitionerKind } from './job-graph.ts';
import { type LogicalEdge, logicalEdges } from './logical-edges.ts';
import { defaultMaxParallelism } from './parallelism.ts';
import type { JobProgram, JobSettings, OperatorTransformation } from './transformation.ts';

export interface StreamGraph {
  readonly name: string;
  readonly nodes: readonly StreamNode[];
  readonly edges: readonly StreamEdge[];
  readonly operatorChaining: boolean;
}

export interface StreamNode {
  readonly index: number; // in `nodes`
  readonly operator: OperatorTransformation;
  readonly name: string; // `Source: commits`
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly bufferTimeoutMs: number;
  readonly slotSharingGroup: string;
}

export interface StreamEdge {
  readonly source: number; // index of a node
  readonly target: number;
  readonly inputIndex: 0 | 1;
  readonly tag: string | undefined; // side output of the source
  readonly type: AnyTypeInformation | undefined;
  readonly partitioner: PartitionerKind;
  readonly keySelector: ((record: unknown) => unknown) | undefined;
  readonly keyType: TypeInformation<unknown> | undefined;
  readonly partition: ((key: unknown, numPartitions: number) => number) | undefined;
}

export const DEFAULT_SLOT_SHARING_GROUP = 'default';

/** Throws a `UsageError` for a program without operators, a cycle, a forward edge between unequal parallelisms and a parallelism above its maximum. */
export function buildStreamGraph(program: JobProgram): StreamGraph {
  const { operators, edges: logical } = logicalEdges(program);
  if (operators.length === 0) {
    throw new UsageError(
      `The job '${program.name}' has no operators. Call a method that ends in a sink, such as print() or sinkTo(), before execute().`,
    );
  }
  const indexes = new Map(operators.map((operator, index) => [operator.id, index]));
  const groups = new Map<number, string>();
  const nodes = operators.map((operator, index) => {
    const inputs = logical.filter((edge) => edge.target === operator.id).map((edge) => edge.source);
    const group = operator.slotSharingGroup ?? commonGroup(inputs.map((input) => groups.get(input)));
    groups.set(operator.id, group);
    return nodeOf(operator, index, group, program.settings);
  });
  for (const { tail, head } of iterationsOf(nodes)) nodes[tail.index] = besideHead(tail, head);
  const edges = logical.map((edge) => edgeOf(edge, nodes[indexes.get(edge.source)!]!, nodes[indexes.get(edge.target)!]!));
  return { name: program.name, nodes, edges, operatorChaining: program.settings.operatorChaining };
}

export interface IterationEnds {
  readonly head: StreamNode;
  readonly tail: StreamNode;
}

export function iterationsOf(nodes: readonly StreamNode[]): readonly IterationEnds[] {
  const heads = new Map<string, StreamNode>();
  for (const node of nodes) {
    const { logic } = node.operator;
    if (logic.kind === 'twoInput' && logic.iteration !== undefined) heads.set(logic.iteration.id, node);
  }
  return nodes.flatMap((tail) => {
    const { logic } = tail.operator;
    const head = logic.kind === 'operator' && logic.iterationTail !== undefined ? heads.get(logic.iterationTail) : undefined;
    return head === undefined ? [] : [{ head, tail }];
  });
}

/** A tail gives what it gets to the head in its own slot, so it is spread as that is. */
function besideHead(tail: StreamNode, { parallelism, maxParallelism, slotSharingGroup }: StreamNode): StreamNode {
  return { ...tail, parallelism, maxParallelism, slotSharingGroup };
}

/** That of the inputs, if they share one. */
function commonGroup(groups: readonly (string | undefined)[]): string {
  const [first] = groups;
  return first !== undefined && groups.every((group) => group === first) ? first : DEFAULT_SLOT_SHARING_GROUP;
}

function nodeOf(operator: OperatorTransformation, index: number, slotSharingGroup: string, settings: JobSettings): StreamNode {
  const parallelism = operator.parallelism ?? settings.parallelism;
  const maxParallelism = operator.maxParallelism ?? settings.maxParallelism ?? defaultMaxParallelism(parallelism);
  const name = displayName(operator);
  if (parallelism > maxParallelism) {
    const origin = operator.maxParallelism === undefined ? "the job's maximum parallelism" : 'its maximum parallelism';
    throw new UsageError(
      `The operator '${name}' has parallelism ${parallelism}, which is above ${origin} of ${maxParallelism}. Lower the one or raise the other with setMaxParallelism.`,
    );
  }
  return {
    index,
    operator,
    name,
    parallelism,
    maxParallelism,
    bufferTimeoutMs: operator.bufferTimeoutMs ?? settings.bufferTimeoutMs,
    slotSharingGroup,
  };
}

/** As it appears to users: sources and sinks say that they are. */
export function displayName(operator: OperatorTransformation): string {
  if (operator.logic.kind === 'source') return `Source: ${operator.name}`;
  return operator.logic.kind === 'sink' ? `Sink: ${operator.name}` : operator.name;
}

function edgeOf(edge: LogicalEdge, source: StreamNode, target: StreamNode): StreamEdge {
  const partitioner = edge.partition?.partitioner ?? (source.parallelism === target.parallelism ? 'forward' : 'rebalance');
  if (partitioner === 'forward' && source.parallelism !== target.parallelism) {
    throw new UsageError(
      `forward() between '${source.name}' with parallelism ${source.parallelism} and '${target.name}' with parallelism ${target.parallelism}: ` +
        'forward needs the same parallelism at both ends. Set it, or use rebalance() or rescale().',
    );
  }
  return {
    source: source.index,
    target: target.index,
    inputIndex: edge.inputIndex,
    tag: edge.tag,
    type: edge.type,
    partitioner,
    keySelector: edge.partition?.keySelector,
    keyType: edge.partition?.keyType,
    partition: edge.partition?.partition,
  };
}
