/** The process functions of random programs, as a user would write them. What they must emit, `reference-timers.ts` says in another way. */
import type { KeyedProcessFunctionLike, ProcessFunctionLike } from '@millrace/streaming/api/process-functions';
import type { KeyedCoProcessFunctionLike } from '@millrace/streaming/api/co-process-functions';
import type { KeyedBroadcastProcessFunctionLike } from '@millrace/streaming/api/broadcast-process-functions';
import type { KeyedMultipleInputProcessFunctionLike } from '@millrace/streaming/api/multiple-connected-streams';
import type { KeyedRuntimeContext } from '@millrace/streaming/api/runtime-context';
import type { Collector } from '@millrace/streaming/contract/emittable';
import type { AggregatingState, ListState, MapState, ReducingState, ValueState } from '@millrace/streaming/contract/keyed-state';
import type { OutputTag } from '@millrace/streaming/contract/output-tag';
import type { KeyedProcessContext, OnTimerContext } from '@millrace/streaming/contract/process-context';
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '@millrace/streaming/contract/state-descriptor';
import { bucketOf, ruleOf } from './operations.ts';
import type { OracleRecord } from './program.ts';

type Keyed = KeyedProcessFunctionLike<number, OracleRecord, OracleRecord>;
type Out = Collector<OracleRecord>;
type Tag = OutputTag<OracleRecord>;

export interface Grain {
  readonly grainMs: number;
  readonly delayMs: number;
}

/** What a modulus divides goes to the side output. */
export function parting(modulus: number, tag: Tag): ProcessFunctionLike<OracleRecord, OracleRecord> {
  return {
    processElement(record, context, out: Out) {
      if (record.v % modulus === 0) context.output(tag, record);
      else out.collect(record);
    },
  };
}

/**
 * Sums by bucket of event time; a bucket's timer emits its sum and how many of the key fired before it. A second timer is set and deleted each time. Nothing
 * hangs on the order of records.
 */
class Buckets {
  readonly #grain: Grain;
  #sums!: MapState<number, number>;
  #fired!: ValueState<number>;

  constructor(grain: Grain) {
    this.#grain = grain;
  }

  open(context: KeyedRuntimeContext): void {
    this.#sums = context.getMapState(new MapStateDescriptor<number, number>('sums'));
    this.#fired = context.getState(new ValueStateDescriptor<number>('fired'));
  }

