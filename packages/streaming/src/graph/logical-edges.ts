/** From transformations to the operators that have to run, in topological order, and what connects them. Refuses cycles with the path. */
import { InvariantError, UsageError } from '@millrace/core/base/errors';
import type { AnyTypeInformation } from '@millrace/core/types/type-information';
import {
  inputsOf,
  type JobProgram,
  type OperatorTransformation,
  type PartitionTransformation,
  type Transformation,
  type TransformationId,
} from './transformation.ts';

export interface LogicalEdge {
  readonly source: TransformationId;
  readonly target: TransformationId;
  readonly inputIndex: 0 | 1;
  readonly tag: string | undefined;
  readonly type: AnyTypeInformation | undefined;
  readonly partition: PartitionTransformation | undefined; // undefined: nothing was said
}

export interface LogicalEdges {
  readonly operators: readonly OperatorTransformation[];
  readonly edges: readonly LogicalEdge[];
}

export function logicalEdges(program: JobProgram): LogicalEdges {
  const ordered = topologicalOrder(program);
  const operators = ordered.filter((transformation) => transformation.kind === 'operator');
  const edges = operators.flatMap((operator) => [...edgesInto(program, operator, 0), ...edgesInto(program, operator, 1)]);
  checkSideOutputs(program, edges);
  return { operators, edges };
}

function edgesInto(program: JobProgram, operator: OperatorTransformation, inputIndex: 0 | 1): readonly LogicalEdge[] {
  const input = inputIndex === 0 ? operator.input : operator.secondInput;
  if (input === undefined) return [];
  return resolve(program, input, { target: operator.id, inputIndex, tag: undefined, type: undefined, partition: undefined });
}

/** Everything that the roots need, inputs first; ties in the order of the program. */
function topologicalOrder(program: JobProgram): readonly Transformation[] {
  const ordered: Transformation[] = [];
  const done = new Set<TransformationId>();
  const path: TransformationId[] = [];
  const visit = (id: TransformationId) => {
    if (done.has(id)) return;
    if (path.includes(id)) throw cycle(program, path.slice(path.indexOf(id)));
    path.push(id);
    const transformation = at(program, id);
    for (const input of inputsOf(transformation)) visit(input);
    path.pop();
    done.add(id);
    ordered.push(transformation);
  };
  for (const root of [...reachable(program)].sort((a, b) => a - b)) visit(root);
  return ordered;
}

function reachable(program: JobProgram): ReadonlySet<TransformationId> {
  const found = new Set<TransformationId>();
  const open = [...program.roots];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...inputsOf(at(program, id)), ...tailOf(program, at(program, id)));
  }
  return found;
}

/** Of the head of an iteration: what sends records back to it, whether or not anything else needs that. */
function tailOf(program: JobProgram, head: Transformation): readonly TransformationId[] {
  if (head.kind !== 'operator' || head.logic.kind !== 'twoInput' || head.logic.iteration === undefined) return [];
  const { id } = head.logic.iteration;
  const tail = program.transformations.find(
    (one) => one.kind === 'operator' && one.logic.kind === 'operator' && one.logic.iterationTail === id,
  );
  if (tail !== undefined) return [tail.id];
  throw new UsageError(
    `The iteration '${head.name}' of the job '${program.name}' has no feedback: nothing goes round. Call closeWith on it, with a stream that comes from it.`,
  );
}

function cycle(program: JobProgram, path: readonly TransformationId[]): UsageError {
  // The path was walked from consumers to producers; users read the way of the records.
  const names = [...path, path[0] as TransformationId].reverse().map((id) => label(at(program, id)));
  return new UsageError(
    `The job '${program.name}' has a cycle: ${names.join(' -> ')}. A stream cannot feed itself but by iterate(); break the cycle.`,
  );
}

function label(transformation: Transformation): string {
  return transformation.kind === 'operator' ? transformation.name : transformation.kind;
}

/** Follows partitionings, side outputs and unions up to the operators that emit. Of several partitionings the one nearest to the consumer counts. */
function resolve(program: JobProgram, id: TransformationId, below: Omit<LogicalEdge, 'source'>): readonly LogicalEdge[] {
  const transformation = at(program, id);
  switch (transformation.kind) {
    case 'operator':
      return [{ ...below, source: id, type: below.tag === undefined ? transformation.type : below.type }];
    case 'partition':
      return resolve(program, transformation.input, { ...below, partition: below.partition ?? transformation });
    case 'side-output':
      return resolve(program, transformation.input, { ...below, tag: transformation.tag, type: transformation.type });
    case 'union':
      return transformation.inputs.flatMap((input) => resolve(program, input, below));
  }
}

/** A side output has one type, whoever reads it. */
function checkSideOutputs(program: JobProgram, edges: readonly LogicalEdge[]): void {
  const types = new Map<string, AnyTypeInformation | undefined>();
  for (const { source, tag, type } of edges) {
    if (tag === undefined) continue;
    const place = JSON.stringify([source, tag]);
    const other = types.get(place);
    if (types.has(place) && other?.typeName !== type?.typeName) {
      throw new UsageError(
        `The side output '${tag}' of '${label(at(program, source))}' is read with two types, ${other?.typeName ?? 'undeclared'} and ${type?.typeName ?? 'undeclared'}. ` +
          'Use one OutputTag for all that read it.',
      );
    }
    types.set(place, type);
  }
}

function at(program: JobProgram, id: TransformationId): Transformation {
  const transformation = program.transformations[id];
  if (transformation === undefined) throw new InvariantError(`Transformation ${id} is not in the program.`);
  return transformation;
}
