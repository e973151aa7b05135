// Goal: an operator that was restored gives exactly what it would have given had it lived on, for every operator with state. Method: random scripts of records, watermarks and
// clock for each operator, a barrier at a random step, restored at 1 to 3 subtasks; outputs are compared step by step. Seeds are printed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@millrace/core/base/random';
import { Duration } from '@millrace/core/config/duration';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import {
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '@millrace/streaming/contract/state-descriptor';
import { MAX_WATERMARK } from '@millrace/streaming/contract/timestamp';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { asyncWaitOperator } from '@millrace/streaming/operators/async-wait-operator';
import { broadcastProcessOperator } from '@millrace/streaming/operators/broadcast-process-operator';
import { intervalJoinOperator } from '@millrace/streaming/operators/interval-join-operator';
import { keyedProcessOperator } from '@millrace/streaming/operators/keyed-process-operator';
import { reduceOperator } from '@millrace/streaming/operators/reduce-operator';
import { rollingAggregateOperator } from '@millrace/streaming/operators/rolling-aggregate-operator';
import { asOneInput, type OfInput } from '@millrace/streaming/operators/testing-two-inputs';
import { richOperator } from '@millrace/streaming/operators/rich-operators';
import { timestampsAndWatermarks } from '@millrace/streaming/operators/timestamps-and-watermarks';
import { windowOperator } from '@millrace/streaming/operators/window-operator';
import type { WindowSpec } from '@millrace/streaming/operators/window-spec';
import { CountEvictor } from '@millrace/streaming/window/count-evictor';
import { CountTrigger } from '@millrace/streaming/window/count-trigger';
import { ContinuousEventTimeTrigger } from '@millrace/streaming/window/continuous-event-time-trigger';
import { EventTimeSessionWindows } from '@millrace/streaming/window/event-time-session-windows';
import { GlobalWindows } from '@millrace/streaming/window/global-windows';
import { ProcessingTimeSessionWindows } from '@millrace/streaming/window/processing-time-session-windows';
import { PurgingTrigger } from '@millrace/streaming/window/purging-trigger';
import { SlidingEventTimeWindows } from '@millrace/streaming/window/sliding-event-time-windows';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { TumblingProcessingTimeWindows } from '@millrace/streaming/window/tumbling-processing-time-windows';
import { type RestoringStep, runRestored, Subtask } from './restoring-bench.ts';

const replayed = process.env['MILLRACE_SEED'];
const SEEDS =
  replayed === undefined ? Array.from({ length: Number(process.env['MILLRACE_SEEDS'] ?? 8) }, (_, seed) => seed + 1) : [Number(replayed)];

/** Specs and contexts of every kind go through here. */
type Any = ReturnType<typeof JSON.parse>;

interface Row {
  readonly key: number;
  readonly id: number;
}

const key = { selector: (row: unknown) => (row as Row).key, type: undefined } as never;

/** In place, so that a snapshot that is late shows. */
const ids = {
  createAccumulator: () => ({ ids: [] as number[] }),
  add: (row: Row, acc: { ids: number[] }) => {
    acc.ids.push(row.id);
    return acc;
  },
  getResult: (acc: { ids: number[] }) => acc.ids.toSorted((a, b) => a - b),
};
const merging = { ...ids, merge: (a: { ids: number[] }, b: { ids: number[] }) => ({ ids: [...a.ids, ...b.ids] }) };
const sum = {
  createAccumulator: () => 0,
  add: (row: Row, acc: number) => acc + row.id,
  getResult: (acc: number) => acc,
  merge: (a: number, b: number) => a + b,
};
const ms = (n: number) => Duration.ofMillis(n);

type Spec = Omit<WindowSpec<Any, Any, Any, Any, Any, Any>, 'key'>;

function windows(spec: Spec): OperatorLogic {
  const windowFunction = spec.windowFunction ?? ((of: number, window: unknown, value: unknown) => [of, String(window), value]);
  return windowOperator<Any, Any, Any, Any, Any, Any>({ key, lateTagId: 'late', ...spec, windowFunction });
}

const aggregate = (fn: unknown) => ({ kind: 'aggregate', fn }) as Spec['aggregation'];

const remembering = {
  create: () => {
    return {
      life: undefined,
      clear: undefined,
      process: (of: number, context: Any, value: unknown, out: Any) => {
        const all = context.globalState().getReducingState(new ReducingStateDescriptor<number>('firings', (a: number, b: number) => a + b));
        const here = context.windowState().getListState(new ListStateDescriptor<unknown>('values'));
        all.add(1);
        here.add(value);
        out.collect([of, String(context.window()), all.get(), [...here.get()]]);
      },
    };
  },
};

const CASES: Readonly<Record<string, () => OperatorLogic>> = {
  'rolling reduce': () => reduceOperator({ key, reducer: (a: Row, b: Row) => ({ ...b, id: a.id + b.id }) }) as OperatorLogic,
  'rolling aggregate': () => rollingAggregateOperator({ key, aggregate: ids as never }),
  'tumbling windows': () => windows({ assigner: TumblingEventTimeWindows.of(ms(10)), aggregation: aggregate(ids) }),
  'tumbling windows, late': () =>
    windows({ assigner: TumblingEventTimeWindows.of(ms(10), ms(3)), aggregation: aggregate(ids), allowedLatenessMs: 12 }),
  'windows with gaps': () => windows({ assigner: SlidingEventTimeWindows.of(ms(6), ms(10)), aggregation: aggregate(ids) }),
  'elements of sliding windows': () => windows({ assigner: SlidingEventTimeWindows.of(ms(20), ms(5)), aggregation: { kind: 'elements' } }),
  'sliding windows in columns': () => windows({ assigner: SlidingEventTimeWindows.of(ms(20), ms(5)), aggregation: aggregate(merging) }),
  'sliding windows in columns, uneven': () =>
    windows({ assigner: SlidingEventTimeWindows.of(ms(14), ms(6), ms(1)), aggregation: aggregate(sum) }),
  'sliding windows, late': () =>
    windows({ assigner: SlidingEventTimeWindows.of(ms(20), ms(5)), aggregation: aggregate(merging), allowedLatenessMs: 12 }),
  'sliding reduce, late': () =>
    windows({
      assigner: SlidingEventTimeWindows.of(ms(15), ms(6)),
      aggregation: { kind: 'reduce', fn: (a: Row, b: Row) => ({ ...a, id: a.id + b.id }) },
      allowedLatenessMs: 7,
    }),
  sessions: () => windows({ assigner: EventTimeSessionWindows.withGap(ms(6)), aggregation: aggregate(merging) }),
  'sessions, late': () =>
    windows({ assigner: EventTimeSessionWindows.withGap(ms(6)), aggregation: aggregate(merging), allowedLatenessMs: 10 }),
  'sessions of elements': () => windows({ assigner: EventTimeSessionWindows.withGap(ms(4)), aggregation: { kind: 'elements' } }),
  'count windows': () =>
    windows({ assigner: GlobalWindows.create(), trigger: PurgingTrigger.of(CountTrigger.of(3)) as never, aggregation: aggregate(ids) }),
  'sliding count windows': () =>
    windows({
      assigner: GlobalWindows.create(),
      trigger: CountTrigger.of(2) as never,
      evictor: CountEvictor.of(4) as never,
      aggregation: { kind: 'elements' },
    }),
  'a continuous trigger': () =>
    windows({
      assigner: TumblingEventTimeWindows.of(ms(20)),
      trigger: ContinuousEventTimeTrigger.of(ms(5)) as never,
      aggregation: aggregate(ids),
    }),
  'processing-time windows': () => windows({ assigner: TumblingProcessingTimeWindows.of(ms(10)), aggregation: aggregate(ids) }),
  'processing-time sessions': () => windows({ assigner: ProcessingTimeSessionWindows.withGap(ms(8)), aggregation: aggregate(merging) }),
  'state of windows and keys': () =>
    windows({
      assigner: TumblingEventTimeWindows.of(ms(10)),
      aggregation: aggregate(sum),
      allowedLatenessMs: 12,
      windowFunction: remembering as never,
    }),
  'staggered windows': () => windows({ assigner: TumblingEventTimeWindows.of(ms(10), ms(0), 'NATURAL'), aggregation: aggregate(ids) }),
  'interval join': () => asOneInput(joinOf({ left: false, right: false })),
  'outer interval join': () => asOneInput(joinOf({ left: true, right: true })),
  'process function': () => keyedProcessOperator({ key, create: remembersAll, runtimeContext: (context: Any) => context } as never),
};

function joinOf(outer: { readonly left: boolean; readonly right: boolean }) {
  return intervalJoinOperator({
    keys: [key, key],
    lowerMs: -6,
    upperMs: 4,
    lateLeftTagId: 'late',
    lateRightTagId: 'late',
    outer,
    createFunction: () => ({ emits: 'one', call: (left, right) => [left ?? null, right ?? null] }),
  });
}

function remembersAll() {
  let count: Any;
  let rows: Any;
  let byName: Any;
  let total: Any;
  return {
    open(context: Any) {
      const state = context.keyedState;
      count = state.getState(new ValueStateDescriptor<number>('count'));
      rows = state.getListState(new ListStateDescriptor<number>('rows'));
      byName = state.getMapState(new MapStateDescriptor<string, number>('by name'));
      total = state.getReducingState(new ReducingStateDescriptor<number>('total', (a: number, b: number) => a + b));
    },
    processElement(row: Row, context: Any, out: Any) {
      count.update((count.value() ?? 0) + 1);
      rows.add(row.id);
      byName.put(`n${row.id % 3}`, row.id);
      total.add(row.id);
      context.timerService().registerEventTimeTimer((row.id * 7) % 150);
      context.timerService().registerProcessingTimeTimer((row.id * 5) % 150);
      out.collect([row.key, count.value(), [...rows.get()], [...byName.entries()], total.get()]);
      if (row.id % 11 === 0) rows.clear();
    },
    onTimer(timestamp: number, context: Any, out: Any) {
      out.collect([
        'timer',
        context.getCurrentKey(),
        timestamp,
        context.timeDomain(),
        count.value(),
        context.timerService().currentWatermark(),
      ]);
    },
  };
}

function scriptOf(random: Random, hasTwoInputs: boolean): RestoringStep[] {
  const script: RestoringStep[] = [];
  let time = 100;
  let watermark = 60;
  for (let id = 0; id < 70; id++) {
    time += random.nextInt(5);
    const row: Row = { key: random.nextInt(6), id };
    const record: unknown = hasTwoInputs ? ({ input: 1 + random.nextInt(2), record: row } as OfInput) : row;
    script.push({ record, at: time - random.nextInt(2) * random.nextInt(30) });
    if (random.nextInt(4) === 0) script.push({ advanceMs: 1 + random.nextInt(7) });
    if (random.nextInt(3) > 0) continue;
    watermark = Math.max(watermark + 1, time - random.nextInt(14));
    script.push({ watermark });
  }
  return [...script, { watermark: MAX_WATERMARK }];
}

for (const [name, logic] of Object.entries(CASES)) {
  test(`restored, ${name} go on as they would have`, async () => {
    for (const seed of SEEDS) {
      const random = seededRandom(seed);
      const hasTwoInputs = name.includes('join');
      const script = scriptOf(random, hasTwoInputs);
      const keyOf = (record: unknown) => (hasTwoInputs ? ((record as OfInput).record as Row).key : (record as Row).key);
      const barrierAt = random.nextInt(script.length);
      const parallelism = name.startsWith('staggered') ? 1 : 1 + random.nextInt(3);
      const { expected, actual } = await runRestored({ logic, keyOf, script }, barrierAt, parallelism);
      const where = `seed ${seed}, ${name}, barrier before step ${barrierAt}, parallelism ${parallelism}`;
      for (const [step, lines] of expected.entries())
        assert.deepEqual(actual[step], lines, `${where}: step ${barrierAt + step}, ${JSON.stringify(script[barrierAt + step])}`);
    }
  });
}

const HERE = { subtask: 0, parallelism: 1 };

async function opened(logic: OperatorLogic, state?: Awaited<ReturnType<Subtask['snapshot']>>): Promise<Subtask> {
  const subtask = new Subtask(logic, HERE, 0, state);
  await subtask.open();
  return subtask;
}

for (const isOrdered of [true, false]) {
  test(`what an asynchronous operator had on its way is asked again, and what had come is not: ${isOrdered ? 'ordered' : 'unordered'}`, async () => {
    const asked: { readonly record: unknown; readonly answer: (results: unknown[]) => void }[] = [];
    const logic = () => {
      const call = {
        name: 'asyncInvoke',
        givesPromise: false,
        timeout: undefined,
        invoke: (record: unknown, result: { complete(results: unknown[]): void }) =>
          void asked.push({ record, answer: (results) => result.complete(results) }),
      };
      const spec = {
        isOrdered,
        capacity: 3,
        timeoutMs: 1000,
        retry: undefined,
        create: () => ({ call, life: {} }),
        runtimeContext: () => ({}),
      };
      return asyncWaitOperator(spec as never);
    };
    const before = new Subtask(logic(), HERE, 0);
    await before.open();
    const { operator, flow } = before.bench;
    for (const [at, record] of ['a', 'b', 'c', 'd'].entries()) {
      flow.timestamp = at;
      operator.processElement(record);
      if (record === 'b') operator.processWatermark?.(1);
    }
    assert.deepEqual(
      asked.map(({ record }) => record),
      ['a', 'b', 'c'],
    );
    asked[1]?.answer(['B1', 'B2']);
    operator.resume?.();
    const state = await before.snapshot();
    const left = before.take();
    assert.deepEqual(left, isOrdered ? [] : ['["B1",1,null]', '["B2",1,null]'], 'the others wait');

    asked.length = 0;
    const after = new Subtask(logic(), HERE, 0, state);
    await after.open();
    assert.deepEqual(
      asked.map(({ record }) => record),
      isOrdered ? ['a', 'c'] : ['a', 'c', 'd'],
    );
    for (const { record, answer } of [...asked]) answer([`${record as string}!`]);
    after.bench.operator.resume?.();
    for (const { record, answer } of asked) if (record === 'd') answer(['d!']);
    after.bench.operator.resume?.();
    const sent = after.bench.takeLog().map((each) => ('record' in each ? each.record : each.watermark));
    assert.deepEqual(sent, isOrdered ? ['a!', 'B1', 'B2', 1, 'c!', 'd!'] : ['a!', 1, 'c!', 'd!']);
  });
}

test('a function with operator state is told that it was restored, and finds its state; broadcast state is there', async () => {
  const calls: string[] = [];
  const create = () => {
    let list: Any;
    let seen = 0;
    return {
      initializeState(context: Any) {
        list = context.getOperatorStateStore().getListState(new ListStateDescriptor<number>('seen'));
        seen = [...list.get()].reduce((a: number, b: number) => a + b, 0);
        calls.push(`${context.isRestored()} ${context.getRestoredCheckpointId()} ${seen}`);
      },
      open: () => void calls.push('open'),
      snapshotState: (context: Any) => {
        calls.push(`snapshot ${context.getCheckpointId()}`);
        list.update([seen]);
      },
      map: (n: number) => (seen += n),
    };
  };
  const logic = () => richOperator({ method: 'map', create, runtimeContext: () => ({}), key: undefined } as never);
  const before = await opened(logic());
  before.bench.record(5, 0);
  before.bench.record(6, 0);
  const after = await opened(logic(), await before.snapshot());
  after.bench.record(1, 0);
  assert.deepEqual(after.take(), ['[12,0,null]']);
  assert.deepEqual(calls, ['false undefined 0', 'open', 'snapshot 7', 'true 7 11', 'open']);

  const rules = new MapStateDescriptor<string, number>('rules');
  const fn = {
    processElement: (record: string, context: Any, out: Any) => out.collect([record, context.getBroadcastState(rules).get(record) ?? null]),
    processBroadcastElement: ([name, limit]: [string, number], context: Any) => context.getBroadcastState(rules).put(name, limit),
  };
  const broadcast = () =>
    asOneInput(broadcastProcessOperator({ create: () => fn, runtimeContext: () => ({}), descriptors: [rules] } as never));
  const sending = await opened(broadcast());
  sending.bench.record({ input: 2, record: ['a', 9] }, 0);
  const untouched = await opened(broadcast(), await sending.snapshot());
  const restored = await opened(broadcast(), await untouched.snapshot()); // carried on by one that never asked
  restored.bench.record({ input: 1, record: 'a' }, 0);
  assert.deepEqual(restored.take(), ['[["a",9],0,null]']);
});

test('snapshotState that returns a promise is refused', async () => {
  const create = () => ({ map: (n: number) => n, snapshotState: async () => {} });
  const subtask = await opened(richOperator({ method: 'map', create, runtimeContext: () => ({}), key: undefined } as never));
  await assert.rejects(subtask.snapshot(), ({ cause }: Error) =>
    /snapshotState returned a promise. It must be synchronous/.test((cause as Error).message),
  );
});

test('watermarks made in mid-stream go on where they stood, and come after the same records', async () => {
  const logic = () => timestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness<number>(ms(5)).withTimestampAssigner((n) => n));
  const feed = (subtask: Subtask, from: number, to: number) => {
    for (let n = from; n < to; n++) subtask.bench.record(n, n);
    return subtask.bench.takeLog().flatMap((sent) => ('watermark' in sent ? [sent.watermark] : []));
  };
  const before = await opened(logic());
  assert.deepEqual(feed(before, 0, 1700), [993]);
  const after = await opened(logic(), await before.snapshot());
  assert.deepEqual(feed(before, 1700, 2100), [1993]);
  assert.deepEqual(feed(after, 1700, 2100), [993, 1993], 'first it says where it stood');
});

