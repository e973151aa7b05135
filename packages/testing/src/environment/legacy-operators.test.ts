// Goal: what Flink has given up (`fold`, `split`, `timeWindow`) gives what has taken its place gives, and `avg` the mean. Method: random records from seeds through
// both forms in one job, at parallelism 1 and 3; refusals by their messages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import type { Collector } from '@millrace/streaming/contract/emittable';
import { OutputTag } from '@millrace/streaming/contract/output-tag';
import type { ProcessContext } from '@millrace/streaming/contract/process-context';
import { rich } from '@millrace/streaming/api/rich-functions';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { EventTimeSessionWindows } from '@millrace/streaming/window/event-time-session-windows';
import { SlidingEventTimeWindows } from '@millrace/streaming/window/sliding-event-time-windows';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { TestEnvironment } from '../index.ts';

interface Row {
  readonly key: number;
  readonly at: number;
  readonly n: number;
}

const byTime = WatermarkStrategy.forBoundedOutOfOrderness<Row>('20 ms').withTimestampAssigner((row) => row.at);
const byKey = ({ key }: Row) => key;

function randomRows(seed: number): Row[] {
  const random = seededRandom(seed);
  return Array.from({ length: 80 }, (_, index) => ({ key: random.nextInt(4), at: index * 3 - random.nextInt(20), n: random.nextInt(100) }));
}

/** What each stream gave, sorted: subtasks have no order between them. */
async function run(seed: number, build: (rows: DataStream<Row>) => readonly DataStream<unknown>[]): Promise<string[][]> {
  const env = TestEnvironment.create({ parallelism: seed % 2 === 0 ? 3 : 1, seed });
  const sinks = build(env.fromCollection(randomRows(seed)).assignTimestampsAndWatermarks(byTime).setParallelism(1)).map((stream) =>
    env.collect(stream),
  );
  await env.start();
  await env.finish();
  return sinks.map((sink) =>
    sink
      .take()
      .map((record) => JSON.stringify(record))
      .sort(),
  );
}

const list = {
  createAccumulator: (): number[] => [],
  add: ({ n }: Row, seen: number[]) => [...seen, n],
  getResult: (seen: number[]) => seen,
};
/** Changes what it was given, as the accumulator of an aggregate may be. */
const append = (seen: number[], { n }: Row): number[] => {
  seen.push(n);
  return seen;
};

test('fold in windows = aggregate, and a folder that changes what it is given spoils neither key nor window', async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const [folded, aggregated, named, namedToo] = await run(seed, (rows) => {
      const sliding = () => rows.keyBy(byKey).window(SlidingEventTimeWindows.of('60 ms', '20 ms')).allowedLateness('15 ms');
      return [
        sliding().fold([], append),
        sliding().aggregate(list),
        rows.timeWindowAll('50 ms').fold([], append, (window, seen) => [window.start, ...seen]),
        rows.windowAll(TumblingEventTimeWindows.of('50 ms')).aggregate(list, (window, seen) => [window.start, ...seen]),
      ];
    });
    assert.deepEqual(folded, aggregated, `seed ${seed}`);
    assert.deepEqual(named, namedToo, `seed ${seed}`);
    assert.ok((folded?.length ?? 0) > 10);
  }
});

test('rolling fold emits what has been accumulated of the key, as it was then', async () => {
  const rows = randomRows(1);
  const seen = new Map<number, number[]>();
  const expected = rows.map(({ key, n }) => {
    seen.set(key, [...(seen.get(key) ?? []), n]);
    return JSON.stringify(seen.get(key));
  });
  const [folded] = await run(1, (stream) => [stream.keyBy(byKey).fold([], append)]);
  assert.deepEqual(folded, expected.sort());
});

test('avg = sum / count, rolling and in windows that share panes or merge', async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const mean = {
      createAccumulator: () => ({ sum: 0, count: 0 }),
      add: ({ n }: Row, { sum, count }: { sum: number; count: number }) => ({ sum: sum + n, count: count + 1 }),
      getResult: ({ sum, count }: { sum: number; count: number }) => sum / count,
      merge: (a: { sum: number; count: number }, b: { sum: number; count: number }) => ({ sum: a.sum + b.sum, count: a.count + b.count }),
    };
    const n = ({ n }: Row) => n;
    const results = await run(seed, (rows) => {
      const keyed = rows.keyBy(byKey);
      return [
        keyed.window(SlidingEventTimeWindows.of('60 ms', '20 ms')).avg('n').map(n),
        keyed.window(SlidingEventTimeWindows.of('60 ms', '20 ms')).aggregate(mean),
        keyed.window(EventTimeSessionWindows.withGap('9 ms')).avg('n').map(n),
        keyed.window(EventTimeSessionWindows.withGap('9 ms')).aggregate(mean),
      ];
    });
    assert.deepEqual(results[0], results[1], `seed ${seed}: sliding`);
    assert.deepEqual(results[2], results[3], `seed ${seed}: sessions`);
  }
  const env = TestEnvironment.create();
  const rolling = env.collect(
    env
      .fromData({ k: 'a', n: 1, x: 1 }, { k: 'a', n: 2, x: 2 }, { k: 'b', n: 7, x: 3 })
      .keyBy((row) => row.k)
      .avg('n'),
  );
  const whole = env.collect(
    env
      .fromData(4n, 5n, -8n)
      .keyBy(() => 0)
      .avg(),
  );
  await env.start();
  await env.finish();
  assert.deepEqual(rolling.take(), [
    { k: 'a', n: 1, x: 1 },
    { k: 'a', n: 1.5, x: 1 },
    { k: 'b', n: 7, x: 3 },
  ]);
  assert.deepEqual(whole.take(), [4n, 4n, 0n], 'of bigints the remainder is cut off');
});

