// Goal: in BATCH mode a program gives the final results that it gives in STREAMING mode, and nothing is late. Method: random programs' pieces from seeds, in all modes and at
// parallelism 1 and 3; of what is updated, the last of each key in STREAMING mode. Refusals by message.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import { RuntimeExecutionMode } from '@millrace/streaming/api/runtime-execution-mode';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import { jobWarnings } from '@millrace/streaming/api/job-warnings';
import { rich } from '@millrace/streaming/api/rich-functions';
import { DataGeneratorSource } from '@millrace/streaming/builtin/data-generator-source';
import type { Collector } from '@millrace/streaming/contract/emittable';
import type { KeyedProcessContext, OnTimerContext } from '@millrace/streaming/contract/process-context';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { explainJob } from '@millrace/streaming/graph/explain-job';
import { TestEnvironment } from '../index.ts';

interface Row {
  readonly key: number;
  readonly at: number;
  readonly n: number;
}
const byKey = ({ key }: Row) => key;
/** Emits a watermark at every record: in BATCH mode none of them may arrive. */
const eager = WatermarkStrategy.forGenerator<Row>(() => ({
  onEvent: (_row, timestamp, output) => output.emitWatermark(timestamp - 1),
  onPeriodicEmit() {},
})).withTimestampAssigner((row) => row.at);

function randomRows(seed: number): Row[] {
  const random = seededRandom(seed);
  return Array.from({ length: 90 }, (_, index) => ({ key: random.nextInt(5), at: index * 2 - random.nextInt(40), n: random.nextInt(50) }));
}

async function run(
  seed: number,
  mode: RuntimeExecutionMode,
  build: (rows: DataStream<Row>) => readonly DataStream<unknown>[],
): Promise<unknown[][]> {
  const env = TestEnvironment.create({ parallelism: seed % 2 === 0 ? 3 : 1, seed }).setRuntimeMode(mode);
  const rows = env.fromCollection(randomRows(seed)).assignTimestampsAndWatermarks(eager).setParallelism(1);
  const sinks = build(rows).map((stream) => env.collect(stream));
  await env.execute();
  return sinks.map((sink) => sink.take());
}

const texts = (records: readonly unknown[] = []) => records.map((record) => JSON.stringify(record)).sort();

test('rolling aggregates: the last result of each key, once, is all that BATCH emits', async () => {
  const build = (rows: DataStream<Row>) => {
    const keyed = rows.keyBy(byKey);
    return [
      keyed.sum('n'),
      keyed.reduce((a, b) => ({ ...b, n: a.n * 7 + b.n })),
      keyed.maxBy('n'),
      keyed.avg('n'),
      keyed.fold({ key: -1, text: '' }, ({ text }, { key, n }) => ({ key, text: text + n })),
    ];
  };
  for (let seed = 1; seed <= 6; seed++) {
    const streaming = await run(seed, 'STREAMING', build);
    for (const mode of ['BATCH', 'AUTOMATIC'] as const) {
      const batch = await run(seed, mode, build);
      for (const [index, updates] of streaming.entries()) {
        const last = new Map((updates as { key: number }[]).map((record) => [record.key, record]));
        assert.deepEqual(texts(batch[index]), texts([...last.values()]), `seed ${seed}, ${mode}, aggregate ${index}`);
      }
    }
    assert.ok((streaming[0]?.length ?? 0) === 90);
  }
});

test('nothing is late in BATCH: windows and joins hold everything, where STREAMING drops what the watermark has passed', async () => {
  const build = (rows: DataStream<Row>) => {
    const count = { createAccumulator: () => 0, add: (_row: Row, n: number) => n + 1, getResult: (n: number) => n };
    const windows = rows
      .keyBy(byKey)
      .window(TumblingEventTimeWindows.of('10 ms'))
      .aggregate(count, (key, { start }, n) => ({ key, start, n }));
    return [
      windows,
      rows
        .keyBy(byKey)
        .intervalJoin(rows.keyBy(byKey))
        .between('-3 ms', '3 ms')
        .process((a, b) => [a.n, b.n]),
    ];
  };
  const rows = randomRows(3);
  const expected = new Map<string, number>();
  for (const { key, at } of rows) {
    const start = Math.floor(at / 10) * 10;
    const name = `{"key":${key},"start":${start},`;
    expected.set(name, (expected.get(name) ?? 0) + 1);
  }
  const pairs = rows.flatMap((a) => rows.flatMap((b) => (a.key === b.key && Math.abs(a.at - b.at) <= 3 ? [[a.n, b.n]] : [])));
  for (const seed of [3]) {
    const [windows, joined] = await run(seed, 'BATCH', build);
    assert.deepEqual(texts(windows), [...expected].map(([name, n]) => `${name}"n":${n}}`).sort());
    assert.deepEqual(texts(joined), texts(pairs));
    const [streamed] = await run(seed, 'STREAMING', build);
    assert.ok((streamed?.length ?? 0) < (windows?.length ?? 0), 'the same program drops late records in STREAMING mode');
  }
});

