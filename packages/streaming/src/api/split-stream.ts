import { UsageError } from '@millrace/core/base/errors';
import type { TransformationId } from '../graph/transformation.ts';
import { type Selection, splitOperator } from '../operators/split-operator.ts';
import { DataStream } from './data-stream.ts';
import { checkPlainFunction, show } from './function-checks.ts';
import type { Program } from './program.ts';
import type { StreamScope } from './stream-scope.ts';

/** Also how a split is found again where another one follows it. */
const OPERATION = 'Split';

/**
 * A stream whose records have names of outputs. All of them go on in the stream itself; `select` takes those of some names.
 *
 * @deprecated Side outputs do more: they have types, and any operator may emit to them. See `process` and `getSideOutput`.
 */
export class SplitStream<out T> extends DataStream<T> {
  readonly #selections: Selection[];

  /** Internal: made by `split`. */
  constructor(scope: StreamScope, id: TransformationId, selections: Selection[]) {
    super(scope, id);
    this.#selections = selections;
  }

  /** The records that were given one of these names, each once. */
  select(...names: readonly [string, ...string[]]): DataStream<T> {
    const wrong = (names as readonly unknown[]).find((name) => typeof name !== 'string' || name === '');
    if (names.length === 0 || wrong !== undefined) {
      throw new UsageError(`select got ${names.length === 0 ? 'no names' : show(wrong)}. Give it one name of an output or more.`);
    }
    const tag = `select ${JSON.stringify([...new Set(names)].sort())}`;
    if (!this.#selections.some((selection) => selection.tag === tag)) this.#selections.push({ tag, names: new Set(names) });
    const id = this.scope.program.add({ kind: 'side-output', input: this.id, tag, type: this.type() });
    return this.scope.streams.stream(this.scope, id);
  }
}

/** Behind `DataStream.split`. */
export function splitStream<T>(scope: StreamScope, input: TransformationId, selector: unknown): SplitStream<T> {
  checkPlainFunction(selector, 'split', 'a function from a record to the name of an output, or a list of names');
  refuseConsecutive(scope.program, input);
  const selections: Selection[] = [];
  const logic = splitOperator({ selector: selector as (record: unknown) => unknown, selections });
  const id = scope.program.addOperator({ operation: OPERATION, logic, type: scope.program.typeOf(input), input });
  return new SplitStream(scope, id, selections);
}

/** Whether a split follows another one with nothing but partitionings and unions between them. */
function refuseConsecutive(program: Program, id: TransformationId): void {
  const transformation = program.at(id);
  if (transformation.kind === 'operator') {
    if (transformation.operation !== OPERATION) return;
    throw new UsageError(
      'split got a stream that was split already, and consecutive splits are not supported. Use side outputs: process(…) with context.output(tag, record) for each kind of record, and getSideOutput(tag).',
      { reason: 'consecutive-split' },
    );
  }
  const inputs = transformation.kind === 'union' ? transformation.inputs : [transformation.input];
  for (const input of inputs) refuseConsecutive(program, input);
}
