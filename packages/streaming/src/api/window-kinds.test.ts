// What a program says of windows, through the compiled job to the operator: each kind of window and function by a small example.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Collector } from '../contract/emittable.ts';
import { ValueStateDescriptor } from '../contract/state-descriptor.ts';
import { ContinuousEventTimeTrigger } from '../window/continuous-event-time-trigger.ts';
import { ContinuousProcessingTimeTrigger } from '../window/continuous-processing-time-trigger.ts';
import { CountEvictor } from '../window/count-evictor.ts';
import { CountTrigger } from '../window/count-trigger.ts';
import { DeltaEvictor } from '../window/delta-evictor.ts';
import { DeltaTrigger } from '../window/delta-trigger.ts';
import { EventTimeSessionWindows } from '../window/event-time-session-windows.ts';
import type { Evictor } from '../window/evictor.ts';
import { GlobalWindows } from '../window/global-windows.ts';
import { mergeTimeWindows } from '../window/merge-time-windows.ts';
import { MergingWindowAssigner } from '../window/merging-window-assigner.ts';
import { EventTimeTrigger } from '../window/event-time-trigger.ts';
import type { ProcessWindowContext } from '../window/process-window-context.ts';
import { ProcessingTimeSessionWindows } from '../window/processing-time-session-windows.ts';
import { ProcessingTimeoutTrigger } from '../window/processing-timeout-trigger.ts';
import { PurgingTrigger } from '../window/purging-trigger.ts';
import { TimeEvictor } from '../window/time-evictor.ts';
import { TimeWindow } from '../window/time-window.ts';
import type { Trigger } from '../window/trigger.ts';
import { TumblingEventTimeWindows } from '../window/tumbling-event-time-windows.ts';
import { TumblingProcessingTimeWindows } from '../window/tumbling-processing-time-windows.ts';
import { WindowAssigner } from '../window/window-assigner.ts';
import type { Window } from '../window/window.ts';
import { ProcessAllWindowFunction, ProcessWindowFunction } from './process-window-functions.ts';
import { rich } from './rich-functions.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import { type Hit, hits, byUser, count, numbers, benchOf, END, inOrder } from './window-bench.ts';

test('apply, flatApply and process see the elements of a window; undefined emits nothing', () => {
  const windows = () => byUser().window(TumblingEventTimeWindows.of('10 ms'));
  assert.deepEqual(
    inOrder(
      windows().apply((user, window, hits) => `${user} ${window.toString()} ${numbers(hits)}`),
      [1, 2, 13],
    ),
    ['ann [0, 10) 1+2', 'ann [10, 20) 13'],
  );
  assert.deepEqual(
    inOrder(
      windows().apply((_user, window) => (window.start === 0 ? undefined : 'later')),
      [1, 13],
    ),
    ['later'],
  );
  assert.deepEqual(
    inOrder(
      windows().flatApply((_user, _window, hits) => [...hits].map(({ n }) => n)),
      [1, 2, 13],
    ),
    [1, 2, 13],
  );
  assert.deepEqual(
    inOrder(
      windows().process((user, context, hits) => [user, context.window().end, numbers(hits)]),
      [1, 2],
    ),
    [['ann', 10, '1+2']],
  );
});

test('a ProcessWindowFunction has the window, state of the key in it and in all windows, and clears what it kept', () => {
  const fired = new ValueStateDescriptor<number>('fired');
  const seen: string[] = [];
  class Visits extends ProcessWindowFunction<number, string, string, TimeWindow> {
    override open() {
      seen.push('open');
    }
    override process(user: string, context: ProcessWindowContext<TimeWindow>, [visits = 0]: Iterable<number>, out: Collector<string>) {
      const here = context.windowState().getState(fired);
      const everywhere = context.globalState().getState(fired);
      here.update((here.value() ?? 0) + 1);
      everywhere.update((everywhere.value() ?? 0) + 1);
      out.collect(`${user} ${context.window().start}: ${visits}, firing ${here.value()} here, ${everywhere.value()} in all`);
    }
    override clear(context: ProcessWindowContext<TimeWindow>) {
      context.windowState().getState(fired).clear();
      seen.push(`clear ${context.window().start}`);
    }
  }
  const at = benchOf(
    byUser()
      .window(TumblingEventTimeWindows.of('10 ms'))
      .allowedLateness('5 ms')
      .aggregate(
        count,
        rich(() => new Visits()),
      ),
  );
  void at.bench.operator.open?.();
  at.hit(1, 1);
  assert.deepEqual(at.watermark(9), ['ann 0: 1, firing 1 here, 1 in all']);
  assert.deepEqual(at.hit(2, 2), ['ann 0: 2, firing 2 here, 2 in all']);
  assert.deepEqual(at.watermark(14), []);
  assert.deepEqual([...at.state.cells.keys()], ['["ann","fired",""]'], 'the window has left nothing behind');
  at.hit(3, 21);
  assert.deepEqual(at.watermark(END), ['ann 20: 1, firing 1 here, 3 in all']);
  assert.deepEqual(
    seen.filter((text) => text !== 'open'),
    ['clear 0', 'clear 20'],
  );
});

