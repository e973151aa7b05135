/** `flatMap` of connected streams: a function for each input, any number of records out for each in. Flink: "CoFlatMap". */
import type { OperatorContext, PlainFunction, TwoInputLogic, TwoInputOperator } from '../contract/operator.ts';
import { IterableEmitter } from './iterable-emitter.ts';

export function coFlatMapOperator(first: PlainFunction, second: PlainFunction): TwoInputLogic {
  return { kind: 'twoInput', create: (context) => new CoFlatMapOperator(context, first, second) };
}

class CoFlatMapOperator implements TwoInputOperator {
  readonly #first: PlainFunction;
  readonly #second: PlainFunction;
  readonly #emitter: IterableEmitter;

  constructor({ flow, output }: OperatorContext, first: PlainFunction, second: PlainFunction) {
    this.#first = first;
    this.#second = second;
    this.#emitter = new IterableEmitter(flow, output, 'flatMap of connected streams');
  }

  processElement1(record: unknown): void {
    this.#emitter.emit(this.#first(record));
  }

  processElement2(record: unknown): void {
    this.#emitter.emit(this.#second(record));
  }

  resume(): boolean {
    return this.#emitter.resume();
  }

  close(): void {
    this.#emitter.close();
  }
}
