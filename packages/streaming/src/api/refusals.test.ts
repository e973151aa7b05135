// Every mistake that a call can see, with its message: what failed, the value, what is allowed, the next step.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DiscardingSink } from '../builtin/discarding-sink.ts';
import { WatermarkStrategy } from '../contract/watermark-strategy.ts';
import type { Executor } from '../graph/executor.ts';
import { TumblingEventTimeWindows } from '../window/tumbling-event-time-windows.ts';
import { setExecutor } from './execution-context.ts';
import { OutputTag } from '../contract/output-tag.ts';
import { StreamExecutionEnvironment } from './stream-execution-environment.ts';

setExecutor({ configuration: {} } as unknown as Executor);
const newEnvironment = () => StreamExecutionEnvironment.getExecutionEnvironment();
const numbers = () => newEnvironment().fromSequence(1, 9);
/** As plain JavaScript would call it, past the compiler. */
const anything = (value: unknown) => value as never;

function refuses(call: () => unknown, message: string): void {
  assert.throws(call, { name: 'UsageError', message });
}

test('functions that are asynchronous', () => {
  const next = 'Functions in the record path are synchronous; put asynchronous calls into AsyncDataStream.unorderedWait or .orderedWait.';
  const keyed = () => numbers().keyBy((n) => n % 2);
  const windowed = () => keyed().window(TumblingEventTimeWindows.of('1 s'));
  const lookUp = anything(async function lookUp() {});
  const stream = anything(async function* all() {});
  const aggregate = { createAccumulator: () => 0, add: (_: number, n: number) => n + 1, getResult: (n: number) => n };
  const cases: readonly [() => unknown, string][] = [
    [() => numbers().map(lookUp), 'map got an async function'],
    [() => numbers().flatMap(lookUp), 'flatMap got an async function'],
    [() => numbers().filter(lookUp), 'filter got an async function'],
    [() => numbers().keyBy(lookUp), 'keyBy got an async function'],
    [() => keyed().reduce(lookUp), 'reduce got an async function'],
    [() => windowed().reduce(lookUp), 'reduce got an async function'],
    [() => windowed().reduce((a) => a, lookUp), 'the window function of reduce got an async function'],
    [() => windowed().aggregate(aggregate, lookUp), 'the window function of aggregate got an async function'],
    [() => windowed().aggregate({ ...aggregate, add: lookUp }), 'add of the aggregate function got an async function'],
    [
      () => windowed().aggregate({ ...aggregate, createAccumulator: lookUp }),
      'createAccumulator of the aggregate function got an async function',
    ],
    [() => windowed().aggregate({ ...aggregate, getResult: lookUp }), 'getResult of the aggregate function got an async function'],
    [() => windowed().aggregate({ ...aggregate, merge: lookUp }), 'merge of the aggregate function got an async function'],
    [() => numbers().partitionCustom(lookUp, (n) => n), 'partitionCustom got an async function'],
    [() => numbers().partitionCustom((n: number) => n, lookUp), 'the key of partitionCustom got an async function'],
  ];
  for (const [call, failure] of cases) refuses(call, `${failure} (lookUp). ${next}`);
  refuses(() => numbers().flatMap(stream), `flatMap got an async generator (all). ${next}`);
  refuses(() => numbers().map(stream), `map got an async generator (all). ${next}`);
  refuses(
    () => numbers().assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner(lookUp)),
    `the timestamp assigner of assignTimestampsAndWatermarks got an async function (lookUp). ${next}`,
  );
});

test('functions that are none, and generators where one value belongs', () => {
  refuses(() => numbers().map(anything(42)), 'map got 42. Give it a function from one record to one record.');
  refuses(
    () => numbers().map(anything({ map: 1 })),
    'map got an object with map, whose map is no method. Give it a function, or an object with a method map.',
  );
  refuses(
    () => numbers().flatMap(anything(undefined)),
    'flatMap got undefined. Give it a function from one record to an iterable of records.',
  );
  refuses(() => numbers().filter(anything('n > 1')), "filter got 'n > 1'. Give it a function from a record to true or false.");
  refuses(() => numbers().keyBy(anything('user')), "keyBy got 'user'. Give it a function from a record to its key.");
  const two = anything(function* two(): Generator<number> {
    yield 1;
  });
  const next = 'but it takes one value from each call. Use flatMap for functions that yield many.';
  refuses(() => numbers().map(two), `map got a generator function (two), ${next}`);
  refuses(() => numbers().filter(two), `filter got a generator function (two), ${next}`);
  numbers().flatMap(two);
  refuses(
    () =>
      numbers()
        .keyBy((n) => n)
        .window(TumblingEventTimeWindows.of('1 s'))
        .aggregate(anything({})),
    'createAccumulator of the aggregate function got undefined. Give it a function; an aggregate function has createAccumulator, add and getResult.',
  );
});

