// Goal: latency markers tell to the millisecond how long records are under way, wherever they wait, and take no part in anything else. Method: jobs in one thread under a
// virtual clock, in every order of turns that many seeds give, with channels by reference and rings; a sink that is closed for a time makes them wait.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUANTILES } from '@millrace/core/metrics/histogram-window';
import type { VertexDetails } from '@millrace/runtime/protocol/control-messages';
import type { Sink } from '@millrace/streaming/contract/sink';
import { VirtualClock } from '../simulation/virtual-clock.ts';
import { SimulatedJob } from './simulated-job.ts';
import { TestEnvironment } from './test-environment.ts';

const SEEDS = 12;
/** More than a sink and a channel take. */
const RECORDS = 700;

/** `latency.source_id.<name>.operator_id.<name>.operator_subtask_index.<n>` with all latencies from the least to the greatest, as far as two are told apart. */
function latencies(vertices: readonly VertexDetails[], names: ReadonlyMap<string, string>): Readonly<Record<string, unknown>> {
  const told: Record<string, unknown> = {};
  for (const { subtasks } of vertices) {
    for (const { groups, variables, name, value, origin } of subtasks.flatMap(({ userMetrics }) => userMetrics?.metrics ?? [])) {
      assert.deepEqual([groups[0], name, origin, value.kind], ['latency', 'latency', 'job', 'histogram']);
      if (value.kind !== 'histogram' || value.statistics === undefined) continue;
      const { min, max, quantiles } = value.statistics;
      const place = variables.map(([variable, text]) => `${variable}=${names.get(text) ?? text}`).join(' ');
      told[place] = { count: value.count, sum: value.sum, min, max, median: quantiles[QUANTILES.findIndex(([of]) => of === 'median')] };
    }
  }
  return told;
}

interface Options {
  readonly seed: number;
  readonly granularity?: 'single' | 'operator' | 'subtask';
}

/** A source with a marker each second, a map in another task, and a sink that takes nothing until 1700 ms. */
async function waiting({ seed, granularity }: Options) {
  const clock = new VirtualClock();
  const open = new Promise<void>((resolve) => void clock.schedule(1_700, resolve));
  let isOpen = false;
  void open.then(() => {
    isOpen = true;
  });
  const sink: Sink<number> = { createWriter: () => ({ write: () => (isOpen ? undefined : open), flush() {}, close() {} }) };
  const env = TestEnvironment.create({ parallelism: 1, seed });
  env.getConfig().setLatencyTrackingInterval('1 s');
  if (granularity !== undefined) env.configure({ 'metrics.latency.granularity': granularity });
  const source = env.testSource<number>({ name: 'numbers' });
  const doubled = source.stream.rebalance().map((n) => 2 * n);
  doubled.name('doubled').sinkTo(sink).name('slow');
  const compiled = env.compile('waiting');
  const operators = compiled.jobGraph.vertices.flatMap((vertex) => vertex.operators);
  const names = new Map(operators.map(({ id, name }) => [id, name]));
  const job = new SimulatedJob(compiled, { seed, slots: 1 + (seed % 3), clock, write() {}, generateCode: seed % 2 === 0 });
  await job.start();
  await job.advance(500);
  for (let n = 0; n < RECORDS; n++) source.emit(n);
  return { job, source, names };
}

test('what waits in a channel is as old as it is, at every operator that it comes to', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { job, source, names } = await waiting({ seed });
    await job.advance(2_000); // markers of 0, 1000 and 2000 ms; the second waits until 1700
    job.accumulators();
    const expected = { count: 3, sum: 700, min: 0, max: 700, median: 0 };
    const told = latencies(job.vertices(), names);
    const at = (operator: string) => `source_id=Source: numbers operator_id=${operator} operator_subtask_index=0`;
    assert.deepEqual(told, { [at('doubled')]: expected, [at('Sink: slow')]: expected }, `seed ${seed}`);
    source.end();
    await job.end();
  }
});

