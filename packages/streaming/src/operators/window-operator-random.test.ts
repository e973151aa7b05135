// Goal: window operators, those of aligned windows and the general one, do what the reference interpreter does, on any input. Method: seeded random records (out of order, late, negative times, gaps between
// them) and watermarks, through every layout of panes, by an outbox that is never, always or every second time full; state must be gone at the end.
// Replay: MILLRACE_SEED=<seed printed by the failure>; more seeds: MILLRACE_SEEDS=2000.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@millrace/core/base/random';
import { Duration } from '@millrace/core/config/duration';
import type { AggregateFunction } from '../contract/functions.ts';
import { MAX_WATERMARK } from '../contract/timestamp.ts';
import { SlidingEventTimeWindows } from '../window/sliding-event-time-windows.ts';
import { type Firing, type ReferenceRecord, ReferenceWindows } from './reference-windows.ts';
import { MapTableFactory, OperatorBench, type Sent } from './testing-fakes.ts';
import { PlainState } from './testing-services.ts';
import { generalWindowOperator, windowOperator } from './window-operator.ts';

const firstSeed = Number(process.env['MILLRACE_SEED'] ?? 1);
const seeds = process.env['MILLRACE_SEED'] === undefined ? Number(process.env['MILLRACE_SEEDS'] ?? 1000) : 1;

/** Keeps ids in an array that it changes; `merge` returns either argument and spoils the other, as the contract allows. */
function listOfIds(random: Random, merges: boolean): AggregateFunction<ReferenceRecord, number[], readonly number[]> {
  const merge = (a: number[], b: number[]) => {
    const [kept, spoilt] = random.nextInt(2) === 0 ? [a, b] : [b, a];
    kept.push(...spoilt);
    spoilt.push(-1);
    return kept;
  };
  return {
    createAccumulator: () => [],
    add: ({ id }, ids) => {
      ids.push(id);
      return ids;
    },
    getResult: (ids) => ids,
    ...(merges ? { merge } : {}),
  };
}

interface Case {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;
  readonly latenessMs: number;
  readonly merges: boolean;
  readonly fullEvery: number;
  readonly keys: number;
  readonly disorderMs: number;
}

function caseOf(random: Random): Case {
  const slideMs = 1 + random.nextInt(12);
  const sizeMs = [slideMs, 1 + random.nextInt(40), slideMs * (1 + random.nextInt(6))][random.nextInt(3)] as number;
  return {
    sizeMs,
    slideMs,
    offsetMs: random.nextInt(slideMs),
    latenessMs: [0, 0, random.nextInt(5), random.nextInt(60)][random.nextInt(4)] as number,
    merges: random.nextInt(3) > 0,
    fullEvery: random.nextInt(3),
    keys: 1 + random.nextInt(5),
    disorderMs: random.nextInt(2) * random.nextInt(60),
  };
}

function firingOf(sent: Sent): Firing {
  assert.ok('record' in sent);
  const firing = sent.record as Firing;
  assert.equal(sent.timestamp, firing.end - 1);
  return { ...firing, ids: firing.ids.toSorted((a, b) => a - b) };
}

const byTimeAndKey = (a: Firing, b: Firing) => a.end - b.end || Number(a.key) - Number(b.key);

function assertSame(sent: readonly Sent[], expected: readonly Firing[], message: string): void {
  const firings = sent.filter((entry) => !('watermark' in entry)).map(firingOf);
  for (let i = 1; i < firings.length; i++) assert.ok(firings[i - 1]!.end <= firings[i]!.end, `${message}: not in order of time`);
  assert.deepEqual(firings.toSorted(byTimeAndKey), expected.toSorted(byTimeAndKey), message);
}

function runCase(random: Random, make: typeof windowOperator): void {
  const of = caseOf(random);
  const reference = new ReferenceWindows(of);
  const tables = new MapTableFactory();
  const state = new PlainState();
  const late: number[] = [];
  const logic = make({
    key: { selector: (record: ReferenceRecord) => record.key, type: undefined },
    assigner: SlidingEventTimeWindows.of(Duration.ofMillis(of.sizeMs), Duration.ofMillis(of.slideMs), Duration.ofMillis(of.offsetMs)),
    aggregation: { kind: 'aggregate', fn: listOfIds(random, of.merges) },
    windowFunction: (key, window, ids) => ({ key, start: window.start, end: window.end, ids: [...ids] }),
    allowedLatenessMs: of.latenessMs,
    lateTagId: 'late',
  });
  const bench = new OperatorBench(logic, { fullEvery: of.fullEvery, tags: ['late'], tables, services: state.services });
  const takeFirings = () =>
    bench.takeLog().filter((sent) => {
      if ('record' in sent && sent.tag === 'late') late.push((sent.record as ReferenceRecord).id);
      return !('record' in sent && sent.tag === 'late');
    });
  const where = JSON.stringify(of);
  let now = random.nextInt(400) - 200;
  let watermark = Number.MIN_SAFE_INTEGER;
  for (let id = 0; id < 120; id++) {
    if (random.nextInt(40) === 0) now += random.nextInt(300);
    now += random.nextInt(4);
    const timestamp = now - random.nextInt(of.disorderMs + 1) + (random.nextInt(20) === 0 ? random.nextInt(150) : 0);
    const record = { key: random.nextInt(of.keys), id };
    bench.record(record, timestamp);
    assertSame(takeFirings(), reference.record(record, timestamp), `${where}: record ${id} at ${timestamp}, watermark ${watermark}`);
    if (random.nextInt(4) > 0) continue;
    watermark = Math.max(watermark, now - random.nextInt(of.disorderMs + 2) - 1);
    bench.watermark(watermark);
    assertSame(takeFirings(), reference.watermark(watermark), `${where}: watermark ${watermark}`);
  }
  bench.watermark(MAX_WATERMARK);
  assertSame(takeFirings(), reference.watermark(MAX_WATERMARK), `${where}: at the end`);
  assert.deepEqual(late, reference.late, `${where}: late records`);
  assert.equal(tables.entries + state.cells.size + state.numTimers, 0, `${where}: state is left`);
  assert.equal(bench.overdraft, 0, `${where}: emitted into a full outbox`);
  assert.equal(bench.flow.blocked, 0, `${where}: left a block`);
}

test(`window operators agree with the reference on ${seeds} seeds`, () => {
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    try {
      runCase(seededRandom(seed), windowOperator);
      if (seed % 4 === firstSeed % 4) runCase(seededRandom(seed), generalWindowOperator); // the two give the same
    } catch (error) {
      throw new Error(`MILLRACE_SEED=${seed} fails: ${(error as Error).message}`, { cause: error });
    }
  }
});
