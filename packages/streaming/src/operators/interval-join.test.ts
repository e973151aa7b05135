// Goal: an interval join gives exactly the pairs of a nested loop over the records that were not late. Method: random inputs from seeds, in order and out of
// order, against that loop, with an outbox that is full after every n-th record; single rules by tests of their own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@millrace/core/base/random';
import { NO_TIMESTAMP } from '../contract/timestamp.ts';
import { type IntervalJoinSpec, intervalJoinOperator } from './interval-join-operator.ts';
import type { OuterJoinedPair } from './interval-join-pairs.ts';
import { MapTableFactory, OperatorBench } from './testing-fakes.ts';
import { PlainState } from './testing-services.ts';
import { asOneInput } from './testing-two-inputs.ts';

interface Event {
  readonly key: number;
  readonly at: number;
  readonly name: string;
}

const byKey = { selector: (record: unknown) => (record as Event).key, type: undefined };
const nameOf = (side: unknown) => (side as Event | undefined)?.name ?? '-';
const pairText = (left: unknown, right: unknown, pair: OuterJoinedPair) =>
  `${nameOf(left)}${nameOf(right)} ${pair.getLeftTimestamp()}/${pair.getRightTimestamp()} at ${pair.getTimestamp()}`;

function benchOf(lowerMs: number, upperMs: number, more: Partial<IntervalJoinSpec> & { fullEvery?: number; tags?: string[] } = {}) {
  const { fullEvery = 0, tags = [], ...spec } = more;
  const logic = intervalJoinOperator({
    keys: [byKey, byKey],
    lowerMs,
    upperMs,
    lateLeftTagId: undefined,
    lateRightTagId: undefined,
    createFunction: () => ({ emits: 'one', call: pairText }),
    ...spec,
  });
  const tables = new MapTableFactory();
  const state = new PlainState();
  const bench = new OperatorBench(asOneInput(logic), { fullEvery, tags, tables, services: state.services });
  const feed = (input: 1 | 2, at: number, key = 0) =>
    bench.record({ input, record: { key, at, name: `${input === 1 ? 'l' : 'r'}${at}` } }, at);
  const texts = () =>
    bench
      .takeLog()
      .flatMap((sent) =>
        'watermark' in sent ? [] : [`${sent.tag === undefined ? '' : `${sent.tag}: `}${show(sent.record)} @${sent.timestamp}`],
      );
  return {
    bench,
    tables,
    state,
    left: (at: number, key?: number) => feed(1, at, key),
    right: (at: number, key?: number) => feed(2, at, key),
    texts,
  };
}

function show(record: unknown): string {
  return typeof record === 'string' ? record : (record as Event).name;
}

test('semantics, joins: both bounds are inclusive, and the pair has the later timestamp', () => {
  const { left, right, texts } = benchOf(-2, 3);
  left(10);
  for (const at of [7, 8, 12, 13, 14]) right(at);
  assert.deepEqual(texts(), ['l10r8 10/8 at 10 @10', 'l10r12 10/12 at 12 @12', 'l10r13 10/13 at 13 @13']);
});

test('the second record of a pair emits it, whichever side it is of', () => {
  const { left, right, texts } = benchOf(-2, 3);
  right(12);
  right(9);
  assert.deepEqual(texts(), []);
  left(10);
  assert.deepEqual(texts(), ['l10r9 10/9 at 10 @10', 'l10r12 10/12 at 12 @12']);
});

test('records of other keys make no pair', () => {
  const { left, right, texts } = benchOf(0, 0);
  left(1, 1);
  right(1, 2);
  assert.deepEqual(texts(), []);
});

test('semantics, joins: a record below the watermark is dropped and counted, one at it is not', () => {
  const { bench, left, right, texts } = benchOf(-5, 5);
  left(20);
  bench.watermark(18);
  right(17);
  assert.deepEqual(texts(), []);
  assert.equal(bench.operator.numLateRecordsDropped, 1);
  right(18);
  assert.deepEqual(texts(), ['l20r18 20/18 at 20 @20']);
  assert.equal(bench.operator.numLateRecordsDropped, 1);
});

test('late records go to the side output of their side', () => {
  const { bench, left, right, texts } = benchOf(-5, 5, {
    lateLeftTagId: 'late left',
    lateRightTagId: 'late right',
    tags: ['late left', 'late right'],
  });
  bench.watermark(100);
  left(99);
  right(98);
  left(100);
  right(100);
  assert.deepEqual(texts(), ['late left: l99 @99', 'late right: r98 @98', 'l100r100 100/100 at 100 @100']);
  assert.equal(bench.operator.numLateRecordsDropped, 0);
});

