import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { Emittable } from '../contract/emittable.ts';
import type { KeyContext, OperatorContext } from '../contract/operator.ts';
import { OutputTag } from '../contract/output-tag.ts';
import { type IntervalJoinSpec, intervalJoinOperator } from '../operators/interval-join-operator.ts';
import type { PairFunction } from '../operators/interval-join-pairs.ts';
import { processJoinFunction } from '../operators/process-join-function.ts';
import { checkFunction, checkPlainFunction, show } from './function-checks.ts';
import { functionFactory } from './function-factory.ts';
import { addFunctionOperator } from './function-operator.ts';
import type { ProcessJoinContext, ProcessJoinFunctionLike } from './process-join-function.ts';
import { type FunctionParameters, runtimeContextOf } from './runtime-context.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { KeyedPair } from './stream-scope.ts';

/** Two keyed streams before their interval is known. */
export class IntervalJoin<out A, out B> {
  readonly #pair: KeyedPair;
  /** For the compiler only. */
  declare protected readonly holds: readonly [A, B];

  /** Internal: made by `intervalJoin`. */
  constructor(pair: KeyedPair) {
    this.#pair = pair;
  }

  /**
   * Joins each left record with the right ones of its key from `lower` to `upper` beside its timestamp, both included: left + lower ≤ right ≤ left + upper.
   * Bounds may be negative.
   */
  between(lower: DurationLike, upper: DurationLike): IntervalJoined<A, B> {
    const [lowerMs, upperMs] = [Duration.from(lower).toMillis(), Duration.from(upper).toMillis()];
    if (lowerMs > upperMs) {
      throw new UsageError(`between got a lower bound of ${lowerMs} ms above the upper bound of ${upperMs} ms. Give the lower one first.`);
    }
    return new IntervalJoined(this.#pair, lowerMs, upperMs);
  }
}

/**
 * Two keyed streams whose records are joined by time. A record below the watermark is late and makes no pair; one at it is not. Each pair is emitted as soon as
 * both of its records are there, with the later one's timestamp.
 */
export class IntervalJoined<out A, out B> {
  readonly #pair: KeyedPair;
  readonly #lowerMs: number;
  readonly #upperMs: number;
  #lowerExclusive = false;
  #upperExclusive = false;
  #leftTag: OutputTag<never> | undefined;
  #rightTag: OutputTag<never> | undefined;
  /** For the compiler only. */
  declare protected readonly holds: readonly [A, B];

  /** Internal: made by `between`. */
  constructor(pair: KeyedPair, lowerMs: number, upperMs: number) {
    this.#pair = pair;
    this.#lowerMs = lowerMs;
    this.#upperMs = upperMs;
  }

  /** A right record exactly at the lower bound makes no pair. */
  lowerBoundExclusive(): this {
    this.#lowerExclusive = true;
    return this;
  }

  /** A right record exactly at the upper bound makes no pair. */
  upperBoundExclusive(): this {
    this.#upperExclusive = true;
    return this;
  }

  /** Where late left records go; read them by `getSideOutput(tag)` of the result. Without a tag they are counted and dropped. */
  sideOutputLeftLateData(tag: OutputTag<A>): this {
    this.#leftTag = checkedTag(tag as unknown as OutputTag<never>, 'sideOutputLeftLateData');
    return this;
  }

  /** The same for late right records. */
  sideOutputRightLateData(tag: OutputTag<B>): this {
    this.#rightTag = checkedTag(tag as unknown as OutputTag<never>, 'sideOutputRightLateData');
    return this;
  }

  /**
   * Emits what the function makes of each pair: one record; `undefined` emits nothing. An object emits through its collector.
   *
   * ```ts
   * orders.intervalJoin(shipments).between(Duration.ZERO, '10 s').process((order, shipment) => ({ order: order.id, delayMs: shipment.at - order.at }));
   * ```
   */
  process<R extends Emittable>(
    fn: ((left: A, right: B, context: ProcessJoinContext) => R | undefined) | ProcessJoinFunctionLike<A, B, R>,
  ): SingleOutputStreamOperator<R> {
    if (typeof fn === 'object' && fn !== null) {
      const create = functionFactory<never>(fn, PROCESS);
      return this.#joined((parameters) => {
        const spec = { create, runtimeContext: (context: OperatorContext) => runtimeContextOf(context, parameters) };
        return (context) => processJoinFunction(spec, context);
      });
    }
    checkPlainFunction(fn, 'process of an interval join', 'a function from a left and a right record to one record');
    return this.#joined(() => () => ({ emits: 'one', call: fn as unknown as PairFunction['call'] }));
  }

  /** Emits what the returned iterable of each pair yields, one by one and lazily. */
  flatApply<R extends Emittable>(
    fn: (left: A, right: B, context: ProcessJoinContext) => Iterable<R> & object,
  ): SingleOutputStreamOperator<R> {
    checkFunction(fn, 'flatApply of an interval join', 'a function from a left and a right record to an iterable of records');
    return this.#joined(() => () => ({ emits: 'many', call: fn as unknown as PairFunction['call'] }));
  }

  #joined<R>(createFunction: (parameters: FunctionParameters) => IntervalJoinSpec['createFunction']): SingleOutputStreamOperator<R> {
    const { scope, first, second, keys } = this.#pair;
    const lowerMs = this.#lowerMs + (this.#lowerExclusive ? 1 : 0);
    const upperMs = this.#upperMs - (this.#upperExclusive ? 1 : 0);
    if (lowerMs > upperMs) {
      throw new UsageError(
        `The interval join between ${this.#lowerMs} ms and ${this.#upperMs} ms has no time left between its exclusive bounds, so no pair could be found. Widen the interval.`,
      );
    }
    const spec = {
      keys: keys as unknown as readonly [KeyContext, KeyContext],
      lowerMs,
      upperMs,
      lateLeftTagId: this.#leftTag?.id,
      lateRightTagId: this.#rightTag?.id,
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

function checkedTag(tag: OutputTag<never>, where: string): OutputTag<never> {
  if (!(tag instanceof OutputTag)) throw new UsageError(`${where} got ${show(tag)}. Give it an OutputTag.`);
  return tag;
}
