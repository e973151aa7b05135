/**
 * Rich functions of one record: objects with `map`, `filter` or `flatMap`, opened and closed with their task. On a keyed stream the key of each record is set
 * before its call, so that they may use keyed state.
 *
 * Their plain twins are inlined into the chain; these are called through this one class for each kind.
 */
import { DataError } from '@millrace/core/base/errors';
import type { Collector, MaybePromise, Nothing } from '../contract/emittable.ts';
import type { KeyedStateBackend } from '../contract/keyed-state.ts';
import type { KeyContext, OneInputOperator, OperatorContext, OperatorLogic } from '../contract/operator.ts';
import type { FunctionLife } from '../contract/rich-function.ts';
import { FunctionOperator } from './function-life.ts';
import { refuseResult } from './refused-result.ts';
import { declaredBy, type FunctionSpec, userFunction } from './user-function.ts';

interface RichObjects<C> {
  readonly map: FunctionLife<C> & { readonly map: (value: unknown) => unknown };
  readonly filter: FunctionLife<C> & { readonly filter: (value: unknown) => boolean };
  readonly flatMap: FunctionLife<C> & { readonly flatMap: (value: unknown, out: Collector<unknown>) => Nothing };
}

export interface RichSpec<C, M extends keyof RichObjects<C>> extends FunctionSpec<RichObjects<C>[M], C> {
  readonly method: M;
  /** Undefined on a stream without a key. */
  readonly key: KeyContext | undefined;
}

export function richOperator<C, M extends keyof RichObjects<C>>(spec: RichSpec<C, M>): OperatorLogic {
  const create = (context: OperatorContext) => OPERATORS[spec.method](context, spec as unknown as AnySpec);
  return { kind: 'operator', create, ...declaredBy(spec), ...(spec.key === undefined ? {} : { key: spec.key }) };
}

type AnySpec = RichSpec<unknown, never>;

/** What the three have in common: the object's life and the key. */
abstract class RichOperator<F extends FunctionLife<unknown>> extends FunctionOperator implements OneInputOperator {
  protected readonly fn: F;
  protected readonly output: Collector<unknown>;
  readonly #state: KeyedStateBackend | undefined;
  readonly #selector: ((record: unknown) => unknown) | undefined;

  constructor(context: OperatorContext, spec: AnySpec) {
    const { fn, life } = userFunction(context, spec as unknown as FunctionSpec<F>);
    const { key } = spec;
    super(life);
    this.fn = fn;
    this.output = context.output;
    this.#state = key === undefined ? undefined : context.keyedState;
    this.#selector = key?.selector;
  }

  abstract processElement(record: unknown): void;

  override close(): MaybePromise<void> {
    this.#state?.clearCurrentKey();
    return super.close();
  }

  protected setKeyOf(record: unknown): void {
    if (this.#state !== undefined && this.#selector !== undefined) this.#state.setCurrentKey(this.#selector(record));
  }
}

class RichMapOperator extends RichOperator<RichObjects<unknown>['map']> {
  processElement(record: unknown): void {
    this.setKeyOf(record);
    const result = this.fn.map(record);
    if (result === undefined)
      throw new DataError('map returned undefined. It must return exactly one record; use filter or flatMap to emit none.');
    this.output.collect(result);
  }
}

class RichFilterOperator extends RichOperator<RichObjects<unknown>['filter']> {
  processElement(record: unknown): void {
    this.setKeyOf(record);
    const kept: unknown = this.fn.filter(record);
    if (typeof kept === 'object' && kept !== null) refuseResult('filter', kept);
    if (kept) this.output.collect(record);
  }
}

class RichFlatMapOperator extends RichOperator<RichObjects<unknown>['flatMap']> {
  processElement(record: unknown): void {
    this.setKeyOf(record);
    const result: unknown = this.fn.flatMap(record, this.output);
    if (result !== undefined) refuseResult('flatMap', result);
  }
}

const OPERATORS = {
  map: (context: OperatorContext, spec: AnySpec) => new RichMapOperator(context, spec),
  filter: (context: OperatorContext, spec: AnySpec) => new RichFilterOperator(context, spec),
  flatMap: (context: OperatorContext, spec: AnySpec) => new RichFlatMapOperator(context, spec),
};
