// Goal: what has failed, and what is submitted with a checkpoint, goes on from it: all of it from one, the newest. Method: the real
// actors under a virtual clock; tasks acknowledge as the test says, the store is a map.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DataError } from '@millrace/core/base/errors';
import { describeFailure } from '@millrace/runtime/protocol/failure-description';
import type { OperatorCoordinatorProvider } from '@millrace/runtime/coordinator/operator-coordinators';
import { BOOM, checkpoints, ended, execution, pipeline, post, RESTART, running, stored } from './checkpoint-fixture.ts';
import { jobOf, SimulatedCluster, stateOf } from './simulated-cluster.ts';
import { SimulatedTasks } from './simulated-tasks.ts';

describe('a restart', () => {
  it('begins with the newest complete checkpoint, one for all, and ids go on', () => {
    const { cluster, tasks, taskManager } = running(pipeline({ intervalMs: 1_000 }));
    cluster.advance(2_500);
    post(cluster, taskManager, 'sink', 1, 'FAILED');
    cluster.advance(500);
    assert.equal(cluster.details('a').status, 'RUNNING');
    assert.equal(tasks.restores.size, 4);
    for (const [key, restore] of tasks.restores) {
      const [vertex] = key.split(':');
      assert.equal(restore?.checkpointId, 2);
      assert.equal(restore?.base, '/a');
      assert.equal(restore?.isOfSameProgram, true);
      assert.deepEqual(
        restore?.operators[vertex!]?.operator.map(({ stream }) => stream.kind === 'file' && stream.path),
        [`chk-2/${vertex}`],
      );
    }
    assert.equal(checkpoints(cluster).latestRestored?.id, 2);
    cluster.advance(2_000);
    assert.deepEqual(
      ended(cluster).map((line) => Number.parseInt(line, 10)),
      [1, 2, 3, 4],
    );
  });

  it('and a job that begins with a checkpoint are told whether it is of their program', () => {
    const { cluster, tasks } = running(pipeline({ intervalMs: 1_000 }));
    cluster.advance(1_500);
    const [path, checkpoint] = [...cluster.checkpoints.stored][0]!;
    for (const [program, expected] of [
      [checkpoint.metadata.program, true],
      ['other', false],
      [undefined, false],
    ] as const) {
      const { program: _own, ...metadata } = checkpoint.metadata;
      cluster.checkpoints.stored.set(path, { ...checkpoint, metadata: program === undefined ? metadata : { ...metadata, program } });
      tasks.restores.clear();
      cluster.submit(`of ${program}`, pipeline(undefined), { path, allowNonRestoredState: false });
      cluster.advance(10);
      assert.deepEqual(
        [...tasks.restores.values()].map((restore) => restore?.isOfSameProgram),
        Array.from({ length: 4 }, () => expected),
      );
      cluster.cancel(`of ${program}`);
      cluster.advance(100);
    }
  });

  it('without any begins with nothing; what was under way is given up', () => {
    const { cluster, tasks, taskManager } = running(pipeline({ intervalMs: 1_000 }));
    tasks.acknowledging = () => {};
    cluster.advance(1_500);
    post(cluster, taskManager, 'sink', 1, 'FAILED');
    cluster.advance(500);
    assert.deepEqual(ended(cluster), ['1 JOB_FAILOVER_REGION']);
    assert.ok([...tasks.restores.values()].every((restore) => restore === undefined));
  });

  it('waits for a checkpoint that is being written, and begins with it', () => {
    const { cluster, tasks, taskManager } = running(pipeline({ intervalMs: 1_000 }));
    const letGo = cluster.checkpoints.holdWrites();
    cluster.advance(1_500);
    post(cluster, taskManager, 'source', 0, 'FAILED');
    cluster.advance(2_000);
    assert.equal(cluster.details('a').status, 'RESTARTING');
    letGo();
    cluster.advance(500);
    assert.equal(cluster.details('a').status, 'RUNNING');
    assert.ok([...tasks.restores.values()].every((restore) => restore?.checkpointId === 1));
  });

  it('passes over a checkpoint that turns out to be damaged, and ends where there is no older one', () => {
    for (const [retained, expected] of [
      [2, 'RUNNING'],
      [1, 'FAILED'],
    ] as const) {
      const damage = describeFailure(new DataError('chk-3/x is damaged.', { reason: 'checkpoint-damaged' }));
      const cluster = new SimulatedCluster();
      const tasks = new SimulatedTasks();
      const taskManager = cluster.addTaskManager('tm-1', 8, (message, answer) => {
        tasks.script(message, answer);
        if (message.type !== 'deploy') return;
        for (const { task } of message.tasks) if (task.restore?.checkpointId === 3) answer(stateOf(task.executionId, 'FAILED', damage));
      });
      cluster.submit('a', pipeline({ intervalMs: 1_000, retained }));
      cluster.advance(3_500);
      post(cluster, taskManager, 'sink', 1, 'FAILED');
      cluster.advance(900);
      assert.equal(cluster.details('a').status, expected);
      if (expected === 'RUNNING') assert.ok([...tasks.restores.values()].every((restore) => restore?.checkpointId === 2));
      else
        assert.match(
          cluster.details('a').failure!.message,
          /^chk-3\/x is damaged\. The job cannot begin with the checkpoint \/a\/chk-3, and there is no older one\./,
        );
      cluster.advance(2_000);
      assert.equal(ended(cluster).at(-1), expected === 'RUNNING' ? '5 COMPLETED' : '3 COMPLETED');
    }
  });

  it('of one region restores that region, and tells the enumerators whose readers begin again', () => {
    const resets: string[] = [];
    const starts: number[] = [];
    const coordinators: OperatorCoordinatorProvider = {
      start: (_job, restored, listener) => {
        starts.push(Object.keys(restored).length);
        return {
          handleEvent() {},
          snapshot: (id) => {
            for (const operator of ['x', 'y']) listener.onSnapshot(id, operator, { version: 1, bytes: Uint8Array.of(id) });
          },
          notifyCheckpoint() {},
          resetSubtask: (operatorId, subtask, checkpointId) => resets.push(`${operatorId} ${subtask} from ${checkpointId}`),
          close() {},
        };
      },
    };
    const graph = jobOf(
      'two',
      [
        { name: 'x', parallelism: 2, kind: 'source' },
        { name: 'x-sink', parallelism: 1 },
        { name: 'y', parallelism: 1, kind: 'source' },
      ],
      [['x', 'x-sink']],
      { configuration: { restartStrategy: RESTART, checkpointing: { intervalMs: 1_000 } } },
    );
    const { cluster, tasks, taskManager } = running(graph, { coordinators });
    cluster.advance(2_500);
    post(cluster, taskManager, 'x-sink', 0, 'FAILED');
    cluster.advance(500);
    assert.deepEqual(resets, ['x 0 from 2', 'x 1 from 2']);
    assert.deepEqual(starts, [0]);
    assert.equal(tasks.restores.get('x:1')?.checkpointId, 2);
    assert.equal(tasks.restores.get('y:0'), undefined);
    cluster.advance(1_500);
    assert.match(ended(cluster).at(-1)!, /COMPLETED$/);
  });
});

