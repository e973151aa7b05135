/** A side output that is read, but not from the operator that emits to it. */
import type { ChainedOperator, JobGraph } from '@millrace/streaming/graph/job-graph';
import { type TaskEnvironment, tell } from './task-environment.ts';

/** Nobody reads the tag from the operator. That is as it may be, unless somebody reads it from another one: then what is emitted here is dropped, which nobody means. */
export function tellOfMisplacedReader(environment: TaskEnvironment, operator: ChainedOperator, tag: string): void {
  const readFrom = operatorsReadBy(environment.job.jobGraph, tag);
  if (readFrom.length === 0) return;
  const names = readFrom.map((name) => `'${name}'`).join(' and ');
  tell(
    environment,
    `'${operator.name}' emits to the side output '${tag}', which is read from ${names} and not from it: what it emits there is dropped. ` +
      'Call getSideOutput on the result of the operator that emits.',
  );
}

function operatorsReadBy({ vertices, edges }: JobGraph, tag: string): readonly string[] {
  const byEdges = edges
    .filter(({ sourceTag }) => sourceTag === tag)
    .map(({ source, sourceOperator }) => vertices.find(({ id }) => id === source)?.operators[sourceOperator]?.name);
  const inChains = vertices.flatMap(({ operators }) =>
    operators.filter(({ inputTag }) => inputTag === tag).map(({ input }) => operators[input]?.name),
  );
  return [...new Set([...byEdges, ...inChains])].filter((name) => name !== undefined);
}
