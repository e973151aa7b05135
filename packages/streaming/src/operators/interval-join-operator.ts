/**
 * Joins the records of two keyed streams whose timestamps lie near each other: left + lower ≤ right ≤ left + upper. Flink: "Interval Join".
 *
 * Every record is kept, by key and time, for as long as one of the other side may still come that it makes a pair with.
 *
 * J1 each pair is emitted once, by the record of it that comes second; its timestamp is the later one of the two.
 * J2 a record below the watermark is late: it goes to its side's late output or is counted and dropped. One at the watermark is not late.
 * J3 a left record is kept while left + upper ≥ watermark, a right one while right − lower ≥ watermark: until its last possible partner would be late. What is
 *    older is dropped by a sweep over all keys, which is due after each fourth of the interval, so a record is looked at a few times at most.
 */
import { DataError } from '@millrace/core/base/errors';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { KeyContext, OperatorContext, Output, TaskFlow, TwoInputLogic, TwoInputOperator } from '../contract/operator.ts';
import type { KeyedTable } from '../contract/state.ts';
import { NO_TIMESTAMP } from '../contract/timestamp.ts';
import { CurrentPair, type Match, PairIterator, type PairFunction } from './interval-join-pairs.ts';
import { IterableEmitter } from './iterable-emitter.ts';
import { addTo, dropBefore, emptyBuffer, firstAtLeast, type JoinBuffer } from './join-buffer.ts';

export interface IntervalJoinSpec {
  readonly keys: readonly [KeyContext, KeyContext];
  /** Both included; exclusive bounds are one millisecond further in. */
  readonly lowerMs: number;
  readonly upperMs: number;
  readonly lateLeftTagId: string | undefined;
  readonly lateRightTagId: string | undefined;
  /** One for each subtask. */
  readonly createFunction: (context: OperatorContext) => PairFunction;
}

export function intervalJoinOperator(spec: IntervalJoinSpec): TwoInputLogic {
  return { kind: 'twoInput', create: (context) => new IntervalJoinOperator(context, spec), keys: spec.keys };
}

interface Side {
  readonly isLeft: boolean;
  readonly selector: (record: unknown) => unknown;
  readonly table: KeyedTable<unknown, JoinBuffer>;
  /** What must be added to a record's timestamp for the first and the last partner of it. */
  readonly from: number;
  readonly to: number;
  readonly late: Output<unknown> | undefined;
}

class IntervalJoinOperator implements TwoInputOperator {
  numLateRecordsDropped: number;
  readonly #left: Side;
  readonly #right: Side;
  readonly #flow: TaskFlow;
  readonly #output: Output<unknown>;
  readonly #fn: PairFunction;
  readonly #pair: CurrentPair;
  readonly #emitter: IterableEmitter;
  readonly #sweepEveryMs: number;
  #watermark: number;
  #sweepAt: number;

  constructor(context: OperatorContext, spec: IntervalJoinSpec) {
    const { lowerMs, upperMs, keys } = spec;
    this.numLateRecordsDropped = 0;
    this.#left = sideOf(context, { name: 'left-buffer', key: keys[0], from: lowerMs, to: upperMs, lateTagId: spec.lateLeftTagId });
    this.#right = sideOf(context, { name: 'right-buffer', key: keys[1], from: -upperMs, to: -lowerMs, lateTagId: spec.lateRightTagId });
    this.#flow = context.flow;
    this.#output = context.output;
    this.#fn = spec.createFunction(context);
    this.#pair = new CurrentPair(context);
    this.#emitter = new IterableEmitter(context.flow, context.output, 'An interval join');
    this.#sweepEveryMs = Math.max(1, Math.floor((upperMs - lowerMs) / 4));
    this.#watermark = NO_TIMESTAMP;
    this.#sweepAt = NO_TIMESTAMP;
  }

  async open(): Promise<void> {
    await this.#fn.open?.();
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
      sweep(this.#left, timestamp);
      sweep(this.#right, timestamp);
    }
    return true;
  }

  resume(): boolean {
    return this.#emitter.resume();
  }

  async close(): Promise<void> {
    this.#emitter.close();
    await this.#fn.close?.();
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
    if (timestamp + side.to >= this.#watermark) this.#keep(side, key, record);
    const slot = other.table.find(key);
    if (slot < 0) return;
    const buffer = other.table.values[slot] as JoinBuffer;
    const first = firstAtLeast(buffer.timestamps, timestamp + side.from);
    const end = firstAtLeast(buffer.timestamps, timestamp + side.to + 1);
    if (first < end)
      this.#join({ isLeft: side.isLeft, record, timestamp, others: buffer.records, otherTimestamps: buffer.timestamps }, first, end);
  }

  #keep({ table }: Side, key: unknown, record: unknown): void {
    const slot = table.slotOf(key);
    let buffer = table.values[slot];
    if (buffer === undefined) {
      buffer = emptyBuffer();
      table.values[slot] = buffer;
    }
    addTo(buffer, record, this.#flow.timestamp);
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
    const other = otherTimestamps[index] as number;
    const pair = this.#pair;
    pair.leftTimestamp = isLeft ? timestamp : other;
    pair.rightTimestamp = isLeft ? other : timestamp;
    const later = timestamp > other ? timestamp : other;
    this.#flow.timestamp = later;
    return later;
  }
}

interface SideSpec {
  readonly name: 'left-buffer' | 'right-buffer';
  readonly key: KeyContext;
  readonly from: number;
  readonly to: number;
  readonly lateTagId: string | undefined;
}

function sideOf(context: OperatorContext, { name, key, from, to, lateTagId }: SideSpec): Side {
  return {
    isLeft: name === 'left-buffer',
    selector: key.selector,
    table: context.tables.createTable<unknown, JoinBuffer>(name, key.type, undefined as TypeInformation<JoinBuffer> | undefined),
    from,
    to,
    late: lateTagId === undefined ? undefined : context.sideOutput(lateTagId),
  };
}

/** J3. Removals move slots, so they come after the walk over all of them. */
function sweep({ table, to }: Side, watermark: number): void {
  const emptied: unknown[] = [];
  for (let slot = 0; slot < table.capacity; slot++) {
    if (table.isUsed(slot) && dropBefore(table.values[slot] as JoinBuffer, watermark - to)) emptied.push(table.keyAt(slot));
  }
  for (const key of emptied) table.remove(key);
}

function withoutTimestamp(isLeft: boolean): DataError {
  return new DataError(
    `A record of the ${isLeft ? 'left' : 'right'} stream of an interval join has no timestamp. ` +
      'Give it one by a timestamp assigner: in fromSource, or by assignTimestampsAndWatermarks before keyBy.',
  );
}
