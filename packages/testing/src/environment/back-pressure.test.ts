// Goal: of a job whose tasks wait for each other, the vertex that they wait for is named. Method: three tasks in slots of their own under a virtual clock that only the
// slow one moves, in every order of turns that many seeds give.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backPressureCulprit } from '@millrace/runtime/coordinator/back-pressure';
import type { TaskRates } from '@millrace/runtime/protocol/control-messages';
import { TASK_METRIC } from '@millrace/runtime/protocol/slot-messages';
import { RichMapFunction, rich } from '@millrace/streaming/api/rich-functions';
import type { Sink } from '@millrace/streaming/contract/sink';
import { VirtualClock } from '../simulation/virtual-clock.ts';
import { SimulatedJob } from './simulated-job.ts';
import { TestEnvironment } from './test-environment.ts';

type Stage = 'middle' | 'last';
const RECORDS = 600;
const SEEDS = 12;

class Counting extends RichMapFunction<number, number> {
  readonly #step: () => void;
  constructor(step: () => void) {
    super();
    this.#step = step;
  }
  override open() {
    const group = this.getRuntimeContext().getMetricGroup().addGroup('stage', 'middle');
    const counter = group.counter('seen');
    group.gauge('broken', () => {
      throw new Error('no value');
    });
    this.count = () => counter.inc();
  }
  count = () => {};
  override map(n: number) {
    this.count();
    this.#step();
    return n;
  }
}

async function ended(slow: Stage | undefined, seed: number) {
  const clock = new VirtualClock();
  const takes = (stage: Stage) => () => {
    if (stage === slow) clock.step(clock.monotonic() + 10);
  };
  const middle = takes('middle');
  const last = takes('last');
  const env = TestEnvironment.create({ parallelism: 1, seed });
  env.disableOperatorChaining();
  env
    .fromCollection(function* () {
      for (let n = 0; n < RECORDS; n++) yield n;
    })
    .name('source')
    .map(rich(() => new Counting(middle)))
    .name('middle')
    .map((n) => {
      last();
      return n;
    })
    .name('last')
    .print();
  const job = new SimulatedJob(env.compile('stages'), { seed, slots: 1 + (seed % 3), clock, write() {} });
  const { edges } = env.compile('stages').jobGraph;
  await job.start();
  await job.end();
  const vertices = job.vertices();
  const culprit = vertices.find(({ id }) => id === backPressureCulprit(edges, vertices));
  return { edges, vertices, culprit: culprit?.name };
}

for (const slow of ['middle', 'last'] as const) {
  test(`the slow stage is named: ${slow}`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { culprit } = await ended(slow, seed);
      assert.equal(culprit?.toLowerCase(), slow, `seed ${seed}`);
    }
  });
}

test('nobody is named where no time passes', async () => {
  assert.equal((await ended(undefined, 1)).culprit, undefined);
});

test('a sink that waits for its system is named, though its own input is what stops', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const clock = new VirtualClock();
    const write = () => new Promise<void>((resolve) => void clock.schedule(10, resolve));
    const env = TestEnvironment.create({ parallelism: 1, seed });
    env.disableOperatorChaining();
    const sink: Sink<number> = { createWriter: () => ({ write, flush() {}, close() {} }) };
    env.fromSequence(1, RECORDS).sinkTo(sink).name('slow');
    const compiled = env.compile('sink');
    const job = new SimulatedJob(compiled, { seed, clock, write() {} });
    await job.start();
    await job.advance(RECORDS * 10 + 1_000);
    assert.ok(job.isTerminal);
    const vertices = job.vertices();
    const culprit = backPressureCulprit(compiled.jobGraph.edges, vertices);
    assert.match(vertices.find(({ id }) => id === culprit)?.name ?? '', /slow/, `seed ${seed}`);
  }
});

test('while a job runs, what counts is lately', async () => {
  const { edges, vertices } = await ended('middle', 1);
  const running = vertices.map((vertex, place) => {
    const rates: TaskRates = {
      numRecordsInPerSecond: 0,
      numRecordsOutPerSecond: 0,
      busyTimeMsPerSecond: place === 2 ? 900 : 100,
      backPressuredTimeMsPerSecond: place < 2 ? 800 : 0,
      idleTimeMsPerSecond: 100,
    };
    return { ...vertex, subtasks: vertex.subtasks.map((subtask) => ({ ...subtask, state: 'RUNNING' as const, rates })) };
  });
  assert.equal(backPressureCulprit(edges, running), vertices[2]?.id);
});

test('the metrics of its functions come with the figures of a task, but for a gauge that throws', async () => {
  const { vertices } = await ended(undefined, 1);
  const [subtask] = vertices.find(({ name }) => name === 'middle')?.subtasks ?? [];
  assert.equal(subtask?.metrics?.[TASK_METRIC.numRecordsIn], RECORDS);
  assert.deepEqual(
    subtask?.userMetrics?.metrics.map(({ operatorName, groups, variables, name, value }) => ({
      operatorName,
      groups,
      variables,
      name,
      value,
    })),
    [
      {
        operatorName: 'middle',
        groups: ['stage'],
        variables: [['stage', 'middle']],
        name: 'seen',
        value: { kind: 'counter', count: RECORDS },
      },
    ],
  );
});
