// Goal: each line of the semantics that speaks of aligned windows, by itself. Method: a few records and watermarks by hand, for both layouts of state where they
// differ: one table for each window, and panes shared through `merge`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutputTag } from '../contract/output-tag.ts';
import { MAX_WATERMARK, NO_TIMESTAMP } from '../contract/timestamp.ts';
import { SlidingEventTimeWindows } from '../window/sliding-event-time-windows.ts';
import type { TimeWindow } from '../window/time-window.ts';
import { TumblingEventTimeWindows } from '../window/tumbling-event-time-windows.ts';
import { type BenchOptions, OperatorBench, type Sent } from './testing-fakes.ts';
import { PlainState } from './testing-services.ts';
import { windowOperator } from './window-operator.ts';
import type { WindowSpec } from './window-spec.ts';

interface Event {
  readonly key: string;
  readonly n: number;
}

type Spec = WindowSpec<Event, string, TimeWindow, number, number, string>;

const sum = { createAccumulator: () => 0, add: (event: Event, total: number) => total + event.n, getResult: (total: number) => total };
const mergingSum = { ...sum, merge: (a: number, b: number) => a + b };
const key = { selector: (event: Event) => event.key, type: undefined };
const tumbling = TumblingEventTimeWindows.of('10 ms');
const sliding = SlidingEventTimeWindows.of('10 ms', '5 ms');

function benchOf(spec: Partial<Spec>, options: BenchOptions = {}): OperatorBench {
  const logic = windowOperator<Event, string, TimeWindow, number, number, string>({
    key,
    assigner: tumbling,
    aggregation: { kind: 'aggregate', fn: mergingSum },
    windowFunction: (name, window, total) => `${name} ${window.toString()} ${total}`,
    ...spec,
  });
  return new OperatorBench(logic, options);
}

const one = (timestamp: number, bench: OperatorBench, name = 'a') => bench.record({ key: name, n: 1 }, timestamp);
const texts = (sent: readonly Sent[]) =>
  sent.map((entry) => ('watermark' in entry ? `W${entry.watermark}` : `${String(entry.record)}@${entry.timestamp}`));

test('a window fires when the watermark reaches its last millisecond, and its result carries that time', () => {
  const bench = benchOf({});
  one(0, bench);
  one(9, bench);
  one(10, bench);
  bench.watermark(8);
  bench.watermark(9);
  assert.deepEqual(texts(bench.takeLog()), ['W8', 'a [0, 10) 2@9', 'W9']);
});

test('windows before 1970 are closed at the start and open at the end; offsets may be negative', () => {
  const bench = benchOf({ assigner: TumblingEventTimeWindows.of('10 ms', '-3 ms') });
  for (const timestamp of [-13, -4, -3, 6, 7]) one(timestamp, bench);
  bench.watermark(MAX_WATERMARK);
  assert.deepEqual(texts(bench.takeLog()).slice(0, 3), ['a [-13, -3) 2@-4', 'a [-3, 7) 2@6', 'a [7, 17) 1@16']);
});

test('a record is late from window end − 1 + lateness ≤ watermark on, goes to the side output, and is counted where there is none', () => {
  for (const lateTagId of [undefined, 'late']) {
    const bench = benchOf({ allowedLatenessMs: 5, lateTagId }, { tags: ['late'] });
    one(20, bench);
    bench.watermark(13);
    one(9, bench); // 9 + 5 > 13
    bench.watermark(14);
    one(9, bench, 'b'); // 9 + 5 ≤ 14
    const late = bench.takeLog().filter((sent) => 'tag' in sent);
    assert.deepEqual(late, lateTagId === undefined ? [] : [{ record: { key: 'b', n: 1 }, timestamp: 9, tag: 'late' }]);
    assert.equal(bench.operator.numLateRecordsDropped, lateTagId === undefined ? 1 : 0);
  }
});

test('each record within the allowed lateness of a window that has fired fires it again at once', () => {
  const bench = benchOf({ allowedLatenessMs: 100 });
  one(5, bench);
  bench.watermark(9);
  one(6, bench);
  one(7, bench);
  bench.watermark(60);
  bench.watermark(MAX_WATERMARK);
  assert.deepEqual(texts(bench.takeLog()), ['a [0, 10) 1@9', 'W9', 'a [0, 10) 2@9', 'a [0, 10) 3@9', 'W60', `W${MAX_WATERMARK}`]);
});

test('a window that begins with a late record fires once, not again at the next watermark', () => {
  for (const assigner of [tumbling, sliding]) {
    const bench = benchOf({ allowedLatenessMs: 100, assigner });
    one(50, bench, 'b');
    bench.watermark(19);
    bench.takeLog();
    one(5, bench);
    bench.watermark(20);
    const fired = texts(bench.takeLog());
    assert.deepEqual(fired, assigner === tumbling ? ['a [0, 10) 1@9', 'W20'] : ['a [0, 10) 1@9', 'a [5, 15) 1@14', 'W20']);
  }
});