test('the only watermark is the last: event-time timers fire at the end, and see it', async () => {
  const seen = () => ({
    processElement(row: Row, context: KeyedProcessContext<number>) {
      assert.ok(context.timerService().currentWatermark() < Number.MIN_SAFE_INTEGER);
      context.timerService().registerEventTimeTimer(row.at);
    },
    onTimer: (time: number, context: OnTimerContext<number>, out: Collector<string>) =>
      out.collect(`${time} ${context.timerService().currentWatermark()}`),
  });
  const [timers] = await run(1, 'BATCH', (rows) => [rows.keyBy(byKey).process(rich(seen))]);
  assert.ok(timers?.every((text) => String(text).endsWith(` ${Number.MAX_SAFE_INTEGER}`)) && timers.length > 60);
});

class Endless extends DataGeneratorSource<number> {
  override getBoundedness() {
    return 'CONTINUOUS_UNBOUNDED' as never;
  }
}

test('BATCH refuses a source without an end by its name; AUTOMATIC streams then', () => {
  const modeOf = (mode: RuntimeExecutionMode, isEndless: boolean) => {
    const env = TestEnvironment.create().setRuntimeMode(mode);
    const numbers = env.fromSequence(1, 3);
    const endless = env.fromSource(new Endless((n) => n, 1), WatermarkStrategy.noWatermarks(), 'clicks');
    env.collect(isEndless ? numbers.union(endless) : numbers);
    return explainJob(env.compile()).executionMode;
  };
  assert.throws(() => modeOf('BATCH', true), {
    message:
      "'Source: clicks' is unbounded, and in BATCH mode every source must have an end. Use STREAMING, or AUTOMATIC, which is BATCH only where all sources are bounded.",
  });
  assert.equal(modeOf('AUTOMATIC', true), 'STREAMING');
  assert.equal(modeOf('AUTOMATIC', false), 'BATCH');
  assert.equal(modeOf('STREAMING', false), 'STREAMING');
});

test('BATCH refuses an iteration by its name; AUTOMATIC streams then', () => {
  const looped = (mode: RuntimeExecutionMode) => {
    const env = TestEnvironment.create().setRuntimeMode(mode);
    const loop = env.fromSequence(1, 3).iterate();
    env.collect(loop.closeWith(loop.filter((n) => n > 5)));
    return explainJob(env.compile()).executionMode;
  };
  assert.throws(() => looped('BATCH'), {
    name: 'UsageError',
    message: "The iteration 'Iteration' has no place in BATCH mode. Use STREAMING.",
  });
  assert.equal(looped('AUTOMATIC'), 'STREAMING');
});

test('what was set of checkpoints is left out in BATCH, and the job is warned of it; else it stays', () => {
  const warned = (mode: RuntimeExecutionMode, intervalMs: number | undefined) => {
    const env = TestEnvironment.create().setRuntimeMode(mode);
    env.collect(env.fromData(1));
    const job = env.compile();
    return jobWarnings(job, {
      ...job.jobGraph.configuration,
      ...(intervalMs === undefined ? {} : { checkpointing: { intervalMs } as never }),
    });
  };
  assert.deepEqual(warned('BATCH', 1000), ['The job runs in BATCH mode, which takes no checkpoints: what was set of them is left out.']);
  assert.deepEqual(warned('BATCH', undefined), []);
  assert.deepEqual(warned('STREAMING', 1000), []);
});

test('the mode by method and by option, and what is refused of it', () => {
  const batch = (env: TestEnvironment) => {
    env.collect(env.fromData(1));
    return env.compile().jobGraph.configuration;
  };
  assert.equal(batch(TestEnvironment.create().configure({ 'execution.runtime-mode': 'batch' }) as TestEnvironment).isBatch, true);
  assert.equal(batch(TestEnvironment.create()).isBatch, undefined);
  const checkpointed = TestEnvironment.create().setRuntimeMode(RuntimeExecutionMode.BATCH);
  checkpointed.enableCheckpointing('1 s');
  assert.equal(batch(checkpointed).checkpointing, undefined);
  assert.throws(() => TestEnvironment.create().setRuntimeMode('FAST' as never), {
    message: "env.setRuntimeMode got 'FAST'. Give it 'STREAMING', 'BATCH' or 'AUTOMATIC'.",
  });
  assert.throws(
    () => TestEnvironment.create().configure({ 'execution.runtime-mode': 'bacth' }),
    /execution\.runtime-mode is 'bacth' \(from env\.configure\), but it must be one of STREAMING, BATCH, AUTOMATIC\. Did you mean 'BATCH'\?/,
  );
});
