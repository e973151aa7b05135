// Goal: what windows a time is in, and what the assigners refuse. Method: a brute-force definition over a range of times; every message by its text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Duration } from '@millrace/core/config/duration';
import { SlidingEventTimeWindows } from './sliding-event-time-windows.ts';
import { TimeWindow } from './time-window.ts';
import { TumblingEventTimeWindows } from './tumbling-event-time-windows.ts';
import type { WindowAssigner } from './window-assigner.ts';

const assigned = (assigner: WindowAssigner<unknown, TimeWindow>, timestamp: number) =>
  [...assigner.assignWindows(undefined, timestamp, { getCurrentProcessingTime: () => 0 })].map(String);

test('tumbling windows start at floor(timestamp / size) * size, before 1970 too', () => {
  const assigner = TumblingEventTimeWindows.of('10 ms');
  assert.deepEqual(assigned(assigner, 0), ['[0, 10)']);
  assert.deepEqual(assigned(assigner, 9), ['[0, 10)']);
  assert.deepEqual(assigned(assigner, -1), ['[-10, 0)']);
  assert.deepEqual(assigned(assigner, -10), ['[-10, 0)']);
  assert.deepEqual(assigned(assigner, -11), ['[-20, -10)']);
});

test('days of UTC+8 by a negative offset', () => {
  const [window] = TumblingEventTimeWindows.of('1 d', '-8 h').assignWindows(undefined, Date.UTC(2024, 0, 1, 20));
  assert.equal(window?.start, Date.UTC(2024, 0, 1, 16));
});

test('sliding windows are those that hold the time, for all sizes, slides and offsets up to 7 ms', () => {
  for (let size = 1; size <= 7; size++) {
    for (let slide = 1; slide <= 7; slide++) {
      for (let offset = 1 - slide; offset < slide; offset++) {
        const assigner = SlidingEventTimeWindows.of(Duration.ofMillis(size), Duration.ofMillis(slide), Duration.ofMillis(offset));
        for (let timestamp = -20; timestamp < 20; timestamp++) {
          const expected: string[] = [];
          for (let k = 40; k >= -40; k--) {
            const window = new TimeWindow(k * slide + offset, k * slide + offset + size);
            if (window.start <= timestamp && timestamp <= window.maxTimestamp()) expected.push(String(window));
          }
          assert.deepEqual(assigned(assigner, timestamp), expected, `${assigner.toString()} at ${timestamp}`);
        }
        assert.equal(assigner.losesRecords, slide > size);
      }
    }
  }
});

test('windows are equal by value; cover and intersects', () => {
  const window = new TimeWindow(0, 10);
  assert.ok(window.equals(new TimeWindow(0, 10)));
  assert.ok(!window.equals(new TimeWindow(0, 11)));
  assert.ok(!window.equals({ start: 0, end: 10 }));
  assert.equal(window.maxTimestamp(), 9);
  assert.ok(window.intersects(new TimeWindow(10, 20)), 'windows that touch');
  assert.ok(!window.intersects(new TimeWindow(11, 20)));
  assert.equal(String(window.cover(new TimeWindow(-5, 3))), '[-5, 10)');
});

const refusals: readonly (readonly [run: () => unknown, message: string])[] = [
  [() => TumblingEventTimeWindows.of('0 ms'), 'TumblingEventTimeWindows.of got a size of 0 ms. Give one of at least 1 ms.'],
  [() => SlidingEventTimeWindows.of('-5 s', '1 s'), 'SlidingEventTimeWindows.of got a size of -5000 ms. Give one of at least 1 ms.'],
  [() => SlidingEventTimeWindows.of('5 s', '0 s'), 'SlidingEventTimeWindows.of got a slide of 0 ms. Give one of at least 1 ms.'],
  [
    () => TumblingEventTimeWindows.of('10 ms', '10 ms'),
    'TumblingEventTimeWindows.of got an offset of 10 ms with a size of 10 ms. Give an offset between -9 and 9 ms.',
  ],
  [
    () => SlidingEventTimeWindows.of('10 ms', '5 ms', '-5 ms'),
    'SlidingEventTimeWindows.of got an offset of -5 ms with a slide of 5 ms. Give an offset between -4 and 4 ms.',
  ],
  [
    () => TumblingEventTimeWindows.of('1 s', '0 ms', 'SOMETIMES' as 'NATURAL'),
    'TumblingEventTimeWindows.of got the stagger "SOMETIMES". Give one of ALIGNED, RANDOM, NATURAL.',
  ],
  [
    () => TumblingEventTimeWindows.of(5 as unknown as '5 s'),
    "The size of TumblingEventTimeWindows.of: 5 is not a duration. Give a Duration or text with a unit, for example '10 min'.",
  ],
];

for (const [run, message] of refusals) test(`refused: ${message}`, () => assert.throws(run, { kind: 'usage', message }));