test('sessions: windows that touch merge, a bridging record merges two with their state, lateness is judged after merging (WIN-4)', () => {
  const sessions = (gap: '5 ms' | '10 ms') =>
    byUser()
      .window(EventTimeSessionWindows.withGap(gap))
      .aggregate(count, (user, window, n) => `${user} ${window.toString()} ${n}`);
  assert.deepEqual(inOrder(sessions('10 ms'), [0, 10]), ['ann [0, 20) 2'], 'exactly one gap is one session');
  assert.deepEqual(inOrder(sessions('10 ms'), [0, 11]), ['ann [0, 10) 1', 'ann [11, 21) 1']);
  const at = benchOf(sessions('5 ms'));
  for (const time of [0, 8, 4]) assert.deepEqual(at.hit(time, time), []);
  assert.deepEqual(at.watermark(12), ['ann [0, 13) 3']);
  const open = benchOf(sessions('10 ms'));
  open.hit(20, 20);
  open.watermark(25);
  open.hit(14, 14); // alone it would be late: [14, 24)
  assert.deepEqual(open.watermark(END), ['ann [14, 30) 2']);
});

test('a record between a session that has fired and an open one joins the open one only; with allowed lateness both', () => {
  const run = (lateness: '0 ms' | '20 ms') => {
    const at = benchOf(
      byUser()
        .window(EventTimeSessionWindows.withGap('10 ms'))
        .allowedLateness(lateness)
        .aggregate(count, (_user, window, n) => `${window.toString()} ${n}`),
    );
    at.hit(0, 0);
    at.hit(18, 18);
    return [...at.watermark(12), ...at.hit(9, 9), ...at.watermark(END)];
  };
  assert.deepEqual(run('0 ms'), ['[0, 10) 1', '[9, 28) 2']);
  assert.deepEqual(run('20 ms'), ['[0, 10) 1', '[0, 28) 3']);
});

test('a gap of its own for each record; one that is not positive is refused with the record', () => {
  const dynamic = byUser()
    .window(EventTimeSessionWindows.withDynamicGap((hit: Hit) => `${hit.n} ms`))
    .reduce((a, b) => ({ user: a.user, n: a.n + b.n }));
  assert.deepEqual(inOrder(dynamic, [3, 5, 20]), [
    { user: 'ann', n: 8 },
    { user: 'ann', n: 20 },
  ]);
  const bad = benchOf(
    byUser()
      .window(EventTimeSessionWindows.withDynamicGap((hit: Hit) => `${hit.n} ms`))
      .max('n'),
  );
  assert.throws(() => bad.hit(-1, 0), {
    message: 'The gap function of EventTimeSessionWindows returned, for the record {"user":"ann","n":-1}, -1 ms. Return at least 1 ms.',
  });
  const none = benchOf(
    byUser()
      .window(ProcessingTimeSessionWindows.withDynamicGap((() => 5) as unknown as () => '5 s'))
      .max('n'),
  );
  assert.throws(
    () => none.hit(7, 0),
    /^DataError: The gap function of ProcessingTimeSessionWindows returned, for the record \{"user":"ann","n":7\}, no duration: 5 is not a duration/,
  );
});

test('hourly windows by the clock of a job that starts at 9:15 are 9:15-10:00 and 10-11 (TIME-1); with +08:00 they are still whole hours (WIN-15)', () => {
  const at = (hour: number, minute: number) => Date.UTC(2026, 10, 20, hour, minute);
  for (const offset of ['0 h', '-8 h'] as const) {
    const size = offset === '0 h' ? '1 h' : '1 d';
    const windows = benchOf(
      byUser()
        .window(TumblingProcessingTimeWindows.of(size, offset))
        .aggregate(count, (_user, window, n) => [n, new Date(window.end).toISOString()]),
    );
    windows.clock(at(9, 15));
    windows.hit(1, 0);
    windows.clock(at(9, 59));
    windows.hit(2, 0);
    if (offset === '-8 h') {
      assert.deepEqual(windows.clock(at(16, 0)), [[2, '2026-11-20T16:00:00.000Z']], 'days of UTC+8 end at 16:00 UTC');
      continue;
    }
    assert.deepEqual(windows.clock(at(10, 0)), [[2, '2026-11-20T10:00:00.000Z']]);
    windows.hit(3, 0);
    assert.deepEqual(windows.clock(at(11, 0)), [[1, '2026-11-20T11:00:00.000Z']]);
    windows.hit(4, 0);
    assert.deepEqual(windows.watermark(END), [], 'what is open at the end does not fire');
  }
});

