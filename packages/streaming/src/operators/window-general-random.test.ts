// Goal: the general window operator does what the reference interpreter does, for every assigner, trigger, evictor and kind of function. Method: seeded random
// records (in order, out of order, late), watermarks and a virtual clock, by an outbox that is never, always or every second time full; every firing is compared
// with its elements, then what is left over. Replay: MILLRACE_SEED=<seed printed by the failure>; more seeds: MILLRACE_SEEDS=5000.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@millrace/core/base/random';
import { Duration } from '@millrace/core/config/duration';
import type { AggregateFunction } from '../contract/functions.ts';
import { MAX_WATERMARK } from '../contract/timestamp.ts';
import { ContinuousEventTimeTrigger } from '../window/continuous-event-time-trigger.ts';
import { ContinuousProcessingTimeTrigger } from '../window/continuous-processing-time-trigger.ts';
import { CountEvictor } from '../window/count-evictor.ts';
import { CountTrigger } from '../window/count-trigger.ts';
import { DeltaEvictor } from '../window/delta-evictor.ts';
import { DeltaTrigger } from '../window/delta-trigger.ts';
import { EventTimeSessionWindows } from '../window/event-time-session-windows.ts';
import { EventTimeTrigger } from '../window/event-time-trigger.ts';
import type { Evictor } from '../window/evictor.ts';
import { GlobalWindow } from '../window/global-window.ts';
import { GlobalWindows } from '../window/global-windows.ts';
import { ProcessingTimeSessionWindows } from '../window/processing-time-session-windows.ts';
import { ProcessingTimeTrigger } from '../window/processing-time-trigger.ts';
import { ProcessingTimeoutTrigger } from '../window/processing-timeout-trigger.ts';
import { PurgingTrigger } from '../window/purging-trigger.ts';
import { SlidingEventTimeWindows } from '../window/sliding-event-time-windows.ts';
import { SlidingProcessingTimeWindows } from '../window/sliding-processing-time-windows.ts';
import { TimeEvictor } from '../window/time-evictor.ts';
import { TimeWindow } from '../window/time-window.ts';
import type { Trigger } from '../window/trigger.ts';
import { TumblingEventTimeWindows } from '../window/tumbling-event-time-windows.ts';
import { TumblingProcessingTimeWindows } from '../window/tumbling-processing-time-windows.ts';
import type { Window } from '../window/window.ts';
import type { WindowAssigner } from '../window/window-assigner.ts';
import { type Evict, type PlainElement, type PlainFiring, ReferenceGeneralWindows } from './reference-general-windows.ts';
import { MapTableFactory, OperatorBench } from './testing-fakes.ts';
import { PlainState } from './testing-services.ts';
import { generalWindowOperator, windowOperator } from './window-operator.ts';
import type { AnyWindowFunction, WindowAggregation } from './window-spec.ts';

const firstSeed = Number(process.env['MILLRACE_SEED'] ?? 1);
const seeds = process.env['MILLRACE_SEED'] === undefined ? Number(process.env['MILLRACE_SEEDS'] ?? 400) : 1;

interface Row extends PlainElement {
  readonly key: number;
}
type Any = Window & { readonly start?: number; readonly end?: number };
const millis = (ms: number) => Duration.ofMillis(ms);

interface Kind extends Omit<NamedKind, 'assigner'> {
  readonly assigner: WindowAssigner<Row, Any>;
}

/** Assigners of several classes of windows. */
interface NamedKind {
  readonly name: string;
  readonly assigner: unknown;
  readonly windowsOf: (element: PlainElement, now: number) => readonly Any[];
  readonly merges: boolean;
  readonly isGlobal?: boolean;
}

/** Windows by trying every start that could hold the time. */
const grid = (size: number, slide: number) => (time: number) => {
  const windows: TimeWindow[] = [];
  for (let start = (Math.ceil(time / slide) + 1) * slide; start > time - size - slide; start -= slide) {
    if (start <= time && time < start + size) windows.push(new TimeWindow(start, start + size));
  }
  return windows;
};
const gapOf = (element: PlainElement) => 1 + (element.value % 7);

