// Goal: windows depend on the time in the records, not on their order (TIME-3). Method: one job has the same windows over sorted input and over the same input
// shuffled by 50 seeds, the seed being part of the key, and compares the results; nothing is late, as the bound is longer than the whole input.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DataGeneratorSource } from '@millrace/connectors/datagen';
import { TestEnvironment } from '@millrace/testing';
import { TumblingEventTimeWindows, WatermarkStrategy } from 'millrace';
import { millrace, root } from './support/run-millrace.mjs';

const program = `
import { SlidingEventTimeWindows, StreamExecutionEnvironment, TumblingEventTimeWindows, WatermarkStrategy } from 'millrace';
import type { DataStream } from 'millrace';

interface Event { readonly key: number; readonly at: number; readonly value: number }

function shuffled(events: readonly Event[], seed: number): Event[] {
  const result = [...events];
  let state = seed * 2_654_435_761 + 1;
  for (let last = result.length - 1; last > 0; last -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (last + 1);
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}

const env = StreamExecutionEnvironment.getExecutionEnvironment();
env.getConfig().setAutoWatermarkRecords(7);
const sum = { createAccumulator: () => 0, add: (event: Event, acc: number) => acc + event.value, getResult: (acc: number) => acc, merge: (a: number, b: number) => a + b };

const events: readonly Event[] = Array.from({ length: 400 }, (_, n) => ({ key: n % 5, at: n * 37 - 5_000, value: n }));
const orders = [events, ...Array.from({ length: 50 }, (_, seed) => shuffled(events, seed + 1))];
const timed = env
  .fromCollection(orders.flatMap((order, run) => order.map((event) => ({ ...event, run }))))
  .assignTimestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness('1 d').withTimestampAssigner((event) => event.at))
  .keyBy((event) => [event.run, event.key]);
const tumbling: DataStream<[number, string]> = timed
  .window(TumblingEventTimeWindows.of('1 s'))
  .aggregate(sum, ([run, key], window, value) => [run, \`tumbling \${key} \${window.start} \${value}\`]);
const sliding = timed
  .window(SlidingEventTimeWindows.of('3 s', '1 s'))
  .aggregate(sum, ([run, key], window, value): [number, string] => [run, \`sliding \${key} \${window.start} \${value}\`]);

const results: string[][] = orders.map(() => []);
for await (const [run, result] of await tumbling.union(sliding).executeAndCollect()) results[run]!.push(result);
const [sorted, ...others] = results.map((lines) => lines.sort().join('\\n'));
console.log(\`\${results[0]!.length} windows, \${others.filter((lines) => lines !== sorted).length} of \${others.length} seeds differ\`);
`;

test('shuffled input gives the windows of sorted input', async () => {
  const folder = join(root, '.cache/event-time');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'job.ts');
  writeFileSync(file, program);
  const { code, stdout, stderr } = await millrace(['run', file, '--parallelism', '2']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^[1-9]\d* windows, 0 of 50 seeds differ\n$/);
});

const MINUTE = 60_000;
const at = (hour, minute) => (hour * 60 + minute) * MINUTE;

/** The watermark that a sink sees with each record: that of the records before it. */
async function watermarksOf(strategy) {
  const env = TestEnvironment.create({ parallelism: 1, seed: 1 });
  env.getConfig().setAutoWatermarkRecords(1);
  const seen = [];
  const sink = {
    createWriter: () => ({ write: (_record, context) => void seen.push(context.currentWatermark()), flush() {}, close() {} }),
  };
  env
    .fromData(at(9, 1), at(9, 5), at(9, 2), at(9, 6), at(9, 7))
    .assignTimestampsAndWatermarks(strategy.withTimestampAssigner((time) => time))
    .sinkTo(sink);
  await env.execute();
  return seen.slice(1);
}

test('a delay of two minutes: after 9:05 the watermark is 9:03, and 9:02 does not lower it (TIME-4)', async () => {
  const expected = [at(8, 59), at(9, 3), at(9, 3), at(9, 4)];
  const periodic = await watermarksOf(WatermarkStrategy.forBoundedOutOfOrderness('2 min'));
  assert.deepEqual(
    periodic,
    expected.map((time) => time - 1),
  );
  const generator = () => ({ onEvent: (_record, time, output) => output.emitWatermark(time - 2 * MINUTE), onPeriodicEmit() {} });
  assert.deepEqual(await watermarksOf(WatermarkStrategy.forGenerator(generator)), expected);
});

/** A week of readings, one a minute, up to five minutes out of order; read at once, or at the pace at which they were made, by a virtual clock. */
async function weekOf({ slow }) {
  const env = TestEnvironment.create({ parallelism: 2, seed: 3 });
  const readings = 7 * 24 * 60;
  const source = new DataGeneratorSource(
    (n) => ({ sensor: n % 3, at: (n - (n % 7 === 0 ? 5 : 0)) * MINUTE }),
    readings,
    slow ? { recordsPerSecond: 1 / 60 } : {},
  );
  const counts = env.collect(
    env
      .fromSource(
        source,
        WatermarkStrategy.forBoundedOutOfOrderness('3 min').withTimestampAssigner((reading) => reading.at),
        'week',
      )
      .setParallelism(1)
      .keyBy((reading) => reading.sensor)
      .window(TumblingEventTimeWindows.of('1 h'))
      .aggregate(
        { createAccumulator: () => 0, add: (_reading, n) => n + 1, getResult: (n) => n },
        (sensor, window, n) => `${sensor} ${window.start} ${n}`,
      ),
  );
  await env.start();
  if (slow) for (let hour = 0; hour < 7 * 24 + 1; hour += 1) await env.advanceTime('1 h');
  await env.finish();
  return counts.take().sort();
}

test('a week of events gives the same windows at once as at the pace of the events (TIME-10)', async () => {
  const fast = await weekOf({ slow: false });
  assert.ok(fast.length >= 3 * 7 * 24);
  assert.deepEqual(await weekOf({ slow: true }), fast);
});
