// Goal: timers fire once, in order, when they are due and not before, whatever was registered and deleted and however often firing is interrupted. Method: seeded random
// calls on the service and on a sorted list; seeds are printed and can be put into SEEDS.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import type { NamespaceType } from '@millrace/streaming/contract/keyed-state';
import { type InternalTimer, VOID_NAMESPACES } from '@millrace/streaming/contract/timers';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import { CurrentKey } from './current-key.ts';
import { HeapTimerService, TIMERS_PER_TURN } from './heap-timer-service.ts';
import { entriesIn } from './testing-freeze.ts';
import { TimerIndex } from './timer-index.ts';

const SEEDS = Array.from({ length: 30 }, (_, seed) => seed + 1);
const WINDOWS: NamespaceType<number> = { idOf: (n) => n };

interface Fired {
  readonly domain: 'event' | 'processing';
  readonly key: unknown;
  readonly namespace: number;
  readonly time: number;
  readonly flowTimestamp: number;
}

/** A service alone, with a clock of its own and an outbox that may be full. */
class Bench {
  readonly fired: Fired[] = [];
  readonly flow = { timestamp: NO_TIMESTAMP, blocked: 0 };
  readonly currentKey = new CurrentKey();
  readonly mail: (() => void)[] = [];
  readonly service: HeapTimerService<unknown, number>;
  now = 0;
  wakeUps: { at: number; action: () => void }[] = [];
  fullEvery = 0;
  #isFull = false;
  onFired: (timer: Fired) => void = () => {};

  constructor(namespaces: NamespaceType<number> = WINDOWS) {
    const note = (domain: Fired['domain']) => (timer: InternalTimer<unknown, number>) => {
      const { key, namespace, timestamp } = timer;
      const fired = { domain, key, namespace, time: timestamp, flowTimestamp: this.flow.timestamp };
      this.fired.push(fired);
      this.onFired(fired);
      if (this.fullEvery > 0 && this.fired.length % this.fullEvery === 0 && !this.#isFull) {
        this.#isFull = true;
        this.flow.blocked += 1;
      }
      return true;
    };
    const ports = {
      currentKey: this.currentKey,
      flow: this.flow,
      currentProcessingTime: () => this.now,
      mail: (action: () => void) => void this.mail.push(action),
      schedule: (delayMs: number, action: () => void) => {
        const wakeUp = { at: this.now + delayMs, action };
        this.wakeUps.push(wakeUp);
        const cancel = () => {
          this.wakeUps = this.wakeUps.filter((each) => each !== wakeUp);
        };
        return { cancel };
      },
    };
    this.service = new HeapTimerService(ports, { onEventTime: note('event'), onProcessingTime: note('processing') }, namespaces);
  }

  at(key: unknown): HeapTimerService<unknown, number> {
    this.currentKey.set(key);
    return this.service;
  }

  /** Returns how many turns it took. */
  watermark(timestamp: number): number {
    let done = this.service.advanceWatermark(timestamp);
    let turns = 1;
    for (; !done; turns++) done = this.#resume();
    this.#empty();
    assert.equal(this.flow.blocked, 0);
    return turns;
  }

  advanceTo(now: number): void {
    this.now = now;
    for (let due = this.#dueWakeUp(); due !== undefined; due = this.#dueWakeUp()) {
      this.wakeUps = this.wakeUps.filter((each) => each !== due);
      due.action();
      while (this.flow.blocked > 0) this.#resume();
    }
  }

  #dueWakeUp() {
    return this.wakeUps.find((each) => each.at <= this.now);
  }

  /** As the task does it: whatever was full is empty again, and the one that is left is the service's (O5). */
  #resume(): boolean {
    this.mail.length = 0;
    this.#empty();
    return this.flow.blocked === 0 || this.service.resume();
  }

  #empty(): void {
    if (this.#isFull) this.flow.blocked -= 1;
    this.#isFull = false;
  }
}

const idOf = (key: unknown, namespace: number, time: number) => JSON.stringify([key, namespace, time]);

