// Goal: a slot that turns or rests is left alone, one that does not come back is examined, told of, and ended when it outgrows its share. Method: a clock that the test
// moves, and a thread that is two numbers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '@millrace/core/base/clock';
import type { SlotReport } from '@millrace/runtime/protocol/slot-report';
import { SlotWatch } from './slot-watch.ts';

const REPORT: SlotReport = { running: undefined, frames: [], waiting: [], heapUsedBytes: 1, externalBytes: 2, overLimit: undefined };

/** Timers in the order of their times. */
class ManualClock implements Clock {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly action: () => void }[] = [];

  now = () => this.#nowMs;
  monotonic = () => this.#nowMs;

  schedule(delayMs: number, action: () => void) {
    const timer = { atMs: this.#nowMs + delayMs, action };
    this.#timers.push(timer);
    const cancel = () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
    return { cancel };
  }

  get numTimers(): number {
    return this.#timers.length;
  }

  advance(ms: number, each: () => void = () => {}): void {
    for (const until = this.#nowMs + ms; this.#nowMs < until; ) {
      this.#nowMs += 10;
      each();
      const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
      this.#timers = this.#timers.filter((timer) => !due.includes(timer));
      for (const { action } of due) action();
    }
  }
}

function watched(limitMs: number | undefined, report: () => SlotReport | undefined = () => REPORT) {
  const clock = new ManualClock();
  const thread = { turns: 0, idleMs: 0 };
  const seen = { examined: 0, busy: [] as number[], outgrown: [] as string[] };
  const watch = new SlotWatch({
    clock,
    limitMs,
    turns: () => thread.turns,
    idleMs: () => thread.idleMs,
    examine(settle) {
      seen.examined += 1;
      settle(report());
    },
    busy: (_report, sinceMs) => seen.busy.push(sinceMs),
    outgrown: (_report, what) => seen.outgrown.push(what),
  });
  watch.start();
  return { clock, thread, seen, watch };
}

test('a thread that turns, and one that rests, is never asked anything', () => {
  const { clock, thread, seen } = watched(100);
  clock.advance(5_000, () => thread.turns++);
  clock.advance(5_000, () => (thread.idleMs += 10));
  assert.deepEqual(seen, { examined: 0, busy: [], outgrown: [] });
});

test('a thread that does not come back is told of at the limit and at every doubling; then afresh when it has moved', () => {
  const { clock, thread, seen } = watched(1_000);
  clock.advance(4_500);
  assert.deepEqual(seen.busy, [1_000, 2_000, 4_000]);
  thread.turns++;
  clock.advance(1_200);
  assert.deepEqual(seen.busy, [1_000, 2_000, 4_000, 1_000]);
});

test('without a limit nothing is told, but its memory is looked at', () => {
  let over: string | undefined;
  const { clock, seen } = watched(undefined, () => ({ ...REPORT, overLimit: over }));
  clock.advance(3_000);
  assert.deepEqual([seen.busy, seen.outgrown], [[], []]);
  assert.ok(seen.examined > 5);
  over = 'too much';
  clock.advance(200);
  assert.equal(seen.outgrown[0], 'too much');
});

test('a function of many seconds is looked at once a second', () => {
  const { clock, seen } = watched(undefined);
  clock.advance(11_000);
  const before = seen.examined;
  clock.advance(10_000);
  assert.equal(seen.examined - before, 10);
});

test('an answer that comes when the thread has moved, or when nobody watches any more, is dropped', () => {
  const late: (() => void)[] = [];
  const { clock, thread, seen, watch } = watched(100, () => ({ ...REPORT, overLimit: 'late' }));
  assert.equal(late.length, 0);
  clock.advance(190);
  thread.turns++;
  clock.advance(190);
  assert.deepEqual(seen.outgrown, []);
  watch.stop();
  assert.equal(clock.numTimers, 0);
});
