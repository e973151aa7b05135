/**
 * Which subtasks must be restarted together: those that records connect, directly or through others. Every edge is pipelined, so a region is a connected component
 * of the execution graph; a job of forward edges alone has one for each subtask. Flink: pipelined region failover.
 */
import { channelsOf } from '@millrace/streaming/graph/execution-edges';
import type { JobEdge, JobGraph } from '@millrace/streaming/graph/job-graph';

export class PipelinedRegions {
  readonly #regionOf = new Map<string, number>(); // by subtask key
  readonly count: number;

  constructor(jobGraph: JobGraph) {
    const keys = jobGraph.vertices.flatMap(({ id, parallelism }) =>
      Array.from({ length: parallelism }, (_, subtask) => keyOf(id, subtask)),
    );
    const sets = new DisjointSets(keys);
    for (const edge of jobGraph.edges) joinEdge(jobGraph, edge, sets);
    const numbers = new Map<string, number>();
    for (const key of keys) {
      const root = sets.rootOf(key);
      if (!numbers.has(root)) numbers.set(root, numbers.size);
      this.#regionOf.set(key, numbers.get(root)!);
    }
    this.count = numbers.size;
  }

  /** From 0, in the order of the job graph. */
  regionOf(vertexId: string, subtask: number): number {
    return this.#regionOf.get(keyOf(vertexId, subtask)) ?? -1;
  }
}

function joinEdge({ vertices }: JobGraph, edge: JobEdge, sets: DisjointSets): void {
  const parallelismOf = (id: string) => vertices.find((vertex) => vertex.id === id)?.parallelism ?? 0;
  const producers = parallelismOf(edge.source);
  const channels = channelsOf(edge, producers, parallelismOf(edge.target));
  for (let producer = 0; producer < producers; producer++) {
    for (const consumer of channels.consumersOf(producer)) sets.join(keyOf(edge.source, producer), keyOf(edge.target, consumer));
  }
}

function keyOf(vertexId: string, subtask: number): string {
  return `${vertexId}:${subtask}`;
}

class DisjointSets {
  readonly #parents: Map<string, string>;

  constructor(keys: readonly string[]) {
    this.#parents = new Map(keys.map((key) => [key, key]));
  }

  rootOf(key: string): string {
    let root = key;
    for (let parent = this.#parents.get(root); parent !== undefined && parent !== root; parent = this.#parents.get(root)) root = parent;
    this.#parents.set(key, root); // the next way is short
    return root;
  }

  join(left: string, right: string): void {
    const [from, to] = [this.rootOf(left), this.rootOf(right)];
    if (from !== to) this.#parents.set(from, to);
  }
}