for (const [name, keys] of Object.entries({
  numbers: [1, 2, 3, -0, 0.5],
  strings: ['a', 'b', ''],
  'texts of every width': ['a', 'ü', '\u0101', '日本', '\ud800', 'x'.repeat(64), 'x'.repeat(65), '日'.repeat(32), '日'.repeat(33)],
  composites: [['a', 1], { x: 1 }, null],
  'kinds mixed': [1, '1', true, 'true', null, ['1'], '', 0],
})) {
  test(`T1 to T3: event-time timers of ${name} do what a sorted list does, interrupted or not`, () => {
    for (const seed of SEEDS) {
      const random = seededRandom(seed);
      const bench = new Bench();
      bench.fullEvery = random.nextInt(3);
      const model = new Map<string, number>();
      let watermark = -1000;
      for (let step = 0; step < 300; step++) {
        const key = keys[random.nextInt(keys.length)];
        const namespace = random.nextInt(2);
        const time = random.nextInt(200) - 20;
        switch (random.nextInt(5)) {
          case 0:
            bench.at(key).deleteEventTimeTimer(namespace, time);
            model.delete(idOf(key, namespace, time));
            break;
          case 1: {
            watermark += random.nextInt(12);
            bench.fired.length = 0;
            bench.watermark(watermark);
            const due = [...model].filter(([, at]) => at <= watermark);
            const times = bench.fired.map((fired) => fired.time);
            assert.deepEqual(
              times,
              [...times].sort((a, b) => a - b),
              `seed ${seed}, step ${step}: in order`,
            );
            assert.deepEqual(
              bench.fired.map((fired) => idOf(fired.key, fired.namespace, fired.time)).sort(),
              due.map(([id]) => id).sort(),
              `seed ${seed}, step ${step}`,
            );
            assert.ok(bench.fired.every((fired) => fired.flowTimestamp === fired.time && fired.domain === 'event'));
            for (const [id] of due) model.delete(id);
            break;
          }
          default:
            bench.at(key).registerEventTimeTimer(namespace, time);
            model.set(idOf(key, namespace, time), time);
        }
        assert.equal(bench.service.numEventTimeTimers, model.size, `seed ${seed}, step ${step}`);
      }
      const seen = entriesIn(bench.service).map(({ key, namespace, value }) => idOf(key, namespace as number, value as number));
      assert.deepEqual(seen.sort(), [...model.keys()].sort(), `seed ${seed}: what a snapshot would see`);
    }
  });
}

test('processing-time timers do what a sorted list does; one wake-up is scheduled at most', () => {
  for (const seed of SEEDS) {
    const random = seededRandom(seed);
    const bench = new Bench();
    bench.fullEvery = random.nextInt(3);
    const model = new Map<string, number>();
    let now = 0;
    for (let step = 0; step < 300; step++) {
      const key = random.nextInt(4);
      const time = now + random.nextInt(50) - 5;
      const id = idOf(key, 0, time);
      switch (random.nextInt(4)) {
        case 0:
          bench.at(key).deleteProcessingTimeTimer(0, time);
          model.delete(id);
          break;
        case 1: {
          now += random.nextInt(15);
          bench.fired.length = 0;
          bench.advanceTo(now);
          const due = [...model].filter(([, at]) => at <= now);
          assert.deepEqual(
            bench.fired.map((fired) => idOf(fired.key, 0, fired.time)).sort(),
            due.map(([each]) => each).sort(),
            `seed ${seed}, step ${step}`,
          );
          assert.ok(bench.fired.every((fired) => fired.flowTimestamp === NO_TIMESTAMP && fired.domain === 'processing'));
          for (const [each] of due) model.delete(each);
          break;
        }
        default:
          bench.at(key).registerProcessingTimeTimer(0, time);
          model.set(id, time);
      }
      assert.ok(bench.wakeUps.length <= 1, `seed ${seed}, step ${step}: ${bench.wakeUps.length} wake-ups`);
      if (model.size > 0) assert.ok((bench.wakeUps[0]?.at ?? Infinity) <= Math.max(now, Math.min(...model.values())));
    }
  }
});

test('semantics.md: an event-time timer set at or before the current watermark fires at the next watermark, not at once', () => {
  const bench = new Bench(VOID_NAMESPACES);
  bench.watermark(100);
  bench.at('k').registerEventTimeTimer(0, 50);
  bench.at('k').registerEventTimeTimer(0, 100);
  bench.service.resume();
  bench.at('k').registerProcessingTimeTimer(0, 0);
  bench.advanceTo(1);
  assert.deepEqual(
    bench.fired.map(({ domain }) => domain),
    ['processing'],
    'neither a resume nor the clock fires it',
  );
  bench.watermark(101);
  assert.deepEqual(
    bench.fired.slice(1).map(({ time }) => time),
    [50, 100],
  );
});

