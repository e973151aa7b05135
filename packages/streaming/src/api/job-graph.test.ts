// From calls to the job graph: golden graphs of three programs of the canon, precedence of settings, and what travels on edges.
// `node packages/streaming/dist/api/job-graph.test.js --update-golden` writes the golden files anew; read the difference.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Duration } from '@millrace/core/config/duration';
import { Types } from '@millrace/core/types/types';
import { DiscardingSink } from '../builtin/discarding-sink.ts';
import { OutputTag } from '../contract/output-tag.ts';
import { MapStateDescriptor } from '../contract/state-descriptor.ts';
import { WatermarkStrategy } from '../contract/watermark-strategy.ts';
import type { Executor } from '../graph/executor.ts';
import { TumblingEventTimeWindows } from '../window/tumbling-event-time-windows.ts';
import { setExecutor } from './execution-context.ts';
import { StreamExecutionEnvironment } from './stream-execution-environment.ts';

const newEnvironment = () => StreamExecutionEnvironment.getExecutionEnvironment();

function compareWithGolden(name: string, text: string): void {
  const path = fileURLToPath(new URL(`../../src/api/testdata/${name}`, import.meta.url));
  if (process.argv.includes('--update-golden')) writeFileSync(path, text);
  assert.equal(text, readFileSync(path, 'utf8'));
}

function wordCount(): StreamExecutionEnvironment {
  const env = newEnvironment();
  env
    .readTextFile('README.md')
    .flatMap((line) => line.toLowerCase().split(/[^\p{L}\p{N}]+/u))
    .filter((word) => word.length > 0)
    .map((word) => ({ word, count: 1 }))
    .keyBy((entry) => entry.word)
    .sum('count')
    .print();
  return env;
}

function commitsByWeek(): StreamExecutionEnvironment {
  const env = newEnvironment().setParallelism(3);
  const Commit = Types.row({
    repository: Types.STRING,
    commit: Types.STRING,
    author: Types.STRING,
    authoredAt: Types.LONG,
    committedAt: Types.LONG,
  });
  const late = new OutputTag('late', Commit);
  const commits = env
    .fromCollection([{ repository: 'r', commit: 'c', author: 'a', authoredAt: 1, committedAt: 2 }], Commit)
    .name('commits')
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofDays(30)).withTimestampAssigner((commit) => commit.authoredAt),
    )
    .setParallelism(1);
  const weekly = commits
    .keyBy((commit) => commit.repository)
    .window(TumblingEventTimeWindows.of(Duration.ofDays(7)))
    .allowedLateness(Duration.ofDays(7))
    .sideOutputLateData(late)
    .aggregate(
      { createAccumulator: () => ({ commits: 0 }), add: (_commit, acc) => ({ commits: acc.commits + 1 }), getResult: (acc) => acc },
      (repository, window, total) => ({ repository, week: window.start, ...total }),
    )
    .uid('weekly');
  weekly.sinkTo(new DiscardingSink());
  weekly
    .getSideOutput(late)
    .map((commit) => `late: ${commit.repository} ${commit.commit}`)
    .print();
  return env;
}

/** The parts of joins.ts and rules-by-broadcast.ts that have two inputs. */
function twoStreams(): StreamExecutionEnvironment {
  const env = newEnvironment();
  const byTime = WatermarkStrategy.forMonotonousTimestamps<{ at: number }>().withTimestampAssigner((event) => event.at);
  const orders = env
    .fromSequence(0, 9)
    .map((n) => ({ order: n, at: n }))
    .assignTimestampsAndWatermarks(byTime);
  const shipments = env
    .fromSequence(0, 9)
    .map((n) => ({ order: n, at: n + 5 }))
    .assignTimestampsAndWatermarks(byTime);
  const rules = new MapStateDescriptor('rules', Types.INT, Types.STRING);
  orders
    .keyBy((order) => order.order, Types.LONG)
    .intervalJoin(shipments.keyBy((shipment) => shipment.order, Types.LONG))
    .between(Duration.ZERO, Duration.ofSeconds(10))
    .process((order, shipment) => shipment.at - order.at)
    .uid('shipped')
    .print('shipped');
  orders
    .join(shipments)
    .where((order) => order.order)
    .equalTo((shipment) => shipment.order)
    .window(TumblingEventTimeWindows.of('1 min'))
    .apply((order) => order.order)
    .print('same minute');
  orders
    .connect(env.fromData('a').broadcast(rules))
    .process({ processElement() {}, processBroadcastElement() {} })
    .print('ruled');
  return env;
}

