// Goal: what the stacks gave out for emitting is never changed afterwards, and is right. Method: accumulators that `merge` changes and spoils, windows slid over
// panes of random keys; every sum is kept by reference and compared with its text at the time, and with the sum over the panes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import type { Accumulation } from './accumulation.ts';
import { ColumnStacks } from './column-stacks.ts';

type Ids = number[];

function accumulation(keepsFirst: () => boolean): Accumulation<never, Ids, Ids> {
  return {
    createAccumulator: () => [],
    add: (_record, ids) => ids,
    getResult: (ids) => ids,
    merge: (a, b) => {
      const [kept, spoilt] = keepsFirst() ? [a, b] : [b, a];
      kept.push(...spoilt);
      spoilt.push(Number.NaN);
      return kept;
    },
    copy: (ids) => [...ids],
  };
}

test('a sum that was given out stays what it was, whatever the stacks do next', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const panesPerWindow = 1 + random.nextInt(7);
    const keys = 1 + random.nextInt(4);
    const stacks = new ColumnStacks<Ids>(
      panesPerWindow,
      accumulation(() => random.nextInt(2) === 0),
    );
    const expected = new Map<number, Map<number, number>>(); // pane, key, its one record
    const given: { readonly sum: Ids; readonly text: string }[] = [];
    for (let key = 0; key < keys; key++) stacks.addId();
    stacks.restartAt(0);
    for (let window = 0; window < 30; window++) {
      const newest = window + panesPerWindow - 1;
      for (let pane = window === 0 ? 0 : newest; pane <= newest; pane++) {
        const chosen = Array.from({ length: keys }, (_, key) => key).filter(() => random.nextInt(2) === 0);
        for (const key of chosen) stacks.columnOf(pane).push(key, [pane * 10 + key]);
        for (const [place, key] of chosen.entries()) assert.equal(stacks.columnOf(pane).placeOf(key), place);
        expected.set(pane, new Map(chosen.map((key) => [key, pane * 10 + key])));
      }
      stacks.absorb(newest, () => {});
      for (let key = 0; key < keys; key++) {
        const sum = stacks.sumOf(key);
        const wanted = [...expected].flatMap(([pane, records]) => (pane >= window && records.has(key) ? [records.get(key)] : []));
        assert.deepEqual(sum?.toSorted((a, b) => a - b) ?? [], wanted, `seed ${seed}, window ${window}, key ${key}`);
        if (sum !== undefined) given.push({ sum, text: sum.join() });
      }
      stacks.evict(window + 1, () => {});
    }
    for (const { sum, text } of given) assert.equal(sum.join(), text, `seed ${seed}`);
  }
});
