// Goal: what becomes of one job is nothing to the other in the same TaskManager (ARC-2, FT-12). Method: cancel or crash one while the other counts; every record of
// the other must come once, so that it was not restarted either.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesOf, millrace, root } from './support/run-millrace.mjs';

const RECORDS = 1_500;
const program = (end) => `
import { DiscardingSink, StreamExecutionEnvironment, WatermarkStrategy } from 'millrace';
import { DataGeneratorSource } from '@millrace/connectors/datagen';

const env = StreamExecutionEnvironment.getExecutionEnvironment();
const numbers = (count: number) => env.fromSource(new DataGeneratorSource((n) => n, count, { recordsPerSecond: 1_500 }), WatermarkStrategy.noWatermarks(), 'numbers');

numbers(1_000_000_000)
  .map((n) => {
    if (n === 150 && '${end}' === 'crash') throw new Error('not this one');
    return n;
  })
  .sinkTo(new DiscardingSink());
const a = await env.executeAsync('a');
numbers(${RECORDS}).print('b');
const b = await env.executeAsync('b');

while ((await b.getJobStatus()) !== 'RUNNING' && '${end}' === 'cancel') await new Promise((resolve) => setTimeout(resolve, 10));
if ('${end}' === 'cancel') await a.cancel();
await a.getJobExecutionResult().catch(() => {});
console.log('a is', await a.getJobStatus(), 'and b', await b.getJobStatus());
await b.getJobExecutionResult();
console.log('b is', await b.getJobStatus());
`;

for (const [end, state] of [
  ['cancel', 'CANCELED'],
  ['crash', 'FAILED'],
]) {
  test(`${end} of one job leaves the other`, async () => {
    const folder = join(root, '.cache/two-jobs');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${end}.ts`);
    writeFileSync(file, program(end));
    const { stdout } = await millrace(['run', file, '--slots', '2']);
    const printed = linesOf(stdout);
    assert.deepEqual(
      printed.filter((line) => !line.startsWith('b> ')),
      [`a is ${state} and b RUNNING`, 'b is FINISHED'],
    );
    const records = printed.filter((line) => line.startsWith('b> ')).map((line) => Number(line.slice(3)));
    assert.deepEqual(
      records,
      Array.from({ length: RECORDS }, (_, n) => n),
    );
  });
}
