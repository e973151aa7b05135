// Goal: a checkpoint that a task waits for comes, even while a backlog holds all others back and the one that was begun for it fails. Method: a clock that is moved by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '@millrace/core/base/clock';
import type { CompiledCheckpointing } from './checkpoint-settings.ts';
import { CheckpointTiming } from './checkpoint-timing.ts';

function handClock() {
  let nowMs = 0;
  let timers: { readonly at: number; readonly action: () => void }[] = [];
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    schedule: (delayMs, action) => {
      const timer = { at: nowMs + delayMs, action };
      timers.push(timer);
      const cancel = () => {
        timers = timers.filter((each) => each !== timer);
      };
      return { cancel };
    },
  };
  const advance = (ms: number) => {
    const until = nowMs + ms;
    for (;;) {
      const next = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      timers = timers.filter((each) => each !== next);
      nowMs = next.at;
      next.action();
    }
    nowMs = until;
  };
  return { clock, advance };
}

test('B-014: without an interval during a backlog none is begun, but one that is waited for is, and again when it has failed, until one is complete', () => {
  const { clock, advance } = handClock();
  const begun: number[] = [];
  const settings = { intervalMs: 1_000, intervalDuringBacklogMs: 0, minPauseMs: 0 } as unknown as CompiledCheckpointing;
  const timing: CheckpointTiming = new CheckpointTiming(settings, clock, () => {
    begun.push(clock.monotonic());
    timing.begun();
    timing.ended(); // it has failed at once
    timing.resume();
  });
  timing.start();
  timing.setBacklog('source', true);
  advance(5_000);
  assert.deepEqual(begun, []);
  timing.request();
  advance(2_500);
  assert.deepEqual(begun, [5_000, 6_000, 7_000]);
  timing.completed();
  timing.resume();
  advance(5_000);
  assert.deepEqual(begun, [5_000, 6_000, 7_000]);
});
