// Goal: a key that is another one at the state than at the shuffle, and a stream that is no more partitioned as the key wants, are found out instead of giving wrong results.
// Method: jobs that do it wrong, at parallelism 3, by every kind of keyed state; the same done right.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import { DataStreamUtils } from '@millrace/streaming/api/data-stream-utils';
import type { KeyedStream } from '@millrace/streaming/api/keyed-stream';
import type { KeyedRuntimeContext } from '@millrace/streaming/api/runtime-context';
import { rich } from '@millrace/streaming/api/rich-functions';
import type { ValueState } from '@millrace/streaming/contract/keyed-state';
import { ValueStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { GlobalWindows } from '@millrace/streaming/window/global-windows';
import { SlidingEventTimeWindows } from '@millrace/streaming/window/sliding-event-time-windows';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { TestEnvironment } from '../index.ts';

const FOREIGN =
  /The key ("?[\w-]+"?) is in key group \d+, and this subtask has the groups \d+ to \d+: the record was sent elsewhere by its key\. Check that the key function gives the same key whenever it is called/;

const counted = () => {
  let count: ValueState<unknown>;
  return {
    open(context: KeyedRuntimeContext) {
      count = context.getState(new ValueStateDescriptor<unknown>('count'));
    },
    map(n: number) {
      count.update(n);
      return n;
    },
  };
};

const USES: readonly (readonly [name: string, use: (keyed: KeyedStream<number, string | number>) => DataStream<unknown>])[] = [
  ['a rolling sum', (keyed) => keyed.reduce((a, b) => a + b)],
  ['a rolling avg', (keyed) => keyed.fold(0, (a, b) => a + b)],
  ['keyed state', (keyed) => keyed.map(rich(counted))],
  [
    'sliding windows',
    (keyed) =>
      keyed
        .window(SlidingEventTimeWindows.of('4 ms', '1 ms'))
        .aggregate({ createAccumulator: () => 0, add: () => 1, getResult: (n) => n, merge: (a) => a }),
  ],
  ['windows of every kind', (keyed) => keyed.window(GlobalWindows.createWithEndOfStreamTrigger()).reduce((a) => a)],
];

for (const [name, use] of USES) {
  test(`${name}: a key that changes between shuffle and state fails the job`, async () => {
    const env = TestEnvironment.create({ parallelism: 3 });
    let calls = 0;
    const timed = env
      .fromSequence(1, 200)
      .assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n));
    env.collect(use(timed.keyBy((n) => `${n}-${calls++}`)));
    await assert.rejects(env.execute(), FOREIGN);
  });

  test(`${name}: a stream that is reinterpreted as keyed and is not partitioned so fails the job; one that is does not`, async () => {
    for (const isRight of [false, true]) {
      const env = TestEnvironment.create({ parallelism: 3 });
      const timed = env
        .fromSequence(1, 200)
        .assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n));
      const keyed = timed.keyBy((n) => n % 20).map((n) => n);
      env.collect(use(DataStreamUtils.reinterpretAsKeyedStream(isRight ? keyed : keyed.rebalance().map((n) => n), (n) => n % 20)));
      if (isRight) await env.execute();
      else await assert.rejects(env.execute(), FOREIGN);
    }
  });
}

const NO_KEYS: readonly (readonly [name: string, key: unknown, message: RegExp])[] = [
  ['undefined', undefined, /A key is undefined at \$\. .* Does the key selector return the field that it means to\? .* Record: 8$/],
  ['NaN', Number.NaN, /A key is NaN at \$\. .* Let the key selector return null, or filter such records out\. Record: 8$/],
  ['an object with a function', { user: { f() {} } }, /A key is the function f at \$\.user\.f\. Keys are numbers, strings, .* Record: 8$/],
];

for (const [name, key, message] of NO_KEYS) {
  test(`a key selector that returns ${name} fails the job with the record, at every parallelism`, async () => {
    for (const parallelism of [1, 3]) {
      const env = TestEnvironment.create({ parallelism });
      env.collect(
        env
          .fromData(7, 8)
          .keyBy((n) => (n === 8 ? key : n) as number)
          .reduce((a) => a),
      );
      await assert.rejects(env.execute(), message);
    }
  });
}
