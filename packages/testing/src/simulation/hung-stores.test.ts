// Goal: a disk that does not answer holds up a job for a bounded time, and what it completes afterwards is taken for what it is. Method: the real actors under a virtual clock;
// the store keeps its answers back until the test lets them go.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkpoints, ended, pipeline, post, running, stored } from './checkpoint-fixture.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import { SimulatedTasks } from './simulated-tasks.ts';

const NOT_WRITTEN =
  /^The _metadata of \/disk\/a\/chk-1 has not been written within \d+ ms: the file system does not answer\. It may still appear there\. See to the file system, then begin again with --restore latest\.$/;
const DIRECTORY = { intervalMs: 1_000, storage: '/disk' } as const;

function abandoned(cluster: SimulatedCluster): string[] {
  return cluster.events.flatMap((event) => (event.kind === 'warning' ? [event.message.slice(0, event.message.indexOf(':'))] : []));
}

const WITHOUT = ['it has ended without the place of its checkpoints, which has not answered for 30000 ms'];

describe('the write of a _metadata that hangs', () => {
  it('expires with its checkpoint while the job runs; appearing later it is removed, for newer ones have begun without it', () => {
    const { cluster, tasks } = running(pipeline({ ...DIRECTORY, timeoutMs: 5_000, tolerableFailures: 9 }));
    const letGo = cluster.checkpoints.holdWrites();
    cluster.advance(6_100);
    assert.deepEqual(ended(cluster), ['1 CHECKPOINT_EXPIRED']);
    const { message } = checkpoints(cluster).latestFailed!.failure!;
    assert.match(message.replace('Checkpoint expired before completing. ', ''), NOT_WRITTEN);
    assert.ok(tasks.notified.some((line) => line.startsWith('aborted 1 ')));
    letGo();
    cluster.advance(2_000);
    assert.equal(cluster.details('a').status, 'RUNNING');
    assert.deepEqual(ended(cluster).slice(1, 3), ['2 COMPLETED', '3 COMPLETED']);
    assert.ok(!tasks.notified.some((line) => line.startsWith('complete 1 ')));
    assert.deepEqual(stored(cluster), [`/a/chk-${checkpoints(cluster).latestCompleted!.id}`]);
  });

  it('holds up a restart for as long as a checkpoint may take; then the job fails, for what may still appear is newer than what it would begin with', () => {
    const { cluster, taskManager } = running(pipeline({ ...DIRECTORY, timeoutMs: 20_000 }));
    const letGo = cluster.checkpoints.holdWrites();
    cluster.advance(1_500);
    post(cluster, taskManager, 'source', 0, 'FAILED');
    cluster.advance(19_000);
    assert.equal(cluster.details('a').status, 'RESTARTING');
    cluster.advance(2_000);
    assert.match(cluster.details('a').failure!.message, NOT_WRITTEN);
    assert.deepEqual(ended(cluster), ['1 FINALIZE_CHECKPOINT_FAILURE']);
    cluster.advance(31_000);
    assert.deepEqual([cluster.details('a').status, abandoned(cluster)], ['FAILED', WITHOUT]);
    letGo();
    cluster.advance(100);
    assert.deepEqual([stored(cluster), cluster.checkpoints.numOpen], [['/a/chk-1'], 0]); // as after any failure
  });

  it('that comes in time is what the restart begins with', () => {
    const { cluster, tasks, taskManager } = running(pipeline({ ...DIRECTORY, timeoutMs: 20_000 }));
    const letGo = cluster.checkpoints.holdWrites();
    cluster.advance(1_500);
    post(cluster, taskManager, 'source', 0, 'FAILED');
    cluster.advance(19_000);
    letGo();
    cluster.advance(30_000);
    assert.equal(cluster.details('a').status, 'RUNNING');
    assert.deepEqual(
      [...tasks.restores.values()].map((restore) => restore?.checkpointId),
      [1, 1, 1, 1],
    );
  });

  for (const [retention, kept] of [
    ['DELETE_ON_CANCELLATION', []],
    ['RETAIN_ON_CANCELLATION', ['/a/chk-1']],
  ] as const) {
    it(`holds up a cancellation for 30 s, and is told; appearing later it is kept as ${retention} says`, () => {
      const { cluster } = running(pipeline({ ...DIRECTORY, retention }));
      const letGo = cluster.checkpoints.holdWrites();
      cluster.advance(1_500);
      cluster.cancel('a');
      cluster.advance(29_000);
      assert.equal(cluster.details('a').status, 'CANCELLING');
      cluster.advance(1_500);
      assert.equal(cluster.details('a').status, 'CANCELED');
      assert.deepEqual([ended(cluster), abandoned(cluster)], [['1 FINALIZE_CHECKPOINT_FAILURE'], WITHOUT]);
      assert.equal(cluster.checkpoints.numOpen, 1); // its lock is held: it may still be written to
      letGo();
      cluster.advance(100);
      assert.deepEqual([stored(cluster), cluster.checkpoints.numOpen], [kept, 0]);
      assert.deepEqual(cluster.reported, []);
    });
  }
});

it('a directory that does not answer when it is opened holds up a cancellation no longer', () => {
  const cluster = new SimulatedCluster();
  cluster.addTaskManager('tm-1', 8, new SimulatedTasks().script);
  const letGo = cluster.checkpoints.holdOpen();
  cluster.submit('a', pipeline(DIRECTORY));
  cluster.advance(1_000);
  cluster.cancel('a');
  cluster.advance(29_000);
  assert.equal(cluster.details('a').status, 'CANCELLING');
  cluster.advance(1_500);
  assert.deepEqual([cluster.details('a').status, abandoned(cluster)], ['CANCELED', WITHOUT]);
  letGo();
  cluster.advance(100);
  assert.equal(cluster.checkpoints.numOpen, 0);
});
