// Goal: a job that fails is started again as its restart strategy says, whole or by regions, and every transition is legal. Method: the real actors under a virtual
// clock; tasks fail when the test says so.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeFailure, lostFailure, terminalFailure } from '@millrace/runtime/protocol/failure-description';
import { UsageError, UserCodeError } from '@millrace/core/base/errors';
import type { JobGraph, RestartStrategySettings } from '@millrace/streaming/graph/job-graph';
import { checkEnd } from './check-end.ts';
import { jobOf, obedient, SimulatedCluster, type SimulatedTaskManager, type SlotScript, stateOf } from './simulated-cluster.ts';

const fixed = (attempts: number, delayMs = 1_000): RestartStrategySettings => ({ kind: 'fixed-delay', attempts, delayMs });

function pipeline(restartStrategy: RestartStrategySettings | undefined, parallelism = 2): JobGraph {
  return jobOf(
    'pipeline',
    [
      { name: 'source', parallelism },
      { name: 'sink', parallelism },
    ],
    [['source', 'sink']],
    { configuration: restartStrategy === undefined ? {} : { restartStrategy } },
  );
}

/** Two pipelines that no edge joins, in the same slots. */
function twoPipelines(restartStrategy = fixed(10)): JobGraph {
  const names = ['a1', 'a2', 'b1', 'b2'].map((name) => ({ name, parallelism: 2 }));
  return jobOf(
    'two',
    names,
    [
      ['a1', 'a2'],
      ['b1', 'b2'],
    ],
    { configuration: { restartStrategy } },
  );
}

const boom = describeFailure(
  new UserCodeError('boom', { operatorName: 'map', uid: undefined, subtask: 0, parallelism: 2 }, new Error('boom')),
);

function running(jobGraph: JobGraph, slots = 2, script: SlotScript = obedient) {
  const cluster = new SimulatedCluster();
  const taskManager = cluster.addTaskManager('tm-1', slots, script);
  cluster.submit('a', jobGraph);
  cluster.advance(100);
  return { cluster, taskManager };
}

function subtask(cluster: SimulatedCluster, vertex: string, index: number) {
  return cluster.details('a').vertices.find(({ name }) => name === vertex)!.subtasks[index]!;
}

function failTask(cluster: SimulatedCluster, taskManager: SimulatedTaskManager, vertex: string, index = 0, failure = boom): void {
  const { executionId, location } = subtask(cluster, vertex, index);
  taskManager.post(location!.slot, stateOf(executionId, 'FAILED', failure));
}

function statuses(cluster: SimulatedCluster): string[] {
  return cluster.events.flatMap((event) => (event.kind === 'job-status' ? [event.to] : []));
}

function attempts(cluster: SimulatedCluster): string {
  return cluster
    .details('a')
    .vertices.map(({ name, subtasks }) => `${name} ${subtasks.map(({ attempt }) => attempt).join()}`)
    .join('; ');
}