test('early results by the clock in windows of event time (TIME-9)', () => {
  const at = benchOf(
    byUser().window(TumblingEventTimeWindows.of('1 h')).trigger(ContinuousProcessingTimeTrigger.of('10 s')).aggregate(count),
  );
  at.clock(Date.UTC(2026, 0, 1)); // long after the end of the window
  at.hit(1, 1);
  assert.deepEqual(at.clock(Date.UTC(2026, 0, 1) + 10_000), [1]);
  at.hit(2, 2);
  assert.deepEqual(at.clock(Date.UTC(2026, 0, 1) + 20_000), [2]);
});

test('count windows: 250 records are two firings of 100 (WIN-6); every 10 over the last 100 (WIN-7); not parallel (WIN-8)', () => {
  const lengths = (stream: SingleOutputStreamOperator<unknown>, n: number) =>
    inOrder(
      stream,
      Array.from({ length: n }, (_, i) => i),
    );
  assert.deepEqual(
    lengths(
      hits()
        .countWindowAll(100)
        .apply((_window, hits) => [...hits].length),
      250,
    ),
    [100, 100],
  );
  const sliding = hits()
    .countWindowAll(100, 10)
    .apply((_window, hits) => [...hits].length);
  assert.deepEqual(
    lengths(sliding, 130),
    Array.from({ length: 13 }, (_, k) => Math.min(100, 10 * (k + 1))),
  );
  assert.deepEqual(lengths(byUser().countWindow(2).sum('n'), 5), [
    { user: 'ann', n: 1 },
    { user: 'ann', n: 5 },
  ]);
  assert.equal(benchOf(hits().windowAll(TumblingEventTimeWindows.of('1 s')).max('n')).parallelism, 1);
  assert.throws(() => hits().countWindowAll(3).max('n').setParallelism(2), {
    message:
      "setParallelism of 'GlobalWindows' got 2, but windows over all records are not parallel. Leave it at 1 and call rebalance() behind it.",
  });
});

test('windowAll has every kind of function, without a key', () => {
  const all = () => hits().windowAll(TumblingEventTimeWindows.of('10 ms'));
  class Whole extends ProcessAllWindowFunction<Hit, string, TimeWindow> {
    override process(context: ProcessWindowContext<TimeWindow>, elements: Iterable<Hit>, out: Collector<string>) {
      out.collect(`${context.window().start} ${numbers(elements)}`);
    }
  }
  assert.deepEqual(
    inOrder(
      all().aggregate(count, (window, n) => [window.start, n]),
      [1, 2],
    ),
    [[0, 2]],
  );
  assert.deepEqual(
    inOrder(
      all().reduce((a, b) => (a.n > b.n ? a : b)),
      [1, 2],
    ),
    [{ user: 'ann', n: 2 }],
  );
  assert.deepEqual(
    inOrder(
      all().flatApply((window, hits) => [window.end, numbers(hits)]),
      [1, 2],
    ),
    [10, '1+2'],
  );
  assert.deepEqual(
    inOrder(
      all().process((context, hits) => `${context.window().start} ${numbers(hits)}`),
      [1, 2],
    ),
    ['0 1+2'],
  );
  assert.deepEqual(inOrder(all().process(new Whole()), [1, 2]), ['0 1+2']);
});

test('a global window emits nothing without a trigger (WIN-5), at the end with that of the end (B-008)', () => {
  assert.deepEqual(inOrder(byUser().window(GlobalWindows.create()).sum('n'), [1, 2]), []);
  assert.deepEqual(inOrder(byUser().window(GlobalWindows.createWithEndOfStreamTrigger()).sum('n'), [1, 2]), [{ user: 'ann', n: 3 }]);
});

