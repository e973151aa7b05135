// Goal: the control plane ends a job whose tasks do not stop, says what they were doing, and leaves others alone. Method: slots that do not hear orders to cancel, and say of
// their threads what the test gives them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SlotReport } from '@millrace/runtime/protocol/slot-report';
import { jobOf, obedient, SimulatedCluster, type SlotScript } from './simulated-cluster.ts';

const pipeline = (parallelism: number) =>
  jobOf(
    'pipeline',
    [
      { name: 'source', parallelism },
      { name: 'sink', parallelism },
    ],
    [['source', 'sink']],
  );

function sinkOf(cluster: SimulatedCluster): string {
  return cluster.details('a').vertices.find(({ name }) => name === 'sink')!.subtasks[0]!.executionId;
}

describe('a task that does not stop', () => {
  const deaf: SlotScript = (message, post) => (message.type === 'cancel' ? undefined : obedient(message, post));
  const warnings = (cluster: SimulatedCluster) => cluster.events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));
  const NOTHING: SlotReport = { running: undefined, frames: [], waiting: [], heapUsedBytes: 0, externalBytes: 0, overLimit: undefined };

  /** Cancelled in a slot that says of its thread what `examine` gives. */
  function cancelled(examine: (sinkId: string) => SlotReport | undefined) {
    const cluster = new SimulatedCluster({ taskCancellationTimeoutMs: 3_500 });
    const taskManager = cluster.addTaskManager('tm-1', 1, deaf, () => examine(sinkOf(cluster)));
    cluster.advance(100);
    const timers = cluster.clock.numTimers;
    cluster.submit('a', pipeline(1));
    cluster.advance(100);
    cluster.cancel('a');
    cluster.advance(2_500);
    const before = warnings(cluster);
    cluster.advance(5_000);
    assert.equal(cluster.details('a').status, 'CANCELED');
    assert.equal(cluster.resourceManager.overview().slotsFree, 1);
    assert.equal(taskManager.executor.numTasks, 0);
    assert.equal(cluster.clock.numTimers, timers, 'nobody looks after it any more');
    return { before, after: warnings(cluster).slice(before.length), suppressed: cluster.details('a').suppressed };
  }

  const spinning = (id: string): SlotReport => ({
    ...NOTHING,
    running: { executionId: id, taskName: 'sink (1/1)', operator: { name: 'write', uid: 'w' }, call: undefined },
    frames: ['spin (job.ts:3:9)', 'job.ts:7:1'],
  });

  it('is looked at every interval, and a warning names operator, uid, subtask, function and caller', () => {
    const { before } = cancelled(spinning);
    const where = "Operator 'write' (uid w), subtask 1/1, is in spin (job.ts:3:9), called from job.ts:7:1.";
    assert.deepEqual(before, [
      `sink (1/1), source (1/1) has not stopped for 1000 ms since it was cancelled. ${where}`,
      `sink (1/1), source (1/1) has not stopped for 2000 ms since it was cancelled. ${where}`,
    ]);
  });

  it('is given up after the time-out with the same names; those that only share its slot are not told of one by one', () => {
    const { after, suppressed } = cancelled(spinning);
    assert.match(
      after.join('\n'),
      /^sink .* 3000 ms .*\nsink \(1\/1\) did not stop within 3500 ms .*'write' \(uid w\), subtask 1\/1, is in spin \(job\.ts:3:9\)/,
    );
    assert.equal(suppressed.length, 2);
    assert.match(
      suppressed.map(({ message }) => message).join('\n'),
      /^source \(1\/1\) did not stop .* It shares the slot with sink \(1\/1\)\.$/m,
    );
  });

  it('is named by the promise that it waits for', () => {
    const { after } = cancelled((id) => ({
      ...NOTHING,
      waiting: [{ executionId: id, taskName: 'sink (1/1)', operator: { name: 'write', uid: undefined }, call: 'its close()' }],
    }));
    assert.match(after.at(-1) ?? '', /Last seen: Operator 'write', subtask 1\/1, waits for its close\(\) to settle\.$/);
  });

  it('is said to be in a native call when its thread does not answer', () => {
    const { after } = cancelled(() => undefined);
    assert.match(after.join('\n'), /source \(1\/1\) did not stop .* does not answer: it is in a native call/);
    assert.match(after.join('\n'), /sink \(1\/1\) did not stop /);
  });

  it('is no hindrance for the other job of its TaskManager', () => {
    const cluster = new SimulatedCluster({ taskCancellationTimeoutMs: 2_000 });
    let isDeaf = true;
    const script: SlotScript = (message, post) => (message.type === 'cancel' && isDeaf ? undefined : obedient(message, post));
    cluster.addTaskManager('tm-1', 2, script, () => NOTHING);
    cluster.submit('a', pipeline(1));
    cluster.submit('b', pipeline(1));
    cluster.advance(100);
    cluster.cancel('a');
    cluster.advance(5_000);
    assert.deepEqual([cluster.details('a').status, cluster.details('b').status], ['CANCELED', 'RUNNING']);
    assert.ok(cluster.details('b').vertices.every(({ subtasks }) => subtasks.every(({ state }) => state === 'RUNNING')));
    assert.equal(cluster.resourceManager.overview().slotsFree, 1);
    isDeaf = false;
    cluster.cancel('b');
    cluster.advance(1_000);
    assert.equal(cluster.details('b').status, 'CANCELED');
  });
});
