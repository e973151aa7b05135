/**
 * What the calls on an interval join have said so far, and the operator that comes of it. Shared by the inner and the outer forms; types end here.
 *
 * Owned by one chain of calls.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { KeyContext, OperatorContext } from '../contract/operator.ts';
import { OutputTag } from '../contract/output-tag.ts';
import { type IntervalJoinSpec, intervalJoinOperator } from '../operators/interval-join-operator.ts';
import type { PairFunction } from '../operators/interval-join-pairs.ts';
import { processJoinFunction } from '../operators/process-join-function.ts';
import { checkFunction, checkPlainFunction, show } from './function-checks.ts';
import { functionFactory } from './function-factory.ts';
import { addFunctionOperator } from './function-operator.ts';
import { type FunctionParameters, runtimeContextOf } from './runtime-context.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { KeyedPair } from './stream-scope.ts';

export class IntervalJoinDefinition {
  lowerExclusive = false;
  upperExclusive = false;
  readonly #pair: KeyedPair;
  readonly #lowerMs: number;
  readonly #upperMs: number;
  #leftTagId: string | undefined = undefined;
  #rightTagId: string | undefined = undefined;
  #outer = { left: false, right: false };

  constructor(pair: KeyedPair, lowerMs: number, upperMs: number) {
    this.#pair = pair;
    this.#lowerMs = lowerMs;
    this.#upperMs = upperMs;
  }

  outer(outer: { readonly left: boolean; readonly right: boolean }): this {
    this.#outer = outer;
    return this;
  }

  sideOutputLateData(side: 'left' | 'right', tag: unknown): void {
    const where = side === 'left' ? 'sideOutputLeftLateData' : 'sideOutputRightLateData';
    if (!(tag instanceof OutputTag)) throw new UsageError(`${where} got ${show(tag)}. Give it an OutputTag.`);
    if (side === 'left') this.#leftTagId = tag.id;
    else this.#rightTagId = tag.id;
  }

  processed<R>(fn: unknown): SingleOutputStreamOperator<R> {
    if (typeof fn === 'object' && fn !== null) {
      const create = functionFactory<never>(fn, PROCESS);
      return this.#joined((parameters) => {
        const spec = { create, runtimeContext: (context: OperatorContext) => runtimeContextOf(context, parameters) };
        return (context) => processJoinFunction(spec, context);
      });
    }
    checkPlainFunction(fn, 'process of an interval join', 'a function from a left and a right record to one record');
    return this.#joined(() => () => ({ emits: 'one', call: fn as PairFunction['call'] }));
  }

  flattened<R>(fn: unknown): SingleOutputStreamOperator<R> {
    checkFunction(fn, 'flatApply of an interval join', 'a function from a left and a right record to an iterable of records');
    return this.#joined(() => () => ({ emits: 'many', call: fn as PairFunction['call'] }));
  }

  #joined<R>(createFunction: (parameters: FunctionParameters) => IntervalJoinSpec['createFunction']): SingleOutputStreamOperator<R> {
    const { scope, first, second, keys } = this.#pair;
    const lowerMs = this.#lowerMs + (this.lowerExclusive ? 1 : 0);
    const upperMs = this.#upperMs - (this.upperExclusive ? 1 : 0);
    if (lowerMs > upperMs) {
      throw new UsageError(
        `The interval join between ${this.#lowerMs} ms and ${this.#upperMs} ms has no time left between its exclusive bounds, so no pair could be found. Widen the interval.`,
      );
    }
    const spec = {
      keys: keys as unknown as readonly [KeyContext, KeyContext],
      lowerMs,
      upperMs,
      lateLeftTagId: this.#leftTagId,
      lateRightTagId: this.#rightTagId,
      outer: this.#outer,
    };
    const place = { operation: 'Interval Join', type: undefined, input: first, secondInput: second };
    const id = addFunctionOperator(scope, (parameters) => ({
      ...place,
      logic: intervalJoinOperator({ ...spec, createFunction: createFunction(parameters) }),
    }));
    return scope.streams.operator(scope, id);
  }
}

const PROCESS = {
  where: 'process of an interval join',
  what: 'a function from a left and a right record to one record, or a ProcessJoinFunction: an object with a method processElement',
  methods: ['processElement'],
};
