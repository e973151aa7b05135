// Goal: windows depend on the time in the records, not on their order (TIME-3). Method: one job has the same windows over sorted input and over the same input
// shuffled by 50 seeds, the seed being part of the key, and compares the results; nothing is late, as the bound is longer than the whole input.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
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
