// Goal: for whoever reads metrics, the engine tells of each operator where its watermarks stand and what it keeps, and of slots what their threads do. Method: jobs in one
// thread under a virtual clock, whose figures can be counted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VertexDetails } from '@millrace/runtime/protocol/control-messages';
import { TASK_METRIC } from '@millrace/runtime/protocol/slot-messages';
import { metricPath } from '@millrace/runtime/protocol/user-metrics';
import { DataGeneratorSource } from '@millrace/streaming/builtin/data-generator-source';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { VirtualClock } from '../simulation/virtual-clock.ts';
import { SimulatedJob } from './simulated-job.ts';
import { TestEnvironment } from './test-environment.ts';

const SYSTEM = { garbageCollections: 7, garbageCollectionMs: 8, eventLoopDelayMs: 9, processRssBytes: 10, processCpuMs: 11 };

/** `operator: metric` → value, of the engine's own. */
function figuresOf(vertices: readonly VertexDetails[]): Readonly<Record<string, unknown>> {
  const metrics = vertices.flatMap(({ subtasks }) => subtasks.flatMap(({ userMetrics }) => userMetrics?.metrics ?? []));
  assert.ok(metrics.every(({ origin }) => origin === 'operator'));
  return Object.fromEntries(
    metrics.map((metric) => [
      `${metric.operatorName}: ${metricPath(metric)}`,
      metric.value.kind === 'gauge' ? metric.value.value : metric.value.kind === 'counter' ? metric.value.count : undefined,
    ]),
  );
}

async function running(system: boolean) {
  const clock = new VirtualClock();
  const env = TestEnvironment.create({ parallelism: 1 });
  const source = env.testSource<number>({ name: 'numbers', timestamp: (n) => n });
  source.stream
    .map((n) => n)
    .name('same')
    .keyBy((n) => n % 5)
    .reduce((a, b) => a + b)
    .name('total')
    .print()
    .name('out');
  const job = new SimulatedJob(env.compile('figures'), {
    seed: 3,
    clock,
    write() {},
    ...(system ? { system: { read: () => SYSTEM } } : {}),
  });
  await job.start();
  for (let n = 1; n <= 100; n++) source.emit(n);
  source.watermark(77);
  await job.settle();
  return { job, source };
}

test('watermarks of each operator, and keys of its state', async () => {
  const { job, source } = await running(true);
  job.accumulators();
  const figures = figuresOf(job.vertices());
  const watermarks = Object.entries(figures).filter(([name]) => name.includes('Watermark'));
  assert.deepEqual(Object.fromEntries(watermarks), {
    'Source: numbers: currentOutputWatermark': 77,
    'same: currentInputWatermark': 77,
    'same: currentOutputWatermark': 77,
    'total: currentInputWatermark': 77,
    'total: currentOutputWatermark': 77,
    'Sink: out: currentInputWatermark': 77,
    'Sink: out: currentOutputWatermark': 77,
  });
  const sizes = Object.entries(figures).filter(([name]) => name.startsWith('total: size.'));
  assert.deepEqual(
    sizes.map(([name, value]) => [name.split('.').at(-1), name.endsWith('numEntries') ? value : Number(value) > 0]),
    [
      ['numEntries', 5],
      ['estimatedBytes', true],
    ],
  );
  source.end();
  await job.end();
});

test('where nobody reads them, none are made', async () => {
  const { job, source } = await running(false);
  job.accumulators();
  assert.deepEqual(figuresOf(job.vertices()), {});
  source.end();
  await job.end();
  const [subtask] = job.vertices()[0]?.subtasks ?? [];
  assert.equal(subtask?.metrics?.[TASK_METRIC.processRssBytes], 0);
});

test('where the time of a split went', async () => {
  const clock = new VirtualClock();
  const env = TestEnvironment.create({ parallelism: 1 });
  const paced = new DataGeneratorSource((n) => ({ n }), 1_000, { recordsPerSecond: 10 });
  env.fromSource(paced, WatermarkStrategy.noWatermarks(), 'paced').print();
  const job = new SimulatedJob(env.compile('splits'), { seed: 3, clock, write() {}, system: { read: () => SYSTEM } });
  await job.start();
  await job.settle();
  await job.advance(500);
  job.accumulators();
  const times = Object.entries(figuresOf(job.vertices())).filter(([name]) => name.includes('accumulated'));
  const of = (state: string) => `Source: paced: split.0.watermark.accumulated${state}TimeMs`;
  assert.deepEqual(Object.fromEntries(times), { [of('Active')]: 500, [of('Paused')]: 0, [of('Idle')]: 0 });
  job.cancel();
  await job.settle();
});
