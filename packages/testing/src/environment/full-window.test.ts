// Goal: a full window sees all records of its partition once, at the end, in every form, with a key and without. Method: random records from seeds; what each subtask or key
// had is known from a partitioning of the test's own; results against plain arrays.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import { Types } from '@millrace/core/types/types';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import { Order } from '@millrace/streaming/api/partition-windowed-stream';
import { DataGeneratorSource } from '@millrace/streaming/builtin/data-generator-source';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { endlessWaits } from '@millrace/streaming/graph/bounded-inputs';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { GlobalWindows } from '@millrace/streaming/window/global-windows';
import { TestEnvironment } from '../index.ts';

/** Never run. */
class Endless extends DataGeneratorSource<number> {
  override getBoundedness() {
    return 'CONTINUOUS_UNBOUNDED' as never;
  }
}

interface Row {
  readonly part: number;
  readonly n: number;
  readonly id: number;
}
const Row = Types.row({ part: Types.INT, n: Types.INT, id: Types.INT });

function randomRows(seed: number): Row[] {
  const random = seededRandom(seed);
  return Array.from({ length: 70 }, (_, id) => ({ part: random.nextInt(3), n: random.nextInt(20), id }));
}

/** Records of part p to subtask p, in order. */
const dealt = (rows: DataStream<Row>) =>
  rows.partitionCustom(
    (part: number) => part,
    ({ part }) => part,
  );

const FORMS: readonly (readonly [
  name: string,
  partitions: (rows: DataStream<Row>) => ReturnType<DataStream<Row>['fullWindowPartition']>,
])[] = [
  ['without a key', (rows) => dealt(rows).fullWindowPartition()],
  ['with a key', (rows) => rows.keyBy(({ part }) => part).fullWindowPartition()],
];

for (const [name, partitions] of FORMS) {
  test(`${name}: mapPartition, sortPartition, reduce and aggregate = plain arrays`, async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const rows = randomRows(seed);
      const env = TestEnvironment.create({ parallelism: 3, seed });
      const stream = env.fromCollection(rows, seed % 2 === 0 ? Row : undefined) as DataStream<Row>;
      const mapped = env.collect(
        partitions(stream).mapPartition(function* (elements) {
          const all = [...elements];
          yield { part: all[0]?.part, ids: all.map(({ id }) => id).join() };
          yield { part: all[0]?.part, ids: String(all.length) };
        }),
      );
      const byField = env.collect(partitions(stream).sortPartition('n', Order.DESCENDING));
      const bySelector = env.collect(partitions(stream).sortPartition(({ n }) => `${n % 3}`, 'ASCENDING'));
      const byCompare = env.collect(partitions(stream).sortPartition((a, b) => a.n - b.n));
      const reduced = env.collect(partitions(stream).reduce((a, b) => ({ part: a.part, n: a.n + b.n, id: a.id })));
      const aggregated = env.collect(
        partitions(stream).aggregate({
          createAccumulator: () => [0, 0],
          add: ({ n }, [sum = 0, count = 0]) => [sum + n, count + 1],
          getResult: (sums) => sums.join(),
        }),
      );
      await env.execute();
      const parts = [0, 1, 2].map((part) => rows.filter((row) => row.part === part));
      const sum = (part: readonly Row[]) => part.reduce((total, { n }) => total + n, 0);
      const ofPart = (records: readonly Row[]) => [0, 1, 2].map((part) => records.filter((row) => row.part === part));
      assert.deepEqual(
        mapped
          .take()
          .map(({ ids }) => ids)
          .sort(),
        parts.flatMap((part) => [part.map(({ id }) => id).join(), String(part.length)]).sort(),
        `seed ${seed}`,
      );
      assert.deepEqual(
        ofPart(byField.take()),
        parts.map((part) => part.toSorted((a, b) => b.n - a.n)),
      );
      assert.deepEqual(
        ofPart(bySelector.take()),
        parts.map((part) => part.toSorted((a, b) => (a.n % 3) - (b.n % 3))),
      );
      assert.deepEqual(
        ofPart(byCompare.take()),
        parts.map((part) => part.toSorted((a, b) => a.n - b.n)),
      );
      assert.deepEqual(
        reduced.take().sort((a, b) => a.part - b.part),
        parts.map((part) => ({ ...part[0], n: sum(part) })),
      );
      assert.deepEqual(aggregated.take().sort(), parts.map((part) => `${sum(part)},${part.length}`).sort());
    }
  });
}

