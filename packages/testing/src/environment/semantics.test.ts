// Goal: every edge of the semantics that docs/semantics.md states, as a user of the API meets it. Method: one job for each statement, fed record by record and watermark by watermark;
// what comes out after each step is compared whole. The last test holds the page and these tests to each other: a test has the words of its statement.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import type { KeyedStream } from '@millrace/streaming/api/keyed-stream';
import type { RuntimeExecutionMode } from '@millrace/streaming/api/runtime-execution-mode';
import type { Collector } from '@millrace/streaming/contract/emittable';
import { OutputTag } from '@millrace/streaming/contract/output-tag';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { ContinuousEventTimeTrigger } from '@millrace/streaming/window/continuous-event-time-trigger';
import { CountEvictor } from '@millrace/streaming/window/count-evictor';
import { CountTrigger } from '@millrace/streaming/window/count-trigger';
import { EventTimeSessionWindows } from '@millrace/streaming/window/event-time-session-windows';
import { EventTimeTrigger } from '@millrace/streaming/window/event-time-trigger';
import { GlobalWindows } from '@millrace/streaming/window/global-windows';
import { PurgingTrigger } from '@millrace/streaming/window/purging-trigger';
import { SlidingEventTimeWindows } from '@millrace/streaming/window/sliding-event-time-windows';
import type { TimeWindow } from '@millrace/streaming/window/time-window';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { TumblingProcessingTimeWindows } from '@millrace/streaming/window/tumbling-processing-time-windows';
import { TestEnvironment } from '../index.ts';

interface Row {
  readonly id: string;
  readonly at: number;
  readonly n: number;
}

/** A record at a time, a watermark, or the end. */
type Step = Row | number | 'end';

const at = (time: number, id = `r${time}`, n = 1): Row => ({ id, at: time, n });
const late = new OutputTag<Row>('late');
const NAMES: string[] = [];

/** A statement of docs/semantics.md, word for word. */
function states(statement: string, check: () => Promise<void>): void {
  NAMES.push(statement);
  test(statement, check);
}

/** What every output gave after each step, as `name value` texts. */
async function play(
  build: (rows: DataStream<Row>, env: TestEnvironment) => Record<string, DataStream<unknown>>,
  ...steps: readonly Step[]
) {
  const env = TestEnvironment.create();
  const source = env.testSource<Row>({ timestamp: (row) => row.at });
  const sinks = Object.entries(build(source.stream, env)).map(([name, stream]) => ({ name, sink: env.collect(stream) }));
  const taken = () => sinks.flatMap(({ name, sink }) => sink.take().map((value) => `${name} ${String(value)}`));
  await env.start();
  const outputs: string[][] = [];
  for (const step of steps) {
    if (step === 'end') await env.finish();
    else if (typeof step === 'number') source.watermark(step);
    else source.emit(step);
    if (step !== 'end') await env.settle();
    outputs.push(taken());
  }
  if (steps.at(-1) !== 'end') await env.finish();
  return outputs;
}

const one = (rows: DataStream<Row>): KeyedStream<Row, number> => rows.keyBy(() => 0);
const ids = (_key: number, window: TimeWindow, elements: Iterable<Row>) =>
  `[${window.start},${window.end}) ${[...elements].map(({ id }) => id).join()}`;

// ── watermarks, lateness ──

/** Each record's id and the watermark that it meets. */
const watermarksMet = (strategy: WatermarkStrategy<Row>) => (rows: DataStream<Row>, env: TestEnvironment) => {
  env.configure({ 'pipeline.auto-watermark-records': 1 });
  const met = rows.assignTimestampsAndWatermarks(strategy).process<string>({
    processElement(row, context, out) {
      out.collect(
        `${row.id} ${context.timerService().currentWatermark() === Number.MIN_SAFE_INTEGER ? 'none' : context.timerService().currentWatermark()}`,
      );
    },
  });
  return { met };
};

states('`forBoundedOutOfOrderness(d)` gives the greatest timestamp − d − 1 ms.', async () => {
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<Row>('10 ms').withTimestampAssigner((row) => row.at);
  const outputs = await play(watermarksMet(strategy), at(100), at(200), at(201));
  assert.deepEqual(outputs.slice(1), [['met r200 89'], ['met r201 189']]);
});

