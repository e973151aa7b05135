/** What windows of any kind must emit, by the interpreter that the window operator's own tests use: lists of windows, timers that are looked for among all. */
import { MAX_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import {
  type Evict,
  type PlainElement,
  type PlainFiring,
  ReferenceGeneralWindows,
} from '@millrace/streaming/operators/reference-general-windows';
import { GlobalWindow } from '@millrace/streaming/window/global-window';
import { NeverTrigger } from '@millrace/streaming/window/never-trigger';
import { TimeWindow } from '@millrace/streaming/window/time-window';
import type { Window } from '@millrace/streaming/window/window';
import { BY_EVENT_TIME, triggerOf } from './build-windows.ts';
import { customWindows, gapAfter, summed } from './operations.ts';
import type { AssignerPlan, CountWindowPlan, EvictorPlan, GeneralWindowPlan, TriggerPlan } from './program.ts';
import {
  byKey,
  type Element,
  NO_PHASE,
  NONE,
  recordsOf,
  type ReferenceClock,
  type Stream,
  type Timed,
  watermarkOf,
  withWatermark,
} from './reference-streams.ts';

type Any = Window & { readonly start?: number; readonly end?: number };

interface Fired {
  readonly fired: Stream;
  readonly late: Stream;
}

export function generalWindow(plan: GeneralWindowPlan, input: Stream, clock: ReferenceClock): Fired {
  if (plan.assigner.kind === 'clock')
    return {
      fired: byClock(plan, plan.assigner.sizeMs, { input: input, clock }),
      late: withWatermark([], watermarkOf(input), input.idle),
    };
  return interpreted(plan, input, (values) => resultsOf(plan.result, values));
}

/** A global window with a count trigger, purged or cut to the last of them. */
export function countWindow({ count, slide }: CountWindowPlan, input: Stream): Stream {
  const trigger: TriggerPlan = { kind: 'count', count: slide ?? count, purges: slide === undefined };
  const evictor: EvictorPlan | undefined = slide === undefined ? undefined : { kind: 'count', limit: count, after: false };
  const plan = { all: false, assigner: { kind: 'global' }, trigger, evictor, latenessMs: 0 } as const;
  return interpreted(plan, input, (values) => [summed(values)]).fired;
}

function resultsOf(result: GeneralWindowPlan['result'], values: readonly number[]): number[] {
  if (result === 'apply') return [summed(values)];
  if (result === 'process') return [summed(values), -values.length];
  return [values.reduce((sum, value) => sum + value, 0)];
}

type Rules = Pick<GeneralWindowPlan, 'all' | 'assigner' | 'trigger' | 'evictor' | 'latenessMs'>;

function interpreted(plan: Rules, { elements, idle }: Stream, results: (values: readonly number[]) => readonly number[]): Fired {
  const { assigner } = plan;
  const records = recordsOf({ elements, idle });
  const reference = new ReferenceGeneralWindows<Any>({
    isEventTime: true,
    latenessMs: plan.latenessMs,
    trigger: triggerOf(plan.trigger) ?? (assigner.kind === 'global' ? new NeverTrigger() : BY_EVENT_TIME),
    windowsOf: ({ id }) => windowsOf(assigner, records[id] as Timed),
    ...(assigner.kind === 'session' ? { join: cover } : {}),
    holds: (outer, inner) => (outer.start ?? 0) <= (inner.start ?? 0) && (inner.end ?? 0) <= (outer.end ?? 0),
    evict: evictOf(plan.evictor),
  });
  const emit = ({ key, window, ids }: PlainFiring): Timed[] => {
    const end = /(-?\d+)\)/.exec(window)?.[1];
    const at = end === undefined ? MAX_TIMESTAMP : Number(end) - 1;
    return results(ids.map((id) => (records[id] as Timed).record.v)).map((v) => ({ record: { k: key, v }, at, phase: NO_PHASE }));
  };
  const fired: Element[] = [];
  let id = 0;
  let watermark = NONE;
  for (const element of elements) {
    if ('record' in element) fired.push(...reference.record(plan.all ? 0 : element.record.k, plainOf(element, id++)).flatMap(emit));
    else if (element.watermark > watermark) {
      watermark = element.watermark;
      fired.push(...reference.watermark(watermark).flatMap(emit), element);
    }
  }
  const late = reference.late.map((each) => records[each] as Timed);
  return { fired: { elements: fired, idle }, late: withWatermark(late, watermarkOf({ elements, idle }), idle) };
}

const plainOf = ({ record, at }: Timed, id: number): PlainElement => ({ id, value: record.v, timestamp: at });

function windowsOf(plan: AssignerPlan, { record, at }: Timed): readonly Any[] {
  if (plan.kind === 'global') return [GlobalWindow.get()];
  if (plan.kind === 'session') return [new TimeWindow(at, at + (plan.dynamic ? gapAfter(record, plan.gapMs) : plan.gapMs))];
  if (plan.kind === 'custom') return customWindows(record, at, plan.sizeMs).map(([start, end]) => new TimeWindow(start, end));
  const slideMs = plan.kind === 'sliding' ? plan.slideMs : plan.sizeMs;
  const windows: TimeWindow[] = [];
  for (let start = Math.floor(at / slideMs) * slideMs; start > at - plan.sizeMs; start -= slideMs)
    windows.push(new TimeWindow(start, start + plan.sizeMs));
  return windows;
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

function evictOf(plan: EvictorPlan | undefined): Evict {
  if (plan === undefined) return (elements) => ({ seen: elements, kept: elements });
  const keep = (elements: readonly PlainElement[]) => {
    if (plan.kind === 'count') return elements.slice(-plan.limit);
    const newest = Math.max(...elements.map(({ timestamp }) => timestamp));
    return elements.filter(({ timestamp }) => newest - timestamp < plan.limit);
  };
  return (elements) => ({ seen: plan.after ? elements : keep(elements), kept: keep(elements) });
}

interface OfClock {
  readonly input: Stream;
  readonly clock: ReferenceClock;
}

/** Tumbling windows of processing time: what has come before the clock reached their last millisecond. */
function byClock({ all, result, evictor }: GeneralWindowPlan, sizeMs: number, { input, clock }: OfClock): Stream {
  const startOf = ({ phase }: Timed) => Math.floor(clock.timeOf(phase) / sizeMs) * sizeMs;
  const records = recordsOf(input);
  const fired = [...(all ? new Map([[0, records]]) : byKey(records))].flatMap(([k, ofKey]) => {
    const over = [...new Set(ofKey.map(startOf))].filter((start) => start + sizeMs - 1 <= clock.now);
    return over.flatMap((start) => {
      const inside = ofKey.filter((timed) => startOf(timed) === start);
      const { seen } = evictOf(evictor)(inside.map(plainOf));
      const values = seen.map(({ value }) => value);
      return resultsOf(result, values).map((v) => ({ record: { k, v }, at: NONE, phase: NO_PHASE }));
    });
  });
  return withWatermark(fired, watermarkOf(input), input.idle);
}
