import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lostFailure, terminalFailure } from '@millrace/runtime/protocol/failure-description';
import { isTerminal } from '@millrace/runtime/protocol/execution-state';
import type { ToJobMaster, ToResourceManager, ToTaskExecutor } from '@millrace/runtime/protocol/control-messages';
import { neededSlots, planSlots } from '@millrace/runtime/coordinator/slot-sharing';
import { checkEnd } from './check-end.ts';
import { finishing, jobOf, obedient, SimulatedCluster, type SlotScript, stateOf } from './simulated-cluster.ts';

const pipeline = (parallelism: number) =>
  jobOf(
    'pipeline',
    [
      { name: 'source', parallelism },
      { name: 'sink', parallelism },
    ],
    [['source', 'sink']],
  );

function statesOf(cluster: SimulatedCluster, name: string): string[] {
  return cluster.events.flatMap((event) => (event.kind === 'execution' && event.name === name ? [event.to] : []));
}

function statuses(cluster: SimulatedCluster, jobId: string): string[] {
  return cluster.events.flatMap((event) => (event.kind === 'job-status' && event.jobId === jobId ? [event.to] : []));
}

function executionId(cluster: SimulatedCluster, jobId: string, vertex: string, subtask: number): string {
  return cluster.details(jobId).vertices.find(({ name }) => name === vertex)!.subtasks[subtask]!.executionId;
}