test('a record late for some sliding windows counts in the others and is not sent to the late side output', () => {
  for (const fn of [sum, mergingSum]) {
    const bench = benchOf({ assigner: sliding, aggregation: { kind: 'aggregate', fn }, lateTagId: 'late' }, { tags: ['late'] });
    one(12, bench);
    bench.watermark(9);
    one(7, bench); // [0, 10) is gone, [5, 15) is open
    bench.watermark(MAX_WATERMARK);
    assert.deepEqual(texts(bench.takeLog()), ['W9', 'a [5, 15) 2@14', 'a [10, 20) 1@19', `W${MAX_WATERMARK}`]);
  }
});

test('with size < slide, records in the gaps are in no window, and not late either', () => {
  const bench = benchOf({ assigner: SlidingEventTimeWindows.of('3 ms', '5 ms'), lateTagId: 'late' }, { tags: ['late'] });
  for (let timestamp = 0; timestamp < 10; timestamp++) one(timestamp, bench);
  bench.watermark(20);
  one(4, bench);
  assert.deepEqual(texts(bench.takeLog()), ['a [0, 3) 3@2', 'a [5, 8) 3@7', 'W20']);
  assert.equal(bench.operator.numLateRecordsDropped, 0);
});

test('a size that is no multiple of the slide', () => {
  const bench = benchOf({ assigner: SlidingEventTimeWindows.of('7 ms', '5 ms') });
  for (const timestamp of [0, 5, 6, 7]) one(timestamp, bench);
  bench.watermark(MAX_WATERMARK);
  assert.deepEqual(texts(bench.takeLog()).slice(0, -1), ['a [-5, 2) 1@1', 'a [0, 7) 3@6', 'a [5, 12) 3@11']);
});

test('size 10 slide 5: every record is in two windows', () => {
  for (const fn of [sum, mergingSum]) {
    const bench = benchOf({
      assigner: sliding,
      aggregation: { kind: 'aggregate', fn },
      windowFunction: (_key, _window, total) => `${total}`,
    });
    for (let timestamp = -50; timestamp < 50; timestamp++) one(timestamp, bench);
    bench.watermark(MAX_WATERMARK);
    const total = bench.log.reduce((all, sent) => all + ('record' in sent ? Number(sent.record) : 0), 0);
    assert.equal(total, 200);
  }
});

test('windows that one watermark ends fire in order of time', () => {
  for (const fn of [sum, mergingSum]) {
    const bench = benchOf({ aggregation: { kind: 'aggregate', fn }, assigner: sliding });
    for (const timestamp of [95, 3, 41, 42, 17]) one(timestamp, bench);
    bench.watermark(MAX_WATERMARK);
    const times = bench.log.flatMap((sent) => ('timestamp' in sent ? [sent.timestamp] : []));
    assert.deepEqual(times, [4, 9, 19, 24, 44, 49, 99, 104]);
  }
});

test('on-time and late outputs together are all inputs', () => {
  const bench = benchOf({ lateTagId: 'late' }, { tags: ['late'] });
  for (let n = 0; n < 100; n++) {
    one((n * 37) % 100, bench);
    if (n % 10 === 9) bench.watermark(n - 9);
  }
  bench.watermark(MAX_WATERMARK);
  const late = bench.log.filter((sent) => 'tag' in sent).length;
  const counted = bench.log.reduce(
    (all, sent) => all + ('record' in sent && !('tag' in sent) ? Number(String(sent.record).split(' ').at(-1)) : 0),
    0,
  );
  assert.equal(late + counted, 100);
  assert.ok(late > 0);
});

test('the watermark goes on only when all that it fired has been taken, and its firings may be suspended', () => {
  for (const assigner of [tumbling, sliding]) {
    const bench = benchOf({ assigner }, { fullEvery: 2 });
    for (let n = 0; n < 10; n++) one(5, bench, `key ${n}`);
    bench.watermark(9);
    assert.equal(bench.log.length, 11);
    assert.deepEqual(bench.log[10], { watermark: 9 });
    assert.ok(bench.resumed >= 4);
    assert.equal(bench.overdraft, 0);
  }
});

test('a record that comes while an emission is suspended runs that to its end first', () => {
  const bench = benchOf({}, { fullEvery: 2 });
  for (let n = 0; n < 5; n++) one(5, bench, `key ${n}`);
  bench.operator.processWatermark?.(9);
  assert.equal(bench.flow.blocked, 2); // the outbox and the operator
  one(15, bench);
  assert.equal(bench.log.length, 5);
  assert.equal(bench.flow.blocked, 0);
});

test('undefined from the window function emits nothing', () => {
  const bench = benchOf({ windowFunction: (name, _window, total) => (total > 1 ? name : undefined) });
  one(1, bench, 'a');
  one(1, bench, 'b');
  one(2, bench, 'b');
  bench.watermark(9);
  assert.deepEqual(texts(bench.log), ['b@9', 'W9']);
});

