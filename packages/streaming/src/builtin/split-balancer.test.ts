// Goal: splits are spread evenly over readers, whatever these had before. Method: seeded numbers of splits, before and after.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import type { SplitEnumeratorContext } from '../contract/source.ts';
import { SplitBalancer } from './split-balancer.ts';

describe('SplitBalancer', () => {
  it('gives the next to whoever has the fewest, counting what readers came back with', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = seededRandom(seed);
      const had = Array.from({ length: 1 + random.nextInt(5) }, () => random.nextInt(6));
      const counts = [...had];
      const readers = new Map(
        had.map((count, subtask) => [subtask, { location: '', reportedSplits: Array.from({ length: count }, () => 'old') }]),
      );
      const balancer = new SplitBalancer<string>({
        registeredReaders: () => readers,
        currentParallelism: () => had.length,
        assignSplit: (_split: string, subtask: number) => {
          counts[subtask] = (counts[subtask] as number) + 1;
        },
      } as unknown as SplitEnumeratorContext<string>);
      for (const subtask of readers.keys()) {
        assert.equal(balancer.isComplete, false);
        balancer.readerRegistered(subtask);
      }
      assert.equal(balancer.isComplete, true);
      for (let splits = random.nextInt(30); splits > 0; splits--) {
        const least = Math.min(...counts);
        const chosen = balancer.assign('new');
        assert.equal(
          chosen,
          counts.findIndex((count, subtask) => count === least + 1 && subtask === chosen),
          `seed ${seed}`,
        );
      }
      const unbalanced = Math.max(...counts) - Math.min(...counts);
      assert.ok(
        unbalanced <= Math.max(1, Math.max(...had) - Math.min(...counts)),
        `seed ${seed}: ${had.join(' ')} became ${counts.join(' ')}`,
      );
    }
  });

  it('counts down what was finished, and anew for a reader that comes back', () => {
    const assigned: number[] = [];
    const balancer = new SplitBalancer<string>({
      registeredReaders: () => new Map([0, 1].map((subtask) => [subtask, { location: '', reportedSplits: [] }])),
      currentParallelism: () => 2,
      assignSplit: (_split: string, subtask: number) => void assigned.push(subtask),
    } as unknown as SplitEnumeratorContext<string>);
    balancer.readerRegistered(0);
    balancer.readerRegistered(1);
    for (const split of ['a', 'b', 'c']) balancer.assign(split);
    balancer.finished(0);
    balancer.finished(0);
    balancer.assign('d');
    balancer.readerRegistered(1);
    balancer.assign('e');
    assert.deepEqual(assigned, [0, 1, 0, 0, 1]);
  });
});