  add(value: number, context: KeyedProcessContext<number>): void {
    const bucket = bucketOf(context.timestamp() as number, this.#grain.grainMs);
    this.#sums.put(bucket, (this.#sums.get(bucket) ?? 0) + value);
    const timers = context.timerService();
    const time = bucket + this.#grain.delayMs;
    timers.registerEventTimeTimer(time);
    timers.registerEventTimeTimer(time + 1); // of no bucket: grains are 2 ms or more
    timers.deleteEventTimeTimer(time + 1);
  }

  fire(time: number, context: OnTimerContext<number>, out: Out): void {
    const bucket = time - this.#grain.delayMs;
    const sum = this.#sums.get(bucket);
    const fired = this.#fired.value() ?? 0;
    out.collect({ k: context.getCurrentKey(), v: sum === undefined ? -1 : sum + 1000 * fired });
    this.#sums.remove(bucket);
    this.#fired.update(fired + 1);
  }
}

export function buckets(grain: Grain, tag: Tag): Keyed {
  const state = new Buckets(grain);
  return {
    open: (context) => state.open(context),
    processElement(record, context) {
      state.add(record.v, context);
      if (record.v % 2 === 1) context.output(tag, record);
    },
    onTimer: (time, context, out: Out) => state.fire(time, context, out),
  };
}

export function coBuckets(grain: Grain): KeyedCoProcessFunctionLike<number, OracleRecord, OracleRecord, OracleRecord> {
  const state = new Buckets(grain);
  return {
    open: (context) => state.open(context),
    processElement1: ({ v }, context) => state.add(v, context),
    processElement2: ({ v }, context) => state.add(v * 10, context),
    onTimer: (time, context, out: Out) => state.fire(time, context, out),
  };
}

export function manyBuckets(
  grain: Grain,
): KeyedMultipleInputProcessFunctionLike<number, [OracleRecord, OracleRecord, OracleRecord, OracleRecord], OracleRecord> {
  const state = new Buckets(grain);
  return {
    open: (context) => state.open(context),
    processElement1: ({ v }, context) => state.add(v, context),
    processElement2: ({ v }, context) => state.add(v * 10, context),
    processElement3: ({ v }, context) => state.add(v * 100, context),
    processElement4: ({ v }, context) => state.add(v * 1000, context),
    onTimer: (time, context, out: Out) => state.fire(time, context, out),
  };
}

/** Emits the sum so far with each record and each timer; timers delete others, and set some of their own. */
export function sequence({ grainMs, delayMs }: Grain, tag: Tag): Keyed {
  let values: ListState<number>;
  let again: ValueState<number>;
  const sum = () => [...values.get()].reduce((total, value) => total + value, 0);
  return {
    open(context) {
      values = context.getListState(new ListStateDescriptor<number>('values'));
      again = context.getState(new ValueStateDescriptor<number>('again'));
    },
    processElement(record, context, out: Out) {
      values.add(record.v);
      out.collect({ k: record.k, v: sum() });
      const time = (context.timestamp() as number) + delayMs;
      context.timerService().registerEventTimeTimer(time);
      if (record.v % 4 === 0) context.timerService().deleteEventTimeTimer(time - 1);
      if (record.v % 2 === 1) context.output(tag, record);
    },
    onTimer(time, context, out: Out) {
      out.collect({ k: context.getCurrentKey(), v: 1000 + sum() });
      const times = again.value() ?? 0;
      if ([...values.get()].length > 3) values.clear();
      else if (times < 2) {
        again.update(times + 1);
        context.timerService().registerEventTimeTimer(time + grainMs);
      }
    },
  };
}

const COUNT = { createAccumulator: () => 0, add: (_value: number, count: number) => count + 1, getResult: (count: number) => count };

/** By processing time: all of the key so far, whenever a bucket of the clock is over. */
export function clockTimers({ grainMs, delayMs }: Grain, tag: Tag): Keyed {
  let sum: ReducingState<number>;
  let count: AggregatingState<number, number>;
  return {
    open(context) {
      sum = context.getReducingState(new ReducingStateDescriptor<number>('sum', (a, b) => a + b));
      count = context.getAggregatingState(new AggregatingStateDescriptor('count', COUNT));
    },
    processElement(record, context) {
      sum.add(record.v);
      count.add(record.v);
      if (record.v % 2 === 1) context.output(tag, record);
      const timers = context.timerService();
      timers.registerProcessingTimeTimer(bucketOf(timers.currentProcessingTime() + 1, grainMs) + delayMs);
    },
    onTimer(_time, context, out: Out) {
      out.collect({ k: context.getCurrentKey(), v: (sum.get() ?? 0) + 1000 * (count.get() ?? 0) });
    },
  };
}

export const RULES: MapStateDescriptor<number, number> = new MapStateDescriptor<number, number>('rules');
const SEEN = new ValueStateDescriptor<number>('seen');

/** Adds to each record what the rules say of its key. A rule shows itself in every subtask; an even one also counts what each key has seen. */
export function ruled(): KeyedBroadcastProcessFunctionLike<number, OracleRecord, OracleRecord, OracleRecord> {
  let seen: ValueState<number>;
  return {
    open(context) {
      seen = context.getState(SEEN);
    },
    processElement({ k, v }, context, out: Out) {
      seen.update((seen.value() ?? 0) + 1);
      out.collect({ k, v: v + (context.getBroadcastState(RULES).get(ruleOf(k)) ?? 0) });
    },
    processBroadcastElement({ k, v }, context, out: Out) {
      const rules = context.getBroadcastState(RULES);
      rules.put(ruleOf(k), (rules.get(ruleOf(k)) ?? 0) + v);
      out.collect({ k: 9, v });
      if (v % 2 === 0) context.applyToKeyedState(SEEN, (key, state) => out.collect({ k: key, v: 1000 + (state.value() ?? 0) }));
    },
  };
}
