/** What holds at the end of every simulation: jobs went through legal statuses to a terminal one, and nothing that failed was a bug. */
import assert from 'node:assert/strict';
import type { FailureDescription } from '@millrace/runtime/protocol/execution-state';
import { isTerminalStatus, JOB_STATUS_TRANSITIONS } from '@millrace/runtime/protocol/job-status';
import type { JobStatus } from '@millrace/streaming/graph/executor';
import type { SimulatedCluster, SimulatedTaskManager } from './simulated-cluster.ts';

export function checkEnd(cluster: SimulatedCluster, taskManagers: readonly SimulatedTaskManager[], seed: number): void {
  const jobs = new Map<string, JobStatus>();
  for (const event of cluster.events) {
    if (event.kind !== 'job-status') continue;
    assert.equal(event.from, jobs.get(event.jobId) ?? 'INITIALIZING', `seed ${seed}`);
    assert.ok(JOB_STATUS_TRANSITIONS[event.from].includes(event.to), `seed ${seed}: ${event.from} to ${event.to}`);
    jobs.set(event.jobId, event.to);
  }
  assert.ok([...jobs.values()].every(isTerminalStatus), `seed ${seed}: ${[...jobs.values()].join()}`);
  const failures = [...jobs.keys()].flatMap((jobId) => {
    const { failure, failures: each } = cluster.details(jobId);
    return [failure, ...each.map(({ failure: one }) => one)];
  });
  assert.deepEqual([...cluster.reported, ...failures].filter(isBug), [], `seed ${seed}`);
  for (const { executor, memory } of taskManagers) {
    assert.equal(executor.numTasks, 0, `seed ${seed}`);
    assert.deepEqual(memory.describeOwners(), [], `seed ${seed}`);
  }
}

function isBug(failure: FailureDescription | undefined): boolean {
  return failure?.kind === 'invariant' || failure?.reason === 'illegal-transition' || failure?.reason === 'stale-leader';
}