describe('tasks that have finished (FLIP-147)', () => {
  it('are not waited for: who has only finished ones before it is triggered, and the checkpoint says who had finished', () => {
    const { cluster, tasks, taskManager } = running(pipeline({ intervalMs: 1_000 }));
    for (const subtask of [0, 1]) post(cluster, taskManager, 'source', subtask, 'FINISHED');
    cluster.advance(1_500);
    assert.deepEqual(ended(cluster), ['1 COMPLETED']);
    const sinks = [0, 1].map((subtask) => execution(cluster, 'sink', subtask).executionId);
    assert.deepEqual(tasks.triggered.map(({ executionId }) => executionId).sort(), sinks.sort());
    const { metadata } = cluster.checkpoints.stored.get('/a/chk-1')!;
    assert.deepEqual(
      metadata.vertices.map(({ subtasks }) => subtasks.map(({ isFinished }) => isFinished)),
      [
        [true, true],
        [false, false],
      ],
    );
    post(cluster, taskManager, 'sink', 0, 'FAILED');
    cluster.advance(500);
    assert.equal(tasks.restores.get('source:1')?.isFinished, true);
    assert.equal(tasks.restores.get('sink:1')?.isFinished, false);
  });

  it('before the barrier reached them end the checkpoint without counting it', () => {
    const { cluster, tasks, taskManager } = running(pipeline({ intervalMs: 1_000 }));
    tasks.acknowledging = (_id, checkpointId, acknowledge) => (checkpointId === 1 ? undefined : acknowledge());
    cluster.advance(1_100);
    post(cluster, taskManager, 'source', 0, 'FINISHED');
    cluster.advance(1_500);
    assert.deepEqual(ended(cluster), ['1 CHECKPOINT_DECLINED_TASK_CLOSING', '2 COMPLETED']);
    assert.equal(cluster.details('a').restarts, 0);
    assert.equal(tasks.triggered.filter(({ checkpointId }) => checkpointId === 2).length, 1); // the source that still runs
  });
});

