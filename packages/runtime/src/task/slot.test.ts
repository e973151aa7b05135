// Goal: whole jobs through real slots, loops and channels. Method: small jobs with countable results.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { TASK_METRIC } from '../protocol/slot-messages.ts';
import { runJob } from './fixture.test.ts';

function sequence(from: number, to: number): OperatorLogic {
  return { kind: 'source', source: new SequenceSource(from, to), strategy: WatermarkStrategy.noWatermarks() };
}

function sinkTo(records: unknown[]): OperatorLogic {
  const sink = { createWriter: () => ({ write: (record: unknown) => void records.push(record), flush() {}, close() {} }) };
  return { kind: 'sink', sink };
}

for (const generateCode of [true, false]) {
  for (const slots of [1, 2]) {
    test(`source, map, shuffle by key, sink; ${slots} slots; ${generateCode ? 'generated' : 'interpreted'}`, async () => {
      const records: unknown[] = [];
      const job = await runJob(
        {
          vertices: [
            {
              parallelism: 2,
              operators: [
                { name: 'numbers', logic: sequence(1, 5000) },
                { name: 'double', logic: { kind: 'map', fn: (n) => (n as number) * 2 } },
              ],
            },
            { parallelism: 2, operators: [{ name: 'sink', logic: sinkTo(records) }] },
          ],
          edges: [{ from: 0, to: 1, partitioner: 'hash', keySelector: (n) => (n as number) % 10 }],
        },
        { slots, ports: { generateCode } },
      );
      assert.deepEqual(job.failures, []);
      assert.deepEqual(job.lastStates(), ['FINISHED', 'FINISHED', 'FINISHED', 'FINISHED']);
      assert.equal(records.length, 5000);
      assert.equal(
        (records as number[]).reduce((sum, n) => sum + n, 0),
        5000 * 5001,
      );
      assert.equal(job.metric(0, TASK_METRIC.numRecordsIn), 5000);
      assert.equal(job.metric(0, TASK_METRIC.numRecordsOut), 5000);
      assert.equal(job.metric(1, TASK_METRIC.numRecordsIn), 5000);
    });
  }
}