for (const [name, build] of [
  ['word-count', wordCount],
  ['commits-by-week', commitsByWeek],
  ['two-streams', twoStreams],
] as const) {
  test(`the job graph of ${name} is as reviewed, and the same twice`, () => {
    const { jobGraph } = build().compile(name);
    compareWithGolden(`${name}.job-graph.json`, `${JSON.stringify(jobGraph, undefined, 2)}\n`);
    assert.equal(JSON.stringify(build().compile(name).jobGraph), JSON.stringify(jobGraph));
    assert.equal(build().compile('another name').jobGraph.digest, jobGraph.digest, 'the name is not in the digest');
  });
}

test('the execution plan of word-count is as reviewed', () => {
  compareWithGolden('word-count.plan.json', `${wordCount().getExecutionPlan()}\n`);
});

test('the digest sees every change but that of the name', () => {
  const digest = (change: (env: StreamExecutionEnvironment) => void) => {
    const env = newEnvironment();
    change(env);
    env
      .fromData(1)
      .map((n) => n)
      .name('m')
      .print();
    return env.compile().jobGraph.digest;
  };
  const digests = [
    digest(() => {}),
    digest((env) => env.setParallelism(2)),
    digest((env) => env.setMaxParallelism(200)),
    digest((env) => env.setBufferTimeout('1 ms').setParallelism(2)),
    digest((env) => env.disableOperatorChaining()),
    digest((env) => void env.getConfig().setAutoWatermarkRecords(1)),
    digest((env) => env.configure({ 'pipeline.freeze-records': true })),
  ];
  assert.equal(new Set(digests).size, digests.length);
});

test('parallelism: operator before environment before command line or configuration before 1', () => {
  const executor = (configuration: Record<string, string>) => ({ configuration }) as unknown as Executor;
  const parallelisms = (env: StreamExecutionEnvironment) => {
    const sequence = env.fromSequence(1, 2);
    sequence
      .map((n) => n)
      .setParallelism(4)
      .sinkTo(new DiscardingSink());
    return env.compile().jobGraph.vertices.map((vertex) => vertex.parallelism);
  };
  setExecutor(executor({}));
  assert.deepEqual(parallelisms(newEnvironment()), [1, 4, 1]);
  setExecutor(executor({ 'parallelism.default': '3' }));
  assert.deepEqual(parallelisms(newEnvironment()), [3, 4, 3]);
  assert.deepEqual(parallelisms(newEnvironment().setParallelism(2)), [2, 4, 2]);
  assert.deepEqual(parallelisms(StreamExecutionEnvironment.createLocalEnvironment(5)), [5, 4, 5]);
  assert.deepEqual(parallelisms(StreamExecutionEnvironment.getExecutionEnvironment({ 'parallelism.default': 6 })), [6, 4, 6]);
  assert.equal(newEnvironment().fromSequence(1, 2).getParallelism(), 3);
  setExecutor(executor({ 'parallelism.default': '0' }));
  assert.throws(() => parallelisms(newEnvironment()), {
    name: 'ConfigError',
    message: "parallelism.default is '0' (from the configuration), but it must be a whole number from 1 to 32768.",
  });
  setExecutor(executor({}));
});

test('operators keep the parallelism that the environment had when they were added', () => {
  const env = newEnvironment().setParallelism(2);
  const before = env.fromSequence(1, 2);
  env.setParallelism(3);
  before.map((n) => n).print();
  assert.deepEqual(
    env.compile().jobGraph.vertices.map((vertex) => vertex.parallelism),
    [2, 3],
  );
});

