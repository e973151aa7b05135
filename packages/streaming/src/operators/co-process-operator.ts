/** Runs a process function over two streams, with a key or without. Flink: `CoProcessOperator`, `KeyedCoProcessOperator`. */
import type { Collector, Nothing } from '../contract/emittable.ts';
import type { KeyContext, OperatorContext, TwoInputLogic } from '../contract/operator.ts';
import type { KeyedProcessContext, ProcessContext } from '../contract/process-context.ts';
import type { FunctionLife } from '../contract/rich-function.ts';
import { ElementContext, KeyedElementContext } from './element-context.ts';
import { refuseResult } from './refused-result.ts';
import { type KeyedFunction, KeyedTwoInputFunctionOperator, TwoInputFunctionOperator } from './two-input-function.ts';
import { declaredBy, type FunctionSpec } from './user-function.ts';

interface CoProcess<C> {
  readonly processElement1: (value: unknown, context: C, out: Collector<unknown>) => Nothing;
  readonly processElement2: (value: unknown, context: C, out: Collector<unknown>) => Nothing;
}

type CoProcessObject = CoProcess<ProcessContext> & FunctionLife<unknown>;
type KeyedCoProcessObject = CoProcess<KeyedProcessContext<unknown>> & KeyedFunction;

export function coProcessOperator(spec: FunctionSpec<CoProcessObject>): TwoInputLogic {
  return { kind: 'twoInput', create: (context) => new CoProcessOperator(context, spec), ...declaredBy(spec) };
}

export function keyedCoProcessOperator(spec: FunctionSpec<KeyedCoProcessObject>, keys: readonly [KeyContext, KeyContext]): TwoInputLogic {
  return { kind: 'twoInput', create: (context) => new KeyedCoProcessOperator(context, spec, keys), keys, ...declaredBy(spec) };
}

class CoProcessOperator extends TwoInputFunctionOperator<CoProcessObject> {
  readonly #elementContext: ProcessContext;

  constructor(context: OperatorContext, spec: FunctionSpec<CoProcessObject>) {
    super(context, spec);
    this.#elementContext = new ElementContext(context, this, this.states);
  }

  processElement1(record: unknown): void {
    const result: unknown = this.fn.processElement1(record, this.#elementContext, this.output);
    if (result !== undefined) refuseResult('processElement1', result);
  }

  processElement2(record: unknown): void {
    const result: unknown = this.fn.processElement2(record, this.#elementContext, this.output);
    if (result !== undefined) refuseResult('processElement2', result);
  }
}

class KeyedCoProcessOperator extends KeyedTwoInputFunctionOperator<KeyedCoProcessObject> {
  readonly #elementContext: KeyedProcessContext<unknown>;
  readonly #first: (record: unknown) => unknown;
  readonly #second: (record: unknown) => unknown;

  constructor(context: OperatorContext, spec: FunctionSpec<KeyedCoProcessObject>, keys: readonly [KeyContext, KeyContext]) {
    super(context, spec);
    this.#elementContext = new KeyedElementContext(context, this.timerService, this.states);
    this.#first = keys[0].selector;
    this.#second = keys[1].selector;
  }

  processElement1(record: unknown): void {
    this.state.setCurrentKey(this.#first(record));
    const result: unknown = this.fn.processElement1(record, this.#elementContext, this.output);
    if (result !== undefined) refuseResult('processElement1', result);
  }

  processElement2(record: unknown): void {
    this.state.setCurrentKey(this.#second(record));
    const result: unknown = this.fn.processElement2(record, this.#elementContext, this.output);
    if (result !== undefined) refuseResult('processElement2', result);
  }
}
