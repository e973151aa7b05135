import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { Emittable } from '../contract/emittable.ts';
import type { OutputTag } from '../contract/output-tag.ts';
import { IntervalJoinDefinition } from './interval-join-definition.ts';
import type { OuterProcessJoinContext, ProcessJoinContext, ProcessJoinFunctionLike } from './process-join-function.ts';
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
    return new IntervalJoined(new IntervalJoinDefinition(this.#pair, lowerMs, upperMs));
  }
}

/** What is said of an interval, whichever records without a partner are emitted. */
abstract class IntervalSettings<out A, out B> {
  protected readonly definition: IntervalJoinDefinition;
  /** For the compiler only. */
  declare protected readonly holds: readonly [A, B];

  /** Internal: made by `between`. */
  constructor(definition: IntervalJoinDefinition) {
    this.definition = definition;
  }

  /** A right record exactly at the lower bound makes no pair. */
  lowerBoundExclusive(): this {
    this.definition.lowerExclusive = true;
    return this;
  }

  /** A right record exactly at the upper bound makes no pair. */
  upperBoundExclusive(): this {
    this.definition.upperExclusive = true;
    return this;
  }

  /** Where late left records go; read them by `getSideOutput(tag)` of the result. Without a tag they are counted and dropped. */
  sideOutputLeftLateData(tag: OutputTag<A>): this {
    this.definition.sideOutputLateData('left', tag);
    return this;
  }

  /** The same for late right records. */
  sideOutputRightLateData(tag: OutputTag<B>): this {
    this.definition.sideOutputLateData('right', tag);
    return this;
  }
}

/**
 * Two keyed streams whose records are joined by time. A record below the watermark is late and makes no pair; one at it is not. Each pair is emitted as soon as
 * both of its records are there, with the later one's timestamp.
 */
export class IntervalJoined<out A, out B> extends IntervalSettings<A, B> {
  /**
   * Also emits left records that find no partner, with `undefined` in place of the right one: once, when the watermark makes clear that none will come, and with that
   * moment as timestamp. What is late is not emitted alone.
   *
   * ```ts
   * orders.intervalJoin(shipments).between(Duration.ZERO, '10 s').leftOuter().process((order, shipment) => ({ order: order.id, shipped: shipment !== undefined }));
   * ```
   */
  leftOuter(): OuterIntervalJoined<A, B, A, B | undefined> {
    return new OuterIntervalJoined(this.definition.outer({ left: true, right: false }));
  }

  /** As `leftOuter`, for right records. */
  rightOuter(): OuterIntervalJoined<A, B, A | undefined, B> {
    return new OuterIntervalJoined(this.definition.outer({ left: false, right: true }));
  }

  /** As `leftOuter`, for records of both sides; never both of them are `undefined`. */
  fullOuter(): OuterIntervalJoined<A, B, A | undefined, B | undefined> {
    return new OuterIntervalJoined(this.definition.outer({ left: true, right: true }));
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
    return this.definition.processed(fn);
  }

  /** Emits what the returned iterable of each pair yields, one by one and lazily. */
  flatApply<R extends Emittable>(
    fn: (left: A, right: B, context: ProcessJoinContext) => Iterable<R> & object,
  ): SingleOutputStreamOperator<R> {
    return this.definition.flattened(fn);
  }
}

/** An interval join that emits records without a partner, too: L and R are what the function gets for the two sides. */
export class OuterIntervalJoined<out A, out B, out L, out R> extends IntervalSettings<A, B> {
  /** For the compiler only. */
  declare protected readonly sides: readonly [L, R];

  /** As of an inner join; a missing side is `undefined`. */
  process<O extends Emittable>(
    fn:
      | ((left: L, right: R, context: OuterProcessJoinContext) => O | undefined)
      | ProcessJoinFunctionLike<L, R, O, OuterProcessJoinContext>,
  ): SingleOutputStreamOperator<O> {
    return this.definition.processed(fn);
  }

  /** As of an inner join; a missing side is `undefined`. */
  flatApply<O extends Emittable>(
    fn: (left: L, right: R, context: OuterProcessJoinContext) => Iterable<O> & object,
  ): SingleOutputStreamOperator<O> {
    return this.definition.flattened(fn);
  }
}