test('the window function sees window, watermark and processing time, and has side outputs', () => {
  const tag = new OutputTag<string>('side');
  const windowFunction: Spec['windowFunction'] = (name, window, _total, context) => {
    context.output(tag, `${name} aside`);
    context.output(new OutputTag<string>('nobody'), 'dropped');
    return `${context.window().equals(window)} ${context.currentWatermark()} ${context.currentProcessingTime()}`;
  };
  const bench = benchOf({ windowFunction }, { tags: ['side'], processingTime: 77 });
  one(1, bench);
  bench.watermark(12);
  assert.deepEqual(bench.takeLog(), [
    { record: 'a aside', timestamp: 9, tag: 'side' },
    { record: 'true 12 77', timestamp: 9 },
    { watermark: 12 },
  ]);
});

test('an emitted accumulator is not changed by the records of a later firing', () => {
  const list = {
    createAccumulator: (): number[] => [],
    add: ({ n }: Event, all: number[]) => {
      all.push(n);
      return all;
    },
    getResult: (all: number[]) => all,
  };
  const logic = windowOperator({ key, assigner: tumbling, aggregation: { kind: 'aggregate', fn: list }, allowedLatenessMs: 100 });
  const bench = new OperatorBench(logic);
  one(1, bench);
  bench.watermark(9);
  one(2, bench);
  assert.deepEqual(
    bench.log.filter((sent) => 'record' in sent).map((sent) => sent.record),
    [[1], [1, 1]],
  );
});

test('the first record of all open windows may come behind the last window that fired', () => {
  for (const fn of [sum, mergingSum]) {
    const bench = benchOf({ assigner: sliding, aggregation: { kind: 'aggregate', fn } });
    one(101, bench, 'far');
    bench.watermark(41);
    one(38, bench); // [30, 40) is gone, [35, 45) is open
    one(44, bench);
    bench.watermark(59);
    assert.deepEqual(texts(bench.takeLog()), ['W41', 'a [35, 45) 2@44', 'a [40, 50) 1@49', 'W59']);
  }
});

test('a reducer keeps what it makes of the records, shared panes included', () => {
  for (const assigner of [tumbling, sliding]) {
    const fn = (a: Event, b: Event) => ({ key: a.key, n: a.n + b.n });
    const logic = windowOperator<Event, string, TimeWindow, Event, Event, Event>({ key, assigner, aggregation: { kind: 'reduce', fn } });
    const bench = new OperatorBench(logic);
    for (const timestamp of [1, 4, 6]) one(timestamp, bench);
    bench.watermark(9);
    assert.deepEqual(bench.log.at(-2), { record: { key: 'a', n: 3 }, timestamp: 9 });
  }
});

test('the end of the input fires windows that end after the last timestamp there is', () => {
  for (const assigner of [tumbling, sliding]) {
    const bench = benchOf({ assigner, windowFunction: () => 'fired' });
    one(Number.MAX_SAFE_INTEGER, bench);
    bench.watermark(MAX_WATERMARK);
    assert.deepEqual(bench.log[0], { record: 'fired', timestamp: Number.MAX_SAFE_INTEGER });
  }
});

test('staggered windows: by the clock, or drawn for each subtask and the same in a replay', () => {
  const startOf = (stagger: 'NATURAL' | 'RANDOM', options: BenchOptions) => {
    const windowFunction: Spec['windowFunction'] = (_key, window) => `${window.start}`;
    const { services } = new PlainState();
    const bench = benchOf({ assigner: TumblingEventTimeWindows.of('1 s', '0 ms', stagger), windowFunction }, { ...options, services });
    one(10_000, bench);
    bench.watermark(MAX_WATERMARK);
    return Number((bench.log[0] as { record: string }).record);
  };
  assert.equal(startOf('NATURAL', { processingTime: 5_250 }), 9_250);
  assert.equal(startOf('RANDOM', { subtask: 3 }), startOf('RANDOM', { subtask: 3 }));
  assert.notEqual(startOf('RANDOM', { subtask: 3 }), startOf('RANDOM', { subtask: 4 }));
});

const refusals: readonly (readonly [name: string, run: () => void, message: RegExp])[] = [
  [
    'a record without a timestamp',
    () => one(NO_TIMESTAMP, benchOf({})),
    /without a timestamp reached an event-time window.*WatermarkStrategy/,
  ],
  ['a negative lateness', () => benchOf({ allowedLatenessMs: -1 }), /allowedLateness got -1 ms\. Give a duration of 0 ms or more\./],
  [
    'a promise from a window function',
    () => {
      const bench = benchOf({ windowFunction: (async () => 'x') as unknown as () => string });
      one(1, bench);
      bench.watermark(9);
    },
    /A window function returned a promise\. Return the record itself; asynchronous work goes to AsyncDataStream/,
  ],
  [
    'add that returns nothing',
    () => one(1, benchOf({ aggregation: { kind: 'aggregate', fn: { ...sum, add: (() => undefined) as unknown as () => number } } })),
    /add of an aggregate function returned undefined\. Return the accumulator\./,
  ],
  [
    'an accumulator that is a promise',
    () => one(1, benchOf({ aggregation: { kind: 'aggregate', fn: { ...sum, add: (async () => 1) as unknown as () => number } } })),
    /An aggregate function returned a promise as accumulator/,
  ],
];

for (const [name, run, message] of refusals) test(`refused: ${name}`, () => assert.throws(run, { message }));