test('avg of what is no number is refused by the field', async () => {
  const env = TestEnvironment.create();
  env.collect(
    env
      .fromData<{ n: number }>({ n: 'x' as unknown as number })
      .keyBy(() => 0)
      .avg('n'),
  );
  await assert.rejects(
    env.start().then(() => env.finish()),
    /avg\('n'\) needs numbers, or bigints, and got a value of type string/,
  );
});

test('timeWindow and timeWindowAll are windows of event time', async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const [one, oneToo, two, twoToo] = await run(seed, (rows) => [
      rows.keyBy(byKey).timeWindow('30 ms').sum('n'),
      rows.keyBy(byKey).window(TumblingEventTimeWindows.of('30 ms')).sum('n'),
      rows.timeWindowAll('30 ms', '10 ms').sum('n'),
      rows.windowAll(SlidingEventTimeWindows.of('30 ms', '10 ms')).sum('n'),
    ]);
    assert.deepEqual(one, oneToo, `seed ${seed}`);
    assert.deepEqual(two, twoToo, `seed ${seed}`);
  }
});

test('split().select() = side outputs; a record of several selected names comes once', async () => {
  const names = ({ n }: Row) => (n % 3 === 0 ? ['fizz', ...(n % 5 === 0 ? ['buzz'] : [])] : n % 5 === 0 ? 'buzz' : []);
  const fizz = new OutputTag<Row>('fizz');
  for (let seed = 1; seed <= 4; seed++) {
    const [selected, tagged, either, filtered, all, rows] = await run(seed, (stream) => {
      const split = stream.split(names);
      const parted = stream.process(
        rich(() => ({
          processElement: (row: Row, context: ProcessContext, _out: Collector<Row>) => {
            if (row.n % 3 === 0) context.output(fizz, row);
          },
        })),
      );
      const both = stream.filter(({ n }) => n % 3 === 0 || n % 5 === 0);
      return [split.select('fizz'), parted.getSideOutput(fizz), split.select('buzz', 'fizz'), both, split, stream];
    });
    assert.deepEqual(selected, tagged, `seed ${seed}`);
    assert.deepEqual(either, filtered, `seed ${seed}`);
    assert.deepEqual(all, rows, 'everything goes on in the split stream itself');
  }
});

test('a consecutive split is refused, whatever partitions lie between; behind an operator it is not one', () => {
  const rows = TestEnvironment.create().fromCollection(randomRows(1));
  const split = rows.split(() => 'a');
  const message = /consecutive splits are not supported\. Use side outputs: process\(…\) with context\.output\(tag, record\)/;
  assert.throws(() => split.split(() => 'b'), message);
  assert.throws(() => split.select('a').split(() => 'b'), message);
  assert.throws(() => rows.union(split.select('a').rebalance()).split(() => 'b'), message);
  split
    .select('a')
    .map((row) => row)
    .split(() => 'b');
});

test('what split, select and fold refuse', async () => {
  const rows = TestEnvironment.create().fromCollection(randomRows(1));
  assert.throws(() => rows.split('a' as never), {
    message: "split got 'a'. Give it a function from a record to the name of an output, or a list of names.",
  });
  assert.throws(() => rows.split(() => 'a').select(...([] as unknown as ['a'])), /^UsageError: select got no names\./);
  assert.throws(() => rows.split(() => 'a').select(''), /select got ''/);
  assert.throws(() => rows.keyBy(byKey).fold(undefined as never, append as never), /^UsageError: fold got undefined as its initial value/);
  assert.throws(
    () => rows.keyBy(byKey).window(EventTimeSessionWindows.withGap('1 s')).fold([], append),
    /fold got the windows of EventTimeSessionWindows, which merge, .* Use aggregate, with a merge of its own\./,
  );
  await assert.rejects(
    run(1, (stream) => [stream.split(() => 7 as never).select('a')]),
    /The function of split returned a value of type number\. Return the name of an output/,
  );
  await assert.rejects(
    run(1, (stream) => [stream.keyBy(byKey).fold(0, (): number => undefined as never)]),
    /The function of fold returned undefined\./,
  );
});
