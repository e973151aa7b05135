// Goal: bytes come back as they went in, whatever kind of array holds them: a slot in the same thread hands over Buffers as they are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckpointMetadata } from './checkpoint-metadata.ts';
import { decodeMetadata, encodeMetadata } from './metadata-format.ts';

test('byte arrays of every kind are read back as bytes', () => {
  const pool = Uint8Array.of(9, 1, 2, 3, 9);
  for (const bytes of [Uint8Array.of(1, 2, 3), Buffer.from([1, 2, 3]), pool.subarray(1, 4), Buffer.from(pool.buffer, 1, 3)]) {
    const metadata = {
      checkpointId: 1,
      vertices: [],
      coordinators: { a: { version: 1, bytes }, b: { version: 2, bytes: new Uint8Array() } },
    };
    const { coordinators } = decodeMetadata(encodeMetadata(metadata as unknown as CheckpointMetadata), 'here');
    assert.deepEqual([...coordinators['a']!.bytes], [1, 2, 3]);
    assert.equal(coordinators['b']!.bytes.byteLength, 0);
  }
});