describe('a job that fails', () => {
  it('is restarted after the delay with new attempts in fresh slots, and fails when the attempts are used up, saying how often', () => {
    const { cluster, taskManager } = running(pipeline(fixed(2)));
    failTask(cluster, taskManager, 'sink');
    cluster.advance(900);
    assert.equal(cluster.details('a').status, 'RESTARTING');
    cluster.advance(200);
    assert.equal(cluster.details('a').status, 'RUNNING');
    assert.equal(attempts(cluster), 'source 1,1; sink 1,1');
    assert.equal(cluster.details('a').restarts, 1);
    failTask(cluster, taskManager, 'source', 1);
    cluster.advance(1_100);
    failTask(cluster, taskManager, 'sink', 1);
    cluster.advance(1_100);
    assert.deepEqual(statuses(cluster), [
      'CREATED',
      'RUNNING',
      'RESTARTING',
      'CREATED',
      'RUNNING',
      'RESTARTING',
      'CREATED',
      'RUNNING',
      'FAILING',
      'FAILED',
    ]);
    assert.equal(
      cluster.details('a').failure?.message,
      'boom The job has failed 3 times and was restarted 2 times; it is not restarted any more: fixed-delay allows 2 restarts.',
    );
    assert.deepEqual(
      cluster.details('a').failures.map(({ restart }) => restart),
      [1, 2, 2],
    );
    assert.deepEqual(cluster.resourceManager.overview(), { taskManagers: 1, slotsTotal: 2, slotsFree: 2 });
    assert.deepEqual(taskManager.memory.describeOwners(), []);
    assert.deepEqual(cluster.reported, []);
  });

  it('is not restarted without a strategy, nor for what no restart cures, and its message stays as it was', () => {
    const cases: [RestartStrategySettings | undefined, typeof boom][] = [
      [undefined, boom],
      [{ kind: 'none' }, boom],
      [fixed(3), describeFailure(new UsageError('wrong'))],
      [fixed(3), terminalFailure('x', 'for ever')],
      [
        fixed(3),
        describeFailure(
          new UserCodeError('in open', { operatorName: 'm', uid: undefined, subtask: 0, parallelism: 1 }, new UsageError('wrong')),
        ),
      ],
    ];
    for (const [strategy, failure] of cases) {
      const { cluster, taskManager } = running(pipeline(strategy));
      failTask(cluster, taskManager, 'sink', 0, failure);
      cluster.advance(5_000);
      const { status, failure: told, restarts } = cluster.details('a');
      assert.deepEqual([status, told?.message, restarts], ['FAILED', failure.message, 0]);
    }
  });

  it('with checkpoints and no strategy is restarted with delays that grow, and begin anew after a calm time', () => {
    const graph = pipeline(undefined);
    const { cluster, taskManager } = running({ ...graph, configuration: { ...graph.configuration, checkpointing: { intervalMs: 1e9 } } });
    const delays = () => cluster.events.flatMap((event) => (event.kind === 'restart' ? [event.delayMs] : []));
    for (let failure = 0; failure < 14; failure++) {
      failTask(cluster, taskManager, 'sink');
      cluster.advance(70_000);
    }
    const base = Array.from({ length: 14 }, (_, index) => Math.min(60_000, 1_000 * 1.5 ** index));
    for (const [index, delayMs] of delays().entries())
      assert.ok(Math.abs(delayMs - base[index]!) <= base[index]! * 0.1 + 1, `${index}: ${delayMs}`);
    cluster.advance(3_600_000);
    failTask(cluster, taskManager, 'sink');
    cluster.advance(100);
    assert.ok(Math.abs(delays().at(-1)! - 1_000) <= 100);
    assert.equal(cluster.details('a').status, 'RESTARTING');
  });

  it('by failure rate is restarted as long as few failures come in one interval', () => {
    const { cluster, taskManager } = running(pipeline({ kind: 'failure-rate', maxFailures: 2, intervalMs: 60_000, delayMs: 10 }));
    for (const pauseMs of [40_000, 40_000, 40_000, 1_000, 1_000]) {
      failTask(cluster, taskManager, 'sink');
      cluster.advance(pauseMs);
    }
    assert.equal(cluster.details('a').status, 'FAILED');
    assert.match(
      cluster.details('a').failure!.message,
      /failed 5 times and was restarted 4 times; .* failure-rate allows 2 restarts in 60000 ms\.$/,
    );
  });

  it('counts failures that come while it is being stopped once', () => {
    const { cluster, taskManager } = running(pipeline(fixed(1)));
    for (const vertex of ['source', 'sink']) for (const index of [0, 1]) failTask(cluster, taskManager, vertex, index);
    cluster.advance(5_000);
    assert.equal(cluster.details('a').status, 'RUNNING');
    assert.equal(cluster.details('a').restarts, 1);
  });

  it('can be cancelled while it waits for its restart', () => {
    const { cluster, taskManager } = running(pipeline(fixed(5, 60_000)));
    failTask(cluster, taskManager, 'sink');
    cluster.advance(1_000);
    cluster.cancel('a');
    cluster.advance(120_000);
    assert.deepEqual(statuses(cluster).slice(-2), ['CANCELLING', 'CANCELED']);
    assert.equal(cluster.resourceManager.overview().slotsFree, 2);
  });

  it('goes on although a task does not stop: its slot is dropped, and the restart gets another isolate', () => {
    const deaf: SlotScript = (message, post) => (message.type === 'cancel' ? undefined : obedient(message, post));
    const cluster = new SimulatedCluster({ taskCancellationTimeoutMs: 5_000 });
    const taskManager = cluster.addTaskManager('tm-1', 2, deaf);
    cluster.submit('a', pipeline(fixed(5)));
    cluster.advance(100);
    failTask(cluster, taskManager, 'sink');
    cluster.advance(4_000);
    assert.equal(cluster.details('a').status, 'RESTARTING');
    cluster.advance(2_000);
    assert.equal(cluster.details('a').status, 'RUNNING');
    assert.equal(attempts(cluster), 'source 1,1; sink 1,1');
    assert.equal(taskManager.executor.numTasks, 4);
  });
});

