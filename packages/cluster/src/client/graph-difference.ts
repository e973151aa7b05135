/** Says in words where two job graphs of one program differ, for the author who has to find the cause in the source. */
import type { JobGraph, JobVertex } from '@millrace/streaming/graph/job-graph';

interface Operator {
  readonly vertex: JobVertex;
  readonly id: string;
  readonly uid: string | undefined;
  readonly name: string;
  readonly kind: string;
}

/** Of the first operator that is not the same in both, in the order of the graph. `client` is the submitted one. */
export function describeGraphDifference(client: JobGraph, slot: JobGraph): string {
  const left = operatorsOf(client);
  const right = operatorsOf(slot);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = compareOperators(left[index], right[index]);
    if (difference !== undefined) return difference;
  }
  const chain = left.findIndex((operator, index) => operator.vertex.name !== right[index]!.vertex.name);
  if (chain >= 0) {
    return `operator ${nameOf(left[chain]!)} is in the chain '${left[chain]!.vertex.name}' in the client and in '${right[chain]!.vertex.name}' in the slot`;
  }
  return compareEdges(client, slot) ?? 'the settings of the two differ';
}

function operatorsOf(graph: JobGraph): readonly Operator[] {
  return graph.vertices.flatMap((vertex) => vertex.operators.map(({ id, uid, name, kind }) => ({ vertex, id, uid, name, kind })));
}

function compareOperators(client: Operator | undefined, slot: Operator | undefined): string | undefined {
  if (client === undefined) return `the slot has one operator more, ${nameOf(slot!)}`;
  if (slot === undefined) return `the client has one operator more, ${nameOf(client)}`;
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['name', client.name, slot.name],
    ['uid', client.uid, slot.uid],
    ['kind', client.kind, slot.kind],
    ['parallelism', client.vertex.parallelism, slot.vertex.parallelism],
    ['max parallelism', client.vertex.maxParallelism, slot.vertex.maxParallelism],
    ['slot sharing group', client.vertex.slotSharingGroup, slot.vertex.slotSharingGroup],
    ['place in the graph', client.id, slot.id],
  ];
  const different = pairs.find(([, left, right]) => left !== right);
  if (different === undefined) return undefined;
  const [what, left, right] = different;
  return `operator ${nameOf(client)} has the ${what} ${show(left)} in the client and ${show(right)} in the slot`;
}

function compareEdges(client: JobGraph, slot: JobGraph): string | undefined {
  for (const [index, edge] of client.edges.entries()) {
    const other = slot.edges[index];
    if (other !== undefined && JSON.stringify(edge) === JSON.stringify(other)) continue;
    const from = client.vertices.find((vertex) => vertex.id === edge.source)?.name ?? edge.source;
    const to = client.vertices.find((vertex) => vertex.id === edge.target)?.name ?? edge.target;
    return `the stream from '${from}' to '${to}' (${edge.partitioner}) is not the same, or is missing, in the slot`;
  }
  return slot.edges.length === client.edges.length ? undefined : 'the slot has more streams between operators than the client';
}

function nameOf({ name, uid }: Operator): string {
  return uid === undefined ? `'${name}'` : `'${name}' (uid ${uid})`;
}

function show(value: unknown): string {
  return value === undefined ? 'none' : typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}
