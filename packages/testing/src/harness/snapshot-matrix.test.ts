// Goal: an operator that is snapshotted, or started anew from a snapshot, between any two elements gives what it gives without; the outbox may be full. Method: every case
// of the operator matrix that ends with an operator, run by hand over the runtime's own state and checkpoints in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Build, CASES, one, row, two } from './operator-matrix-cases.ts';
import { runSnapshotMatrix } from './snapshot-matrix.ts';

/**
 * Plain functions keep nothing; a split is no operator of its own in the graph; a committer takes messages of writers, not rows (environment/sink-topologies.test.ts); a
 * sort in managed memory is for jobs that take no checkpoints.
 */
const OPERATORS = CASES.filter(([file]) => !['', 'split-operator', 'committer-operator', 'sort-partition-operator'].includes(file));

for (const [, name, build] of OPERATORS) {
  test(`${name}: the same with snapshots and restores before each step`, async () => {
    const lines = await runSnapshotMatrix({ script: build.length === 2 ? two : one, build });
    assert.ok(lines.length >= 5, `only ${lines.length} lines: the case shows nothing`);
  });
}

test('what an operator does not keep in state is found', async () => {
  const forgetful: Build = (rows) =>
    rows
      .keyBy(({ key }) => key)
      .process(() => {
        let seen = 0;
        return { processElement: (_record, _context, out: { collect(n: number): void }) => out.collect(++seen) };
      });
  const script = Array.from({ length: 6 }, (_, n) => row(n, 'a', n));
  await assert.rejects(runSnapshotMatrix({ script, build: forgetful }), /something else restored from a snapshot before each step/);
});
