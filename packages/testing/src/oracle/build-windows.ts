/** Windows of random programs, as a user would write them. */
import { rich } from '@millrace/streaming/api/rich-functions';
import type { AllWindowedStream } from '@millrace/streaming/api/all-windowed-stream';
import type { WindowedStream } from '@millrace/streaming/api/windowed-stream';
import { Duration } from '@millrace/core/config/duration';
import { ContinuousEventTimeTrigger } from '@millrace/streaming/window/continuous-event-time-trigger';
import { CountEvictor } from '@millrace/streaming/window/count-evictor';
import { CountTrigger } from '@millrace/streaming/window/count-trigger';
import { EventTimeSessionWindows } from '@millrace/streaming/window/event-time-session-windows';
import { EventTimeTrigger } from '@millrace/streaming/window/event-time-trigger';
import type { Evictor } from '@millrace/streaming/window/evictor';
import { GlobalWindows } from '@millrace/streaming/window/global-windows';
import { PurgingTrigger } from '@millrace/streaming/window/purging-trigger';
import { SlidingEventTimeWindows } from '@millrace/streaming/window/sliding-event-time-windows';
import { TimeEvictor } from '@millrace/streaming/window/time-evictor';
import { TimeWindow } from '@millrace/streaming/window/time-window';
import type { Trigger } from '@millrace/streaming/window/trigger';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { TumblingProcessingTimeWindows } from '@millrace/streaming/window/tumbling-processing-time-windows';
import type { Window } from '@millrace/streaming/window/window';
import { WindowAssigner } from '@millrace/streaming/window/window-assigner';
import type { Made, Records, Tag, TimedRecord } from './build-program.ts';
import { customWindows, gapAfter, summed } from './operations.ts';
import type { AssignerPlan, CountWindowPlan, EvictorPlan, GeneralWindowPlan, OracleRecord, TriggerPlan, WindowPlan } from './program.ts';

/** It reads nothing of a window but its last millisecond. */
export const BY_EVENT_TIME: Trigger<unknown, Window> = EventTimeTrigger.create() as Trigger<unknown, never> as Trigger<unknown, Window>;
const millis = (ms: number) => Duration.ofMillis(ms);
const valuesOf = (records: Iterable<OracleRecord>) => [...records].map(({ v }) => v);
const SUM = {
  createAccumulator: () => 0,
  add: ({ v }: OracleRecord, sum: number) => sum + v,
  getResult: (sum: number) => sum,
  merge: (a: number, b: number) => a + b,
};

interface Grid {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;
}

export function gridOf({ sizeMs, slideMs, offsetMs }: Grid): TumblingEventTimeWindows | SlidingEventTimeWindows {
  return sizeMs === slideMs
    ? TumblingEventTimeWindows.of(millis(sizeMs), millis(offsetMs))
    : SlidingEventTimeWindows.of(millis(sizeMs), millis(slideMs), millis(offsetMs));
}

/** Windows of a fixed grid, without triggers and evictors. */
export function windowed(node: WindowPlan, input: Records, tag: Tag): Made {
  const windows = input
    .keyBy(({ k }) => k)
    .window(gridOf(node))
    .allowedLateness(millis(node.latenessMs))
    .sideOutputLateData(tag);
  switch (node.aggregate) {
    case 'count':
      return windows.aggregate({ createAccumulator: () => 0, add: (_record, n) => n + 1, getResult: (n) => n }, (k, _window, v) => ({
        k,
        v,
      }));
    case 'sum-merging':
      return windows.aggregate(SUM, (k, _window, v) => ({ k, v }));
    case 'reduce':
      return windows.reduce(
        (a, b) => ({ k: a.k, v: a.v + b.v }),
        (k, _window, { v }) => ({ k, v }),
      );
    case 'max':
      return windows.max('v');
  }
}

export function generalWindow(node: GeneralWindowPlan, input: Records, tag: Tag): Made {
  if (node.all) return firedOfAll(node.result, withSettings(input.windowAll(assignerOf(node.assigner)), node, tag));
  return fired(node.result, withSettings(input.keyBy(({ k }) => k).window(assignerOf(node.assigner)), node, tag));
}

function withSettings<W extends WindowedStream<TimedRecord, number, Window> | AllWindowedStream<TimedRecord, Window>>(
  windows: W,
  node: GeneralWindowPlan,
  tag: Tag,
): W {
  const trigger = triggerOf(node.trigger);
  if (trigger !== undefined) windows.trigger(trigger);
  if (node.evictor !== undefined) windows.evictor(evictorOf(node.evictor));
  if (node.latenessMs > 0) windows.allowedLateness(millis(node.latenessMs));
  windows.sideOutputLateData(tag);
  return windows;
}