test('markers of a source end with its input, and the last statistics stay', async () => {
  const { job, source, names } = await waiting({ seed: 1 });
  await job.advance(2_000);
  source.end();
  await job.end();
  assert.equal(Object.values(latencies(job.vertices(), names)).length, 2);
});

test('how finely they are told apart', async () => {
  const single = await waiting({ seed: 1, granularity: 'single' });
  await single.job.advance(2_000);
  single.source.end();
  await single.job.end();
  assert.deepEqual(Object.keys(latencies(single.job.vertices(), single.names)).sort(), [
    'operator_id=Sink: slow operator_subtask_index=0',
    'operator_id=doubled operator_subtask_index=0',
  ]);
  const subtask = await waiting({ seed: 1, granularity: 'subtask' });
  await subtask.job.advance(2_000);
  subtask.source.end();
  await subtask.job.end();
  assert.ok(
    Object.keys(latencies(subtask.job.vertices(), subtask.names)).every((place) =>
      place.startsWith('source_id=Source: numbers source_subtask_index=0 operator_id='),
    ),
  );
});

test('the subtasks of a consumer have the markers in their turn, and each source its own', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const clock = new VirtualClock();
    const env = TestEnvironment.create({ parallelism: 3, seed });
    env.getConfig().setLatencyTrackingInterval(10);
    env.disableOperatorChaining();
    const sources = [env.testSource<number>({ name: 'left' }), env.testSource<number>({ name: 'right' })] as const;
    sources[0].stream
      .connect(sources[1].stream)
      .map(
        (n) => n,
        (n) => n,
      )
      .name('both')
      .print()
      .name('out');
    const compiled = env.compile('both');
    const names = new Map(compiled.jobGraph.vertices.flatMap(({ operators }) => operators).map(({ id, name }) => [id, name]));
    const job = new SimulatedJob(compiled, { seed, slots: 1 + (seed % 3), clock, write() {} });
    await job.start();
    await job.advance(80); // markers at 0, 10, …, 80: nine of each source, three for each subtask
    job.accumulators();
    const told = latencies(job.vertices(), names);
    const counts = Object.entries(told).map(([place, value]) => [place, (value as { count: number }).count] as const);
    const both = counts.filter(([place]) => place.includes('operator_id=both'));
    assert.equal(both.length, 6, `seed ${seed}`);
    assert.ok(
      both.every(([, count]) => count === 3),
      `seed ${seed}: ${JSON.stringify(both)}`,
    );
    const out = counts.filter(([place]) => place.includes('operator_id=Sink: out'));
    assert.equal(
      out.reduce((sum, [, count]) => sum + count, 0),
      18,
      `seed ${seed}`,
    );
    for (const source of sources) source.end();
    await job.end();
  }
});

test('without an interval there is nothing: no marker, no metric, no setting in the job graph', async () => {
  const clock = new VirtualClock();
  const env = TestEnvironment.create({ parallelism: 1 });
  assert.equal(env.getConfig().getLatencyTrackingInterval().toMillis(), 0);
  assert.equal(env.getConfig().isLatencyTrackingConfigured(), false);
  const source = env.testSource<number>();
  source.stream.map((n) => n).print();
  const compiled = env.compile('off');
  assert.ok(!('latencyTracking' in compiled.jobGraph.configuration));
  const job = new SimulatedJob(compiled, { seed: 1, clock, write() {} });
  await job.start();
  await job.advance(10_000);
  assert.equal(clock.numTimers, 0);
  job.accumulators();
  assert.deepEqual(latencies(job.vertices(), new Map()), {});
  source.end();
  await job.end();
});

test('an interval below 0 is refused', () => {
  const env = TestEnvironment.create();
  assert.throws(
    () => env.getConfig().setLatencyTrackingInterval(-1),
    /setLatencyTrackingInterval got -1 ms\. Give a duration of 0 ms or more/,
  );
});
