// Goal: who gets which slot when several jobs, or slot sharing groups, want them (SLOT-4, SLOT-5). Method: simulated clusters; look at where the subtasks are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobOf, SimulatedCluster } from './simulated-cluster.ts';

const groups = jobOf('groups', [
  { name: 'a', parallelism: 4 },
  { name: 'b', parallelism: 2, group: 'g' },
]);

test('slot sharing groups of 4 and 2 need 6 slots: with 5 the job waits, with one more it runs', () => {
  const cluster = new SimulatedCluster();
  cluster.addTaskManager('tm-1', 5);
  cluster.submit('a', groups);
  cluster.advance(1_000);
  assert.equal(cluster.details('a').status, 'CREATED');
  assert.deepEqual(cluster.details('a').waiting, { needed: 6, free: 5, total: 5 });
  cluster.addTaskManager('tm-2', 1);
  cluster.advance(1_000);
  assert.equal(cluster.details('a').status, 'RUNNING');
});

test('two jobs never share a slot, nor do two slot sharing groups', () => {
  for (let seed = 0; seed < 50; seed++) {
    const cluster = new SimulatedCluster({ seed });
    cluster.addTaskManager('tm-1', 8);
    cluster.addTaskManager('tm-2', 5);
    const jobs = ['a', 'b'];
    for (const jobId of jobs) cluster.submit(jobId, groups);
    cluster.advance(1_000);
    const owners = new Map<string, Set<string>>();
    for (const jobId of jobs) {
      assert.equal(cluster.details(jobId).status, 'RUNNING', `seed ${seed}`);
      for (const { name, subtasks } of cluster.details(jobId).vertices) {
        for (const { location } of subtasks) {
          const slot = `${location?.taskManagerId}/${location?.slot}`;
          owners.set(slot, (owners.get(slot) ?? new Set()).add(`${jobId} ${name}`));
        }
      }
    }
    assert.equal(owners.size, 12, `seed ${seed}`);
    assert.ok(
      [...owners.values()].every((names) => names.size === 1),
      `seed ${seed}`,
    );
  }
});