export function counted({ count, slide }: CountWindowPlan, input: Records): Made {
  return input
    .keyBy(({ k }) => k)
    .countWindow(count, slide)
    .apply<TimedRecord>((k, _window, records) => ({ k, v: summed(valuesOf(records)) }));
}

function fired(result: GeneralWindowPlan['result'], windows: WindowedStream<TimedRecord, number, Window>): Made {
  switch (result) {
    case 'aggregate':
      return windows.aggregate<number, number, TimedRecord>(SUM, (k, _window, v) => ({ k, v }));
    case 'reduce':
      return windows.reduce((a, b) => ({ k: a.k, v: a.v + b.v }));
    case 'apply':
      return windows.apply<TimedRecord>((k, _window, records) => ({ k, v: summed(valuesOf(records)) }));
    case 'process':
      return windows.process<TimedRecord>(
        rich(() => ({
          process: (k, _context, records, out) => {
            const values = valuesOf(records);
            out.collect({ k, v: summed(values) });
            out.collect({ k, v: -values.length });
          },
        })),
      );
  }
}

/** The same without a key: what comes out has key 0. */
function firedOfAll(result: GeneralWindowPlan['result'], windows: AllWindowedStream<TimedRecord, Window>): Made {
  switch (result) {
    case 'aggregate':
      return windows.aggregate<number, number, TimedRecord>(SUM, (_window, v) => ({ k: 0, v }));
    case 'reduce':
      return windows.reduce<TimedRecord>(
        (a, b) => ({ k: 0, v: a.v + b.v }),
        (_window, { v }) => ({ k: 0, v }),
      );
    case 'apply':
      return windows.apply<TimedRecord>((_window, records) => ({ k: 0, v: summed(valuesOf(records)) }));
    case 'process':
      return windows.flatApply<TimedRecord>(function* (_window, records) {
        const values = valuesOf(records);
        yield { k: 0, v: summed(values) };
        yield { k: 0, v: -values.length };
      });
  }
}

/** As users write one: nothing is known of its windows but what it says of each record. */
class CustomWindows extends WindowAssigner<OracleRecord, TimeWindow> {
  readonly #sizeMs: number;

  constructor(sizeMs: number) {
    super();
    this.#sizeMs = sizeMs;
  }

  override assignWindows(record: OracleRecord, timestamp: number): TimeWindow[] {
    return customWindows(record, timestamp, this.#sizeMs).map(([start, end]) => new TimeWindow(start, end));
  }

  override getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }

  override isEventTime(): boolean {
    return true;
  }
}

function assignerOf(plan: AssignerPlan): WindowAssigner<TimedRecord, Window> {
  return assignerOfKind(plan) as WindowAssigner<TimedRecord, Window>;
}

function assignerOfKind(plan: AssignerPlan): unknown {
  switch (plan.kind) {
    case 'tumbling':
      return TumblingEventTimeWindows.of(millis(plan.sizeMs));
    case 'sliding':
      return SlidingEventTimeWindows.of(millis(plan.sizeMs), millis(plan.slideMs));
    case 'session':
      return plan.dynamic
        ? EventTimeSessionWindows.withDynamicGap((record: OracleRecord) => millis(gapAfter(record, plan.gapMs)))
        : EventTimeSessionWindows.withGap(millis(plan.gapMs));
    case 'custom':
      return new CustomWindows(plan.sizeMs);
    case 'global':
      return GlobalWindows.create();
    case 'clock':
      return TumblingProcessingTimeWindows.of(millis(plan.sizeMs));
  }
}

/** Undefined: the assigner's own. */
export function triggerOf(plan: TriggerPlan): Trigger<unknown, Window> | undefined {
  switch (plan.kind) {
    case 'default':
      return undefined;
    case 'purging':
      return PurgingTrigger.of(BY_EVENT_TIME);
    case 'continuous':
      return ContinuousEventTimeTrigger.of(millis(plan.intervalMs));
    case 'count':
      return plan.purges ? PurgingTrigger.of(CountTrigger.of(plan.count)) : CountTrigger.of(plan.count);
  }
}

function evictorOf({ kind, limit, after }: EvictorPlan): Evictor<unknown, Window> {
  return kind === 'count' ? CountEvictor.of(limit, after) : TimeEvictor.of(millis(limit), after);
}
