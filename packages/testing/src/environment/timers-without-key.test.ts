// Goal: who sets a timer where there is no key is told what to do, whichever kind of function it is; the compiler refuses it before, so these are casts. The time can be read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import { rich } from '@millrace/streaming/api/rich-functions';
import { MapStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import type { TimerService } from '@millrace/streaming/contract/timers';
import { TestEnvironment } from '../index.ts';

interface AnyContext {
  timerService(): { currentWatermark(): number };
}
type Call = Exclude<keyof TimerService, 'currentWatermark' | 'currentProcessingTime'>;

/** Reads the time, and sets a timer all the same. */
const setting = (call: Call) => (_value: unknown, context: AnyContext) => {
  assert.ok(context.timerService().currentWatermark() < 0);
  (context.timerService() as TimerService)[call](1);
};

const KINDS: readonly (readonly [name: string, build: (numbers: DataStream<number>, call: Call) => DataStream<unknown>])[] = [
  ['process', (numbers, call) => numbers.process(rich(() => ({ processElement: setting(call) })))],
  [
    'process of connected streams',
    (numbers, call) => numbers.connect(numbers).process(rich(() => ({ processElement1: setting(call), processElement2: setting(call) }))),
  ],
  [
    'the broadcast side of a keyed stream',
    (numbers, call) =>
      numbers
        .keyBy((n) => n)
        .connect(numbers.broadcast(new MapStateDescriptor('rules')))
        .process(rich(() => ({ processElement() {}, processBroadcastElement: setting(call) }))),
  ],
];

for (const [name, build] of KINDS) {
  test(`${name}: timers need a key`, async () => {
    for (const call of [
      'registerEventTimeTimer',
      'registerProcessingTimeTimer',
      'deleteEventTimeTimer',
      'deleteProcessingTimeTimer',
    ] as const) {
      const env = TestEnvironment.create();
      env.collect(build(env.fromData(7), call));
      await assert.rejects(
        env.execute(),
        new RegExp(`${call} was called where there is no key, and timers belong to keys\\. Call keyBy\\(…\\) before process\\(…\\)`),
      );
    }
  });
}
