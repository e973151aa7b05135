/** `map` of connected streams: a function for each input, one record out for each in. Flink: "CoMap". */
import { DataError } from '@millrace/core/base/errors';
import type { OperatorContext, Output, PlainFunction, TwoInputLogic, TwoInputOperator } from '../contract/operator.ts';

export function coMapOperator(first: PlainFunction, second: PlainFunction): TwoInputLogic {
  return { kind: 'twoInput', create: (context) => new CoMapOperator(context, first, second) };
}

class CoMapOperator implements TwoInputOperator {
  readonly #first: PlainFunction;
  readonly #second: PlainFunction;
  readonly #output: Output<unknown>;

  constructor({ output }: OperatorContext, first: PlainFunction, second: PlainFunction) {
    this.#first = first;
    this.#second = second;
    this.#output = output;
  }

  processElement1(record: unknown): void {
    const result = this.#first(record);
    if (result === undefined) refuseUndefined('first');
    this.#output.collect(result);
  }

  processElement2(record: unknown): void {
    const result = this.#second(record);
    if (result === undefined) refuseUndefined('second');
    this.#output.collect(result);
  }
}

function refuseUndefined(which: string): never {
  throw new DataError(
    `The ${which} function of map returned undefined. It must return exactly one record; use flatMap of the connected streams to emit none.`,
  );
}