test('windows that a checkpoint has in another lay-out are refused before the first record', async () => {
  const tumbling = () => windows({ assigner: TumblingEventTimeWindows.of(ms(10)), aggregation: aggregate(sum) });
  const before = await opened(tumbling());
  before.bench.record({ key: 1, id: 1 }, 5);
  const state = await before.snapshot();
  const changes: readonly (readonly [OperatorLogic, RegExp])[] = [
    [
      windows({ assigner: TumblingEventTimeWindows.of(ms(20)), aggregation: aggregate(sum) }),
      /has windows of 10 ms every 10 ms with an accumulator for each, and the program has windows of 20 ms every 20 ms/,
    ],
    [windows({ assigner: SlidingEventTimeWindows.of(ms(20), ms(10)), aggregation: aggregate(sum) }), /with panes that they share/],
    [
      windows({ assigner: TumblingEventTimeWindows.of(ms(10)), trigger: CountTrigger.of(2) as never, aggregation: aggregate(sum) }),
      /a trigger, an evictor or a function of their own/,
    ],
  ];
  for (const [logic, message] of changes) await assert.rejects(opened(logic, state), message);
});

test('sliding windows whose allowed lateness changes keep their panes', async () => {
  const sliding = (allowedLatenessMs: number) =>
    windows({ assigner: SlidingEventTimeWindows.of(ms(10), ms(5)), aggregation: aggregate(sum), allowedLatenessMs });
  for (const [first, then] of [
    [0, 20],
    [20, 0],
  ] as const) {
    const before = await opened(sliding(first));
    for (const [id, at] of [
      [1, 3],
      [2, 8],
      [4, 12],
    ] as const)
      before.bench.record({ key: 1, id }, at);
    before.bench.watermark(6);
    before.bench.record({ key: 1, id: 8 }, 7); // behind the last window that fired
    const after = await opened(sliding(then), await before.snapshot());
    for (const each of [before, after]) each.bench.watermark(9);
    for (const each of [before, after]) each.bench.watermark(30);
    assert.deepEqual(after.take(), before.take().slice(1), `lateness from ${first} to ${then}`);
  }
});