test('configuration reaches the tasks: environment before command line', () => {
  setExecutor({
    configuration: {
      'pipeline.auto-watermark-records': '7',
      'pipeline.freeze-records': 'true',
      'execution.buffer-timeout.interval': '5 ms',
    },
  } as unknown as Executor);
  const env = newEnvironment();
  env.getConfig().setAutoWatermarkInterval('2 s');
  env.fromSequence(1, 2).rebalance().print();
  const { configuration, edges } = env.compile().jobGraph;
  assert.deepEqual(configuration, { autoWatermarkRecords: 7, autoWatermarkIntervalMs: 2_000, freezeRecords: true, maxShapesPerEdge: 64 });
  assert.equal(edges[0]?.bufferTimeoutMs, 5);
  assert.equal(env.setBufferTimeout('-1 ms').compile().jobGraph.edges[0]?.bufferTimeoutMs, -1);
  assert.equal(env.getConfig().setAutoWatermarkRecords(9).getAutoWatermarkRecords(), 9);
  assert.equal(env.getConfig().getAutoWatermarkInterval().toMillis(), 2_000);
  setExecutor({ configuration: {} } as unknown as Executor);
});

test('types: declared ones stay where the record does, everything else is learned', () => {
  const env = newEnvironment();
  const Row = Types.row({ n: Types.LONG });
  const rows = env.fromCollection([{ n: 1 }], Row);
  const types = [
    rows.rebalance(),
    rows.filter((row) => row.n > 0).rebalance(),
    rows.union(rows.filter((row) => row.n > 1)).rebalance(),
    rows.map((row) => row.n).rebalance(),
    rows
      .map((row) => row.n)
      .returns(Types.INT)
      .rebalance(),
    rows
      .keyBy((row) => row.n, Types.LONG)
      .sum('n')
      .rebalance(),
    rows
      .keyBy((row) => row.n)
      .window(TumblingEventTimeWindows.of('1 s'))
      .maxBy('n')
      .rebalance(),
  ];
  for (const stream of types) stream.sinkTo(new DiscardingSink());
  const { jobGraph } = env.disableOperatorChaining().compile();
  const sinks = jobGraph.vertices.filter((vertex) => vertex.name.startsWith('Sink: '));
  const kinds = sinks.map((sink) =>
    jobGraph.edges
      .filter((edge) => edge.target === sink.id)
      .map((edge) => edge.type.kind)
      .join(' '),
  );
  assert.deepEqual(kinds, ['row', 'row', 'row row', 'shape', 'int', 'row', 'row']);
  const keyed = jobGraph.edges.filter((edge) => edge.partitioner === 'hash');
  assert.deepEqual(
    keyed.map((edge) => edge.keyType?.kind),
    ['long', 'shape'],
  );
});

test('bindings: every operator and every exchange, with the functions of the program', () => {
  const env = newEnvironment();
  const twice = (n: number) => n * 2;
  const key = (n: number) => n % 3;
  const pick = (k: number, numPartitions: number) => k % numPartitions;
  env
    .fromSequence(1, 9)
    .map(twice)
    .partitionCustom(pick, key)
    .map(twice)
    .keyBy(key)
    .reduce((a, b) => a + b)
    .print();
  const { jobGraph, bindings } = env.compile();
  const operators = jobGraph.vertices.flatMap((vertex) => vertex.operators);
  assert.deepEqual([...bindings.operators.keys()].sort(), operators.map((one) => one.id).sort());
  for (const { id, kind } of operators) assert.equal(bindings.operators.get(id)?.kind, kind);
  assert.deepEqual(
    [...bindings.edges.keys()],
    jobGraph.edges.map((edge) => edge.id),
  );
  assert.deepEqual(bindings.edges.get('e0'), { keySelector: key, partition: pick });
  assert.deepEqual(bindings.edges.get('e1'), { keySelector: key });
  const reduce = bindings.operators.get(operators.find((one) => one.name === 'Keyed Reduce')?.id ?? '');
  assert.ok(reduce?.kind === 'operator' && reduce.key?.selector === key, 'the operator behind keyBy has the key');
});