describe('regions', () => {
  it('that no edge joins fail alone: the others keep their attempts and their slots', () => {
    const { cluster, taskManager } = running(twoPipelines());
    const untouched = subtask(cluster, 'b1', 0).executionId;
    failTask(cluster, taskManager, 'a2');
    cluster.advance(500);
    assert.equal(subtask(cluster, 'b1', 0).state, 'RUNNING');
    assert.equal(subtask(cluster, 'a1', 1).state, 'CANCELED');
    cluster.advance(1_000);
    assert.equal(cluster.details('a').status, 'RUNNING');
    assert.equal(attempts(cluster), 'a1 1,1; a2 1,1; b1 0,0; b2 0,0');
    assert.equal(subtask(cluster, 'b1', 0).executionId, untouched);
    assert.deepEqual(statuses(cluster), ['CREATED', 'RUNNING', 'RESTARTING', 'RUNNING']);
    assert.equal(taskManager.executor.numTasks, 8);
    assert.equal(subtask(cluster, 'a1', 0).location!.slot, subtask(cluster, 'b1', 0).location!.slot);
  });

  it('of forward edges are one subtask wide', () => {
    const graph = jobOf(
      'forward',
      [
        { name: 'x', parallelism: 3 },
        { name: 'y', parallelism: 3 },
      ],
      [['x', 'y']],
      {
        configuration: { restartStrategy: fixed(10) },
        partitioner: 'forward',
      },
    );
    const { cluster, taskManager } = running(graph, 3);
    failTask(cluster, taskManager, 'y', 1);
    cluster.advance(2_000);
    assert.equal(attempts(cluster), 'x 0,1,0; y 0,1,0');
    assert.equal(cluster.details('a').status, 'RUNNING');
  });

  it('that share a lost slot are restarted together, for one failure', () => {
    const { cluster, taskManager } = running(twoPipelines(fixed(1)));
    taskManager.slotLost(1, lostFailure('slot-out-of-memory', 'Slot 1 ran out of memory.'));
    cluster.advance(2_000);
    assert.equal(attempts(cluster), 'a1 1,1; a2 1,1; b1 1,1; b2 1,1');
    assert.equal(cluster.details('a').restarts, 1);
    assert.equal(cluster.details('a').status, 'RUNNING');
  });

  it('that have finished stay finished while another one is restarted', () => {
    const { cluster, taskManager } = running(twoPipelines());
    for (const vertex of ['b1', 'b2']) {
      for (const index of [0, 1]) {
        const { executionId, location } = subtask(cluster, vertex, index);
        taskManager.post(location!.slot, stateOf(executionId, 'FINISHED'));
      }
    }
    cluster.advance(100);
    failTask(cluster, taskManager, 'a1');
    cluster.advance(2_000);
    assert.equal(attempts(cluster), 'a1 1,1; a2 1,1; b1 0,0; b2 0,0');
    for (const vertex of ['a1', 'a2']) {
      for (const index of [0, 1]) {
        const { executionId, location } = subtask(cluster, vertex, index);
        taskManager.post(location!.slot, stateOf(executionId, 'FINISHED'));
      }
    }
    cluster.advance(100);
    assert.equal(cluster.details('a').status, 'FINISHED');
  });
});

