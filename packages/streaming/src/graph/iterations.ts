/** Which operators an iteration goes round through, and which iterations cannot stand beside each other. */
import { UsageError } from '@millrace/core/base/errors';
import type { IterationEnds, StreamEdge, StreamGraph, StreamNode } from './stream-graph.ts';

/**
 * Markers find out when a loop is empty, and one loop's markers mean nothing to another: so no iteration may be inside another, and nothing that comes out of one may go into the
 * middle of another.
 */
export function checkIterations(graph: StreamGraph, iterations: readonly IterationEnds[]): void {
  if (iterations.length < 2) return;
  for (const iteration of iterations) {
    const loop = loopOf(graph, iteration);
    for (const other of iterations) {
      if (other === iteration) continue;
      if (loop.has(other.head.index)) throw nested(iteration.head, other.head);
      const entry = entriesOf(graph, loop, iteration.head).find(({ source }) => behind(graph, other.head.index).has(source));
      if (entry !== undefined) throw entered(iteration.head, other.head, graph.nodes[entry.target]!);
    }
  }
}

function loopOf(graph: StreamGraph, { head, tail }: IterationEnds): ReadonlySet<number> {
  const before = reach(tail.index, (node) => graph.edges.filter(({ target }) => target === node).map(({ source }) => source));
  return new Set([...behind(graph, head.index)].filter((node) => before.has(node)));
}

/** Edges into the loop, but those to its head. */
function entriesOf({ edges }: StreamGraph, loop: ReadonlySet<number>, head: StreamNode): readonly StreamEdge[] {
  return edges.filter(({ source, target }) => target !== head.index && loop.has(target) && !loop.has(source));
}

/** A node and all that it feeds. */
function behind({ edges }: StreamGraph, node: number): ReadonlySet<number> {
  return reach(node, (from) => edges.filter(({ source }) => source === from).map(({ target }) => target));
}

function reach(start: number, next: (node: number) => readonly number[]): ReadonlySet<number> {
  const found = new Set<number>();
  const open = [start];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    open.push(...next(node));
  }
  return found;
}

function nested({ name }: StreamNode, inner: StreamNode): UsageError {
  return new UsageError(
    `The iteration '${inner.name}' is inside the iteration '${name}', which is not supported. Let one loop do both, with what is left to do in the record.`,
  );
}

function entered({ name }: StreamNode, other: StreamNode, at: StreamNode): UsageError {
  return new UsageError(
    `What comes out of the iteration '${other.name}' goes into the middle of the iteration '${name}', at '${at.name}', which is not supported. Unite it with the input of '${name}' before iterate().`,
  );
}
