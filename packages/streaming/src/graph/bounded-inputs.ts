/** What the graph says of the ends of its inputs. */
import { UsageError } from '@millrace/core/base/errors';
import type { JobPlan } from './job-plan.ts';
import type { StreamGraph, StreamNode } from './stream-graph.ts';
import type { JobSettings } from './transformation.ts';

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

/** Whether a job runs in BATCH mode. Throws where it was asked for and a source has no end, or a stream goes in a circle. */
export function runsAsBatch({ graph, iterations }: JobPlan, mode: JobSettings['runtimeMode'] = 'STREAMING'): boolean {
  if (mode === 'STREAMING') return false;
  const unbounded = graph.nodes.find(isUnboundedSource);
  const [iteration] = iterations;
  if (unbounded === undefined && iteration === undefined) return true;
  if (mode === 'AUTOMATIC') return false;
  if (unbounded === undefined) {
    throw new UsageError(`The iteration '${iteration?.head.name}' has no place in BATCH mode. Use STREAMING.`, {
      reason: 'iteration-batch',
    });
  }
  throw new UsageError(
    `'${unbounded.name}' is unbounded, and in BATCH mode every source must have an end. Use STREAMING, or AUTOMATIC, which is BATCH only where all sources are bounded.`,
    { reason: 'unbounded-batch' },
  );
}
