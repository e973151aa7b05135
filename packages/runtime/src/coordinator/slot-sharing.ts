/**
 * Which subtasks share a slot. A slot holds at most one subtask of each vertex of its slot sharing group, so a group needs as many slots as its widest vertex
 * has subtasks, and a job the sum over its groups. Flink: "Task Slots and Resources".
 */
import type { JobGraph, JobVertex } from '@millrace/streaming/graph/job-graph';

/** `slots[i]` of the plan of a vertex is where its subtask i runs: an index below `neededSlots`. */
export interface SlotPlan {
  readonly neededSlots: number;
  readonly slotsOf: ReadonlyMap<string, readonly number[]>; // by vertex id
}

export function neededSlots(jobGraph: JobGraph): number {
  return groupsOf(jobGraph).reduce((sum, vertices) => sum + widthOf(vertices), 0);
}

export function planSlots(jobGraph: JobGraph): SlotPlan {
  const slotsOf = new Map<string, readonly number[]>();
  let first = 0;
  for (const vertices of groupsOf(jobGraph)) {
    placeGroup(jobGraph, vertices, first, slotsOf);
    first += widthOf(vertices);
  }
  return { neededSlots: first, slotsOf };
}

function groupsOf(jobGraph: JobGraph): readonly (readonly JobVertex[])[] {
  const groups = new Map<string, JobVertex[]>();
  for (const vertex of jobGraph.vertices) groups.set(vertex.slotSharingGroup, [...(groups.get(vertex.slotSharingGroup) ?? []), vertex]);
  return [...groups.values()];
}

function widthOf(vertices: readonly JobVertex[]): number {
  return Math.max(...vertices.map((vertex) => vertex.parallelism));
}

/**
 * The widest vertices fill the group. Those of one co-location group share slots, subtask by subtask. A narrower one goes where its forward producer is, because records then pass by reference; else to the slots that
 * hold the fewest tasks, so that narrow vertices spread over different slots.
 */
function placeGroup(jobGraph: JobGraph, vertices: readonly JobVertex[], first: number, slotsOf: Map<string, readonly number[]>): void {
  const width = widthOf(vertices);
  const load = Array.from({ length: width }, () => 0);
  const together = new Map<string, readonly number[]>(); // by co-location group
  for (const vertex of vertices) {
    const { coLocationGroup } = vertex;
    const slots =
      width === vertex.parallelism
        ? load.map((_, slot) => slot)
        : (together.get(coLocationGroup ?? '') ?? besideProducer(jobGraph, vertex, first, slotsOf) ?? leastLoaded(load, vertex));
    if (coLocationGroup !== undefined) together.set(coLocationGroup, slots);
    for (const slot of slots) load[slot] = (load[slot] ?? 0) + 1;
    slotsOf.set(
      vertex.id,
      slots.map((slot) => first + slot),
    );
  }
}

function besideProducer(
  jobGraph: JobGraph,
  vertex: JobVertex,
  first: number,
  slotsOf: ReadonlyMap<string, readonly number[]>,
): readonly number[] | undefined {
  const forward = jobGraph.edges.find((edge) => edge.target === vertex.id && edge.partitioner === 'forward');
  const producer = jobGraph.vertices.find((candidate) => candidate.id === forward?.source);
  if (producer?.slotSharingGroup !== vertex.slotSharingGroup || producer.parallelism !== vertex.parallelism) return undefined;
  return slotsOf.get(producer.id)?.map((slot) => slot - first);
}

function leastLoaded(load: readonly number[], vertex: JobVertex): readonly number[] {
  const byLoad = load.map((tasks, slot) => ({ tasks, slot })).sort((a, b) => a.tasks - b.tasks || a.slot - b.slot);
  return byLoad
    .slice(0, vertex.parallelism)
    .map(({ slot }) => slot)
    .sort((a, b) => a - b);
}
