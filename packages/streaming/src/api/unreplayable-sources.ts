import type { CompiledJob } from '../graph/job-graph.ts';

/** A warning for each source that cannot read again what it has given, in a job that asks for more than that allows. */
export function unreplayableSources({ jobGraph, bindings }: CompiledJob): string[] {
  const { checkpointing } = jobGraph.configuration;
  if (checkpointing === undefined || checkpointing.mode === 'AT_LEAST_ONCE') return [];
  const operators = jobGraph.vertices.flatMap((vertex) => vertex.operators);
  return operators.flatMap(({ id, name }) => {
    const logic = bindings.operators.get(id);
    if (logic?.kind !== 'source' || logic.source.isReplayable !== false) return [];
    return [
      `'${name}' cannot read again what it has given, so after a failure records are lost or come twice, although the job asks for EXACTLY_ONCE. Use a source that goes back to a position, or one whose function keeps its position in state (initializeState, snapshotState).`,
    ];
  });
}
