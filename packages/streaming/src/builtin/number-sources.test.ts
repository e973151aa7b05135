// Goal: every number is read once, upwards within each reader, at any parallelism, with refusals and restores in between.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import { DataGeneratorSource } from './data-generator-source.ts';
import type { SplitEnumeratorContext } from '../contract/source.ts';
import type { RangeEnumeratorState } from './range-enumerator.ts';
import type { RangeSplit } from './range-split.ts';
import { SequenceSource } from './sequence-source.ts';
import { runSource } from './source-harness.ts';

const ascending = (numbers: readonly number[]) => numbers.every((n, index) => index === 0 || n > (numbers[index - 1] as number));
const sorted = (parts: readonly (readonly number[])[]) => parts.flat().sort((a, b) => a - b);

describe('sources of numbers', () => {
  for (const [from, to] of [
    [0, 9_999],
    [-5, 5],
    [7, 7],
    [1, 0],
    [1_000, 150_000],
  ] as const) {
    it(`reads ${from} to ${to} once, ascending in each subtask`, async () => {
      const expected = Array.from({ length: to - from + 1 }, (_, n) => from + n);
      for (const readers of [1, 2, 5]) {
        for (const restoreEvery of [undefined, 3, 10]) {
          const { records } = await runSource(new SequenceSource(from, to), {
            readers,
            seed: readers,
            ...(restoreEvery === undefined ? {} : { restoreEvery }),
          });
          assert.deepEqual(sorted(records), expected, `readers ${readers}, restore every ${restoreEvery}`);
          if (restoreEvery === undefined) assert.ok(records.every(ascending), `readers ${readers}`);
        }
      }
    });
  }

  it('cuts ranges by length alone, at multiples of 1000', () => {
    assert.deepEqual(rangesOf(1, 0), []);
    assert.deepEqual(rangesOf(0, 998), [{ index: 0, from: 0, to: 999 }]);
    const million = rangesOf(0, 49_999_999);
    assert.equal(million.length, 250);
    assert.ok(million.every((range, index) => range.from % 1_000 === 0 && range.index === index));
    assert.deepEqual(rangesOf(10, 64_009).length, 64);
  });

  it('cuts the longest sequences range by range, to their last number, in no more memory than short ones', () => {
    const max = Number.MAX_SAFE_INTEGER;
    const longest = assigner(new SequenceSource(-max, max));
    assert.deepEqual(
      [longest(), longest()],
      [
        { index: 0, from: -max, to: -max + 200_000 },
        { index: 1, from: -max + 200_000, to: -max + 400_000 },
      ],
    );
    const state: RangeEnumeratorState = { position: max - 300_000, returned: [{ index: 7, from: 1_400_005, to: 1_600_000 }] };
    const last = assigner(new SequenceSource(0, max), state);
    const ranges = [last(), last(), last(), last()];
    assert.deepEqual(
      ranges.map((range) => range && [range.from, range.to]),
      [[1_400_005, 1_600_000], [max - 300_000, max - 100_000], [max - 100_000, max + 1], undefined],
    );
  });

  it('generates by index', async () => {
    const { records } = await runSource(new DataGeneratorSource((n) => ({ n, square: n * n }), 3_000), { readers: 2 });
    assert.deepEqual(records.flat().sort((a, b) => a.n - b.n)[2_999], { n: 2_999, square: 2_999 * 2_999 });
    assert.equal(records.flat().length, 3_000);
  });

  it('keeps to a rate that its readers share, by the clock alone', async () => {
    const clock = new JumpingClock();
    const source = new DataGeneratorSource((n) => [n, clock.monotonic()] as const, 4_000, { recordsPerSecond: 1_000 });
    const { records } = await runSource(source, { readers: 2, clock });
    const times = records
      .flat()
      .map(([, at]) => at)
      .sort((a, b) => a - b);
    assert.equal(times.length, 4_000);
    assert.ok((times.at(-1) as number) >= 3_900 && (times.at(-1) as number) < 6_000, `the last record at ${times.at(-1)} ms`);
    for (let second = 0; second < 4; second += 1) {
      const within = times.filter((at) => at >= second * 1_000 && at < (second + 1) * 1_000).length;
      assert.ok(within <= 1_200, `${within} records in second ${second}`);
    }
  });

  it('refuses what cannot be counted', () => {
    assert.throws(() => new SequenceSource(5, 1), {
      kind: 'usage',
      message: 'The sequence from 5 to 1 runs downwards. Sequences ascend: swap the two.',
    });
    assert.throws(() => new SequenceSource(0.5, 1), {
      message: "The sequence's first number is 0.5. Give a whole number within ±(2^53 - 1).",
    });
    assert.throws(() => new DataGeneratorSource((n) => n, -1), { message: 'The number of records to generate is -1. Give 0 or more.' });
    assert.throws(() => new DataGeneratorSource((n) => n, 1, { recordsPerSecond: 0 }), { message: /recordsPerSecond is 0/ });
  });
});

/** Gives what one reader is assigned for each of its requests. */
function assigner(source: SequenceSource, state?: RangeEnumeratorState): () => RangeSplit | undefined {
  let assigned: RangeSplit | undefined;
  const context = {
    currentParallelism: () => 1,
    assignSplit: (split: RangeSplit) => {
      assigned = split;
    },
    signalNoMoreSplits: () => {
      assigned = undefined;
    },
  } as unknown as SplitEnumeratorContext<RangeSplit>;
  const enumerator = state === undefined ? source.createEnumerator(context) : source.restoreEnumerator(context, state);
  return () => {
    enumerator.handleSplitRequest(0);
    return assigned;
  };
}

function rangesOf(from: number, to: number): RangeSplit[] {
  const next = assigner(new SequenceSource(from, to));
  const ranges: RangeSplit[] = [];
  for (let range = next(); range !== undefined; range = next()) ranges.push(range);
  return ranges;
}

/** Time jumps to the next timer when everyone waits for one, which here is at once. */
class JumpingClock implements Clock {
  #now = 0;
  now(): number {
    return this.#now;
  }
  monotonic(): number {
    return this.#now;
  }
  schedule(delayMs: number, action: () => void): Cancellation {
    const due = this.#now + delayMs;
    let live = true;
    setImmediate(() => {
      if (!live) return;
      this.#now = Math.max(this.#now, due);
      action();
    });
    return {
      cancel: () => {
        live = false;
      },
    };
  }
}
