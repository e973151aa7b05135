// Goal: what operators and readers count by themselves stands in the task's figures. Method: jobs whose losses can be counted by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import type { SourceReaderContext } from '@millrace/streaming/contract/source';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { TASK_METRIC } from '../protocol/slot-messages.ts';
import { runJob } from './fixture.test.ts';

const discard: OperatorLogic = { kind: 'sink', sink: { createWriter: () => ({ write() {}, flush() {}, close() {} }) } };

/** Drops what is divisible by `divisor` as too late. */
function dropping(divisor: number): OperatorLogic {
  return {
    kind: 'operator',
    create: ({ output }) => ({
      numLateRecordsDropped: 0,
      processElement(record: unknown) {
        if ((record as number) % divisor === 0) (this as { numLateRecordsDropped: number }).numLateRecordsDropped += 1;
        else output.collect(record);
      },
    }),
  };
}

/** Whose reader counts one error for each split that it gets. */
class FaultySource extends SequenceSource {
  override createReader(context: SourceReaderContext) {
    const reader = super.createReader(context);
    const addSplits = reader.addSplits.bind(reader);
    reader.addSplits = (splits) => {
      if (context.metrics !== undefined) context.metrics.numRecordsInErrors += splits.length;
      addSplits(splits);
    };
    return reader;
  }
}

test('late records of all operators of a task, and the errors of its reader', async () => {
  const source = new FaultySource(1, 100);
  const operators = [
    { name: 'numbers', logic: { kind: 'source', source, strategy: WatermarkStrategy.noWatermarks() } as const },
    { name: 'tens', logic: dropping(10) },
    { name: 'threes', logic: dropping(3) },
    { name: 'sink', logic: discard },
  ];
  const job = await runJob({ vertices: [{ operators }] });
  assert.deepEqual(job.failures, []);
  assert.equal(job.metric(0, TASK_METRIC.numLateRecordsDropped), 10 + 33 - 3);
  assert.ok(job.metric(0, TASK_METRIC.numRecordsInErrors) > 0);
});
