import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RestoredVertex } from './assign-states.ts';
import type { CheckpointMetadata } from './checkpoint-metadata.ts';
import { checkRestore } from './check-restore.ts';

/** A checkpoint in which each operator has the state of a coordinator. */
function checkpointOf(uids: readonly string[]): CheckpointMetadata {
  const operators = uids.map((uid) => ({ id: `id of ${uid}`, uid, name: 'Count' }));
  return {
    jobName: 'job',
    vertices: [{ id: 'v', operators, subtasks: [], maxParallelism: 128 }],
    coordinators: Object.fromEntries(operators.map(({ id }) => [id, { version: 1, bytes: new Uint8Array(5) }])),
  } as unknown as CheckpointMetadata;
}

function programOf(uids: readonly string[]): readonly RestoredVertex[] {
  const operators = uids.map((uid) => ({ id: `id of ${uid}`, uid, name: 'Count' }));
  return [{ id: 'v', operators, maxParallelism: 128, parallelism: 1 } as unknown as RestoredVertex];
}

function refusal(stored: readonly string[], now: readonly string[]): string {
  try {
    checkRestore(checkpointOf(stored), programOf(now), { path: 'chk-3', allowNonRestoredState: false });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

test('an operator whose uid was changed a little is asked for by the new one', () => {
  assert.equal(
    refusal(['counts', 'totals'], ['count', 'rules']),
    "The checkpoint 'chk-3' of the job 'job' has state of operators that this program has not:\n" +
      "  'Count' (uid counts): 5 bytes; is it the operator with the uid count now?\n" +
      "  'Count' (uid totals): 5 bytes\n" +
      'Give the operators the uids that they had, or leave their state behind with --allow-non-restored-state.',
  );
});

test('an operator that the checkpoint knows is not suggested for another one', () => {
  assert.match(refusal(['counts', 'count'], ['count']), /\(uid counts\): 5 bytes\nGive/);
  assert.equal(refusal(['counts'], ['counts']), '');
});
