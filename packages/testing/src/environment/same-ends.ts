/** The same program at another parallelism, between the same ends. */
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import type { CompiledJob } from '@millrace/streaming/graph/job-graph';

/**
 * `next` with the sources and sinks of `job`: for a program that was built twice, whose second job goes on where the first has crashed, and so must read what that
 * was fed with and write to where that wrote. Ids do not depend on the parallelism.
 */
export function withEndsOf(job: CompiledJob, next: CompiledJob): CompiledJob {
  const operators = new Map<string, OperatorLogic>(next.bindings.operators);
  for (const [id, logic] of operators) {
    const before = job.bindings.operators.get(id);
    if (before?.kind === 'sink' || (before?.kind === 'source' && logic.kind === 'source')) operators.set(id, before);
  }
  return { ...next, bindings: { ...next.bindings, operators } };
}
