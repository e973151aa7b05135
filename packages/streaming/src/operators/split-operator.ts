/**
 * Flink's old `split`: a function names the outputs of each record, and each selection of names gets the record once, however many of its names were given.
 * Everything goes on in the main output.
 */
import { DataError } from '@millrace/core/base/errors';
import type { OneInputOperator, OperatorContext, OperatorLogic, Output } from '../contract/operator.ts';

export interface Selection {
  readonly tag: string;
  readonly names: ReadonlySet<string>;
}

export interface SplitSpec {
  readonly selector: (record: unknown) => unknown;
  /** Read when a subtask begins: until then `select` adds to it. */
  readonly selections: readonly Selection[];
}

export function splitOperator(spec: SplitSpec): OperatorLogic {
  return { kind: 'operator', create: (context) => new SplitOperator(context, spec) };
}

class SplitOperator implements OneInputOperator {
  readonly #selector: (record: unknown) => unknown;
  readonly #selections: readonly (Selection & { readonly output: Output<unknown> })[];
  readonly #output: Output<unknown>;

  constructor(context: OperatorContext, { selector, selections }: SplitSpec) {
    this.#selector = selector;
    this.#output = context.output;
    this.#selections = selections.flatMap((selection) => {
      const output = context.sideOutput(selection.tag);
      return output === undefined ? [] : [{ ...selection, output }];
    });
  }

  processElement(record: unknown): void {
    const given = this.#selector(record);
    if (typeof given === 'string') {
      for (const { names, output } of this.#selections) if (names.has(given)) output.collect(record);
    } else {
      const list = namesOf(given);
      for (const { names, output } of this.#selections) if (list.some((name) => names.has(name))) output.collect(record);
    }
    this.#output.collect(record);
  }
}

function namesOf(given: unknown): readonly string[] {
  const iterable = given as Partial<Iterable<unknown>> | null | undefined;
  if (typeof given === 'object' && typeof iterable?.[Symbol.iterator] === 'function') {
    const names = [...(given as Iterable<unknown>)];
    if (names.every((name) => typeof name === 'string')) return names;
  }
  const seen = given === null ? 'null' : `a value of type ${typeof given}`;
  throw new DataError(`The function of split returned ${seen}. Return the name of an output, or a list of names; [] for none.`);
}