test('parallelism that is no count, or above the maximum', () => {
  const allowed = 'Give a whole number from 1 to 32768.';
  for (const wrong of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 32_769]) {
    refuses(() => newEnvironment().setParallelism(wrong), `env.setParallelism got ${wrong}. ${allowed}`);
    refuses(() => newEnvironment().setMaxParallelism(wrong), `env.setMaxParallelism got ${wrong}. ${allowed}`);
    refuses(() => numbers().setParallelism(wrong), `setParallelism of 'Source: Sequence Source' got ${wrong}. ${allowed}`);
    refuses(() => numbers().setMaxParallelism(wrong), `setMaxParallelism of 'Source: Sequence Source' got ${wrong}. ${allowed}`);
    refuses(() => numbers().print().setParallelism(wrong), `setParallelism of 'Sink: Print to Std. Out' got ${wrong}. ${allowed}`);
  }
  refuses(() => newEnvironment().setParallelism(anything('4')), `env.setParallelism got '4'. ${allowed}`);
  const above = "a parallelism of 8 is above the operator's maximum parallelism of 4. Lower the one or raise the other.";
  refuses(
    () =>
      numbers()
        .map((n) => n)
        .setMaxParallelism(4)
        .setParallelism(8),
    `setParallelism of 'Map': ${above}`,
  );
  refuses(
    () =>
      numbers()
        .map((n) => n)
        .setParallelism(8)
        .setMaxParallelism(4),
    `setMaxParallelism of 'Map': ${above}`,
  );
  refuses(
    () => newEnvironment().fromData(1, 2).setParallelism(2),
    "setParallelism of 'Source: Collection Source' got 2, but its elements come from one collection and cannot be read in parallel. " +
      'Leave it at 1 and call rebalance() behind it.',
  );
  newEnvironment().fromData(1, 2).setParallelism(1);
});

test('names that are empty or no text', () => {
  const next = 'Give it a text that is not empty.';
  refuses(() => numbers().name(''), `name of 'Source: Sequence Source' got an empty text. ${next}`);
  refuses(() => numbers().uid(' '), `uid of 'Source: Sequence Source' got ' '. ${next}`);
  refuses(() => numbers().slotSharingGroup(''), `slotSharingGroup of 'Source: Sequence Source' got an empty text. ${next}`);
  refuses(() => numbers().setDescription(anything(1)), `setDescription of 'Source: Sequence Source' got 1. ${next}`);
  refuses(() => numbers().print(''), `print got an empty text. ${next}`);
  refuses(() => newEnvironment().readTextFile(''), `readTextFile got an empty text. ${next}`);
  refuses(
    () => newEnvironment().fromSource(anything({ createReader() {} }), WatermarkStrategy.noWatermarks(), ''),
    `the name of fromSource got an empty text. ${next}`,
  );
  refuses(() => numbers().print() && numbers().getExecutionEnvironment().compile(''), `the job name of execute got an empty text. ${next}`);
});