test('a timer that is set by a firing timer and due fires within the same watermark, in order', () => {
  const bench = new Bench(VOID_NAMESPACES);
  bench.onFired = ({ time }) => {
    if (time < 50) bench.service.registerEventTimeTimer(0, time + 10);
  };
  bench.at('k').registerEventTimeTimer(0, 10);
  bench.at('k').registerEventTimeTimer(0, 45);
  bench.watermark(40);
  assert.deepEqual(
    bench.fired.map(({ time }) => time),
    [10, 20, 30, 40],
  );
  bench.watermark(Number.MAX_SAFE_INTEGER);
  assert.deepEqual(
    bench.fired.slice(4).map(({ time }) => time),
    [45, 50, 55],
  );
  assert.equal(bench.service.currentWatermark(), Number.MAX_SAFE_INTEGER);
});

test('a burst gives others their turns: after so many timers the service asks for another turn by mail', () => {
  const bench = new Bench(VOID_NAMESPACES);
  for (let n = 0; n < TIMERS_PER_TURN * 3 + 1; n++) bench.at(n).registerEventTimeTimer(0, n % 7);
  const done = bench.service.advanceWatermark(10);
  assert.equal(done, false);
  assert.equal(bench.fired.length, TIMERS_PER_TURN);
  assert.deepEqual([bench.mail.length, bench.flow.blocked], [1, 1]);
  assert.equal(bench.service.resume(), false);
  assert.equal(bench.service.resume(), false);
  assert.equal(bench.service.resume(), true);
  assert.deepEqual([bench.fired.length, bench.flow.blocked], [TIMERS_PER_TURN * 3 + 1, 0]);
});

test('the clock rings while the outbox is full: nothing fires before it is empty', () => {
  const bench = new Bench(VOID_NAMESPACES);
  bench.at('k').registerProcessingTimeTimer(0, 5);
  bench.flow.blocked = 1; // somebody behind
  bench.now = 5;
  bench.wakeUps[0]?.action();
  assert.deepEqual([bench.fired.length, bench.flow.blocked], [0, 2]);
  bench.flow.blocked = 1; // O5
  assert.equal(bench.service.resume(), true);
  assert.deepEqual([bench.fired.length, bench.flow.blocked], [1, 0]);
});

test('at the end of the input open processing-time timers do not fire', () => {
  const bench = new Bench(VOID_NAMESPACES);
  bench.at('k').registerProcessingTimeTimer(0, 5);
  bench.service.quiesce();
  assert.equal(bench.wakeUps.length, 0);
  bench.at('k').registerProcessingTimeTimer(0, 1);
  bench.advanceTo(10);
  assert.equal(bench.fired.length, 0);
});

test('times that are none are refused; a timer needs a key', () => {
  const bench = new Bench(VOID_NAMESPACES);
  for (const time of [Number.NaN, 0.5, Number.POSITIVE_INFINITY, '5' as never])
    assert.throws(() => bench.at('k').registerEventTimeTimer(0, time), /registerEventTimeTimer got .* A timer's time is a safe integer/);
  bench.at('k').registerEventTimeTimer(0, -5);
  bench.currentKey.clear();
  assert.throws(() => bench.service.registerEventTimeTimer(0, 5), /There is no key here/);
});

test('the index finds every timer while it grows and shrinks, also where hashes agree', () => {
  const random = seededRandom(7);
  for (const hashOf of [(id: number) => Math.imul(id, 0x9e3779b1), (id: number) => id % 3, (id: number) => (id % 5) << 20]) {
    const index = new TimerIndex();
    const inside = new Set<number>();
    const bound = hashOf(1) === 1 ? 3_000 : 20_000; // equal hashes are searched one by one
    for (let step = 0; step < 40_000; step++) {
      const id = random.nextInt(bound);
      const hash = hashOf(id);
      const found = index.find(hash, (each) => each === id);
      assert.equal(found, inside.has(id) ? id : -1, `step ${step}`);
      if (inside.has(id)) index.remove(hash, id);
      else index.insert(hash, id);
      if (!inside.delete(id)) inside.add(id);
    }
  }
});
