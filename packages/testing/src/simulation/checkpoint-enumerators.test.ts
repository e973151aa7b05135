// Goal: no split is in two places, whatever enumerators send around a checkpoint or a restart. Method: the real actors under a virtual clock; the enumerators speak when the test says so.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OperatorCoordinatorProvider } from '@millrace/runtime/coordinator/operator-coordinators';
import { ended, execution, pipeline, post, RESTART, running } from './checkpoint-fixture.ts';
import { jobOf } from './simulated-cluster.ts';

describe('enumerators', () => {
  it('that send to a reader whose restart they have not heard of do not reach the one that takes its place: the split goes back to them', () => {
    let send = (_splits: readonly Uint8Array[]) => {};
    let reset = () => {};
    const coordinators: OperatorCoordinatorProvider = {
      start: (_job, _restored, listener) => {
        send = (splits) => listener.onReaderEvent('x', 0, { type: 'add-splits', version: 1, splits });
        return {
          handleEvent() {},
          snapshot: (id) => {
            for (const operator of ['x', 'y']) listener.onSnapshot(id, operator, { version: 1, bytes: new Uint8Array() });
          },
          notifyCheckpoint() {},
          resetSubtask: (operatorId, subtask) => {
            reset = () => listener.onSubtaskReset(operatorId, subtask);
          },
          close() {},
        };
      },
    };
    const graph = jobOf(
      'two',
      [
        { name: 'x', parallelism: 1, kind: 'source' },
        { name: 'y', parallelism: 1, kind: 'source' },
      ],
      [],
      { configuration: { restartStrategy: RESTART, checkpointing: { intervalMs: 1_000 } } },
    );
    const { cluster, taskManager } = running(graph, { coordinators });
    const heard = () =>
      taskManager.received.flatMap((message) =>
        message.type === 'operator-event' && message.event.type === 'add-splits' ? message.event.splits.map(([byte]) => byte) : [],
      );
    const splitsHeard = (...bytes: number[]) => {
      send(bytes.map((byte) => Uint8Array.of(byte)));
      cluster.advance(10);
      return heard();
    };
    assert.deepEqual(splitsHeard(1), [1]);
    post(cluster, taskManager, 'x', 0, 'FAILED');
    cluster.advance(500);
    assert.equal(execution(cluster, 'x', 0).state, 'RUNNING');
    assert.deepEqual(splitsHeard(2), [1]);
    reset();
    assert.deepEqual(splitsHeard(3), [1, 3]);
  });

  it('answer before the tasks are triggered, and what they send afterwards is heard after the trigger, in order', () => {
    let answer = () => {};
    let send = (_subtask: number) => {};
    const coordinators: OperatorCoordinatorProvider = {
      start: (_job, _restored, listener) => {
        send = (subtask) => listener.onReaderEvent('source', subtask, { type: 'no-more-splits' });
        return {
          handleEvent() {},
          snapshot: (id) => {
            answer = () => listener.onSnapshot(id, 'source', { version: 7, bytes: Uint8Array.of(1, 2) });
          },
          notifyCheckpoint() {},
          resetSubtask() {},
          close() {},
        };
      },
    };
    const { cluster, tasks } = running(
      jobOf(
        'pair',
        [
          { name: 'source', parallelism: 1, kind: 'source' },
          { name: 'other', parallelism: 1, kind: 'source' },
        ],
        [],
        {
          configuration: { checkpointing: { intervalMs: 1_000 } },
        },
      ),
      { coordinators },
    );
    cluster.advance(1_500);
    assert.deepEqual(tasks.triggered, []);
    send(0);
    cluster.advance(10);
    assert.deepEqual(
      tasks.events.map(({ afterCheckpoint }) => afterCheckpoint),
      [0],
    ); // before its answer: not part of the wait
    answer();
    send(0);
    cluster.advance(10);
    assert.equal(tasks.events.length, 1); // the other source has not answered
    cluster.advance(700_000);
    assert.equal(tasks.events.length, 2); // the checkpoint is given up: the valve opens
    assert.match(ended(cluster)[0]!, /CHECKPOINT_EXPIRED$/);
  });

  it('have their states in the checkpoint, and begin a restart with them', () => {
    const starts: unknown[] = [];
    const coordinators: OperatorCoordinatorProvider = {
      start: (_job, restored, listener) => {
        starts.push(restored);
        return {
          handleEvent() {},
          snapshot: (id) => listener.onSnapshot(id, 'source', { version: 7, bytes: Uint8Array.of(id) }),
          notifyCheckpoint() {},
          resetSubtask() {},
          close() {},
        };
      },
    };
    const { cluster, taskManager } = running(pipeline({ intervalMs: 1_000 }), { coordinators });
    cluster.advance(2_500);
    post(cluster, taskManager, 'sink', 0, 'FAILED');
    cluster.advance(500);
    assert.deepEqual(starts, [{}, { source: { version: 7, bytes: Uint8Array.of(2) } }]);
  });
});