describe('a job on a simulated cluster', () => {
  it('runs to its end: every subtask passes every state in order, and all slots and segments come back', () => {
    const cluster = new SimulatedCluster();
    const taskManager = cluster.addTaskManager('tm-1', 2, finishing);
    cluster.submit('a', pipeline(2));
    cluster.advance(1_000);
    for (const name of ['source (1/2)', 'source (2/2)', 'sink (1/2)', 'sink (2/2)']) {
      assert.deepEqual(statesOf(cluster, name), ['SCHEDULED', 'DEPLOYING', 'INITIALIZING', 'RUNNING', 'FINISHED']);
    }
    assert.deepEqual(statuses(cluster, 'a'), ['CREATED', 'RUNNING', 'FINISHED']);
    assert.equal(cluster.details('a').parallelism, 2, 'the greatest of its operators');
    assert.deepEqual(cluster.resourceManager.overview(), { taskManagers: 1, slotsTotal: 2, slotsFree: 2 });
    assert.equal(taskManager.executor.numTasks, 0);
    assert.deepEqual(taskManager.memory.describeOwners(), []);
    assert.deepEqual(cluster.reported, []);
  });

  it('merges what its tasks report of accumulators, while it runs and at the end; the newest report of a task counts', () => {
    const cluster = new SimulatedCluster();
    const taskManager = cluster.addTaskManager('tm-1', 2);
    cluster.submit('a', pipeline(2));
    cluster.advance(100);
    const executions = ['source', 'sink'].flatMap((vertex) => [0, 1].map((subtask) => executionId(cluster, 'a', vertex, subtask)));
    const report = (index: number, accumulators: Record<string, { type: string; value: unknown }>) =>
      taskManager.post(index % 2, { type: 'accumulators', executionId: executions[index] as string, accumulators });
    report(0, { records: { type: 'IntCounter', value: 1 } });
    report(0, { records: { type: 'IntCounter', value: 2 } });
    report(1, { records: { type: 'IntCounter', value: 3 }, sizes: { type: 'Histogram', value: [[7, 1]] } });
    cluster.advance(3_000);
    assert.deepEqual(cluster.details('a').accumulators, {
      records: { type: 'IntCounter', value: 5 },
      sizes: { type: 'Histogram', value: [[7, 1]] },
    });
    report(2, { records: { type: 'IntCounter', value: 10 } });
    for (const [index, id] of executions.entries()) taskManager.post(index % 2, stateOf(id, 'FINISHED'));
    cluster.advance(100);
    const { status, accumulators } = cluster.details('a');
    assert.equal(status, 'FINISHED');
    assert.deepEqual(accumulators['records'], { type: 'IntCounter', value: 15 });
  });

  it('fails when two tasks mean different types by one name, and names both', () => {
    const cluster = new SimulatedCluster();
    const taskManager = cluster.addTaskManager('tm-1', 2);
    cluster.submit('a', pipeline(2));
    cluster.advance(100);
    for (const [subtask, type] of ['IntCounter', 'Histogram'].entries()) {
      const id = executionId(cluster, 'a', 'sink', subtask);
      taskManager.post(subtask, {
        type: 'accumulators',
        executionId: id,
        accumulators: { n: { type, value: type === 'Histogram' ? [] : 0 } },
      });
    }
    cluster.advance(3_000);
    const { status, failure } = cluster.details('a');
    assert.equal(status, 'FAILED');
    assert.equal(
      failure?.message,
      "Accumulator 'n' is a IntCounter in 'sink (1/2)' and a Histogram in 'sink (2/2)': accumulators of different types cannot be merged. Give each a name of its own, or one type.",
    );
  });

  it('connects subtasks of one slot by reference and others by a ring that both ends share', () => {
    const cluster = new SimulatedCluster();
    const { received, memory } = cluster.addTaskManager('tm-1', 2);
    cluster.submit('a', pipeline(2));
    cluster.advance(100);
    const attachments = received.flatMap((message) =>
      message.type === 'deploy' ? message.tasks.flatMap((task) => Object.entries(task.attachments)) : [],
    );
    const kinds = (channel: string) => attachments.filter(([id]) => id === channel).map(([, { kind }]) => kind);
    assert.deepEqual(kinds('source-sink:0:0'), ['local', 'local']);
    assert.deepEqual(kinds('source-sink:0:1'), ['ring', 'ring']);
    const ends = attachments.flatMap(([id, attachment]) => (id === 'source-sink:0:1' && attachment.kind === 'ring' ? [attachment] : []));
    assert.equal(ends[0]!.control, ends[1]!.control);
    assert.notEqual(ends[0]!.peerDoorbell, ends[1]!.peerDoorbell);
    assert.equal(memory.usedSegments, 4);
  });

  it('fails with the first failure, cancels the others and keeps what failed later beside it', () => {
    const cluster = new SimulatedCluster();
    const failsLate: SlotScript = (message, post) => {
      if (message.type === 'cancel') post(stateOf(message.executionId, 'FAILED', terminalFailure('late', 'broke while it was cancelled')));
      else obedient(message, post);
    };
    const taskManager = cluster.addTaskManager('tm-1', 2, failsLate);
    cluster.submit('a', pipeline(2));
    cluster.advance(100);
    taskManager.post(0, stateOf(executionId(cluster, 'a', 'source', 0), 'FAILED', terminalFailure('first', 'the first failure')));
    cluster.advance(100);
    const { status, failure, suppressed } = cluster.details('a');
    assert.equal(status, 'FAILED');
    assert.equal(failure?.message, 'the first failure');
    assert.deepEqual(
      suppressed.map(({ reason }) => reason),
      ['late', 'late', 'late'],
    );
    assert.deepEqual(statesOf(cluster, 'sink (1/2)').slice(-2), ['CANCELING', 'FAILED']);
    assert.equal(cluster.resourceManager.overview().slotsFree, 2);
  });

  it('can be cancelled after any number of messages, and always ends CANCELED with its slots free', () => {
    for (let messages = 0; messages < 60; messages++) {
      const cluster = new SimulatedCluster({ seed: messages });
      cluster.addTaskManager('tm-1', 2);
      cluster.submit('a', pipeline(2));
      cluster.settle(messages);
      cluster.cancel('a');
      cluster.advance(10_000);
      assert.equal(cluster.details('a').status, 'CANCELED', `after ${messages} messages`);
      assert.ok(cluster.details('a').vertices.every(({ subtasks }) => subtasks.every(({ state }) => isTerminal(state))));
      assert.equal(cluster.resourceManager.overview().slotsFree, 2, `after ${messages} messages`);
    }
  });

  it('ends although a task does not: its slot is dropped after the cancellation time-out, with a message that says where', () => {
    const cluster = new SimulatedCluster({ taskCancellationTimeoutMs: 5_000 });
    const deaf: SlotScript = (message, post) => (message.type === 'cancel' ? undefined : obedient(message, post));
    const taskManager = cluster.addTaskManager('tm-1', 1, deaf);
    cluster.submit('a', pipeline(1));
    cluster.advance(100);
    cluster.cancel('a');
    cluster.advance(4_000);
    assert.equal(cluster.details('a').status, 'CANCELLING');
    cluster.advance(2_000);
    const { status, suppressed } = cluster.details('a');
    assert.equal(status, 'CANCELED');
    assert.match(
      suppressed[0]!.message,
      /^source \(1\/1\) did not stop within 5000 ms after it was cancelled \(task\.cancellation\.timeout\); its slot was ended\. Last seen: /,
    );
    assert.equal(cluster.resourceManager.overview().slotsFree, 1);
    assert.equal(taskManager.executor.numTasks, 0);
    assert.deepEqual(taskManager.memory.describeOwners(), []);
  });

  it('reports a refused job graph to the client and forgets the job', () => {
    const cluster = new SimulatedCluster();
    const submitted = cluster.submit('a', jobOf('wrong', [{ name: 'm', parallelism: 500 }]));
    cluster.advance(10);
    const outcome = submitted.outcome;
    assert.ok(outcome !== undefined && !outcome.ok);
    assert.match(outcome.failure.message, /^The job graph of 'wrong' has 'm' with parallelism 500, allowed is 1 to 128\./);
    assert.equal(cluster.dispatcher.details('a'), undefined);
  });
});