states('A watermark is emitted after the record that causes it; one that would go back is ignored.', async () => {
  const strategy = WatermarkStrategy.forMonotonousTimestamps<Row>().withTimestampAssigner((row) => row.at);
  const outputs = await play(watermarksMet(strategy), at(100), at(50), at(60));
  assert.deepEqual(outputs.slice(1), [['met r50 99'], ['met r60 99']], 'r100 has not met its own, and r50 took nothing back');
});

states('A record is late for a window when window end − 1 + allowed lateness ≤ watermark.', async () => {
  const build = (lateness: number) => (rows: DataStream<Row>) => {
    const windows = one(rows)
      .window(TumblingEventTimeWindows.of('10 ms'))
      .allowedLateness(`${lateness} ms`)
      .sideOutputLateData(late)
      .apply(ids);
    return { fired: windows, late: windows.getSideOutput(late).map(({ id }) => id) };
  };
  assert.deepEqual(await play(build(0), 8, at(1), 9, at(2)), [[], [], ['fired [0,10) r1'], ['late r2']]);
  assert.deepEqual(await play(build(5), 13, at(1), 14, at(2)), [[], ['fired [0,10) r1'], [], ['late r2']]);
});

states(
  'Each record within the allowed lateness of a window that has fired fires it again at once, with a purging trigger with only what came since.',
  async () => {
    const build = (purging: boolean) => (rows: DataStream<Row>) => {
      const windows = one(rows).window(TumblingEventTimeWindows.of('10 ms')).allowedLateness('20 ms');
      return { fired: (purging ? windows.trigger(PurgingTrigger.of(EventTimeTrigger.create())) : windows).apply(ids) };
    };
    const steps = [at(1), 9, at(2), at(3), 12];
    assert.deepEqual(await play(build(false), ...steps), [[], ['fired [0,10) r1'], ['fired [0,10) r1,r2'], ['fired [0,10) r1,r2,r3'], []]);
    assert.deepEqual(await play(build(true), ...steps), [[], ['fired [0,10) r1'], ['fired [0,10) r2'], ['fired [0,10) r3'], []]);
  },
);

states('A window that begins with a record within the allowed lateness fires once, not again at the next watermark.', async () => {
  const build = (rows: DataStream<Row>) => ({
    fired: one(rows).window(TumblingEventTimeWindows.of('10 ms')).allowedLateness('20 ms').apply(ids),
  });
  assert.deepEqual(await play(build, 12, at(1), 13, 40), [[], ['fired [0,10) r1'], [], []]);
});

states('A record that is late for some of its sliding windows counts in the others, and is not sent to the late side output.', async () => {
  const build = (rows: DataStream<Row>) => {
    const windows = one(rows).window(SlidingEventTimeWindows.of('10 ms', '5 ms')).sideOutputLateData(late).apply(ids);
    return { fired: windows, late: windows.getSideOutput(late).map(({ id }) => id) };
  };
  assert.deepEqual(await play(build, 9, at(7), 14, at(4)), [[], [], ['fired [5,15) r7'], ['late r4']]);
});

states('With size < slide, records in the gaps are in no window, and not late either.', async () => {
  const build = (rows: DataStream<Row>) => {
    const windows = one(rows).window(SlidingEventTimeWindows.of('5 ms', '10 ms')).sideOutputLateData(late).apply(ids);
    return { fired: windows, late: windows.getSideOutput(late).map(({ id }) => id) };
  };
  assert.deepEqual(await play(build, at(1), at(7), 20, at(7, 'again')), [[], [], ['fired [0,5) r1'], []]);
});

states('A size that is no multiple of the slide is allowed.', async () => {
  const build = (rows: DataStream<Row>) => ({ fired: one(rows).window(SlidingEventTimeWindows.of('7 ms', '3 ms')).apply(ids) });
  assert.deepEqual(await play(build, at(6), 'end'), [[], ['fired [0,7) r6', 'fired [3,10) r6', 'fired [6,13) r6']]);
});

states(
  "Windows that one watermark ends fire in order of time, and a result carries the window's last millisecond as its timestamp.",
  async () => {
    const build = (rows: DataStream<Row>) => {
      const fired = one(rows).window(TumblingEventTimeWindows.of('10 ms')).apply(ids);
      const timed = fired.process<string>({ processElement: (text, context, out) => out.collect(`${text} at ${context.timestamp()}`) });
      return { fired: timed };
    };
    assert.deepEqual(await play(build, at(25), at(3), at(14), 40), [
      [],
      [],
      [],
      ['fired [0,10) r3 at 9', 'fired [10,20) r14 at 19', 'fired [20,30) r25 at 29'],
    ]);
  },
);