test('arguments of another kind', () => {
  refuses(
    () => newEnvironment().fromSource(anything({}), WatermarkStrategy.noWatermarks(), 'x'),
    'fromSource got an object with no fields, which is no source: it has no createReader. Give it a source, for example FileSource.forRecordStreamFormat(…).build().',
  );
  refuses(
    () => numbers().sinkTo(anything('out.txt')),
    "sinkTo got 'out.txt', which is no sink: it has no createWriter. Give it a sink, for example FileSink.forRowFormat(…).build().",
  );
  const strategies = "Give WatermarkStrategy.forMonotonousTimestamps(), .forBoundedOutOfOrderness('10 s') or .noWatermarks().";
  refuses(
    () => numbers().assignTimestampsAndWatermarks(anything('10 s')),
    `assignTimestampsAndWatermarks got '10 s' where a watermark strategy belongs. ${strategies}`,
  );
  refuses(
    () => numbers().assignTimestampsAndWatermarks(anything((n: number) => n)),
    `assignTimestampsAndWatermarks got a function that returned an object with forMonotonousTimestamps, forBoundedOutOfOrderness, forGenerator, forIngestionTime, noWatermarks where a watermark strategy belongs. ${strategies}`,
  );
  refuses(() => numbers().union(anything([1])), 'union got an array. Give it streams.');
  refuses(() => numbers().union(numbers()), 'union got a stream of another environment. Build both streams from one environment.');
  refuses(() => numbers().getSideOutput(anything('late')), "getSideOutput of 'Source: Sequence Source' got 'late'. Give it the OutputTag.");
  const fromMap =
    "getSideOutput('late') of 'Map': this operator has no side outputs. Call it on the result of the one that emits to the tag: of process(…) with context.output(tag, record), or of windows and joins that send late records there.";
  refuses(
    () =>
      numbers()
        .map((n) => n)
        .getSideOutput(new OutputTag('late')),
    fromMap,
  );
  refuses(
    () =>
      numbers()
        .map({ map: (n) => n })
        .getSideOutput(new OutputTag('late')),
    fromMap,
  );
  refuses(
    () =>
      numbers()
        .keyBy((n) => n)
        .sum()
        .name('sums')
        .getSideOutput(new OutputTag('late')),
    fromMap.replace('Map', 'sums'),
  );
  refuses(
    () => numbers().returns(anything('LONG')),
    "returns of 'Source: Sequence Source' got 'LONG'. Give it a type, for example Types.STRING or Types.row({ … }).",
  );
  refuses(
    () =>
      numbers()
        .keyBy((n) => n)
        .window(anything('1 min')),
    "window got '1 min'. Give it a window assigner, for example TumblingEventTimeWindows.of('1 min').",
  );
  const windowed = () =>
    numbers()
      .keyBy((n) => n)
      .window(TumblingEventTimeWindows.of('1 s'));
  const never = (as: string) =>
    `getSideOutput('other') of 'TumblingEventTimeWindows': nothing is ever emitted there, as ${as}; or read 'other' from the operator that emits to it.`;
  const other = new OutputTag<number>('other');
  const withLate = () => windowed().sideOutputLateData(new OutputTag<number>('late'));
  refuses(
    () => windowed().sum().getSideOutput(other),
    never('it has no side outputs. For its late records call sideOutputLateData(tag) on the windows, before they are reduced'),
  );
  refuses(
    () =>
      withLate()
        .reduce((a) => a)
        .getSideOutput(other),
    never("its late records go to 'late', and nothing else goes aside"),
  );
  withLate().sum().getSideOutput(new OutputTag<number>('late'));
  withLate()
    .process((_key, context) => context.output(other, 1) ?? 1)
    .getSideOutput(other);
  refuses(() => windowed().sideOutputLateData(anything('late')), "sideOutputLateData got 'late'. Give it an OutputTag.");
  refuses(() => windowed().allowedLateness('-1 s'), 'allowedLateness got -1000 ms. Give a duration of 0 ms or more.');
  refuses(() => windowed().sum(anything(Number)), "sum got a function (Number). Give it the name of a field, as in sum('amount').");
  refuses(
    () =>
      numbers()
        .keyBy((n) => n)
        .maxBy(anything('x'), anything(1)),
    'maxBy got 1 as its second argument. Give true for the first of equals, false for the last.',
  );
  refuses(() => numbers().project(), 'project got no fields. Name at least one.');
  refuses(
    () => numbers().project(anything(-1)),
    'project got the position -1. Give whole numbers from 0: positions in a tuple count from there.',
  );
  refuses(
    () => numbers().setBufferTimeout('-2 ms'),
    "setBufferTimeout of 'Source: Sequence Source' got -2 ms. Give 0 ms for every record at once, -1 ms for full buffers only, or a time to wait at most.",
  );
  refuses(() => newEnvironment().getConfig().setAutoWatermarkRecords(0), 'setAutoWatermarkRecords got 0. Give a whole number from 1.');
  refuses(
    () => newEnvironment().getConfig().setAutoWatermarkInterval('-1 s'),
    'setAutoWatermarkInterval got -1000 ms. Give a duration of 0 ms or more.',
  );
});

test('a keyed stream is not partitioned again', () => {
  const message =
    'A keyed stream is partitioned by its key already. Call the partitioning before keyBy, or on the result of the next operator.';
  for (const call of ['broadcast', 'shuffle', 'rebalance', 'rescale', 'global', 'forward'] as const)
    refuses(
      () =>
        numbers()
          .keyBy((n) => n)
          [call](),
      message,
    );
  numbers()
    .keyBy((n) => n)
    .keyBy((n) => n % 2)
    .sum();
});

test('a job of a source alone, and options that are none', () => {
  const env = newEnvironment();
  env.fromSequence(1, 2);
  refuses(
    () => env.compile('idle'),
    "The job 'idle' has no operators. Call a method that ends in a sink, such as print() or sinkTo(), before execute().",
  );
  const config = (configuration: Record<string, string>, message: string) =>
    assert.throws(() => env.configure(configuration), { name: 'ConfigError', message });
  config(
    { 'paralelism.default': '2' },
    'paralelism.default (from env.configure) is not an option of a job. Did you mean parallelism.default?',
  );
  config(
    { 'rest.port': '8081' },
    "rest.port (from env.configure) is not an option of a job. Options of the cluster go to 'millrace run -D key=value' or config.yaml.",
  );
  config(
    { 'parallelism.default': 'many' },
    "parallelism.default is 'many' (from env.configure), but it must be a whole number from 1 to 32768.",
  );
});

test('equal uids and unequal ends of forward, as a program meets them', () => {
  const env = newEnvironment();
  env
    .fromSequence(1, 2)
    .map((n) => n)
    .uid('u')
    .name('first')
    .sinkTo(new DiscardingSink())
    .uid('u');
  refuses(() => env.compile(), "The uid 'u' is given to two operators, 'first' and 'Sink: Writer'. Give each a uid of its own.");
  const other = newEnvironment();
  other
    .fromSequence(1, 2)
    .forward()
    .map((n) => n)
    .setParallelism(2)
    .print();
  assert.throws(() => other.compile(), {
    message: /^forward\(\) between 'Source: Sequence Source' with parallelism 1 and 'Map' with parallelism 2: /,
  });
});