describe('slots', () => {
  const picture = [
    ['A', 4],
    ['B', 4],
    ['C', 2],
    ['D', 4],
    ['E', 2],
  ].map(([name, parallelism]) => ({ name: String(name), parallelism: Number(parallelism) }));

  it('are shared: A, B, D with 4 and C, E with 2 subtasks need 4 slots, and C and E are spread over different ones', () => {
    const { neededSlots: needed, slotsOf } = planSlots(jobOf('five', picture));
    assert.equal(needed, 4);
    assert.deepEqual(
      [...slotsOf.get('C')!, ...slotsOf.get('E')!].sort((a, b) => a - b),
      [0, 1, 2, 3],
    );
  });

  it('are needed for the widest vertex of each slot sharing group', () => {
    assert.equal(
      neededSlots(
        jobOf('two', [
          { name: 'a', parallelism: 4 },
          { name: 'b', parallelism: 2, group: 'g' },
          { name: 'c', parallelism: 1, group: 'g' },
        ]),
      ),
      6,
    );
  });

  it('are waited for, visibly, and the job runs when they come', () => {
    const cluster = new SimulatedCluster();
    cluster.addTaskManager('tm-1', 6);
    cluster.submit('a', jobOf('wide', [{ name: 'alone', parallelism: 8 }]));
    cluster.advance(1_000);
    assert.equal(cluster.details('a').status, 'CREATED');
    assert.deepEqual(cluster.details('a').waiting, { needed: 8, free: 6, total: 6 });
    cluster.addTaskManager('tm-2', 2);
    cluster.advance(1_000);
    assert.equal(cluster.details('a').status, 'RUNNING');
    assert.equal(cluster.details('a').waiting, undefined);
  });

  it('that never come fail the job after the time-out with the figures and the way out', () => {
    const cluster = new SimulatedCluster({ slotRequestTimeoutMs: 60_000 });
    cluster.addTaskManager('tm-1', 5);
    cluster.submit('a', pipeline(6));
    cluster.advance(61_000);
    const { status, failure } = cluster.details('a');
    assert.equal(status, 'FAILED');
    assert.equal(
      failure?.message,
      "Job 'pipeline' needs 6 slots and did not get them within 60000 ms: 5 of 5 slots are free. " +
        'Lower the parallelism, give the TaskManagers more slots (taskmanager.numberOfTaskSlots, --slots), or add TaskManagers.',
    );
  });

  it('are never held by two waiting jobs in part, and a small job overtakes a large one that must wait', () => {
    const cluster = new SimulatedCluster();
    cluster.addTaskManager('tm-1', 4);
    for (const [jobId, parallelism] of [
      ['a', 3],
      ['b', 3],
      ['c', 1],
    ] as const) {
      cluster.submit(jobId, pipeline(parallelism));
      cluster.advance(100);
    }
    assert.deepEqual(
      ['a', 'b', 'c'].map((jobId) => cluster.details(jobId).status),
      ['RUNNING', 'CREATED', 'RUNNING'],
    );
    cluster.cancel('a');
    cluster.advance(100);
    assert.equal(cluster.details('b').status, 'RUNNING');
    assert.equal(cluster.details('c').status, 'RUNNING');
  });

  it('that nobody wants are free again', () => {
    const cluster = new SimulatedCluster();
    cluster.addTaskManager('tm-1', 1);
    cluster.advance(10);
    const gone = { address: 'jobmanager/jobmaster-gone', leader: 'gone' };
    cluster.router
      .connect<ToResourceManager>('test', 'jobmanager/resourcemanager')
      .tell({ type: 'request-slots', leader: 'rm-1', jobId: 'gone', jobMaster: gone, allocationIds: ['x'] });
    cluster.advance(100);
    assert.equal(cluster.resourceManager.overview().slotsFree, 1);
  });
});

