import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import { NetworkMemory } from './network-memory.ts';
import { SEGMENT_BYTES } from './segment.ts';

test('random allocation and release never share a segment and leak none', () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const random = seededRandom(seed);
    const memory = NetworkMemory.create(64 * SEGMENT_BYTES);
    const held = new Map<number, readonly number[]>();
    for (let step = 0; step < 500; step += 1) {
      const id = random.nextInt(20);
      const owner = { channel: `c${id >> 1}`, epoch: id & 1 };
      const segments = held.get(id);
      if (segments !== undefined) {
        assert.equal(memory.release(owner), segments.length, `seed ${seed}`);
        held.delete(id);
      } else {
        const count = 1 + random.nextInt(8);
        if (count <= memory.freeSegments) held.set(id, memory.allocate(owner, count));
      }
      const all = [...held.values()].flat();
      assert.equal(new Set(all).size, all.length, `seed ${seed}: a segment has two owners`);
      assert.ok(all.every((index) => index >= 0 && index < 64));
      assert.equal(memory.usedSegments, all.length);
      assert.equal(memory.usedSegments + memory.freeSegments, 64);
    }
    for (const id of held.keys()) memory.release({ channel: `c${id >> 1}`, epoch: id & 1 });
    assert.equal(memory.usedSegments, 0);
    assert.deepEqual(memory.describeOwners(), []);
  }
});

test('exhaustion names the channel, the figures and the options, and takes nothing', () => {
  const memory = NetworkMemory.create(10 * SEGMENT_BYTES + 5);
  memory.allocate({ channel: 'a', epoch: 0 }, 7);
  assert.throws(() => memory.allocate({ channel: 'job/e1:0:3', epoch: 0 }, 4), {
    name: 'ConfigError',
    reason: 'network-memory-exhausted',
    message:
      'The network memory is used up: channel job/e1:0:3 needs 4 segments of 32768 bytes, 3 of 10 are free. ' +
      'Raise taskmanager.memory.network.size (now 327680 bytes), lower taskmanager.network.memory.buffers-per-channel, or lower the parallelism.',
  });
  assert.equal(memory.freeSegments, 3);
  assert.deepEqual(memory.describeOwners(), ['a#0: 7']);
});

test('a size without a whole segment, and one that is too large, are refused', () => {
  for (const bytes of [0, -1, SEGMENT_BYTES - 1, 2 ** 31, Number.NaN]) {
    assert.throws(
      () => NetworkMemory.create(bytes),
      /taskmanager\.memory\.network\.size is .* bytes\. Give at least one segment \(32768 bytes\)/,
    );
  }
});

test('segments are taken back by attempt', () => {
  const memory = NetworkMemory.create(10 * SEGMENT_BYTES);
  for (const epoch of [0, 1, 2]) memory.allocate({ channel: 'a', epoch }, 2);
  assert.equal(memory.releaseBefore({ channel: 'a', epoch: 2 }), 4);
  assert.deepEqual(memory.describeOwners(), ['a#2: 2']);
  assert.equal(memory.release({ channel: 'a', epoch: 0 }), 0, 'it has none any more');
  assert.throws(() => memory.allocate({ channel: 'a', epoch: 2 }, 1), /attempt 2 of a already has segments/);
});