function kindOf(random: Random): Kind {
  const slide = 1 + random.nextInt(9);
  const size = random.nextInt(2) === 0 ? slide : 1 + random.nextInt(20);
  const gap = 1 + random.nextInt(6);
  const kinds: NamedKind[] = [
    {
      name: 'tumbling',
      assigner: TumblingEventTimeWindows.of(millis(size)),
      windowsOf: ({ timestamp }) => grid(size, size)(timestamp),
      merges: false,
    },
    {
      name: 'sliding',
      assigner: SlidingEventTimeWindows.of(millis(size), millis(slide)),
      windowsOf: ({ timestamp }) => grid(size, slide)(timestamp),
      merges: false,
    },
    {
      name: 'tumbling by clock',
      assigner: TumblingProcessingTimeWindows.of(millis(size)),
      windowsOf: (_, now) => grid(size, size)(now),
      merges: false,
    },
    {
      name: 'sliding by clock',
      assigner: SlidingProcessingTimeWindows.of(millis(size), millis(slide)),
      windowsOf: (_, now) => grid(size, slide)(now),
      merges: false,
    },
    {
      name: 'sessions',
      assigner: EventTimeSessionWindows.withGap(millis(gap)),
      windowsOf: ({ timestamp }) => [new TimeWindow(timestamp, timestamp + gap)],
      merges: true,
    },
    {
      name: 'sessions of dynamic gap',
      assigner: EventTimeSessionWindows.withDynamicGap((row: Row) => millis(gapOf(row))),
      windowsOf: (row) => [new TimeWindow(row.timestamp, row.timestamp + gapOf(row))],
      merges: true,
    },
    {
      name: 'sessions by clock',
      assigner: ProcessingTimeSessionWindows.withGap(millis(gap)),
      windowsOf: (_, now) => [new TimeWindow(now, now + gap)],
      merges: true,
    },
    { name: 'global', assigner: GlobalWindows.create(), windowsOf: () => [GlobalWindow.get()], merges: false, isGlobal: true },
    {
      name: 'global to the end',
      assigner: GlobalWindows.createWithEndOfStreamTrigger(),
      windowsOf: () => [GlobalWindow.get()],
      merges: false,
      isGlobal: true,
    },
  ];
  return kinds[random.nextInt(kinds.length)] as Kind;
}

function sessionsOf(random: Random): Kind {
  for (;;) {
    const kind = kindOf(random);
    if (kind.name === 'sessions' || kind.name === 'sessions of dynamic gap') return kind;
  }
}

function triggerOf(random: Random, kind: Kind): Trigger<Row, Any> | undefined {
  const interval = millis(1 + random.nextInt(8));
  const count = CountTrigger.of(1 + random.nextInt(5));
  const always = [count, ContinuousEventTimeTrigger.of(interval), ContinuousProcessingTimeTrigger.of(interval)];
  const ofTime = kind.isGlobal === true ? [] : [EventTimeTrigger.create(), ProcessingTimeTrigger.create()];
  const apart = kind.merges ? [] : [DeltaTrigger.of<Row>(random.nextInt(30), (a, b) => Math.abs(b.value - a.value))];
  const triggers = [...always, ...ofTime, ...apart] as Trigger<Row, Any>[];
  const trigger = triggers[random.nextInt(triggers.length)] as Trigger<Row, Any>;
  const choice = random.nextInt(5);
  if (choice === 0) return undefined;
  if (choice === 1) return PurgingTrigger.of(trigger);
  if (choice > 2 || kind.merges) return trigger;
  const timeout = ProcessingTimeoutTrigger.of(trigger, millis(1 + random.nextInt(12)));
  return random.nextInt(2) === 0 ? timeout : PurgingTrigger.of(timeout);
}

interface Evicting {
  readonly name: string;
  readonly evictor: Evictor<Row, Any> | undefined;
  readonly evict: Evict;
}

const NO_EVICTOR: Evicting = { name: 'none', evictor: undefined, evict: (elements) => ({ seen: elements, kept: elements }) };

function evictingOf(random: Random): Evicting {
  const after = random.nextInt(2) === 0;
  const limit = 1 + random.nextInt(6);
  const rule = (
    name: string,
    evictor: Evictor<Row, Any>,
    keep: (elements: readonly PlainElement[]) => readonly PlainElement[],
  ): Evicting => ({
    name: `${name} ${limit} ${after ? 'after' : 'before'}`,
    evictor,
    evict: (elements) => ({ seen: after ? elements : keep(elements), kept: keep(elements) }),
  });
  const rules = [
    rule('count', CountEvictor.of(limit, after), (elements) => elements.filter((_, index) => elements.length - index <= limit)),
    rule('time', TimeEvictor.of(millis(limit), after), (elements) => {
      const newest = Math.max(...elements.map(({ timestamp }) => timestamp));
      return elements.filter(({ timestamp }) => newest - timestamp < limit);
    }),
    rule(
      'delta',
      DeltaEvictor.of<Row>(limit, (row, last) => Math.abs(row.value - last.value), after),
      (elements) => elements.filter(({ value }) => Math.abs(value - (elements.at(-1) as PlainElement).value) < limit),
    ),
  ];
  return random.nextInt(2) === 0 ? NO_EVICTOR : (rules[random.nextInt(3)] as Evicting);
}