describe('a lost TaskManager', () => {
  it('is waited for: the job asks for its slots again and runs when another one has come', () => {
    const cluster = new SimulatedCluster();
    const lost = cluster.addTaskManager('tm-1', 2);
    cluster.submit('a', pipeline(fixed(5)));
    cluster.advance(100);
    lost.silence();
    cluster.advance(20_000);
    assert.equal(cluster.details('a').status, 'CREATED');
    assert.deepEqual(cluster.details('a').waiting, { needed: 2, free: 0, total: 0 });
    cluster.addTaskManager('tm-2', 2);
    cluster.advance(1_000);
    assert.equal(cluster.details('a').status, 'RUNNING');
    assert.equal(cluster.details('a').restarts, 1);
    assert.equal(subtask(cluster, 'sink', 0).location?.taskManagerId, 'tm-2');
  });

  it('of four with two slots each leaves six: the job of eight waits, and runs when a fourth joins (FT-4)', () => {
    const cluster = new SimulatedCluster();
    const [first] = ['tm-1', 'tm-2', 'tm-3', 'tm-4'].map((name) => cluster.addTaskManager(name, 2));
    cluster.submit('a', jobOf('wide', [{ name: 'alone', parallelism: 8 }], [], { configuration: { restartStrategy: fixed(5) } }));
    cluster.advance(100);
    first!.silence();
    cluster.advance(20_000);
    // Its subtasks are regions of their own: those of the lost TaskManager wait, the others go on.
    assert.equal(cluster.details('a').status, 'RESTARTING');
    assert.deepEqual(cluster.details('a').waiting, { needed: 2, free: 0, total: 6 });
    cluster.addTaskManager('tm-5', 2);
    cluster.advance(1_000);
    assert.equal(cluster.details('a').status, 'RUNNING');
    assert.equal(cluster.details('a').vertices[0]!.subtasks.filter(({ attempt }) => attempt === 1).length, 2);
  });

  it('while slots are waited for costs no further restart', () => {
    const cluster = new SimulatedCluster();
    const first = cluster.addTaskManager('tm-1', 2);
    cluster.submit('a', pipeline(fixed(1)));
    cluster.advance(100);
    first.silence();
    cluster.advance(20_000);
    const second = cluster.addTaskManager('tm-2', 1);
    cluster.advance(100);
    second.silence();
    cluster.advance(20_000);
    cluster.addTaskManager('tm-3', 2);
    cluster.advance(1_000);
    assert.equal(cluster.details('a').status, 'RUNNING');
    assert.equal(cluster.details('a').restarts, 1);
  });
});

describe('any order of messages and failures', () => {
  it('gives legal transitions only, an end for every job, and slots that all come back', () => {
    for (let seed = 0; seed < 200; seed++) {
      const cluster = new SimulatedCluster({ seed, taskCancellationTimeoutMs: 3_000 });
      const moody: SlotScript = (message, post) => {
        const mood = cluster.random.nextInt(24);
        if (message.type === 'cancel' && mood === 0) return;
        obedient(message, post);
        if (message.type !== 'deploy') return;
        for (const { task } of message.tasks) {
          const luck = cluster.random.nextInt(20);
          if (luck < 3) post(stateOf(task.executionId, 'FINISHED'));
          else if (luck < 6) post(stateOf(task.executionId, 'FAILED', boom));
        }
      };
      const taskManagers = [cluster.addTaskManager('tm-1', 3, moody), cluster.addTaskManager('tm-2', 3, moody)];
      const graphs = [
        twoPipelines(),
        jobOf('wide', [{ name: 'w', parallelism: 3 }], [], { configuration: { restartStrategy: fixed(4, 50) } }),
      ];
      for (const [index, graph] of graphs.entries()) {
        cluster.submit(`job-${index}`, { ...graph, configuration: { ...graph.configuration, restartStrategy: fixed(6, 20) } });
        cluster.settle(cluster.random.nextInt(200));
        if (cluster.random.nextInt(3) === 0)
          taskManagers[cluster.random.nextInt(2)]!.slotLost(cluster.random.nextInt(3), lostFailure('x', 'lost'));
      }
      cluster.advance(10_000);
      for (const index of graphs.keys()) cluster.cancel(`job-${index}`);
      cluster.advance(30_000);
      checkEnd(cluster, taskManagers, seed);
      const { slotsFree, slotsTotal } = cluster.resourceManager.overview();
      assert.equal(slotsFree, slotsTotal, `seed ${seed}`);
    }
  });
});