test('a record is kept until its last possible partner would be late, and no longer', () => {
  const { bench, tables, left, right, texts } = benchOf(0, 10);
  left(0);
  bench.watermark(10);
  right(10);
  assert.deepEqual(texts(), ['l0r10 0/10 at 10 @10'], 'a partner at the watermark is not late');
  bench.watermark(13);
  assert.equal(tables.entries, 0, 'neither the left one, nor the right one, which could only meet lefts up to 10');
  for (let at = 20; at < 2000; at++) {
    left(at);
    bench.watermark(at);
    assert.ok(
      tables.entries <= 1 &&
        [...tables.inUse].every((table) => table.values.every((buffer) => (buffer as { records: [] }).records.length <= 16)),
    );
  }
});

test('a record without a timestamp is refused by name of its side', () => {
  const { bench } = benchOf(0, 1);
  assert.throws(() => bench.record({ input: 2, record: { key: 0 } }, NO_TIMESTAMP), {
    message: /^A record of the right stream of an interval join has no timestamp\. Give it one by a timestamp assigner/,
  });
});

test('flatApply: everything that the iterables yield, lazily, each at its pair', () => {
  const made: string[] = [];
  const { bench, left, right, texts } = benchOf(-9, 9, {
    fullEvery: 1,
    createFunction: () => ({
      emits: 'many',
      call: function* (l, r) {
        for (const copy of [1, 2]) {
          made.push(`${show(l)}${show(r)}`);
          yield `${show(l)}${show(r)}#${copy}`;
        }
      },
    }),
  });
  right(1);
  right(2);
  left(3);
  assert.deepEqual(texts(), ['l3r1#1 @3', 'l3r1#2 @3', 'l3r2#1 @3', 'l3r2#2 @3']);
  assert.equal(bench.overdraft, 0, 'nothing was emitted into a full outbox');
});

test('undefined makes no record', () => {
  const { left, right, texts } = benchOf(-9, 9, { createFunction: () => ({ emits: 'one', call: () => undefined }) });
  left(1);
  right(1);
  assert.deepEqual(texts(), []);
});

interface Seen {
  readonly input: 1 | 2;
  readonly event: Event;
  isDone: boolean;
}

/** All pairs of records that were not late when they came; and alone, as soon as the watermark is past their last possible partner, those of outer inputs without one. */
class NestedLoop {
  readonly pairs: string[] = [];
  late = 0;
  alone = 0;
  readonly #seen: Seen[] = [];
  readonly #lowerMs: number;
  readonly #upperMs: number;
  readonly #outer: readonly (1 | 2)[];
  watermark = Number.NEGATIVE_INFINITY;

  constructor(lowerMs: number, upperMs: number, outer: readonly (1 | 2)[] = []) {
    this.#lowerMs = lowerMs;
    this.#upperMs = upperMs;
    this.#outer = outer;
  }