test('triggers replace the default: count, purging, delta (WIN-13), continuous, time-out', () => {
  const windows = (trigger: Trigger<Hit, Window>) =>
    byUser()
      .window(TumblingEventTimeWindows.of('10 ms'))
      .trigger(trigger)
      .apply((_user, _window, hits) => numbers(hits));
  assert.deepEqual(inOrder(windows(CountTrigger.of(2)), [1, 2, 3, 4, 5]), ['1+2', '1+2+3+4'], 'the end fires no more (WIN-10)');
  assert.deepEqual(inOrder(windows(PurgingTrigger.of(CountTrigger.of(2))), [1, 2, 3, 4, 5]), ['1+2', '3+4']);
  assert.deepEqual(inOrder(windows(DeltaTrigger.of<Hit>(2, (last, now) => now.n - last.n)), [1, 3, 4, 5, 7, 8]), ['1+3+4', '1+3+4+5+7']);
  assert.deepEqual(inOrder(windows(ContinuousEventTimeTrigger.of('4 ms')), [1, 5, 9]), ['1+5', '1+5+9', '1+5+9']);
  const at = benchOf(windows(ProcessingTimeoutTrigger.of(CountTrigger.of(3), '50 ms')));
  at.hit(1, 1);
  assert.deepEqual(at.clock(49), []);
  assert.deepEqual(at.clock(50), ['1'], 'the time-out');
  at.hit(2, 2);
  at.hit(3, 3);
  assert.deepEqual(at.hit(4, 4), ['1+2+3+4']);
  assert.deepEqual(at.clock(200), [], 'a firing ends the time-out');
});

test('evictors limit what the function sees, before it or after it (WIN-11)', () => {
  const windows = (evictor: Evictor<Hit, Window>) =>
    byUser()
      .window(TumblingEventTimeWindows.of('10 ms'))
      .trigger(CountTrigger.of(3))
      .evictor(evictor)
      .apply((_user, _window, hits) => numbers(hits));
  assert.deepEqual(inOrder(windows(CountEvictor.of(2)), [1, 2, 3, 4, 5, 6]), ['2+3', '5+6']);
  assert.deepEqual(inOrder(windows(CountEvictor.of(2, true)), [1, 2, 3, 4, 5, 6]), ['1+2+3', '2+3+4+5+6']);
  assert.deepEqual(inOrder(windows(TimeEvictor.of('2 ms')), [1, 2, 3]), ['2+3']);
  assert.deepEqual(inOrder(windows(DeltaEvictor.of<Hit>(2, (hit, last) => last.n - hit.n)), [1, 4, 5]), ['4+5']);
  const odd = windows({ evictBefore: (elements) => elements.filter(({ timestamp }) => timestamp === undefined || timestamp % 2 === 1) });
  assert.deepEqual(inOrder(odd, [1, 2, 3]), ['1+3']);
  const summed = byUser().window(TumblingEventTimeWindows.of('10 ms')).evictor(CountEvictor.of(2)).sum('n');
  assert.deepEqual(inOrder(summed, [1, 2, 3]), [{ user: 'ann', n: 5 }]);
});

/** Calendar months: windows of several lengths, none of them known beforehand. */
class Months extends WindowAssigner<unknown, TimeWindow> {
  override assignWindows(_element: unknown, timestamp: number): TimeWindow[] {
    const day = new Date(timestamp);
    const month = (more: number) => Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + more);
    return [new TimeWindow(month(0), month(1))];
  }
  override getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }
  override isEventTime(): boolean {
    return true;
  }
}

test("assigners of a user's own: calendar months, and sessions within a month that merge and clean up (WIN-9)", () => {
  const day = (month: number, date: number) => Date.UTC(2024, month - 1, date);
  const monthly = benchOf(
    byUser()
      .window(new Months())
      .aggregate(count, (_user, window, n) => [new Date(window.end).toISOString().slice(0, 10), n]),
  );
  for (const time of [day(1, 31), day(2, 1), day(2, 29), day(3, 1)]) monthly.hit(1, time);
  assert.deepEqual(monthly.watermark(END), [
    ['2024-02-01', 1],
    ['2024-03-01', 2],
    ['2024-04-01', 1],
  ]);
  class Bursts extends MergingWindowAssigner<Hit, TimeWindow> {
    override assignWindows = (_hit: Hit, timestamp: number) => [new TimeWindow(timestamp, timestamp + 5)];
    override mergeWindows = mergeTimeWindows;
    override getDefaultTrigger = () => EventTimeTrigger.create();
    override isEventTime = () => true;
  }
  const bursts = benchOf(byUser().window(new Bursts()).sum('n'));
  for (const time of [1, 9, 5]) bursts.hit(time, time);
  assert.deepEqual(bursts.watermark(20), [{ user: 'ann', n: 15 }]);
  assert.equal(bursts.state.cells.size + bursts.state.numTimers, 0, 'nothing is left');
});
