// Goal: process functions and rich functions do what Flink's do, whether the outbox is free or full after every second record. Method: the operator bench over the runtime's own
// state and timers; lines of semantics.md are named by their words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyedProcessFunction, ProcessFunction } from '@millrace/streaming/api/process-functions';
import { RichFunction, RichMapFunction } from '@millrace/streaming/api/rich-functions';
import {
  type KeyedRuntimeContext,
  keyedRuntimeContextOf,
  type RuntimeContext,
  runtimeContextOf,
} from '@millrace/streaming/api/runtime-context';
import { ParameterTool } from '@millrace/streaming/api/parameter-tool';
import type { Collector } from '@millrace/streaming/contract/emittable';
import type { FailingCall } from '@millrace/streaming/contract/failing-call';
import type { MapState, ValueState } from '@millrace/streaming/contract/keyed-state';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import { OutputTag } from '@millrace/streaming/contract/output-tag';
import type { KeyedProcessContext, OnTimerContext, ProcessContext } from '@millrace/streaming/contract/process-context';
import { MapStateDescriptor, ValueStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import { keyedProcessOperator } from '@millrace/streaming/operators/keyed-process-operator';
import { processOperator } from '@millrace/streaming/operators/process-operator';
import { richOperator } from '@millrace/streaming/operators/rich-operators';
import { OperatorBench } from '@millrace/streaming/operators/testing-fakes';
import { HeapServices } from './heap-services.ts';

const MAX = Number.MAX_SAFE_INTEGER;

interface Event {
  readonly key: string;
  readonly at: number;
}

const parameters = {
  globalJobParameters: () => ParameterTool.fromMap({ input: 'in' }),
  parameters: () => ({ limit: 3 }),
};

function keyedLogic(fn: object): OperatorLogic {
  const key = { selector: (record: unknown) => (record as Event).key, type: undefined };
  return keyedProcessOperator({ create: () => fn as never, key, runtimeContext: (context) => keyedRuntimeContextOf(context, parameters) });
}

async function openBench(logic: OperatorLogic, fullEvery: number, tags: readonly string[] = []) {
  const heap = new HeapServices(logic.kind === 'operator' && logic.key !== undefined ? { type: undefined } : undefined);
  const bench = new OperatorBench(logic, { fullEvery, tags, services: heap.services, processingTime: () => heap.now });
  await bench.operator.open?.();
  return { bench, heap };
}

/** Emits each record, and three records from each timer: more than one outbox takes. */
class Alarms extends KeyedProcessFunction<string, Event, string> {
  #seen!: ValueState<number>;

  override open(context: KeyedRuntimeContext) {
    this.#seen = context.getState(new ValueStateDescriptor('seen'));
  }

  override processElement({ at }: Event, context: KeyedProcessContext<string>, out: Collector<string>) {
    this.#seen.update((this.#seen.value() ?? 0) + 1);
    context.timerService().registerEventTimeTimer(at + 10);
    context.timerService().registerEventTimeTimer(at + 10); // once for each key and time
    out.collect(`${context.getCurrentKey()} ${context.timestamp()} ${this.#seen.value()}`);
  }

  override onTimer(time: number, context: OnTimerContext<string>, out: Collector<string>) {
    for (const part of ['x', 'y', 'z'])
      out.collect(
        `${part} ${context.getCurrentKey()} ${time} ${context.timestamp()} ${context.timeDomain()} ${context.timerService().currentWatermark()}`,
      );
  }
}

for (const fullEvery of [0, 1, 2]) {
  test(`a keyed process function, the outbox full every ${fullEvery}: state of each key, timers once, in order, before the watermark`, async () => {
    const { bench } = await openBench(keyedLogic(new Alarms()), fullEvery);
    bench.record({ key: 'a', at: 5 }, 5);
    bench.record({ key: 'b', at: 3 }, 3);
    bench.record({ key: 'a', at: 5 }, 6);
    bench.watermark(12);
    bench.watermark(13);
    bench.watermark(MAX);
    const timer = (key: string, time: number, watermark: number) =>
      ['x', 'y', 'z'].map((part) => ({ record: `${part} ${key} ${time} ${time} EVENT_TIME ${watermark}`, timestamp: time }));
    assert.deepEqual(bench.takeLog(), [
      { record: 'a 5 1', timestamp: 5 },
      { record: 'b 3 1', timestamp: 3 },
      { record: 'a 6 2', timestamp: 6 },
      { watermark: 12 },
      ...timer('b', 13, 13),
      { watermark: 13 },
      ...timer('a', 15, MAX),
      { watermark: MAX },
    ]);
  });
}

test('an event-time timer set at or before the current watermark fires at the next watermark', async () => {
  const { bench } = await openBench(keyedLogic(new Alarms()), 0);
  bench.watermark(100);
  bench.record({ key: 'a', at: 20 }, 20);
  bench.takeLog();
  bench.watermark(101);
  assert.equal(bench.takeLog().length, 4);
});

test('The last watermark is +∞: onTimer sees Number.MAX_SAFE_INTEGER; processing-time timers that are open do not fire', async () => {
  const times: unknown[] = [];
  const fn = {
    processElement({ at }: Event, context: KeyedProcessContext<string>) {
      context.timerService().registerEventTimeTimer(at);
      context.timerService().registerEventTimeTimer(MAX);
      context.timerService().registerProcessingTimeTimer(50);
    },
    onTimer: (time: number, context: OnTimerContext<string>) =>
      void times.push([time, context.timeDomain(), context.timerService().currentWatermark()]),
  };
  const { bench, heap } = await openBench(keyedLogic(fn), 0);
  bench.record({ key: 'a', at: 5 }, 5);
  bench.watermark(MAX);
  heap.quiesce();
  heap.advanceTo(60);
  assert.deepEqual(times, [
    [5, 'EVENT_TIME', MAX],
    [MAX, 'EVENT_TIME', MAX],
  ]);
});

test('processing-time timers fire by the clock of the task, without a timestamp, at their key; deleted ones do not', async () => {
  const fn = {
    processElement({ at }: Event, context: KeyedProcessContext<string>) {
      const timers = context.timerService();
      timers.registerProcessingTimeTimer(timers.currentProcessingTime() + at);
      timers.registerProcessingTimeTimer(timers.currentProcessingTime() + at + 1);
      timers.deleteProcessingTimeTimer(timers.currentProcessingTime() + at + 1);
    },
    onTimer: (time: number, context: OnTimerContext<string>, out: Collector<string>) =>
      out.collect(`${context.getCurrentKey()} ${time} ${context.timeDomain()} ${context.timerService().currentProcessingTime()}`),
  };
  const { bench, heap } = await openBench(keyedLogic(fn), 1);
  heap.advanceTo(1000);
  bench.record({ key: 'b', at: 20 }, 1);
  bench.record({ key: 'a', at: 10 }, 2);
  heap.advanceTo(1009);
  bench.settle();
  assert.deepEqual(bench.takeLog(), []);
  heap.advanceTo(1050);
  bench.settle();
  assert.deepEqual(bench.takeLog(), [
    { record: 'a 1010 PROCESSING_TIME 1050', timestamp: NO_TIMESTAMP },
    { record: 'b 1020 PROCESSING_TIME 1050', timestamp: NO_TIMESTAMP },
  ]);
});

test('a process function without a key: timestamps, watermark, clock and side outputs', async () => {
  const late = new OutputTag<string>('late');
  class Split extends ProcessFunction<Event, string> {
    override processElement({ key, at }: Event, context: ProcessContext, out: Collector<string>) {
      if (at <= context.timerService().currentWatermark()) context.output(late, key);
      else out.collect(`${key} ${context.timestamp()} ${context.timerService().currentProcessingTime()}`);
    }
  }
  const logic = processOperator({ create: () => new Split() as never, runtimeContext: (context) => runtimeContextOf(context, parameters) });
  const { bench, heap } = await openBench(logic, 0, ['late']);
  heap.advanceTo(7);
  bench.record({ key: 'a', at: 1 }, NO_TIMESTAMP);
  bench.watermark(10);
  bench.record({ key: 'b', at: 9 }, 9);
  assert.deepEqual(bench.takeLog(), [
    { record: 'a undefined 7', timestamp: NO_TIMESTAMP },
    { watermark: 10 },
    { record: 'b', timestamp: 9, tag: 'late' },
  ]);
});

test('API-12: a rich function is opened once with its context before any record, and closed', async () => {
  const calls: unknown[] = [];
  class Tagged extends RichMapFunction<Event, string, KeyedRuntimeContext> {
    #seen!: MapState<string, number>;
    override async open(context: KeyedRuntimeContext) {
      this.#seen = context.getMapState(new MapStateDescriptor('seen'));
      await Promise.resolve();
      calls.push([
        'open',
        this.getRuntimeContext() === context,
        context.getIndexOfThisSubtask(),
        context.getGlobalJobParameters().get('input'),
        context.getParameters(),
      ]);
      context.getMetricGroup().addGroup('my').counter('opened').inc();
    }
    override map({ key, at }: Event) {
      this.#seen.put(String(at), at);
      return `${key} ${[...this.#seen.keys()].join(',')}`;
    }
    override close() {
      calls.push('close');
    }
  }
  const fn = new Tagged();
  const logic = richOperator<KeyedRuntimeContext, 'map'>({
    method: 'map',
    create: () => fn as never,
    runtimeContext: (context) => keyedRuntimeContextOf(context, parameters),
    key: { selector: (record) => (record as Event).key, type: undefined },
  });
  const { bench } = await openBench(logic, 0);
  bench.record({ key: 'a', at: 1 }, 1);
  bench.record({ key: 'b', at: 2 }, 2);
  bench.record({ key: 'a', at: 3 }, 3);
  await bench.operator.close?.();
  assert.deepEqual(calls, [['open', true, 0, 'in', { limit: 3 }], 'close']);
  assert.deepEqual(
    bench.takeLog().map((sent) => ('record' in sent ? sent.record : undefined)),
    ['a 1', 'b 2', 'a 1,3'],
  );
  assert.deepEqual([...bench.metrics.entries()], [[['my', 'opened'], { kind: 'counter', count: 1 }]]);
  assert.throws(
    () => new (class Early extends RichFunction {})().getRuntimeContext(),
    /Early\.getRuntimeContext\(\) was called before open/,
  );
});

test('rich filter and flatMap; what they must not return is refused', async () => {
  const rich = (method: 'filter' | 'flatMap' | 'map', fn: object) =>
    openBench(
      richOperator<RuntimeContext, never>({
        method: method as never,
        create: () => fn as never,
        runtimeContext: (context) => runtimeContextOf(context, parameters),
        key: undefined,
      }),
      0,
    );
  const records = ({ bench }: Awaited<ReturnType<typeof rich>>) =>
    bench.takeLog().map((sent) => ('record' in sent ? sent.record : undefined));
  const kept = await rich('filter', { filter: (n: number) => n > 1 });
  for (const n of [1, 2]) kept.bench.record(n, n);
  assert.deepEqual(records(kept), [2]);
  const flat = await rich('flatMap', {
    flatMap: (n: number, out: Collector<number>) => {
      out.collect(n);
      out.collect(-n);
    },
  });
  flat.bench.record(3, 3);
  assert.deepEqual(records(flat), [3, -3]);
  const refused = async (method: 'filter' | 'flatMap' | 'map', fn: object, message: RegExp) => {
    const made = await rich(method, fn);
    assert.throws(() => made.bench.record(1, 1), message);
  };
  await refused(
    'filter',
    { filter: () => Promise.resolve(true) },
    /filter returned a promise\. Functions in the record path are synchronous/,
  );
  await refused('flatMap', { flatMap: () => [1] }, /flatMap returned an object, which nobody emits\. Emit with out\.collect/);
  await refused('map', { map: () => undefined }, /map returned undefined/);
});

test('what fails in open, close and onTimer says which call it was, and for which timer and key', async () => {
  const failing = (method: string) => ({
    processElement: (_record: Event, context: KeyedProcessContext<string>) => context.timerService().registerEventTimeTimer(9),
    [method]: () => {
      throw new Error('oops');
    },
  });
  const callOf = (error: unknown) => ({ call: (error as FailingCall).call, key: (error as FailingCall).key?.value });
  const caught = async (action: () => unknown) => {
    try {
      await action();
    } catch (error) {
      return callOf(error);
    }
    return undefined;
  };
  assert.deepEqual(await caught(() => openBench(keyedLogic(failing('open')), 0)), { call: 'open', key: undefined });
  assert.deepEqual(await caught(() => openBench(keyedLogic(failing('initializeState')), 0)), { call: 'initializeState', key: undefined });
  const { bench } = await openBench(keyedLogic(failing('onTimer')), 0);
  bench.record({ key: 'k1', at: 1 }, 1);
  assert.deepEqual(await caught(() => bench.watermark(9)), { call: 'onTimer(9, EVENT_TIME)', key: 'k1' });
  const closing = await openBench(keyedLogic(failing('close')), 0);
  assert.deepEqual(await caught(() => closing.bench.operator.close?.()), { call: 'close', key: undefined });
});

test('ST-1: keyed state in open, and on a stream without a key, is refused in words', async () => {
  const early = {
    open: (context: KeyedRuntimeContext) => void context.getState(new ValueStateDescriptor('v')).value(),
    processElement() {},
  };
  await assert.rejects(openBench(keyedLogic(early), 0), (error: FailingCall) =>
    /There is no key here/.test((error.cause as Error).message),
  );
  const services = new HeapServices(undefined).services({
    flow: { timestamp: 0, blocked: 0 },
    currentProcessingTime: () => 0,
    mail: () => {},
  });
  assert.throws(() => services.keyedState, /Keyed state needs a key, and this operator has none\. Call keyBy\(…\) before it\./);
  assert.throws(() => services.timers('t', undefined as never, undefined as never), /A timer needs a key/);
});