interface Form {
  readonly name: string;
  readonly aggregation: WindowAggregation<Row, never, never>;
  readonly windowFunction: AnyWindowFunction<number, Any, never, unknown>;
}

const idsOf: AggregateFunction<Row, number[], readonly number[]> = {
  createAccumulator: () => [],
  add: ({ id }, ids) => {
    ids.push(id);
    return ids;
  },
  getResult: (ids) => ids,
  merge: (a, b) => [...a, ...b],
};
/** A row that stands for several: its `ids` are theirs. */
const together = (a: Row & { ids?: readonly number[] }, b: Row & { ids?: readonly number[] }) => ({
  ...a,
  ids: [...(a.ids ?? [a.id]), ...(b.ids ?? [b.id])],
});

function formsOf(): Form[] {
  const elements = { kind: 'elements' } as const;
  const text = (window: Any) => String(window);
  const rows = (list: Iterable<Row>) => [...list].map(({ id }) => id);
  const forms: unknown[] = [
    {
      name: 'apply',
      aggregation: elements,
      windowFunction: (key: number, window: Any, list: Iterable<Row>) => ({ key, window: text(window), ids: rows(list) }),
    },
    {
      name: 'flatApply',
      aggregation: elements,
      windowFunction: {
        *flat(key: number, window: Any, list: Iterable<Row>) {
          for (const id of rows(list)) yield { key, window: text(window), part: id };
          yield { key, window: text(window), ids: rows(list) }; // the elements are still the same
        },
      },
    },
    {
      name: 'aggregate',
      aggregation: { kind: 'aggregate', fn: idsOf },
      windowFunction: (key: number, window: Any, ids: number[]) => ({ key, window: text(window), ids }),
    },
    {
      name: 'reduce',
      aggregation: { kind: 'reduce', fn: together },
      windowFunction: (key: number, window: Any, row: Row & { ids?: readonly number[] }) => ({
        key,
        window: text(window),
        ids: row.ids ?? [row.id],
      }),
    },
    {
      name: 'a rich function',
      aggregation: { kind: 'aggregate', fn: idsOf },
      windowFunction: {
        create: () => ({
          open: undefined,
          close: undefined,
          clear: undefined,
          process: (key: number, context: { window(): Any }, ids: number[], out: { collect(record: unknown): void }) =>
            out.collect({ key, window: text(context.window()), ids }),
        }),
      },
    },
  ];
  return forms as Form[];
}

interface Sent {
  readonly key: number;
  readonly window: string;
  readonly ids?: readonly number[];
}

const order = (a: PlainFiring, b: PlainFiring) =>
  a.key - b.key || (a.window < b.window ? -1 : a.window > b.window ? 1 : a.ids.length - b.ids.length);
const sorted = (firings: readonly PlainFiring[], merges: boolean) =>
  firings.map((one) => (merges ? { ...one, ids: one.ids.toSorted((a, b) => a - b) } : one)).toSorted(order);

/** `SESSIONS`: what the operator of sessions takes. */
type Choice = 'ALL' | 'SESSIONS';

