// Goal: coGroup sees, once for each key and window in which either stream has a record, all records of both. Method: random inputs from seeds on tumbling, sliding and
// session windows, whole jobs at parallelism 1 and 3, against windows that are filled by a plain loop.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@millrace/core/base/random';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { EventTimeSessionWindows } from '@millrace/streaming/window/event-time-session-windows';
import { SlidingEventTimeWindows } from '@millrace/streaming/window/sliding-event-time-windows';
import type { TimeWindow } from '@millrace/streaming/window/time-window';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import type { WindowAssigner } from '@millrace/streaming/window/window-assigner';
import { TestEnvironment } from '../index.ts';

interface Event {
  readonly key: number;
  readonly at: number;
  readonly name: string;
}

const byTime = WatermarkStrategy.forBoundedOutOfOrderness<Event>('30 ms').withTimestampAssigner((event) => event.at);
const namesOf = (events: Iterable<Event>) =>
  [...events]
    .map(({ name }) => name)
    .sort()
    .join('+');

function randomEvents(random: Random, prefix: string): Event[] {
  let now = 0;
  return Array.from({ length: 60 }, (_, index) => {
    now += random.nextInt(9);
    return { key: random.nextInt(4), at: Math.max(0, now - random.nextInt(25)), name: `${prefix}${index}` };
  });
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Every window of the grid that holds one of the times. */
function grid(times: readonly number[], sizeMs: number, slideMs: number): Span[] {
  const last = Math.max(...times);
  const spans: Span[] = [];
  for (let start = -sizeMs + (sizeMs % slideMs); start <= last; start += slideMs) spans.push({ start, end: start + sizeMs });
  return spans;
}

/** Sorted times, parted where nothing is within the gap; those that touch are one. */
function sessions(times: readonly number[], gapMs: number): Span[] {
  const spans: Span[] = [];
  for (const time of times.toSorted((a, b) => a - b)) {
    const open = spans.at(-1);
    if (open !== undefined && time <= open.end) spans[spans.length - 1] = { start: open.start, end: time + gapMs };
    else spans.push({ start: time, end: time + gapMs });
  }
  return spans;
}

/** What coGroup must give of each key and span with a record in it. */
function plain(lefts: readonly Event[], rights: readonly Event[], spansOf: (times: readonly number[]) => readonly Span[]): string[] {
  return [0, 1, 2, 3].flatMap((key) => {
    const ofKey = (events: readonly Event[]) => events.filter((event) => event.key === key);
    const [left, right] = [ofKey(lefts), ofKey(rights)];
    return spansOf([...left, ...right].map(({ at }) => at)).flatMap(({ start, end }) => {
      const within = ({ at }: Event) => at >= start && at < end;
      const sides = [namesOf(left.filter(within)), namesOf(right.filter(within))];
      return sides.join('') === '' ? [] : [sides.join(' | ')];
    });
  });
}

const KINDS: readonly (readonly [
  name: string,
  assigner: WindowAssigner<unknown, TimeWindow>,
  spans: (times: readonly number[]) => readonly Span[],
])[] = [
  ['tumbling', TumblingEventTimeWindows.of('50 ms'), (times) => grid(times, 50, 50)],
  ['sliding', SlidingEventTimeWindows.of('60 ms', '20 ms'), (times) => grid(times, 60, 20)],
  ['sliding with gaps', SlidingEventTimeWindows.of('20 ms', '50 ms'), (times) => grid(times, 20, 50)],
  ['session', EventTimeSessionWindows.withGap('12 ms'), (times) => sessions(times, 12)],
];

for (const [name, assigner, spans] of KINDS) {
  test(`coGroup = plain loop: ${name} windows`, async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = seededRandom(seed);
      const [lefts, rights] = [randomEvents(random, 'l'), randomEvents(random, 'r')];
      const env = TestEnvironment.create({ parallelism: seed % 2 === 0 ? 3 : 1, seed });
      const streamOf = (events: readonly Event[]) => env.fromCollection(events).assignTimestampsAndWatermarks(byTime);
      const grouped = streamOf(lefts)
        .coGroup(streamOf(rights))
        .where(({ key }) => key)
        .equalTo(({ key }) => key)
        .window(assigner)
        .apply((left, right) => `${namesOf(left)} | ${namesOf(right)}`);
      const sink = env.collect(grouped);
      await env.execute();
      const expected = plain(lefts, rights, spans);
      assert.ok(expected.length > 12, `${expected.length} groups`);
      assert.deepEqual(sink.take().sort(), expected.sort(), `seed ${seed}`);
    }
  });
}