test('nothing comes before the end, and what comes then is in time for event-time windows behind it', async () => {
  const env = TestEnvironment.create();
  const source = env.testSource<number>({ timestamp: (n) => n });
  const sorted = source.stream.fullWindowPartition().sortPartition((a, b) => b - a);
  const sink = env.collect(sorted);
  const windowed = env.collect(
    sorted
      .windowAll(TumblingEventTimeWindows.of('1 s'))
      .aggregate({ createAccumulator: () => 0, add: (_n, count) => count + 1, getResult: (count) => count }),
  );
  await env.start();
  source.emit(1, 3, 2);
  source.watermark(1_000);
  await env.settle();
  assert.deepEqual(sink.take(), []);
  await env.finish();
  assert.deepEqual(sink.take(), [3, 2, 1]);
  assert.deepEqual(windowed.take(), [3]);
});

test('an empty partition: mapPartition is called, reduce and aggregate emit nothing', async () => {
  const env = TestEnvironment.create({ parallelism: 3 });
  const partitions = () => env.fromData(5).global().fullWindowPartition();
  const counts = env.collect(partitions().mapPartition((elements) => [[...elements].length]));
  const sums = env.collect(partitions().reduce((a, b) => a + b));
  await env.execute();
  assert.deepEqual(
    counts.take().sort((a, b) => a - b),
    [0, 0, 1],
  );
  assert.deepEqual(sums.take(), [5]);
});

test('what sortPartition and reduce refuse', async () => {
  const partitions = TestEnvironment.create().fromData({ n: 1 }).fullWindowPartition();
  assert.throws(() => partitions.sortPartition('n' as never), {
    message: "sortPartition got the field 'n' without an order. Give it 'ASCENDING' or 'DESCENDING' as well.",
  });
  assert.throws(() => partitions.sortPartition('n', 'UP' as never), {
    message: "sortPartition got 'UP' as its order. Give it 'ASCENDING' or 'DESCENDING'.",
  });
  const failing = TestEnvironment.create();
  failing.collect(
    failing
      .fromData<number | string>(1, 'a')
      .fullWindowPartition()
      .sortPartition((value) => value, 'ASCENDING'),
  );
  await assert.rejects(failing.execute(), /sortPartition of plain values needs numbers, bigints, strings, booleans or Dates, of one kind/);
});

test('the graph says what emits only at the end, and what of it has an input without one', () => {
  const env = TestEnvironment.create();
  const source = env.fromSource(new Endless((n) => n, 1), WatermarkStrategy.noWatermarks(), 'endless');
  env.collect(source.fullWindowPartition().reduce((a, b) => a + b));
  env.collect(
    source
      .keyBy((n) => n)
      .window(GlobalWindows.createWithEndOfStreamTrigger())
      .sum(),
  );
  env.collect(source.assignTimestampsAndWatermarks(WatermarkStrategy.noWatermarks<number>()).timeWindowAll('1 s').sum());
  const { jobGraph } = env.compile();
  const operators = jobGraph.vertices.flatMap((vertex) => vertex.operators);
  assert.deepEqual(
    operators.flatMap(({ name, outputOnlyAfterEndOfStream }) => (outputOnlyAfterEndOfStream === true ? [name] : [])),
    ['PartitionReduce', 'GlobalWindows'],
  );
  const nodes = (JSON.parse(env.getExecutionPlan()) as { nodes: { type: string; output_only_after_end_of_stream?: boolean }[] }).nodes;
  assert.deepEqual(
    nodes.filter((node) => node.output_only_after_end_of_stream === true).map(({ type }) => type),
    ['PartitionReduce', 'GlobalWindows'],
  );
  const endless = (name: string) =>
    `'${name}' emits at the end of its input, and 'Source: endless' has none: it emits nothing, and keeps what comes. Use windows that end.`;
  assert.deepEqual(endlessWaits(env.compile().plan.graph), [endless('PartitionReduce'), endless('GlobalWindows')]);
});
