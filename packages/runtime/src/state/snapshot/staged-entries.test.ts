import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import { StagedEntries } from './staged-entries.ts';

describe('staged entries', () => {
  it('come out once each, in runs of one key group, key groups ascending, in the order in which they came', () => {
    const random = seededRandom(1);
    for (const [first, last] of [
      [0, 0],
      [0, 127],
      [40, 63],
      [32_000, 32_767],
    ] as const) {
      const stage = new StagedEntries(first, last);
      for (const size of [0, 1, 5, 8192, 700]) {
        const added = Array.from({ length: size }, (_, key) => ({ group: first + random.nextInt(last - first + 1), key }));
        for (const { group, key } of added) stage.add(group, key, `namespace ${key}`, key * 2);
        assert.equal(stage.isFull, size === 8192);
        const expected = [...added].sort((a, b) => a.group - b.group || a.key - b.key);
        assert.deepEqual(drained(stage), expected, `key groups ${first} to ${last}, ${size} entries`);
      }
    }
  });
});

function drained(stage: StagedEntries): readonly { group: number; key: unknown }[] {
  const seen: { group: number; key: unknown }[] = [];
  stage.drain((group, from, to) => {
    assert.ok(to > from && !seen.some((other) => other.group >= group), `a second run of key group ${group}`);
    for (let next = from; next < to; next++) {
      const place = stage.order[next] as number;
      const key = stage.keys[place] as number;
      assert.deepEqual([stage.namespaces[place], stage.values[place]], [`namespace ${key}`, key * 2]);
      seen.push({ group, key });
    }
  });
  return seen;
}
