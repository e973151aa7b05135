// Goal: what a slot says of its memory comes to the user, and is not lost with the slot or the TaskManager. Method: reports by hand, on a simulated cluster.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lostFailure } from '@millrace/runtime/protocol/failure-description';
import { jobOf, SimulatedCluster } from './simulated-cluster.ts';

const pipeline = (parallelism: number) =>
  jobOf(
    'pipeline',
    [
      { name: 'source', parallelism },
      { name: 'sink', parallelism },
    ],
    [['source', 'sink']],
  );

describe('memory that is getting short', () => {
  const report = (users: string, warning?: string) =>
    ({ type: 'memory-report', report: { heapUsedBytes: 900, externalBytes: 0, users, warning } }) as const;
  const warnings = (cluster: SimulatedCluster) => cluster.events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));

  it('is told to the user once for each warning, and is the last word about a slot that is lost', () => {
    const cluster = new SimulatedCluster();
    const taskManager = cluster.addTaskManager('tm-1', 2);
    cluster.submit('a', pipeline(2));
    cluster.advance(100);
    taskManager.post(1, report("The most is in state 'seen'.", 'Slot 1 is nearly full.'));
    taskManager.post(1, report("The most is in state 'counts'."));
    cluster.advance(10_000);
    assert.deepEqual(warnings(cluster), ['Slot 1 is nearly full.']);
    taskManager.slotLost(1, lostFailure('slot-out-of-memory', 'Slot 1 ran out of memory.'));
    cluster.advance(100);
    assert.equal(cluster.details('a').failure?.message, "Slot 1 ran out of memory. The most is in state 'counts'.");
  });

  it('is the last word about a TaskManager that is lost', () => {
    const cluster = new SimulatedCluster();
    const taskManager = cluster.addTaskManager('tm-1', 2);
    cluster.submit('a', pipeline(2));
    cluster.advance(100);
    taskManager.post(0, report("The most is in state 'seen'."));
    cluster.advance(2_000);
    taskManager.silence();
    cluster.advance(10_000);
    assert.match(
      cluster.details('a').failure!.message,
      /^TaskManager tm-1 did not answer for 5000 ms\..* In slot 0: The most is in state 'seen'\.$/,
    );
  });

  it('says nothing of the job that had the slot before', () => {
    const cluster = new SimulatedCluster();
    const taskManager = cluster.addTaskManager('tm-1', 2);
    cluster.submit('a', pipeline(2));
    cluster.advance(100);
    taskManager.post(1, report("The most is in state 'seen'.", 'Slot 1 is nearly full.'));
    cluster.cancel('a');
    cluster.advance(1_000);
    cluster.submit('b', pipeline(2));
    cluster.advance(2_000);
    assert.deepEqual(warnings(cluster), []);
    taskManager.slotLost(1, lostFailure('slot-out-of-memory', 'Slot 1 ran out of memory.'));
    cluster.advance(100);
    assert.equal(cluster.details('b').failure?.message, 'Slot 1 ran out of memory.');
  });
});
