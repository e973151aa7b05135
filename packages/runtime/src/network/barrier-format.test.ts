// Goal: what is no barrier never becomes one, and the bounds hold on both sides. Method: one damaged field at a time, and a seeded flip of every byte.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import { decodeBarrier, encodeBarrier, MAX_BARRIER_BYTES } from './barrier-format.ts';

const location = { kind: 'directory', base: '/cp/job', exclusive: 'chk-7', shared: 'shared', inlineBytesMax: 20_480 } as const;
const barrier: CheckpointBarrier = { checkpointId: 7, timestamp: 1_700_000_000_000, kind: 'checkpoint', location };

test('every form of a barrier comes back as it was', () => {
  const memory = { ...barrier, location: { kind: 'memory', maxStateBytes: 5_242_880 } } as const;
  for (const each of [barrier, memory, { ...barrier, kind: 'savepoint', stop: 'drain' }, { ...memory, stop: 'suspend' }] as const)
    assert.deepEqual(decodeBarrier(encodeBarrier(each)), each);
});

const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

test('a field of the wrong kind is refused with its value', () => {
  const wrong: readonly [unknown, RegExp][] = [
    [[], /it is no object/],
    [null, /it is no object/],
    [{ ...barrier, checkpointId: 0 }, /its checkpoint id is 0/],
    [{ ...barrier, checkpointId: 1.5 }, /its checkpoint id is 1\.5/],
    [{ ...barrier, timestamp: 'now' }, /its timestamp is "now"/],
    [{ ...barrier, kind: 'other' }, /its kind is "other"/],
    [{ ...barrier, stop: true }, /its stop is true/],
    [{ ...barrier, location: undefined }, /its location is no object/],
    [{ ...barrier, location: { kind: 'memory', maxStateBytes: -1 } }, /its location is none/],
    [{ ...barrier, location: { ...location, exclusive: 3 } }, /its location is none/],
  ];
  for (const [value, message] of wrong) assert.throws(() => decodeBarrier(text(value)), { message, reason: 'damaged-barrier' });
  assert.throws(() => decodeBarrier(new Uint8Array([0xff, 0xfe])), /it is no JSON/);
  assert.throws(() => decodeBarrier(new Uint8Array(MAX_BARRIER_BYTES + 1)), /more than 65536/);
});

test('fields that a barrier does not have are left behind', () => {
  assert.deepEqual(decodeBarrier(text({ ...barrier, extra: 1, location: { ...location, __proto__: { base: 'x' } } })), barrier);
});

test('a location that is too long is refused where the barrier is sent', () => {
  const long = { ...barrier, location: { ...location, base: 'x'.repeat(MAX_BARRIER_BYTES) } };
  assert.throws(() => encodeBarrier(long), { message: /too long: shorten execution\.checkpointing\.dir/, reason: 'barrier-too-large' });
});