states('Windows are closed at the start and open at the end, before 1970 too; offsets may be negative.', async () => {
  const build = (offset: '0 ms' | '-3 ms') => (rows: DataStream<Row>) => ({
    fired: one(rows).window(TumblingEventTimeWindows.of('10 ms', offset)).apply(ids),
  });
  const steps = [at(-10), at(-1), at(0), 'end'] as const;
  assert.deepEqual((await play(build('0 ms'), ...steps)).at(-1), ['fired [-10,0) r-10,r-1', 'fired [0,10) r0']);
  assert.deepEqual((await play(build('-3 ms'), ...steps)).at(-1), ['fired [-13,-3) r-10', 'fired [-3,7) r-1,r0']);
});

states('Watermarks stand after fixed numbers of records, so the same records are late on every run.', async () => {
  const runs = new Set<string>();
  for (let seed = 1; seed <= 8; seed++) {
    const env = TestEnvironment.create({ seed });
    env.configure({ 'pipeline.auto-watermark-records': 3 });
    const rows = Array.from({ length: 40 }, (_, index) => at(index % 4 === 3 ? index * 10 - 60 : index * 10, String(index)));
    const strategy = WatermarkStrategy.forBoundedOutOfOrderness<Row>('20 ms').withTimestampAssigner((row) => row.at);
    const windows = one(env.fromCollection(rows).assignTimestampsAndWatermarks(strategy).rebalance())
      .window(TumblingEventTimeWindows.of('50 ms'))
      .sideOutputLateData(late)
      .apply(ids);
    const sink = env.collect(windows.getSideOutput(late).map(({ id }) => id));
    await env.start();
    await env.finish();
    runs.add(sink.take().join());
  }
  assert.equal(runs.size, 1);
  assert.notEqual([...runs][0], '');
});

// ── sessions ──

const sessions = (lateness: '0 ms' | '1 min') => (rows: DataStream<Row>) => {
  const windows = one(rows).window(EventTimeSessionWindows.withGap('10 s')).allowedLateness(lateness).sideOutputLateData(late).apply(ids);
  return { fired: windows, late: windows.getSideOutput(late).map(({ id }) => id) };
};

states(
  'Session windows that touch merge: with a gap of 10 s, records at 0 and 10 000 ms are one session, 10 001 starts another.',
  async () => {
    assert.deepEqual((await play(sessions('0 ms'), at(0), at(10_000), 'end')).at(-1), ['fired [0,20000) r0,r10000']);
    assert.deepEqual((await play(sessions('0 ms'), at(0), at(10_001), 'end')).at(-1), ['fired [0,10000) r0', 'fired [10001,20001) r10001']);
  },
);

states('The lateness of a session is judged after merging: a record that alone would be late is taken in by an open session.', async () => {
  const outputs = await play(sessions('0 ms'), at(15_000), 14_000, at(2_000, 'alone'), at(5_000, 'taken in'), 30_000);
  assert.deepEqual(outputs, [[], [], ['late alone'], [], ['fired [5000,25000) r15000,taken in']]);
});

states(
  'A record between a session that has fired and an open one joins the open one only; with allowed lateness the fired one is merged in and counted again.',
  async () => {
    const steps = [at(0), 9_999, at(19_000), at(9_500, 'between'), 40_000];
    assert.deepEqual((await play(sessions('0 ms'), ...steps)).slice(1), [
      ['fired [0,10000) r0'],
      [],
      [],
      ['fired [9500,29000) r19000,between'],
    ]);
    const [, first, , , last] = await play(sessions('1 min'), ...steps);
    assert.deepEqual([first, last], [['fired [0,10000) r0'], ['fired [0,29000) r0,r19000,between']]);
  },
);

// ── ends of bounded input ──

states(
  'At the end of the input every event-time window and timer fires, and `onTimer` sees `Number.MAX_SAFE_INTEGER` as the watermark.',
  async () => {
    const build = (rows: DataStream<Row>) => ({
      window: one(rows).window(TumblingEventTimeWindows.of('10 ms')).apply(ids),
      timer: one(rows).process({
        processElement: (row, context, _out: Collector<string>) => context.timerService().registerEventTimeTimer(row.at + 1_000_000),
        onTimer: (time, context, out) => out.collect(`${time} ${context.timerService().currentWatermark() === Number.MAX_SAFE_INTEGER}`),
      }),
    });
    assert.deepEqual(await play(build, at(1), 'end'), [[], ['window [0,10) r1', 'timer 1000001 true']]);
  },
);