function runCase(random: Random, choice: Choice): string {
  const kind = choice === 'ALL' ? kindOf(random) : sessionsOf(random);
  const trigger = choice === 'ALL' ? triggerOf(random, kind) : undefined;
  const evicting = choice === 'SESSIONS' ? NO_EVICTOR : kind.merges ? evictingOf(seededRandom(0)) : evictingOf(random); // behind a merge the order of elements is the window's own business
  const forms = choice === 'ALL' ? formsOf() : formsOf().filter(({ name }) => name === 'aggregate' || name === 'reduce');
  const form = forms[random.nextInt(forms.length)] as Form;
  const latenessMs = choice === 'ALL' ? random.nextInt(2) * random.nextInt(12) : 0;
  const fullEvery = random.nextInt(3);
  const where = `${kind.name}, ${(trigger ?? kind.assigner.getDefaultTrigger()).toString()}, evictor ${evicting.name}, ${form.name}, lateness ${latenessMs}, outbox ${fullEvery}`;
  const state = new PlainState();
  const tables = new MapTableFactory();
  const make = choice === 'ALL' ? generalWindowOperator : windowOperator;
  const logic = make<Row, number, Any, never, never, unknown>({
    key: { selector: (row) => row.key, type: undefined },
    assigner: kind.assigner,
    aggregation: form.aggregation,
    windowFunction: form.windowFunction,
    trigger,
    evictor: evicting.evictor,
    allowedLatenessMs: latenessMs,
    lateTagId: 'late',
  });
  const bench = new OperatorBench(logic, { fullEvery, tags: ['late'], tables, services: state.services, processingTime: () => state.now });
  const reference = new ReferenceGeneralWindows<Any>({
    isEventTime: kind.assigner.isEventTime(),
    latenessMs,
    trigger: (trigger ?? kind.assigner.getDefaultTrigger()) as Trigger<PlainElement, Any>,
    windowsOf: kind.windowsOf,
    ...(kind.merges ? { join: cover } : {}),
    holds: (outer, inner) => (outer.start ?? 0) <= (inner.start ?? 0) && (inner.end ?? 0) <= (outer.end ?? 0),
    evict: evicting.evict,
  });
  const late: number[] = [];
  const compare = (expected: readonly PlainFiring[], step: string) => {
    const firings: PlainFiring[] = [];
    for (const sent of bench.takeLog()) {
      if (!('record' in sent)) continue;
      if (sent.tag === 'late') {
        late.push((sent.record as Row).id);
        continue;
      }
      const { key, window, ids } = sent.record as Sent;
      if (ids !== undefined) firings.push({ key, window, ids });
      const end = /(\d+)\)/.exec(window)?.[1];
      assert.equal(sent.timestamp, end === undefined ? Number.MAX_SAFE_INTEGER : Number(end) - 1, `${where}: the timestamp of ${step}`);
    }
    assert.deepEqual(sorted(firings, kind.merges), sorted(expected, kind.merges), `${where}: ${step}`);
  };
  let time = 100;
  let watermark = 0;
  for (let id = 0; id < 60; id++) {
    time += random.nextInt(5);
    const row = { key: random.nextInt(3), id, value: random.nextInt(40), timestamp: time - random.nextInt(2) * random.nextInt(25) };
    bench.record(row, row.timestamp);
    compare(reference.record(row.key, row), `record ${JSON.stringify(row)}, watermark ${watermark}, clock ${state.now}`);
    if (random.nextInt(3) === 0) {
      const now = state.now + 1 + random.nextInt(7);
      state.advanceTo(now);
      bench.settle();
      compare(reference.clock(now), `clock ${now}`);
    }
    if (random.nextInt(4) > 0) continue;
    watermark = Math.max(watermark + 1, time - random.nextInt(12));
    bench.watermark(watermark);
    compare(reference.watermark(watermark), `watermark ${watermark}`);
  }
  bench.watermark(MAX_WATERMARK);
  compare(reference.watermark(MAX_WATERMARK), 'the end');
  assert.deepEqual(late, reference.late, `${where}: late records`);
  if (form.name !== 'a rich function') assert.equal(bench.overdraft, 0, `${where}: emitted into a full outbox`);
  assert.equal(bench.flow.blocked, 0, `${where}: left a block`);
  if (kind.assigner.isEventTime() && kind.isGlobal !== true) {
    assert.deepEqual([[...state.cells.keys()], tables.entries], [[], 0], `${where}: state is left`);
  }
  return `${kind.name} / ${where.split(',')[1]}`;
}

/** Windows that overlap or touch, made one. */
function cover(windows: readonly Any[]): readonly Any[] {
  const joined: TimeWindow[] = [];
  for (const window of [...(windows as readonly TimeWindow[])].sort((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last !== undefined && window.start <= last.end)
      joined[joined.length - 1] = new TimeWindow(last.start, Math.max(last.end, window.end));
    else joined.push(window);
  }
  return joined;
}

for (const [choice, name] of [
  ['ALL', 'the general window operator'],
  ['SESSIONS', 'the operator of sessions'],
] as const) {
  test(`${name} agrees with the reference on ${seeds} seeds`, () => {
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      try {
        runCase(seededRandom(seed), choice);
      } catch (error) {
        throw new Error(`MILLRACE_SEED=${seed} fails: ${(error as Error).message}`, { cause: error });
      }
    }
  });
}
