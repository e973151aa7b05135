// Goal: checkpoints begin when they should, and are complete only when everybody has acknowledged and the store has them. Method: the real
// actors under a virtual clock; tasks acknowledge as the test says, the store is a map.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { terminalFailure } from '@millrace/runtime/protocol/failure-description';
import type { OperatorCoordinatorProvider } from '@millrace/runtime/coordinator/operator-coordinators';
import type { CheckpointSettings } from '@millrace/streaming/graph/job-graph';
import { checkpoints, ended, execution, pipeline, post, running, spans, stored } from './checkpoint-fixture.ts';
import { type SimulatedCluster, type SimulatedTaskManager, stateOf } from './simulated-cluster.ts';

describe('periodic checkpoints', () => {
  it('come with every interval and only where one is set (CK-1), and the newest is kept', () => {
    const { cluster, tasks } = running(pipeline({ intervalMs: 1_000 }));
    cluster.advance(10_000);
    const { counts, latestCompleted } = checkpoints(cluster);
    assert.deepEqual(counts, { restored: 0, total: 10, inProgress: 0, completed: 10, failed: 0 });
    assert.deepEqual(stored(cluster), ['/a/chk-10']);
    assert.equal(latestCompleted?.numAcknowledged, 4);
    assert.equal(latestCompleted?.stateSizeBytes, 80);
    assert.deepEqual(tasks.triggered.filter(({ checkpointId }) => checkpointId === 3).length, 2); // the sources alone
    for (const { executionId } of cluster.details('a').vertices.flatMap(({ subtasks }) => subtasks))
      assert.ok(tasks.notified.includes(`complete 10 ${executionId}`));
    const without = running(pipeline(undefined));
    without.cluster.advance(10_000);
    assert.deepEqual([without.cluster.details('a').checkpoints, without.tasks.triggered], [undefined, []]);
  });

  it('keep as many as are retained, the newest, and show the last ten of all', () => {
    const { cluster } = running(pipeline({ intervalMs: 1_000, retained: 3 }));
    cluster.advance(15_000);
    assert.deepEqual(stored(cluster), ['/a/chk-13', '/a/chk-14', '/a/chk-15']);
    const { history } = checkpoints(cluster);
    assert.deepEqual(
      history.map(({ id, isDiscarded }) => (isDiscarded ? -id : id)),
      [15, 14, 13, -12, -11, -10, -9, -8, -7, -6],
    );
  });

  it('leave the minimum pause between the end of one and the begin of the next (CK-9), one at a time', () => {
    const { cluster, tasks } = running(pipeline({ intervalMs: 1_000, minPauseMs: 5_000, maxConcurrent: 4 }));
    tasks.acknowledging = (_id, _checkpoint, acknowledge) => void cluster.clock.schedule(3_000, acknowledge);
    cluster.advance(60_000);
    const all = spans(cluster);
    assert.ok(all.length > 5);
    for (const [index, [begin]] of all.entries()) if (index > 0) assert.ok(begin - all[index - 1]![1] >= 5_000);
  });

  it('overlap up to the maximum (CK-10)', () => {
    const { cluster, tasks } = running(pipeline({ intervalMs: 1_000, maxConcurrent: 3 }));
    tasks.acknowledging = (_id, _checkpoint, acknowledge) => void cluster.clock.schedule(10_000, acknowledge);
    let most = 0;
    for (let second = 0; second < 60; second++) {
      cluster.advance(1_000);
      most = Math.max(most, checkpoints(cluster).counts.inProgress);
    }
    assert.equal(most, 3);
    assert.ok(checkpoints(cluster).counts.completed >= 14);
    assert.equal(checkpoints(cluster).counts.failed, 0);
  });

  it('are rarer while a source works off a backlog, or cease (B-014)', () => {
    for (const [duringMs, expected] of [
      [10_000, 3],
      [0, 0],
    ] as const) {
      let tell: (isProcessingBacklog: boolean) => void = () => {};
      const coordinators: OperatorCoordinatorProvider = {
        start: (_job, _restored, listener) => {
          tell = (is) => listener.onBacklog('source', is);
          return {
            handleEvent() {},
            snapshot: (id) => listener.onSnapshot(id, 'source', { version: 1, bytes: new Uint8Array() }),
            notifyCheckpoint() {},
            resetSubtask() {},
            close() {},
          };
        },
      };
      const { cluster } = running(pipeline({ intervalMs: 1_000, intervalDuringBacklogMs: duringMs }), { coordinators });
      cluster.advance(2_500);
      tell(true);
      const before = checkpoints(cluster).counts.total;
      cluster.advance(30_000);
      assert.equal(checkpoints(cluster).counts.total - before, expected);
      tell(false);
      cluster.advance(5_000);
      assert.ok(checkpoints(cluster).counts.total - before - expected >= 4);
    }
  });
});