describe('stale leaders', () => {
  it('are refused by every endpoint, and nothing happens', () => {
    const cluster = new SimulatedCluster();
    cluster.addTaskManager('tm-1', 2);
    cluster.submit('a', pipeline(2));
    cluster.advance(100);
    const execution = executionId(cluster, 'a', 'source', 0);
    cluster.router.connect<ToTaskExecutor>('old', 'taskmanager/tm-1').tell({ type: 'cancel-task', leader: 'old', executionId: execution });
    cluster.router.connect<ToJobMaster>('old', 'jobmanager/jobmaster-a').tell({
      type: 'update-task-execution-state',
      leader: 'old',
      executionId: execution,
      state: 'FAILED',
      failure: undefined,
      metrics: undefined,
    });
    cluster.router
      .connect<ToResourceManager>('old', 'jobmanager/resourcemanager')
      .tell({ type: 'task-executor-lost', leader: 'old', taskManagerId: 'tm-1', failure: lostFailure('x', 'x') });
    cluster.ask({ type: 'cancel-job', leader: 'old', jobId: 'a' });
    cluster.advance(100);
    assert.deepEqual(
      cluster.reported.map(({ reason }) => reason),
      ['stale-leader', 'stale-leader', 'stale-leader'],
    );
    assert.equal(cluster.details('a').status, 'RUNNING');
  });
});

describe('a job over two TaskManagers', () => {
  it('runs where its subtasks need no channel between them, and is refused in clear words where they do', () => {
    const cluster = new SimulatedCluster();
    const taskManagers = [cluster.addTaskManager('tm-1', 1), cluster.addTaskManager('tm-2', 1)];
    cluster.submit('a', pipeline(2));
    cluster.advance(1_000);
    assert.match(
      cluster.details('a').failure!.message,
      /^Channel source-sink:0:1 leads from TaskManager tm-1 to tm-2, and channels between TaskManagers are not/,
    );
    assert.equal(cluster.details('a').status, 'FAILED');
    cluster.submit('b', jobOf('wide', [{ name: 'alone', parallelism: 2 }]));
    cluster.advance(1_000);
    assert.equal(cluster.details('b').status, 'RUNNING');
    assert.deepEqual(
      taskManagers.map(({ executor }) => executor.numTasks),
      [1, 1],
    );
  });
});

describe('loss', () => {
  it('of a slot fails the job with what is known of it', () => {
    const cluster = new SimulatedCluster();
    const taskManager = cluster.addTaskManager('tm-1', 2);
    cluster.submit('a', pipeline(2));
    cluster.advance(100);
    taskManager.slotLost(1, lostFailure('slot-out-of-memory', 'Slot 1 ran out of memory.'));
    cluster.advance(100);
    assert.equal(cluster.details('a').status, 'FAILED');
    assert.equal(cluster.details('a').failure?.reason, 'slot-out-of-memory');
    assert.deepEqual(taskManager.memory.describeOwners(), []);
    assert.equal(cluster.resourceManager.overview().slotsFree, 2);
  });

  it('of a TaskManager that falls silent is noticed by heartbeats and fails the job', () => {
    const cluster = new SimulatedCluster();
    const taskManager = cluster.addTaskManager('tm-1', 2);
    cluster.submit('a', pipeline(2));
    cluster.advance(100);
    taskManager.silence();
    cluster.advance(10_000);
    assert.equal(cluster.details('a').status, 'FAILED');
    assert.match(cluster.details('a').failure!.message, /^TaskManager tm-1 did not answer for 5000 ms\./);
    assert.equal(cluster.resourceManager.overview().taskManagers, 0);
  });
});

describe('any order of messages', () => {
  it('gives legal transitions only, terminal states that stay, and slots that all come back', () => {
    for (let seed = 0; seed < 300; seed++) {
      const cluster = new SimulatedCluster({ seed, taskCancellationTimeoutMs: 3_000 });
      const moody: SlotScript = (message, post) => {
        const mood = cluster.random.nextInt(20);
        if (message.type === 'cancel' && mood === 0) return;
        obedient(message, post);
        if (message.type !== 'deploy') return;
        for (const { task } of message.tasks) {
          if (mood < 6) post(stateOf(task.executionId, 'FINISHED'));
          else if (mood < 8) post(stateOf(task.executionId, 'FAILED', terminalFailure('test', 'moody')));
        }
      };
      const taskManagers = [cluster.addTaskManager('tm-1', 5, moody)];
      for (let job = 0; job < 4; job++) {
        cluster.submit(`job-${job}`, pipeline(1 + cluster.random.nextInt(5)));
        cluster.settle(cluster.random.nextInt(80));
        if (cluster.random.nextInt(2) === 0) cluster.cancel(`job-${cluster.random.nextInt(job + 1)}`);
        const { slotsTotal, slotsFree } = cluster.resourceManager.overview();
        assert.ok(slotsFree >= 0 && slotsFree <= slotsTotal);
      }
      cluster.advance(2_000);
      for (let job = 0; job < 4; job++) cluster.cancel(`job-${job}`);
      cluster.advance(20_000);
      checkEnd(cluster, taskManagers, seed);
      assert.deepEqual(cluster.resourceManager.overview(), { taskManagers: 1, slotsTotal: 5, slotsFree: 5 }, `seed ${seed}`);
    }
  });
});
