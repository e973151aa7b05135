/** What the graph says of the ends of its inputs. */
import type { StreamGraph, StreamNode } from './stream-graph.ts';

export function isUnboundedSource({ operator }: StreamNode): boolean {
  return operator.logic.kind === 'source' && operator.logic.source.getBoundedness() === 'CONTINUOUS_UNBOUNDED';
}

/** Of operators that emit at the end of their input, and whose input has none. */
export function endlessWaits(graph: StreamGraph): readonly string[] {
  const endless = new Map<number, StreamNode>(); // by index of a node: an unbounded source that feeds it
  const warnings: string[] = [];
  for (const node of graph.nodes) {
    const feeding = graph.edges.find((edge) => edge.target === node.index && endless.has(edge.source));
    const source = isUnboundedSource(node) ? node : feeding === undefined ? undefined : endless.get(feeding.source);
    if (source === undefined) continue;
    endless.set(node.index, source);
    if (node.operator.outputOnlyAfterEndOfStream === true) {
      warnings.push(
        `'${node.name}' emits at the end of its input, and '${source.name}' has none: it emits nothing, and keeps what comes. Use windows that end.`,
      );
    }
  }
  return warnings;
}