  advance(watermark: number): void {
    this.watermark = watermark;
    for (const seen of this.#seen) {
      const { at, name } = seen.event;
      const last = seen.input === 1 ? at + this.#upperMs : at - this.#lowerMs;
      if (seen.isDone || !this.#outer.includes(seen.input) || last >= watermark) continue;
      seen.isDone = true;
      this.alone += 1;
      const time = Math.max(at, last + 1);
      this.pairs.push(seen.input === 1 ? `${name}- ${at}/undefined at ${time} @${time}` : `-${name} undefined/${at} at ${time} @${time}`);
    }
  }

  feed(input: 1 | 2, event: Event): void {
    if (event.at < this.watermark) {
      this.late += 1;
      return;
    }
    const seen: Seen = { input, event, isDone: false };
    for (const other of this.#seen) {
      if (other.input === input || other.event.key !== event.key) continue;
      const [left, right] = input === 1 ? [event, other.event] : [other.event, event];
      if (left.at + this.#lowerMs <= right.at && right.at <= left.at + this.#upperMs) {
        const later = Math.max(left.at, right.at);
        seen.isDone = other.isDone = true;
        this.pairs.push(`${left.name}${right.name} ${left.at}/${right.at} at ${later} @${later}`);
      }
    }
    this.#seen.push(seen);
    this.advance(this.watermark); // who comes when no partner can come any more does not wait
  }
}

interface Run {
  readonly lowerMs: number;
  readonly upperMs: number;
  readonly fullEvery: number;
  readonly outer?: { readonly left: boolean; readonly right: boolean };
}

function randomRun(random: Random, { lowerMs, upperMs, fullEvery, outer = { left: false, right: false } }: Run): NestedLoop {
  const { bench, tables, state, texts } = benchOf(lowerMs, upperMs, { fullEvery, outer });
  const reference = new NestedLoop(lowerMs, upperMs, [...(outer.left ? ([1] as const) : []), ...(outer.right ? ([2] as const) : [])]);
  const sent: string[] = [];
  const take = () => {
    sent.push(...texts());
    if (outer.left || outer.right) assert.deepEqual(sent.toSorted(), reference.pairs.toSorted(), 'what is alone comes with its watermark');
  };
  const disorder = random.nextInt(3) * 6;
  let now = -50;
  for (let step = 0; step < 400; step++) {
    now += random.nextInt(3);
    if (random.nextInt(8) === 0) {
      const watermark = now - random.nextInt(12);
      if (watermark <= reference.watermark) continue;
      reference.advance(watermark);
      bench.watermark(watermark);
      take();
      continue;
    }
    const input = random.nextInt(2) === 0 ? 1 : 2;
    const at = now - random.nextInt(disorder + 1);
    const event = { key: random.nextInt(3), at, name: `${input === 1 ? 'l' : 'r'}${step}` };
    reference.feed(input, event);
    bench.record({ input, record: event }, at);
  }
  reference.advance(Number.MAX_SAFE_INTEGER);
  bench.watermark(Number.MAX_SAFE_INTEGER);
  take();
  assert.deepEqual(sent.toSorted(), reference.pairs.toSorted());
  assert.equal(state.numTimers, 0);
  assert.equal(bench.operator.numLateRecordsDropped, reference.late);
  assert.equal(bench.overdraft, 0);
  assert.equal(tables.entries, 0, 'nothing is left over at the end');
  return reference;
}

test('seeded joins = nested loop', () => {
  let [pairs, late] = [0, 0];
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const lowerMs = random.nextInt(21) - 10;
    const upperMs = lowerMs + random.nextInt(15);
    try {
      const run = randomRun(random, { lowerMs, upperMs, fullEvery: random.nextInt(4) });
      pairs += run.pairs.length;
      late += run.late;
    } catch (error) {
      throw new Error(`seed ${seed}, from ${lowerMs} to ${upperMs}`, { cause: error });
    }
  }
  assert.ok(pairs > 50_000 && late > 3000, `${pairs} pairs and ${late} late records were looked at`);
});

test('outer joins: a record without a partner is emitted when the watermark has passed its last one, with that moment as its time', () => {
  const { bench, left, right, texts } = benchOf(0, 10, { outer: { left: true, right: false } });
  left(5);
  left(6, 1);
  right(7, 1);
  right(30);
  assert.deepEqual(texts(), ['l6r7 6/7 at 7 @7']);
  bench.watermark(15);
  assert.deepEqual(texts(), [], 'a right record at 15 would not be late');
  bench.watermark(16);
  assert.deepEqual(texts(), ['l5- 5/undefined at 16 @16']);
  left(17);
  bench.watermark(Number.MAX_SAFE_INTEGER);
  assert.deepEqual(texts(), ['l17- 17/undefined at 28 @28'], 'nothing of the right side, which is not outer');
});

test('outer joins: where no partner can come any more when a record comes, it does not wait', () => {
  const { bench, left, right, texts } = benchOf(-20, -10, { outer: { left: true, right: true } });
  right(5);
  bench.watermark(20);
  left(22);
  left(23, 1);
  assert.deepEqual(texts(), ['l22r5 22/5 at 22 @22', 'l23- 23/undefined at 23 @23']);
});

test('seeded outer joins = nested loop, and each record without a partner once, with its watermark', () => {
  let [alone, pairs] = [0, 0];
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const lowerMs = random.nextInt(31) - 20;
    const upperMs = lowerMs + random.nextInt(9);
    const outer = [
      { left: true, right: false },
      { left: false, right: true },
      { left: true, right: true },
    ][seed % 3] as Required<Run>['outer'];
    try {
      const run = randomRun(random, { lowerMs, upperMs, fullEvery: random.nextInt(4), outer });
      alone += run.alone;
      pairs += run.pairs.length - run.alone;
    } catch (error) {
      throw new Error(`seed ${seed}, from ${lowerMs} to ${upperMs}, ${JSON.stringify(outer)}`, { cause: error });
    }
  }
  assert.ok(alone > 3_000 && pairs > 20_000, `${alone} alone and ${pairs} pairs were looked at`);
});
