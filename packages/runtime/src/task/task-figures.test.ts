// Goal: the figures of a task that fails or is canceled say what it has done, up to the record that failed. Method: jobs whose every record is known, that end in
// the first turn, before anything was published.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import type { Sink } from '@millrace/streaming/contract/sink';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { TASK_METRIC } from '../protocol/slot-messages.ts';
import { type FixtureEdge, type FixtureOperator, type FixtureOptions, RunningJob } from './fixture.test.ts';

const strategy = WatermarkStrategy.forMonotonousTimestamps<unknown>().withTimestampAssigner((n) => n as number);
const NUMBERS: FixtureOperator = { name: 'numbers', logic: { kind: 'source', source: new SequenceSource(1, 100), strategy } };

function mapOf(map: (n: number) => number): FixtureOperator {
  const logic: OperatorLogic = {
    kind: 'operator',
    create: (context) => ({ processElement: (record) => context.output.collect(map(record as number)) }),
  };
  return { name: 'map', logic };
}

function sinkOf(write: (n: number) => void): FixtureOperator {
  const sink = { createWriter: () => ({ write, flush() {}, close() {} }) } as unknown as Sink<unknown>;
  return { name: 'sink', logic: { kind: 'sink', sink } };
}

const failAt = (last: number) => (n: number) => {
  if (n === last) throw new Error(`at ${last}`);
  return n;
};

function started(vertices: readonly (readonly FixtureOperator[])[], options: FixtureOptions = {}): RunningJob {
  const edges = vertices.slice(1).map((_, from): FixtureEdge => ({ from, to: from + 1, partitioner: 'forward' }));
  return new RunningJob({ vertices: vertices.map((operators) => ({ operators })), edges }, options).start();
}

const figures = (job: RunningJob, vertex: number) => ({
  in: job.metric(vertex, TASK_METRIC.numRecordsIn),
  out: job.metric(vertex, TASK_METRIC.numRecordsOut),
});

test('a source task counts the records that its chain took before it failed', async () => {
  const job = await started([[NUMBERS, mapOf(failAt(90))], [sinkOf(() => {})]]).result();
  assert.deepEqual(job.lastStates(), ['FAILED', 'CANCELED']);
  assert.deepEqual(figures(job, 0), { in: 89, out: 89 });
});

test('a task behind a local channel counts the record that it failed at', async () => {
  const job = await started([[NUMBERS], [sinkOf(failAt(7))]]).result();
  assert.equal(job.lastStates()[1], 'FAILED');
  assert.deepEqual(figures(job, 1), { in: 7, out: 0 });
});

test('a canceled task keeps its figures', async () => {
  let full = () => {};
  const reached = new Promise<void>((resolve) => {
    full = resolve;
  });
  const never = new Promise<void>(() => {});
  const sink = sinkOf((n) => {
    if (n < 20) return;
    full();
    return never as never;
  });
  const job = started([[NUMBERS, sink]]);
  await reached;
  job.cancel();
  await job.result();
  assert.deepEqual(job.lastStates(), ['CANCELED']);
  assert.equal(figures(job, 0).in >= 20, true);
});
