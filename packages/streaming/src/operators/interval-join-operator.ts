/**
 * Joins the records of two keyed streams whose timestamps lie near each other: left + lower ≤ right ≤ left + upper. Flink: "Interval Join".
 *
 * Every record is kept, by key and time, for as long as one of the other side may still come that it makes a pair with.
 *
 * J1 each pair is emitted once, by the record of it that comes second; its timestamp is the later one of the two.
 * J2 a record below the watermark is late: it goes to its side's late output or is counted and dropped. One at the watermark is not late.
 * J3 a left record is kept while left + upper ≥ watermark, a right one while right − lower ≥ watermark: until its last possible partner would be late. What is
 *    older is dropped by a sweep over all keys, which is due after each fourth of the interval, so a record is looked at a few times at most.
 * J4 in an outer join each record of an outer side that never found a partner is emitted once, when the watermark has passed its last possible one: by an event-time
 *    timer at that moment, which drops the record as well. It is the timestamp of the result, so that is never behind the watermark. A late record is none of
 *    the join's and is not emitted alone either.
 */
import { DataError } from '@millrace/core/base/errors';
import type { MaybePromise } from '../contract/emittable.ts';
import type { KeyedStateBackend, NamespaceType } from '../contract/keyed-state.ts';
import type { KeyContext, OperatorContext, Output, TaskFlow, TwoInputLogic, TwoInputOperator } from '../contract/operator.ts';
import type { InternalTimer, InternalTimerService, Triggerable } from '../contract/timers.ts';
import { MAX_TIMESTAMP, NO_TIMESTAMP } from '../contract/timestamp.ts';
import { CurrentPair, type Match, PairIterator, type PairFunction } from './interval-join-pairs.ts';
import { FunctionOperator } from './function-life.ts';
import { IterableEmitter } from './iterable-emitter.ts';
import { bufferOf, type Side, sideOf, sweep, takeUnmatched } from './interval-join-sides.ts';
import { addTo, firstAtLeast, type JoinBuffer } from './join-buffer.ts';

export interface IntervalJoinSpec {
  readonly keys: readonly [KeyContext, KeyContext];
  /** Both included; exclusive bounds are one millisecond further in. */
  readonly lowerMs: number;
  readonly upperMs: number;
  readonly lateLeftTagId: string | undefined;
  readonly lateRightTagId: string | undefined;
  /** Sides whose records are emitted alone when they find no partner; none unless set. */
  readonly outer?: { readonly left: boolean; readonly right: boolean };
  /** One for each subtask. */
  readonly createFunction: (context: OperatorContext) => PairFunction;
}

export function intervalJoinOperator(spec: IntervalJoinSpec): TwoInputLogic {
  return { kind: 'twoInput', create: (context) => new IntervalJoinOperator(context, spec), keys: spec.keys };
}

class IntervalJoinOperator extends FunctionOperator implements TwoInputOperator, Triggerable<unknown, number> {
  numLateRecordsDropped: number;
  readonly #left: Side;
  readonly #right: Side;
  readonly #flow: TaskFlow;
  readonly #output: Output<unknown>;
  readonly #fn: PairFunction;
  readonly #pair: CurrentPair;
  readonly #emitter: IterableEmitter;
  readonly #sweepEveryMs: number;
  /** Of outer joins. */
  readonly #timers: InternalTimerService<number> | undefined;
  readonly #state: KeyedStateBackend | undefined;
  #watermark: number;
  #sweepAt: number;

  constructor(context: OperatorContext, spec: IntervalJoinSpec) {
    const { lowerMs, upperMs, keys, outer = { left: false, right: false } } = spec;
    const [left, right] = keys;
    const fn = spec.createFunction(context);
    super(fn.life);
    this.numLateRecordsDropped = 0;
    const [leftSide, rightSide] = [
      { name: 'left-buffer', key: left, isOuter: outer.left, lateTagId: spec.lateLeftTagId },
      { name: 'right-buffer', key: right, isOuter: outer.right, lateTagId: spec.lateRightTagId },
    ] as const;
    this.#left = sideOf(context, { ...leftSide, from: lowerMs, to: upperMs });
    this.#right = sideOf(context, { ...rightSide, from: -upperMs, to: -lowerMs });
    const isOuter = outer.left || outer.right;
    this.#timers = isOuter ? context.timers<unknown, number>('unmatched', this, SIDES) : undefined;
    this.#state = isOuter ? context.keyedState : undefined;
    this.#flow = context.flow;
    this.#output = context.output;
    this.#fn = fn;
    this.#pair = new CurrentPair(context);
    this.#emitter = new IterableEmitter(context.flow, context.output, 'An interval join');
    this.#sweepEveryMs = Math.max(1, Math.floor((upperMs - lowerMs) / 4));
    this.#watermark = NO_TIMESTAMP;
    this.#sweepAt = NO_TIMESTAMP;
  }

  processElement1(record: unknown): void {
    this.#process(record, this.#left, this.#right);
  }

  processElement2(record: unknown): void {
    this.#process(record, this.#right, this.#left);
  }