states('Processing-time windows and timers that are open at the end of the input do not fire.', async () => {
  const build = (rows: DataStream<Row>) => ({
    window: one(rows).window(TumblingProcessingTimeWindows.of('1 s')).apply(ids),
    timer: one(rows).process({
      processElement: (_row, context, _out: Collector<string>) => context.timerService().registerProcessingTimeTimer(1_000),
      onTimer: (time, _context, out) => out.collect(String(time)),
    }),
  });
  assert.deepEqual(await play(build, at(1), 'end'), [[], []]);
});

states("A count window's rest is not emitted at the end of the input, and a global window without a trigger emits nothing.", async () => {
  const build = (rows: DataStream<Row>) => ({
    count: one(rows)
      .countWindow(2)
      .reduce((a, b) => at(a.at, `${a.id}+${b.id}`))
      .map(({ id }) => id),
    global: one(rows)
      .window(GlobalWindows.create())
      .apply((_key, _window, elements) => String([...elements].length)),
  });
  assert.deepEqual(await play(build, at(1), at(2), at(3), 'end'), [[], ['count r1+r2'], [], []]);
});

// ── timers and triggers ──

states(
  'An event-time timer set at or before the current watermark fires at the next watermark, not at once; there is one timer for each key and time, however often it is set.',
  async () => {
    const build = (rows: DataStream<Row>) => ({
      timer: one(rows).process({
        processElement(row, context, _out: Collector<string>) {
          for (let times = 0; times < row.n; times++) context.timerService().registerEventTimeTimer(row.at);
        },
        onTimer: (time, _context, out) => out.collect(String(time)),
      }),
    });
    assert.deepEqual(await play(build, 10, at(10, 'at', 3), at(5, 'before', 2), 11), [[], [], [], ['timer 5', 'timer 10']]);
  },
);

states("A trigger of one's own replaces the default firing at the window's end.", async () => {
  const build = (rows: DataStream<Row>) => ({
    fired: one(rows).window(TumblingEventTimeWindows.of('10 ms')).trigger(CountTrigger.of(2)).apply(ids),
  });
  assert.deepEqual(await play(build, at(1), at(2), at(3), 9, 'end'), [[], ['fired [0,10) r1,r2'], [], [], []]);
});

states('A continuous event-time trigger fires at multiples of its interval and at the end of the window.', async () => {
  const build = (rows: DataStream<Row>) => ({
    fired: one(rows).window(TumblingEventTimeWindows.of('10 ms')).trigger(ContinuousEventTimeTrigger.of('4 ms')).apply(ids),
  });
  const outputs = await play(build, at(1), 3, 4, at(5), 8, 9);
  assert.deepEqual(outputs, [[], [], ['fired [0,10) r1'], [], ['fired [0,10) r1,r5'], ['fired [0,10) r1,r5']]);
});

states('An evictor runs before the window function and limits what that sees.', async () => {
  const build = (rows: DataStream<Row>) => ({
    fired: one(rows).window(TumblingEventTimeWindows.of('10 ms')).evictor(CountEvictor.of(2)).apply(ids),
  });
  assert.deepEqual(await play(build, at(1), at(2), at(3), 9), [[], [], [], ['fired [0,10) r2,r3']]);
});

// ── joins, aggregates ──

/** Records whose id begins with `a` join those whose id begins with `b`. */
const interval = (exclusive: boolean) => (rows: DataStream<Row>) => {
  const of = (side: string) => one(rows.filter(({ id }) => id.startsWith(side)));
  const [left, right] = [of('a'), of('b')];
  const bounds = left.intervalJoin(right).between('-5 ms', '5 ms');
  const pairs = (exclusive ? bounds.lowerBoundExclusive().upperBoundExclusive() : bounds).process((a, b) => `${a.id}${b.id}`);
  return { pair: pairs.process<string>({ processElement: (text, context, out) => out.collect(`${text} at ${context.timestamp()}`) }) };
};

states('Both bounds of an interval join are inclusive, exclusive on request, and the timestamp of a pair is the later one.', async () => {
  const steps = [at(100, 'a'), at(95, 'b1'), at(105, 'b2'), at(94, 'b3'), at(106, 'b4')];
  assert.deepEqual((await play(interval(false), ...steps)).flat(), ['pair ab1 at 100', 'pair ab2 at 105']);
  assert.deepEqual((await play(interval(true), ...steps)).flat(), []);
});

