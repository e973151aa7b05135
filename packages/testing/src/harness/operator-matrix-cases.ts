/** Every operator of streaming/operators, each in a piece of program: what the operator matrix and the snapshot matrix run. */
import { jsonSerializer } from '@millrace/streaming/builtin/json-serializer';
import { AsyncDataStream } from '@millrace/streaming/api/async-data-stream';
import { KeyedProcessFunction, ProcessFunction } from '@millrace/streaming/api/process-functions';
import { rich, RichFlatMapFunction, RichMapFunction } from '@millrace/streaming/api/rich-functions';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import type { Collector } from '@millrace/streaming/contract/emittable';
import { OutputTag } from '@millrace/streaming/contract/output-tag';
import type { KeyedProcessContext, OnTimerContext, ProcessContext } from '@millrace/streaming/contract/process-context';
import type { ValueState } from '@millrace/streaming/contract/keyed-state';
import type { KeyedRuntimeContext } from '@millrace/streaming/api/runtime-context';
import { MapStateDescriptor, ValueStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { committerOperator } from '@millrace/streaming/operators/committer-operator';
import type { ResultFuture } from '@millrace/streaming/operators/async-request';
import { ContinuousEventTimeTrigger } from '@millrace/streaming/window/continuous-event-time-trigger';
import { CountEvictor } from '@millrace/streaming/window/count-evictor';
import { CountTrigger } from '@millrace/streaming/window/count-trigger';
import { EventTimeSessionWindows } from '@millrace/streaming/window/event-time-session-windows';
import { SlidingEventTimeWindows } from '@millrace/streaming/window/sliding-event-time-windows';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { TumblingProcessingTimeWindows } from '@millrace/streaming/window/tumbling-processing-time-windows';
import type { MatrixStep } from './operator-matrix.ts';

export interface Row {
  readonly at: number;
  readonly key: string;
  readonly n: number;
}

export const row = (at: number, key: string, n: number, input = 0): MatrixStep<Row> => ({ record: { at, key, n }, input });

const committing = {
  createCommitter: () => ({ commit() {}, close() {} }),
  committableSerializer: () => jsonSerializer<number>('committable'),
};

/** Three keys, out of order, one late record, quiet spells. */
export const one: readonly MatrixStep<Row>[] = [
  ...Array.from({ length: 12 }, (_, n) => row(n * 3, 'abc'[n % 3] as string, n)),
  row(7, 'a', 100),
  { watermark: 20 },
  row(9, 'b', 101), // late
  row(31, 'b', 102),
  ...Array.from({ length: 9 }, (_, n) => row(40 + n, 'abc'[n % 3] as string, n)),
  { watermark: 45 },
  { advanceMs: 100 },
  row(60, 'c', 103),
];

export const two: readonly MatrixStep<Row>[] = [
  ...Array.from({ length: 6 }, (_, n) => row(n * 3, 'abc'[n % 3] as string, n)),
  ...Array.from({ length: 6 }, (_, n) => row(n * 3 + 1, 'abc'[n % 3] as string, n + 50, 1)),
  { watermark: 9 },
  { watermark: 9, input: 1 },
  row(12, 'a', 7),
  row(4, 'a', 8), // late
  row(13, 'a', 70, 1),
  row(15, 'a', 71, 1),
  { watermark: 30 },
  { watermark: 25, input: 1 },
];

const byKey = ({ key }: Row) => key;
const late = new OutputTag<Row>('late');
const odd = new OutputTag<Row>('odd');
const sum = { createAccumulator: () => 0, add: ({ n }: Row, total: number) => total + n, getResult: (total: number) => total };
const merging = { ...sum, merge: (a: number, b: number) => a + b };

class Repeated extends RichFlatMapFunction<Row, string> {
  override flatMap({ key, n }: Row, out: Collector<string>) {
    for (let copy = 0; copy < n % 4; copy++) out.collect(`${key}${copy}`);
  }
}

class Doubled extends RichMapFunction<Row, number> {
  override map({ n }: Row) {
    return n * 2;
  }
}

class Parted extends ProcessFunction<Row, number> {
  override processElement(record: Row, context: ProcessContext, out: Collector<number>) {
    if (record.n % 2 === 1) context.output(odd, record);
    else out.collect(record.n);
    out.collect(-record.n);
  }
}

/** Says ten milliseconds after each record, in event time, how many of its key there were. */
class Counted extends KeyedProcessFunction<string, Row, string> {
  #seen!: ValueState<number>;
  override open(context: KeyedRuntimeContext) {
    this.#seen = context.getState(new ValueStateDescriptor<number>('seen'));
  }
  override processElement({ at }: Row, context: KeyedProcessContext<string>) {
    this.#seen.update((this.#seen.value() ?? 0) + 1);
    // Not in the past: whether a timer there fires now or with the next watermark is the restore's to say, which gives the watermark again.
    context.timerService().registerEventTimeTimer(Math.max(at, context.timerService().currentWatermark()) + 10);
    context.timerService().registerProcessingTimeTimer(50);
  }
  override onTimer(timestamp: number, context: OnTimerContext<string>, out: Collector<string>) {
    const key = context.getCurrentKey();
    out.collect(`${key} ${context.timeDomain()} ${timestamp} ${this.#seen.value() ?? 0}`);
    out.collect(`${key} again`);
  }
}

/** All records of a subtask, which are those of some keys. */
const partitionsOf = (rows: DataStream<Row>) =>
  rows
    .keyBy(byKey)
    .map((row) => row)
    .forward()
    .fullWindowPartition();

export type Build = (first: DataStream<Row>, second: DataStream<Row>) => DataStream<unknown> | readonly DataStream<unknown>[];

/** By the file that makes the operator. */
export const CASES: readonly (readonly [file: string, name: string, build: Build])[] = [
  ['', 'map', (rows) => rows.map(({ n }) => n + 1)],
  ['', 'filter', (rows) => rows.filter(({ n }) => n % 2 === 0)],
  ['', 'flatMap of arrays', (rows) => rows.flatMap(({ n }) => Array.from({ length: n % 5 }, (_, copy) => copy))],
  [
    '',
    'flatMap of a generator',
    (rows) =>
      rows.flatMap(function* ({ n }) {
        for (let copy = 0; copy < n % 5; copy++) yield copy;
      }),
  ],
  ['reduce-operator', 'a rolling reduce', (rows) => rows.keyBy(byKey).reduce((a, b) => ({ ...b, n: a.n + b.n }))],
  ['reduce-operator', 'a rolling maxBy', (rows) => rows.keyBy(byKey).maxBy('n')],
  ['rolling-aggregate-operator', 'a rolling avg', (rows) => rows.keyBy(byKey).avg('n')],
  ['rolling-aggregate-operator', 'a rolling fold', (rows) => rows.keyBy(byKey).fold('', (text, { n }) => `${text}${n} `)],
  [
    'partition-window-operator',
    'a full window without a key',
    (rows) => partitionsOf(rows).mapPartition((elements) => [...elements].map(({ key, n }) => `${key}${n}`)),
  ],
  [
    'sort-partition-operator',
    'a full window without a key, sorted in managed memory',
    (rows) => partitionsOf(rows).sortPartition('n', 'DESCENDING'),
  ],
  [
    'window-general-operator',
    'a full window with a key',
    (rows) => rows.keyBy(byKey).fullWindowPartition().sortPartition('n', 'DESCENDING'),
  ],
  [
    'split-operator',
    'split and select',
    (rows) => {
      const split = rows.split(({ n }) => (n % 2 === 0 ? 'even' : ['odd', 'all']));
      return [split, split.select('even'), split.select('odd', 'all')];
    },
  ],
  ['rich-operators', 'a rich map', (rows) => rows.map(rich(() => new Doubled()))],
  ['rich-operators', 'a rich flatMap', (rows) => rows.flatMap(rich(() => new Repeated()))],
  [
    'process-operator',
    'a process function with a side output',
    (rows) => {
      const parted = rows.process(rich(() => new Parted()));
      return [parted, parted.getSideOutput(odd)];
    },
  ],
  ['keyed-process-operator', 'timers of both kinds', (rows) => rows.keyBy(byKey).process(rich(() => new Counted()))],
  [
    'timestamps-and-watermarks',
    'timestamps and watermarks',
    (rows) =>
      rows
        .assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<Row>().withTimestampAssigner(({ at }) => at + 1_000))
        .setParallelism(1),
  ],
  ['window-tables-operator', 'tumbling windows', (rows) => rows.keyBy(byKey).window(TumblingEventTimeWindows.of('10 ms')).aggregate(sum)],
  [
    'shared-panes-operator',
    'sliding windows, merging, with lateness',
    (rows) => {
      const windows = rows
        .keyBy(byKey)
        .window(SlidingEventTimeWindows.of('20 ms', '5 ms'))
        .allowedLateness('7 ms')
        .sideOutputLateData(late)
        .aggregate(merging, (key, window, n) => ({ key, start: window.start, n }));
      return [windows, windows.getSideOutput(late)];
    },
  ],
  [
    'column-panes-operator',
    'sliding windows of columns',
    (rows) => rows.keyBy(byKey).window(SlidingEventTimeWindows.of('20 ms', '5 ms')).aggregate(merging),
  ],
  [
    'window-sessions-operator',
    'sessions',
    (rows) =>
      rows
        .keyBy(byKey)
        .window(EventTimeSessionWindows.withGap('4 ms'))
        .aggregate(merging, (key, window, n) => ({ key, start: window.start, end: window.end, n })),
  ],
  [
    'window-general-operator',
    'sessions with lateness',
    (rows) => {
      const windows = rows
        .keyBy(byKey)
        .window(EventTimeSessionWindows.withGap('4 ms'))
        .allowedLateness('7 ms')
        .sideOutputLateData(late)
        .aggregate(merging, (key, window, n) => ({ key, start: window.start, end: window.end, n }));
      return [windows, windows.getSideOutput(late)];
    },
  ],
  [
    'window-general-operator',
    'windows with a trigger and an evictor',
    (rows) =>
      rows
        .keyBy(byKey)
        .window(SlidingEventTimeWindows.of('20 ms', '10 ms'))
        .trigger(CountTrigger.of(2))
        .evictor(CountEvictor.of(3))
        .allowedLateness('7 ms')
        .apply((key, window, elements) => `${key} ${window.start} ${[...elements].map(({ n }) => n).join()}`),
  ],
  [
    'window-general-operator',
    'sessions with a trigger of their own',
    (rows) =>
      rows
        .keyBy(byKey)
        .window(EventTimeSessionWindows.withGap('7 ms'))
        .trigger(ContinuousEventTimeTrigger.of('5 ms'))
        .process(
          rich(() => ({
            process: (key, context, elements, out: Collector<string>) => {
              out.collect(`${key} ${context.window().start} ${[...elements].length}`);
              out.collect(`${key} again`);
            },
          })),
        ),
  ],
  [
    'window-general-operator',
    'windows by the clock',
    (rows) =>
      rows
        .keyBy(byKey)
        .window(TumblingProcessingTimeWindows.of('30 ms'))
        .flatApply((key, window, elements) => [...elements].map(({ n }) => `${key} ${window.start} ${n}`)),
  ],
  [
    'co-map-operator',
    'a map of two inputs',
    (a, b) =>
      a.connect(b).map(
        ({ n }) => n,
        ({ n }) => -n,
      ),
  ],
  [
    'co-flat-map-operator',
    'a flatMap of two inputs',
    (a, b) =>
      a.connect(b).flatMap(
        ({ n }) => [n, n],
        ({ n }) => [-n, -n, -n],
      ),
  ],
  [
    'co-process-operator',
    'a process function of two inputs, with state of the key',
    (a, b) => {
      const seen = () => {
        let count: ValueState<number>;
        const next = () => {
          count.update((count.value() ?? 0) + 1);
          return count.value() as number;
        };
        return {
          open(context: KeyedRuntimeContext) {
            count = context.getState(new ValueStateDescriptor<number>('count'));
          },
          processElement1: ({ key, n }: Row, _context: unknown, out: Collector<string>) => out.collect(`${key} ${n} ${next()}`),
          processElement2: ({ key, n }: Row, _context: unknown, out: Collector<string>) => {
            out.collect(`${key} ${-n} ${next()}`);
            out.collect(`${key} second`);
          },
        };
      };
      return a.keyBy(byKey).connect(b.keyBy(byKey)).process(rich(seen));
    },
  ],
  [
    'broadcast-process-operator',
    'a broadcast process function',
    (a, b) => {
      const sums = new MapStateDescriptor<string, number>('sums');
      const joined = () => ({
        processElement: (
          record: Row,
          context: { getBroadcastState(of: typeof sums): { get(key: string): number | undefined } },
          out: Collector<string>,
        ) => out.collect(`${record.key} ${record.n} ${context.getBroadcastState(sums).get(record.key) ?? 'none'}`),
        processBroadcastElement: (
          { key, n }: Row,
          context: { getBroadcastState(of: typeof sums): { get(key: string): number | undefined; put(key: string, value: number): void } },
        ) => {
          const state = context.getBroadcastState(sums);
          state.put(key, (state.get(key) ?? 0) + n);
        },
      });
      return a.keyBy(byKey).connect(b.broadcast(sums)).process(rich(joined));
    },
  ],
  [
    'committer-operator',
    'committables, committed at the end where there are no checkpoints',
    (rows) =>
      rows.map(({ n }) => ({ checkpointId: 1, subtask: 0, committable: n })).committedBy('Committer', committerOperator(committing)),
  ],
  [
    'async-wait-operator',
    'asynchronous requests in order, three at a time',
    (rows) =>
      AsyncDataStream.orderedWait(rows, async ({ key, n }) => (n % 4 === 0 ? undefined : `${key}${n}`), { timeout: '1 s', capacity: 3 }),
  ],
  [
    'async-wait-operator',
    'asynchronous requests out of order, with many results',
    (rows) =>
      AsyncDataStream.unorderedWait(
        rows,
        rich(() => ({
          async asyncInvoke({ n }: Row, result: ResultFuture<number>) {
            for (let turn = 0; turn < n % 3; turn++) await Promise.resolve();
            result.complete(Array.from({ length: n % 5 }, () => n));
          },
        })),
        { timeout: '1 s', capacity: 2 },
      ),
  ],
  [
    'interval-join-operator',
    'an interval join',
    (a, b) =>
      a
        .keyBy(byKey)
        .intervalJoin(b.keyBy(byKey))
        .between('-2 ms', '3 ms')
        .process(
          rich(() => ({
            processElement: (left: Row, right: Row, _context: unknown, out: Collector<string>) => out.collect(`${left.n}+${right.n}`),
          })),
        ),
  ],
  [
    'interval-join-operator',
    'a full outer interval join',
    (a, b) =>
      a
        .keyBy(byKey)
        .intervalJoin(b.keyBy(byKey))
        .between('0 ms', '1 ms')
        .fullOuter()
        .process((left, right) => `${left?.n ?? 'none'}+${right?.n ?? 'none'}`),
  ],
];