describe('a submitted job', () => {
  function withStored() {
    const { cluster, tasks, taskManager } = running(pipeline({ intervalMs: 1_000, retention: 'RETAIN_ON_CANCELLATION' }));
    cluster.advance(3_500);
    cluster.cancel('a');
    cluster.advance(100);
    assert.deepEqual(stored(cluster), ['/a/chk-3']);
    return { cluster, tasks, taskManager };
  }

  it('begins with the checkpoint of another one, at another parallelism; its ids go on and the checkpoint stays', () => {
    const { cluster, tasks } = withStored();
    tasks.restores.clear();
    cluster.submit('b', pipeline({ intervalMs: 1_000 }, 3), { path: '/a/chk-3', allowNonRestoredState: false });
    cluster.advance(2_500);
    assert.equal(tasks.restores.size, 6);
    assert.ok([...tasks.restores.values()].every((restore) => restore?.checkpointId === 3 && restore.base === '/a'));
    const elements = [...tasks.restores]
      .filter(([key]) => key.startsWith('sink'))
      .flatMap(([, restore]) => restore?.operators['sink']?.operator ?? []);
    assert.equal(elements.length, 2);
    assert.deepEqual(ended(cluster).slice(-2), ['4 COMPLETED', '5 COMPLETED']);
    assert.deepEqual(stored(cluster), ['/a/chk-3', '/b/chk-5']);
  });

  it('goes on with its own where it has the id of the job that was', () => {
    const { cluster } = withStored();
    const again = new SimulatedCluster();
    again.addTaskManager('tm-1', 8, new SimulatedTasks().script);
    for (const [path, checkpoint] of cluster.checkpoints.stored) again.checkpoints.stored.set(path, checkpoint);
    again.submit('a', pipeline({ intervalMs: 1_000 }), { path: '/a/chk-3', allowNonRestoredState: false });
    again.advance(1_500);
    assert.deepEqual(stored(again), ['/a/chk-4']);
  });

  it('is refused before it is one where the checkpoint is missing or of another job, with what would be lost; or goes on without it', () => {
    const { cluster } = withStored();
    const missing = cluster.submit('b', pipeline({ intervalMs: 1_000 }), { path: '/x/chk-1', allowNonRestoredState: false });
    const other = jobOf('other', [{ name: 'source', parallelism: 2, kind: 'source' }], [], {
      configuration: { checkpointing: { intervalMs: 1_000 } },
    });
    const foreign = cluster.submit('c', other, { path: '/a/chk-3', allowNonRestoredState: false });
    cluster.advance(10);
    for (const [submitted, message] of [
      [missing, /'\/x\/chk-1' is no checkpoint/],
      [foreign, /has state of operators that this program has not:\n {2}'sink' \(no uid, id sink\)/],
    ] as const) {
      const { outcome } = submitted;
      assert.ok(outcome !== undefined && !outcome.ok);
      assert.match(outcome.failure.message, message);
    }
    assert.equal(cluster.dispatcher.details('c'), undefined);
    assert.equal(cluster.checkpoints.numOpen, 0);
    const allowed = cluster.submit('d', other, { path: '/a/chk-3', allowNonRestoredState: true });
    cluster.advance(100);
    assert.equal(allowed.outcome?.ok, true);
    assert.equal(cluster.details('d').status, 'RUNNING');
    assert.equal(cluster.resourceManager.overview().slotsFree, 6);
  });

  it('may be cancelled before its store is open', () => {
    const cluster = new SimulatedCluster();
    cluster.addTaskManager('tm-1', 8, new SimulatedTasks().script);
    cluster.submit('a', pipeline({ intervalMs: 1_000 }));
    while (cluster.dispatcher.details('a') === undefined) cluster.settle(1);
    cluster.cancel('a');
    cluster.advance(1_000);
    assert.equal(cluster.details('a').status, 'CANCELED');
    assert.equal(cluster.checkpoints.numOpen, 0);
  });
});