states('An interval join drops a record below the watermark, and not one at it.', async () => {
  const outputs = await play(interval(false), at(100, 'a'), 99, at(98, 'b1'), at(99, 'b2'));
  assert.deepEqual(outputs, [[], [], [], ['pair ab2 at 100']]);
});

states('`coGroup` is called with one side empty, `join` is not.', async () => {
  const build = (rows: DataStream<Row>) => {
    const of = (side: string): DataStream<Row> => rows.filter(({ id }) => id.startsWith(side));
    const [left, right] = [of('a'), of('b')];
    const windows = TumblingEventTimeWindows.of('10 ms');
    const count = (elements: Iterable<Row>) => [...elements].length;
    return {
      group: left
        .coGroup(right)
        .where(() => 0)
        .equalTo(() => 0)
        .window(windows)
        .apply((a, b) => `${count(a)} ${count(b)}`),
      join: left
        .join(right)
        .where(() => 0)
        .equalTo(() => 0)
        .window(windows)
        .apply((a, b) => a.id + b.id),
    };
  };
  assert.deepEqual(await play(build, at(1, 'a'), 9, at(11, 'a'), at(12, 'b'), 19), [[], ['group 1 0'], [], [], ['group 1 1', 'join ab']]);
});

states(
  '`sum`, `min` and `max` of a field keep the other fields of the first record; `minBy` and `maxBy` give the record itself, of equals the first, and `maxBy(field, false)` the last.',
  async () => {
    const text = (rows: DataStream<Row>) => rows.map(({ id, n }) => `${id}${n}`);
    const build = (rows: DataStream<Row>) => ({
      sum: text(one(rows).sum('n')),
      min: text(one(rows).min('n')),
      max: text(one(rows).max('n')),
      minBy: text(one(rows).minBy('n')),
      maxBy: text(one(rows).maxBy('n')),
      lastBy: text(one(rows).maxBy('n', false)),
    });
    const outputs = await play(build, at(1, 'a', 5), at(2, 'b', 3), at(3, 'c', 5));
    assert.deepEqual(outputs[1], ['sum a8', 'min a3', 'max a5', 'minBy b3', 'maxBy a5', 'lastBy a5']);
    assert.deepEqual(outputs[2], ['sum a13', 'min a3', 'max a5', 'minBy b3', 'maxBy a5', 'lastBy c5']);
  },
);

states('In batch execution a keyed aggregate emits its final value only.', async () => {
  const emittedIn = async (mode: RuntimeExecutionMode) => {
    const env = TestEnvironment.create().setRuntimeMode(mode);
    const rows = env.fromData(at(1, 'a', 5), at(2, 'a', 3), at(3, 'b', 1), at(4, 'a', 2));
    const sink = env.collect(rows.keyBy(({ id }) => id).sum('n'));
    await env.execute();
    return sink
      .take()
      .map(({ id, n }) => `${id}${n}`)
      .sort();
  };
  assert.deepEqual(await emittedIn('STREAMING'), ['a10', 'a5', 'a8', 'b1']);
  for (const mode of ['BATCH', 'AUTOMATIC'] as const) assert.deepEqual(await emittedIn(mode), ['a10', 'b1'], mode);
});

states('Two inputs of an operator have no order between them.', async () => {
  const orders = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) {
    const env = TestEnvironment.create({ seed });
    const [first, second] = [env.fromData('a', 'A'), env.fromData('b', 'B')];
    const sink = env.collect(first.connect(second).map((text) => text, (text) => text)); // biome-ignore format: one line
    await env.start();
    await env.finish();
    const order = sink.take().join('');
    assert.ok(order.indexOf('a') < order.indexOf('A') && order.indexOf('b') < order.indexOf('B'), `each input keeps its own: ${order}`);
    orders.add(order);
  }
  assert.ok(orders.size > 1, [...orders].join());
});

test('docs/semantics.md states what is tested here, and nothing else is stated', () => {
  const page = readFileSync(fileURLToPath(new URL('../../../../docs/semantics.md', import.meta.url)), 'utf8');
  const stated = page
    .split('\n')
    .filter((line) => line.startsWith('- '))
    .map((line) => line.slice(2));
  assert.deepEqual(stated, NAMES);
});
