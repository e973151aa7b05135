// Goal: a job begins with the checkpoint that was named, and what is removed was made by it and followed by a newer one. Method: the list alone, with a store that remembers.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StoredCheckpoint } from '../../checkpoint/checkpoint-directory.ts';
import { CompletedCheckpoints } from './completed-checkpoints.ts';

function checkpoint(id: number, base = '/a'): StoredCheckpoint {
  return { path: `${base}/chk-${id}`, base, metadata: { checkpointId: id } } as unknown as StoredCheckpoint;
}

function listOf(owned: readonly StoredCheckpoint[], restored: StoredCheckpoint | undefined) {
  const removed: string[] = [];
  const kept: string[][] = [];
  const store = {
    remove: ({ path }: StoredCheckpoint, retained: readonly StoredCheckpoint[]) => {
      removed.push(path);
      kept.push(retained.map((each) => each.path));
    },
  };
  const list = new CompletedCheckpoints({ store, retained: 1, owned, restored, onRemoved: () => {} });
  return { list, removed, kept };
}

describe('the complete checkpoints of a job that goes on', () => {
  const [first, second, third] = [checkpoint(1), checkpoint(2), checkpoint(3)];

  it('begin with the one that was named, not with a newer one that cannot be used, which stays', () => {
    const { list, removed } = listOf([first, second, third], second);
    assert.equal(list.latest, second);
    list.add(checkpoint(4));
    assert.deepEqual(removed, ['/a/chk-1', '/a/chk-2']);
    assert.equal(list.latest?.path, '/a/chk-4');
  });

  it('begin with one of somebody else before any of their own; it is never removed', () => {
    const foreign = checkpoint(7, '/b');
    const { list, removed } = listOf([first], foreign);
    assert.equal(list.latest, foreign);
    list.add(checkpoint(8));
    assert.deepEqual(removed, ['/a/chk-1']);
  });

  it('keep the files of what was passed over, and of what cannot be used: it may refer to those of others', () => {
    const { list, kept } = listOf([first, second, third], second);
    list.passOverLatest();
    list.add(checkpoint(4));
    assert.deepEqual(kept, [['/a/chk-3', '/a/chk-2', '/a/chk-4']]);
  });

  it('go back by one where the newest turns out to be damaged', () => {
    const { list, removed } = listOf([first, second], checkpoint(7, '/b'));
    const latest = [1, 2, 3].map(() => {
      list.passOverLatest();
      return list.latest?.path;
    });
    assert.deepEqual(latest, ['/a/chk-2', '/a/chk-1', undefined]);
    assert.deepEqual(removed, []);
  });
});
