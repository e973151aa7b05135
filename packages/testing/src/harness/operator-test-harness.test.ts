// Goal: a user's function can be driven by hand: elements, watermarks, the clock; output, side outputs, state and timers can be seen; a snapshot begins another harness.
// Method: functions of every kind, as users write them, by the public names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BroadcastProcessFunction, KeyedBroadcastProcessFunction } from '@millrace/streaming/api/broadcast-process-functions';
import { CoProcessFunction, KeyedCoProcessFunction } from '@millrace/streaming/api/co-process-functions';
import { KeyedProcessFunction, ProcessFunction } from '@millrace/streaming/api/process-functions';
import type { KeyedRuntimeContext } from '@millrace/streaming/api/runtime-context';
import type { BroadcastContext, ReadOnlyBroadcastContext } from '@millrace/streaming/contract/broadcast-context';
import type { Collector } from '@millrace/streaming/contract/emittable';
import type { ValueState } from '@millrace/streaming/contract/keyed-state';
import { OutputTag } from '@millrace/streaming/contract/output-tag';
import type { KeyedProcessContext, OnTimerContext, ProcessContext } from '@millrace/streaming/contract/process-context';
import { MapStateDescriptor, ValueStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { oneInputHarness, ProcessFunctionTestHarnesses, twoInputHarness } from '../index.ts';

interface Click {
  readonly user: string;
  readonly at: number;
}

const CLICKS = new ValueStateDescriptor<number>('clicks');
const many = new OutputTag<string>('many');

/** Counts the clicks of a user, says so ten milliseconds after each, and complains aside of the third; forgets who was silent for a minute of the clock. */
class Count extends KeyedProcessFunction<string, Click, string> {
  #clicks!: ValueState<number>;
  override open(context: KeyedRuntimeContext) {
    this.#clicks = context.getState(CLICKS);
  }
  override processElement({ user, at }: Click, context: KeyedProcessContext<string>) {
    const clicks = (this.#clicks.value() ?? 0) + 1;
    this.#clicks.update(clicks);
    context.timerService().registerEventTimeTimer(at + 10);
    context.timerService().registerProcessingTimeTimer(context.timerService().currentProcessingTime() + 60_000);
    if (clicks === 3) context.output(many, user);
  }
  override onTimer(time: number, context: OnTimerContext<string>, out: Collector<string>) {
    out.collect(`${context.getCurrentKey()} ${this.#clicks.value() ?? 0} ${context.timeDomain()} ${time}`);
    if (context.timeDomain() === 'PROCESSING_TIME') this.#clicks.clear();
  }
}

const keyed = (options = {}) => ProcessFunctionTestHarnesses.forKeyedProcessFunction(new Count(), ({ user }: Click) => user, options);

test('a keyed process function: elements, watermarks, clock; output, side output, state and timers', async () => {
  const harness = await keyed({ processingTime: 1_000 });
  for (const at of [1, 2, 3]) harness.processElement({ user: 'ann', at }, at);
  harness.processElement({ user: 'bob', at: 2 }, 2);
  assert.deepEqual(harness.takeOutput(), []);
  assert.deepEqual(harness.takeSideOutput(many), [{ value: 'ann', timestamp: 3 }]);
  assert.deepEqual([harness.numEventTimeTimers, harness.numProcessingTimeTimers], [4, 2]);
  assert.equal(harness.stateOf('ann', CLICKS).value(), 3);
  harness.processWatermark(12);
  assert.deepEqual(harness.takeOutput().at(-1), { watermark: 12 });
  harness.processWatermark(11);
  harness.processWatermark(13);
  assert.deepEqual(harness.takeOutput(), [{ value: 'ann 3 EVENT_TIME 13', timestamp: 13 }, { watermark: 13 }]);
  harness.setProcessingTime(61_000);
  assert.deepEqual(harness.takeOutputValues().sort(), ['ann 3 PROCESSING_TIME 61000', 'bob 1 PROCESSING_TIME 61000']);
  assert.equal(harness.stateOf('ann', CLICKS).value(), undefined);
  assert.deepEqual([harness.numEventTimeTimers, harness.numProcessingTimeTimers], [0, 0]);
  await harness.close();
});

test('a snapshot begins another harness, and this one goes on', async () => {
  const first = await keyed({ processingTime: 5 });
  first.processElement({ user: 'ann', at: 1 }, 1);
  const snapshot = await first.snapshot();
  first.processElement({ user: 'ann', at: 7 }, 7);
  const second = await keyed({ restored: snapshot });
  assert.equal(second.getProcessingTime(), 5);
  assert.equal(second.stateOf('ann', CLICKS).value(), 1);
  for (const harness of [first, second]) await harness.endInput();
  assert.deepEqual(first.takeOutputValues(), ['ann 2 EVENT_TIME 11', 'ann 2 EVENT_TIME 17']);
  assert.deepEqual(second.takeOutputValues(), ['ann 1 EVENT_TIME 11']);
});

test('a process function without a key', async () => {
  class Even extends ProcessFunction<number, number> {
    override processElement(n: number, context: ProcessContext, out: Collector<number>) {
      if (n % 2 === 0) out.collect(n + context.timerService().currentWatermark());
      else context.output(many, String(n));
    }
  }
  const harness = await ProcessFunctionTestHarnesses.forProcessFunction(new Even());
  harness.processWatermark(100);
  harness.processElement(2, 101);
  harness.processElement(3);
  assert.deepEqual(harness.takeOutput(), [{ watermark: 100 }, { value: 102, timestamp: 101 }]);
  assert.deepEqual(harness.takeSideOutput(many), [{ value: '3', timestamp: undefined }]);
});

test('functions of two inputs see the lesser watermark', async () => {
  class Both extends CoProcessFunction<number, string, string> {
    override processElement1(n: number, context: ProcessContext, out: Collector<string>) {
      out.collect(`${n} at ${context.timerService().currentWatermark()}`);
    }
    override processElement2(text: string, _context: ProcessContext, out: Collector<string>) {
      out.collect(text);
    }
  }
  const harness = await ProcessFunctionTestHarnesses.forCoProcessFunction(new Both());
  harness.processWatermark1(10);
  harness.processWatermark2(5);
  harness.processElement1(1);
  harness.processElement2('b');
  harness.processBothWatermarks(12);
  assert.deepEqual(harness.takeOutput(), [
    { watermark: 5 },
    { value: '1 at 5', timestamp: undefined },
    { value: 'b', timestamp: undefined },
    { watermark: 12 },
  ]);
});

test('a keyed function of two inputs has one state of a key for both', async () => {
  class Sum extends KeyedCoProcessFunction<string, Click, string, number> {
    #clicks!: ValueState<number>;
    override open(context: KeyedRuntimeContext) {
      this.#clicks = context.getState(CLICKS);
    }
    override processElement1({ at }: Click) {
      this.#clicks.update((this.#clicks.value() ?? 0) + at);
    }
    override processElement2(_user: string, _context: KeyedProcessContext<string>, out: Collector<number>) {
      out.collect(this.#clicks.value() ?? 0);
    }
  }
  const keys = { first: ({ user }: Click) => user, second: (user: string) => user };
  const harness = await ProcessFunctionTestHarnesses.forKeyedCoProcessFunction(new Sum(), keys);
  harness.processElement1({ user: 'ann', at: 5 });
  harness.processElement2('bob');
  harness.processElement2('ann');
  assert.deepEqual(harness.takeOutputValues(), [0, 5]);
});

const RULES = new MapStateDescriptor<string, number>('rules');

test('broadcast functions, with a key and without', async () => {
  class Ruled extends BroadcastProcessFunction<Click, string, string> {
    override processElement({ user }: Click, context: ReadOnlyBroadcastContext, out: Collector<string>) {
      out.collect(`${user} ${context.getBroadcastState(RULES).get(user) ?? 'none'}`);
    }
    override processBroadcastElement(user: string, context: BroadcastContext) {
      context.getBroadcastState(RULES).put(user, 1);
    }
  }
  const plain = await ProcessFunctionTestHarnesses.forBroadcastProcessFunction(new Ruled(), { states: [RULES] });
  class KeyedRuled extends KeyedBroadcastProcessFunction<string, Click, string, string> {
    override processElement({ user }: Click, context: ReadOnlyBroadcastContext, out: Collector<string>) {
      out.collect(`${user} ${context.getBroadcastState(RULES).get(user) ?? 'none'}`);
    }
    override processBroadcastElement(user: string, context: BroadcastContext) {
      context.getBroadcastState(RULES).put(user, 1);
    }
  }
  const byUser = ({ user }: Click) => user;
  const withKey = await ProcessFunctionTestHarnesses.forKeyedBroadcastProcessFunction(new KeyedRuled(), byUser, { states: [RULES] });
  for (const harness of [plain, withKey]) {
    harness.processElement1({ user: 'ann', at: 1 });
    harness.processElement2('ann');
    harness.processElement1({ user: 'ann', at: 2 });
    assert.deepEqual(harness.takeOutputValues(), ['ann none', 'ann 1']);
  }
});

test('any operator: what a piece of program ends with', async () => {
  const harness = await oneInputHarness<number, number>((numbers) => numbers.keyBy((n) => n % 2).sum());
  for (const n of [1, 2, 3]) harness.processElement(n);
  assert.deepEqual(harness.takeOutputValues(), [1, 2, 4]);
});

test('mistakes are told', async () => {
  await assert.rejects(
    oneInputHarness<number, number>((numbers) => numbers.map((n) => n)),
    /A plain function can be called/,
  );
  await assert.rejects(
    twoInputHarness<number, number, number>((numbers) => numbers.keyBy((n) => n).sum()),
    /twoInputHarness got an operator of one input/,
  );
  const harness = await keyed();
  assert.throws(() => harness.setProcessingTime(-1), /it is 0\. Give a whole number/);
  assert.throws(() => harness.processWatermark(0.5), /A time is a safe integer/);
});