describe('failures, lost answers and refusals at any time', () => {
  it('leave checkpoints that are whole and of one attempt, ids that ascend, and restarts from the newest complete one', () => {
    let completed = 0;
    for (let seed = 0; seed < 150; seed++) {
      const cluster = new SimulatedCluster({ seed });
      const tasks = new SimulatedTasks();
      const taskManager = cluster.addTaskManager('tm-1', 4, tasks.script);
      const settings = { intervalMs: 200, timeoutMs: 500, tolerableFailures: 3, maxConcurrent: 1 + (seed % 3), retained: 1 + (seed % 2) };
      cluster.submit('a', pipeline(settings, 2));
      tasks.acknowledging = (_id, _checkpointId, acknowledge) => {
        const luck = cluster.random.nextInt(40);
        if (luck === 0) return;
        if (luck < 10) cluster.clock.schedule(cluster.random.nextInt(600), acknowledge);
        else acknowledge();
        if (luck === 11) acknowledge();
      };
      for (let round = 0; round < 25; round++) {
        const newest = newestOf(cluster);
        tasks.restores.clear();
        cluster.advance(cluster.random.nextInt(400));
        const letGo = cluster.random.nextInt(4) === 0 ? cluster.checkpoints.holdWrites() : undefined;
        if (cluster.random.nextInt(3) === 0 && cluster.details('a').status === 'RUNNING') {
          const { executionId, location } = execution(cluster, ['source', 'sink'][cluster.random.nextInt(2)]!, cluster.random.nextInt(2));
          if (location !== undefined) taskManager.post(location.slot, stateOf(executionId, 'FAILED', BOOM));
        }
        cluster.advance(cluster.random.nextInt(50));
        letGo?.();
        cluster.settle();
        checkRestores(tasks, newest, newestOf(cluster), seed);
        checkStored(cluster, seed);
      }
      cluster.cancel('a');
      cluster.advance(10_000);
      assert.deepEqual(stored(cluster), [], `seed ${seed}`);
      assert.equal(cluster.checkpoints.numOpen, 0, `seed ${seed}`);
      const ids = cluster.events.flatMap((event) =>
        event.kind === 'checkpoint' && event.details.status === 'COMPLETED' ? [event.details.id] : [],
      );
      completed += ids.length;
      for (const [index, id] of ids.entries()) assert.ok(index === 0 || id > ids[index - 1]!, `seed ${seed}`);
      const bugs = cluster.reported.filter(({ kind }) => kind === 'invariant');
      assert.deepEqual(bugs, [], `seed ${seed}`);
    }
    assert.ok(completed > 1_000, `only ${completed} checkpoints were completed: the test has lost its power`);
  });
});

function newestOf(cluster: SimulatedCluster): number {
  return Math.max(0, ...[...cluster.checkpoints.stored.values()].map(({ metadata }) => metadata.checkpointId));
}

/** All of one deployment from one checkpoint, and not an older one than was there. */
function checkRestores(tasks: SimulatedTasks, least: number, most: number, seed: number): void {
  const ids = new Set([...tasks.restores.values()].map((restore) => restore?.checkpointId ?? 0));
  assert.ok(ids.size <= 1, `seed ${seed}: restored from ${[...ids].join()}`);
  for (const id of ids) assert.ok(id >= least && id <= most, `seed ${seed}: restored from ${id}, complete were ${least} to ${most}`);
}

function checkStored(cluster: SimulatedCluster, seed: number): void {
  for (const { metadata } of cluster.checkpoints.stored.values()) {
    for (const { id, subtasks } of metadata.vertices) {
      for (const { operators } of subtasks) {
        const [handle] = operators[id]?.operator ?? [];
        assert.equal(handle?.block.size, metadata.checkpointId, `seed ${seed}: checkpoint ${metadata.checkpointId} is not whole`);
      }
    }
  }
}
