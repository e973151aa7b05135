import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import { MemoryManager } from './memory-manager.ts';

test('random reservations never exceed the total, and everything comes back', () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const random = seededRandom(seed);
    const manager = new MemoryManager(1_000);
    const held = new Map<string, number>();
    for (let step = 0; step < 500; step += 1) {
      const owner = `o${random.nextInt(5)}`;
      const has = held.get(owner) ?? 0;
      const bytes = random.nextInt(400);
      if (random.nextInt(2) === 0) {
        const available = manager.availableBytes;
        const given = manager.tryReserve(owner, bytes);
        assert.equal(given, bytes <= available, `seed ${seed}`);
        if (given) held.set(owner, has + bytes);
      } else {
        const back = Math.min(has, bytes);
        manager.release(owner, back);
        held.set(owner, has - back);
      }
      const used = [...held.values()].reduce((sum, each) => sum + each, 0);
      assert.deepEqual([manager.usedBytes, manager.availableBytes], [used, 1_000 - used], `seed ${seed}`);
      assert.ok(used <= 1_000);
    }
    for (const [owner, bytes] of held) assert.equal(manager.releaseAll(owner), bytes);
    assert.deepEqual([manager.usedBytes, manager.describeOwners()], [0, []]);
  }
});

test('what cannot be given is refused with owner, wanted, free and key, and changes nothing', () => {
  const manager = new MemoryManager(1_000);
  manager.reserve("operator 'a', subtask 1/2", 600);
  manager.reserve("operator 'b', subtask 1/2", 100);
  assert.throws(() => manager.reserve("operator 'b', subtask 1/2", 301), {
    name: 'TerminalError',
    reason: 'managed-memory-exhausted',
    message:
      "operator 'b', subtask 1/2 needs 301 bytes of managed memory, and 300 of the slot's 1000 are free: it has 100, others have operator 'a', subtask 1/2: 600. " +
      'Raise taskmanager.memory.managed.size, which the slots share evenly, or spread the job over more slots.',
  });
  assert.equal(manager.usedBytes, 700);
  manager.reserve("operator 'b', subtask 1/2", 300);
  assert.equal(manager.availableBytes, 0);
});

test('nobody gives back what it has not', () => {
  const manager = new MemoryManager(100);
  manager.reserve('a', 50);
  assert.throws(() => manager.release('a', 51), { name: 'InvariantError' });
  assert.throws(() => manager.release('b', 1), { name: 'InvariantError' });
  assert.equal(manager.usedBytes, 50);
});