  processWatermark(timestamp: number): boolean {
    this.#watermark = timestamp;
    if (timestamp >= this.#sweepAt) {
      this.#sweepAt = timestamp + this.#sweepEveryMs;
      if (!this.#left.isOuter) sweep(this.#left, timestamp);
      if (!this.#right.isOuter) sweep(this.#right, timestamp);
    }
    return this.#timers?.advanceWatermark(timestamp) ?? true;
  }

  resume(): boolean {
    return this.#emitter.resume() && (this.#timers?.resume() ?? true);
  }

  get isSuspended(): boolean {
    return this.#emitter.isSuspended;
  }

  /** J4 */
  onEventTime({ key, namespace, timestamp }: InternalTimer<unknown, number>): boolean {
    const side = namespace === LEFT ? this.#left : this.#right;
    const bound = timestamp === MAX_TIMESTAMP ? Number.POSITIVE_INFINITY : timestamp - side.to;
    for (const unmatched of takeUnmatched(side, key, bound)) this.#emitAlone(side, unmatched.record, unmatched.timestamp);
    return !this.#emitter.isSuspended;
  }

  onProcessingTime(): boolean {
    return true;
  }

  override close(): MaybePromise<void> {
    this.#emitter.close();
    return super.close();
  }

  #process(record: unknown, side: Side, other: Side): void {
    const { timestamp } = this.#flow;
    if (timestamp === NO_TIMESTAMP) throw withoutTimestamp(side.isLeft);
    if (timestamp < this.#watermark) {
      if (side.late === undefined) this.numLateRecordsDropped += 1;
      else side.late.collect(record);
      return;
    }
    const key = side.selector(record);
    const slot = other.table.find(key);
    const buffer = slot < 0 ? undefined : (other.table.values[slot] as JoinBuffer);
    const first = buffer === undefined ? 0 : firstAtLeast(buffer.timestamps, timestamp + side.from);
    const end = buffer === undefined ? 0 : firstAtLeast(buffer.timestamps, timestamp + side.to + 1);
    const isMatched = first < end;
    if (timestamp + side.to >= this.#watermark) this.#keep(side, key, record, isMatched);
    else if (side.isOuter && !isMatched) this.#emitAlone(side, record, timestamp);
    if (buffer === undefined || !isMatched) return;
    buffer.matched?.fill(true, first, end);
    this.#join({ isLeft: side.isLeft, record, timestamp, others: buffer.records, otherTimestamps: buffer.timestamps }, first, end);
  }

  #keep(side: Side, key: unknown, record: unknown, isMatched: boolean): void {
    const { timestamp } = this.#flow;
    addTo(bufferOf(side, key), record, timestamp, isMatched);
    if (!side.isOuter) return;
    this.#state?.setCurrentKey(key);
    this.#timers?.registerEventTimeTimer(side.isLeft ? LEFT : RIGHT, aloneAt(side, timestamp));
  }

  /** A record that has found no partner. Of several that one timer makes due, those for which there is no room wait. */
  #emitAlone({ isLeft }: Side, record: unknown, timestamp: number): void {
    const match = { isLeft, record, timestamp, others: [undefined], otherTimestamps: [] };
    if (this.#flow.blocked === 0 || this.#emitter.isSuspended) this.#join(match, 0, 1);
    else this.#emitter.suspend(this.#iterate(match, 0, 1));
  }

  /** The pairs from `first` to before `end`. */
  #join(match: Match, first: number, end: number): void {
    const fn = this.#fn;
    if (fn.emits === 'many' || this.#emitter.isSuspended) {
      this.#emitter.emitAll(this.#iterate(match, first, end));
      return;
    }
    const { isLeft, record, others } = match;
    for (let index = first; index < end; index++) {
      this.#enter(match, index);
      const result = isLeft ? fn.call(record, others[index], this.#pair) : fn.call(others[index], record, this.#pair);
      if (result === undefined) continue;
      this.#output.collect(result);
      if (this.#flow.blocked !== 0 && index + 1 < end) {
        this.#emitter.suspend(this.#iterate(match, index + 1, end));
        return;
      }
    }
  }

  /** Of a copy: the buffer may change before the last of them has gone out. */
  #iterate(match: Match, first: number, end: number): PairIterator {
    const copy = { ...match, others: match.others.slice(first, end), otherTimestamps: match.otherTimestamps.slice(first, end) };
    return new PairIterator(copy, this.#fn, this.#pair, (each, index) => this.#enter(each, index));
  }

  /** Makes a pair the current one; returns its timestamp. */
  #enter({ isLeft, timestamp, otherTimestamps }: Match, index: number): number {
    const other = otherTimestamps[index];
    const pair = this.#pair;
    pair.leftTimestamp = isLeft ? timestamp : other;
    pair.rightTimestamp = isLeft ? other : timestamp;
    if (other === undefined) pair.timestamp = Math.max(timestamp, aloneAt(isLeft ? this.#left : this.#right, timestamp));
    else pair.timestamp = timestamp > other ? timestamp : other;
    this.#flow.timestamp = pair.timestamp;
    return pair.timestamp;
  }
}

/** Which side's record a timer is for. */
const LEFT = 0;
const RIGHT = 1;
const SIDES: NamespaceType<number> = { idOf: (side) => side };

/** The first watermark at which no partner of a record can come any more. */
function aloneAt({ to }: Side, timestamp: number): number {
  return Math.min(timestamp + to + 1, MAX_TIMESTAMP);
}

function withoutTimestamp(isLeft: boolean): DataError {
  return new DataError(
    `A record of the ${isLeft ? 'left' : 'right'} stream of an interval join has no timestamp. ` +
      'Give it one by a timestamp assigner: in fromSource, or by assignTimestampsAndWatermarks before keyBy.',
  );
}