describe('a checkpoint fails', () => {
  it('by its time-out (CK-8): the job runs on, late acknowledgements change nothing and have their files removed', () => {
    const { cluster, tasks } = running(pipeline({ intervalMs: 1_000, timeoutMs: 5_000, tolerableFailures: 5 }));
    const late: (() => void)[] = [];
    tasks.acknowledging = (_id, checkpointId, acknowledge) => (checkpointId === 1 ? void late.push(acknowledge) : acknowledge());
    cluster.advance(6_500);
    assert.deepEqual(ended(cluster), ['1 CHECKPOINT_EXPIRED', '2 COMPLETED']); // the next one was due already
    assert.equal(cluster.details('a').status, 'RUNNING');
    for (const acknowledge of late) acknowledge();
    cluster.advance(3_000);
    assert.deepEqual(ended(cluster).slice(2), ['3 COMPLETED', '4 COMPLETED', '5 COMPLETED']);
    assert.ok(cluster.checkpoints.discarded.filter((id) => id === 1).length >= 2);
    assert.ok(tasks.notified.some((line) => line.startsWith('aborted 1 ')));
    assert.deepEqual(stored(cluster), ['/a/chk-5']);
  });

  it('by the refusal of a task, with its reason; one more than is tolerated restarts the job and names the option', () => {
    const { cluster, tasks, taskManager } = running(pipeline({ intervalMs: 1_000, tolerableFailures: 2 }));
    tasks.acknowledging = (executionId, checkpointId, acknowledge) => {
      if (checkpointId > 4 || execution(cluster, 'sink', 1).executionId !== executionId) return acknowledge();
      const failure = terminalFailure(checkpointId === 2 ? 'CHECKPOINT_DECLINED_TASK_NOT_READY' : 'odd', 'no space');
      taskManager.post(execution(cluster, 'sink', 1).location!.slot, { type: 'decline-checkpoint', executionId, checkpointId, failure });
      return undefined;
    };
    cluster.advance(3_500);
    assert.deepEqual(ended(cluster), ['1 CHECKPOINT_DECLINED', '2 CHECKPOINT_DECLINED_TASK_NOT_READY', '3 CHECKPOINT_DECLINED']);
    assert.equal(cluster.details('a').restarts, 0);
    cluster.advance(600);
    const { restarts, failures } = cluster.details('a');
    assert.equal(restarts, 1);
    assert.equal(
      failures[0]?.failure.message,
      '3 checkpoints in a row have failed, and the job tolerates 2 (execution.checkpointing.tolerable-failed-checkpoints). The last one: Checkpoint was declined. no space',
    );
    cluster.advance(3_000);
    assert.equal(cluster.details('a').status, 'RUNNING');
    assert.match(ended(cluster).at(-1)!, /^\d+ COMPLETED$/);
  });

  it('when the store cannot begin or finish it', () => {
    for (const [call, reason] of [
      ['begin', 'IO_EXCEPTION'],
      ['complete', 'FINALIZE_CHECKPOINT_FAILURE'],
    ] as const) {
      const { cluster } = running(pipeline({ intervalMs: 1_000, tolerableFailures: 1 }));
      cluster.checkpoints.failNext = { call, failure: terminalFailure('file-no-space', 'The disk is full.') };
      cluster.advance(2_500);
      assert.deepEqual(ended(cluster), [`1 ${reason}`, '2 COMPLETED']);
      assert.match(checkpoints(cluster).latestFailed!.failure!.message, /The disk is full\.$/);
      assert.deepEqual(stored(cluster), ['/a/chk-2']);
    }
  });

  it('when a newer one is complete before it', () => {
    const { cluster, tasks } = running(pipeline({ intervalMs: 1_000, maxConcurrent: 2 }));
    tasks.acknowledging = (_id, checkpointId, acknowledge) => (checkpointId === 1 ? undefined : acknowledge());
    cluster.advance(2_500);
    assert.deepEqual(ended(cluster), ['2 COMPLETED', '1 CHECKPOINT_SUBSUMED']);
    assert.equal(cluster.details('a').restarts, 0);
  });

  it('not by answers that come twice, for nothing, or from a task that is over', () => {
    const { cluster, tasks, taskManager } = running(pipeline({ intervalMs: 1_000 }));
    const old = execution(cluster, 'sink', 0).executionId;
    tasks.acknowledging = (executionId, checkpointId, acknowledge) => {
      acknowledge();
      acknowledge();
      tasks.acknowledge(executionId, checkpointId + 100);
    };
    cluster.advance(1_500);
    post(cluster, taskManager, 'source', 0, 'FAILED');
    cluster.advance(500);
    tasks.acknowledge(old, 1);
    cluster.advance(2_000);
    assert.deepEqual(ended(cluster), ['1 COMPLETED', '2 COMPLETED', '3 COMPLETED']);
    assert.equal(cluster.checkpoints.discarded.length, 0);
    assert.deepEqual(cluster.reported, []);
  });
});

describe('what is kept at the end', () => {
  const table: readonly (readonly [CheckpointSettings['retention'], finished: number, cancelled: number, failed: number])[] = [
    [undefined, 0, 0, 1],
    ['RETAIN_ON_CANCELLATION', 0, 1, 1],
    ['DELETE_ON_CANCELLATION', 0, 0, 1],
    ['NO_EXTERNALIZED_CHECKPOINTS', 0, 0, 0],
  ];
  for (const [retention, ...kept] of table) {
    it(`by ${retention ?? 'default'}: finished ${kept[0]}, cancelled ${kept[1]}, failed ${kept[2]} (CK-13)`, () => {
      const ends: ((cluster: SimulatedCluster, taskManager: SimulatedTaskManager) => void)[] = [
        (cluster, taskManager) => {
          for (const vertex of ['source', 'sink']) for (const subtask of [0, 1]) post(cluster, taskManager, vertex, subtask, 'FINISHED');
        },
        (cluster) => cluster.cancel('a'),
        (cluster, taskManager) => {
          const { executionId, location } = execution(cluster, 'sink', 0);
          taskManager.post(location!.slot, stateOf(executionId, 'FAILED', terminalFailure('x', 'for good')));
        },
      ];
      for (const [index, end] of ends.entries()) {
        const { cluster, taskManager } = running(pipeline({ intervalMs: 1_000, ...(retention === undefined ? {} : { retention }) }));
        cluster.advance(2_500);
        end(cluster, taskManager);
        cluster.advance(1_000);
        assert.equal(cluster.details('a').status, ['FINISHED', 'CANCELED', 'FAILED'][index]);
        assert.equal(stored(cluster).length, kept[index]);
        assert.equal(cluster.checkpoints.numOpen, 0);
      }
    });
  }
});
