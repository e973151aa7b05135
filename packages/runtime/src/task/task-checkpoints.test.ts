// Goal: a task's part in checkpoints (S1-S5 of task-snapshots.ts, P1-P3 of task-snapshot.ts): several under way, declined, failing, aborted, canceled. Method: whole jobs on
// slots of this thread, connected by rings; the test plays the coordinator, and the store where that is what fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { OneInputOperator, OperatorContext, OperatorLogic } from '@millrace/streaming/contract/operator';
import type { Sink } from '@millrace/streaming/contract/sink';
import type { StateSnapshotContext } from '@millrace/streaming/contract/snapshot';
import { ValueStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import { FileCheckpointStreams } from '../checkpoint/file-streams.ts';
import type { CheckpointStreams, StateStream } from '../checkpoint/state-streams.ts';
import { openStateStream } from '../checkpoint/stream-reader.ts';
import { type FixtureJob, type FixtureOperator, RunningJob } from './fixture.test.ts';

const strategy = WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((n: number) => n) as WatermarkStrategy<unknown>;
const endless = (to = 1e9): FixtureOperator => ({
  name: 'numbers',
  logic: { kind: 'source', source: new SequenceSource(1, to), strategy },
});

const barrierOf = (checkpointId: number, maxStateBytes = 1e6): CheckpointBarrier => ({
  checkpointId,
  timestamp: 1_000 + checkpointId,
  kind: 'checkpoint',
  location: { kind: 'memory', maxStateBytes },
});

/** Sums numbers by their remainder, and tells each sum. */
function summing(modulus: number): OperatorLogic {
  const create = (context: OperatorContext): OneInputOperator => {
    const sum = context.keyedState.getState(new ValueStateDescriptor<number>('sum'));
    return {
      processElement(record) {
        context.keyedState.setCurrentKey((record as number) % modulus);
        const total = (sum.value() ?? 0) + (record as number);
        sum.update(total);
        context.output.collect([(record as number) % modulus, record, total]);
      },
    };
  };
  return { kind: 'operator', create: create as never, key: { selector: (n) => (n as number) % modulus, type: undefined } };
}

function sinkOf(take: (record: unknown) => void): Sink<unknown> {
  return { createWriter: () => ({ write: (record) => take(record), flush() {}, close() {} }) };
}

function sumsJob(take: (record: unknown) => void, to?: number): FixtureJob {
  return {
    vertices: [
      { operators: [endless(to)], parallelism: 2 },
      { operators: [{ name: 'sums', logic: summing(7) }], parallelism: 3 },
      { operators: [{ name: 'sink', logic: { kind: 'sink', sink: sinkOf(take) } }], parallelism: 1 },
    ],
    edges: [
      { from: 0, to: 1, partitioner: 'hash', keySelector: (n) => (n as number) % 7 },
      { from: 1, to: 2, partitioner: 'rebalance' },
    ],
  };
}

const recording = (log: string[], parts: Partial<OneInputOperator>): FixtureOperator => ({
  name: 'recorder',
  logic: { kind: 'operator', create: () => ({ processElement() {}, close: () => void log.push('close'), ...parts }) },
});

const oneTask = (operator: FixtureOperator): FixtureJob => ({ vertices: [{ operators: [endless(), operator] }] });

test('CK-10: several checkpoints in flight; each is one cut of all tasks', async () => {
  const job = new RunningJob(
    sumsJob(() => {}),
    { slots: 2 },
  ).start();
  await job.until(() => job.lastStates().every((state) => state === 'RUNNING'));
  for (const id of [1, 2, 3]) job.trigger(barrierOf(id));
  await job.until(() => [1, 2, 3].every((id) => job.acknowledged(id).size === job.placed.length));
  job.cancel();
  await job.result();
  assert.deepEqual(job.failures, []);
  assert.deepEqual(job.declined, []);
  for (const id of [1, 2, 3]) {
    const totals = new Map<number, number>();
    let greatest = 0;
    const rest = new RunningJob(
      sumsJob((record) => {
        const [key, n, total] = record as [number, number, number];
        totals.set(key, Math.max(totals.get(key) ?? 0, total));
        greatest = Math.max(greatest, n);
      }),
      { slots: 2, restore: { checkpointId: id, from: job } },
    ).start();
    await rest.until(() => totals.size === 7 && greatest > 0);
    rest.trigger(barrierOf(10));
    await rest.until(() => rest.acknowledged(10).size === rest.placed.length);
    rest.cancel();
    await rest.result();
    assert.deepEqual(rest.failures, []);
  }
});

test('CK-8: a task that does not run declines, and so does one that has ended', async () => {
  const job = new RunningJob({ vertices: [{ operators: [endless(5), recording([], {})] }] });
  job.start();
  job.trigger(barrierOf(1));
  await job.result();
  job.trigger(barrierOf(2));
  await job.until(() => job.declined.length === 2);
  assert.deepEqual(
    job.declined.map(({ checkpointId, failure }) => [checkpointId, failure.reason]),
    [
      [1, 'CHECKPOINT_DECLINED_TASK_NOT_READY'],
      [2, 'CHECKPOINT_DECLINED_TASK_NOT_READY'],
    ],
  );
});

test('S2: what snapshotState throws fails the task by name; a promise of it that rejects declines the checkpoint, and the job goes on', async () => {
  const throwing = new RunningJob(
    oneTask(
      recording([], {
        snapshotState() {
          throw new RangeError('no room');
        },
      }),
    ),
  ).start();
  await throwing.until(() => throwing.lastStates()[0] === 'RUNNING');
  throwing.trigger(barrierOf(4));
  await throwing.result();
  assert.match(throwing.failures[0]?.message ?? '', /Operator 'recorder', subtask 1\/1, failed in snapshotState.*RangeError: no room/);

  let answer = () => Promise.reject<void>(new Error('the broker is gone'));
  const rejecting = new RunningJob(oneTask(recording([], { snapshotState: () => answer() }))).start();
  await rejecting.until(() => rejecting.lastStates()[0] === 'RUNNING');
  rejecting.trigger(barrierOf(1));
  await rejecting.until(() => rejecting.declined.length > 0);
  const { reason, message, cause } = rejecting.declined[0]?.failure ?? assert.fail();
  assert.equal(reason, 'CHECKPOINT_ASYNC_EXCEPTION');
  assert.match(message, /numbers -> recorder \(1\/1\) for checkpoint 1 could not be completed: the broker is gone/);
  assert.equal(cause?.message, 'the broker is gone');
  answer = () => Promise.resolve();
  rejecting.trigger(barrierOf(2));
  await rejecting.until(() => rejecting.acknowledged(2).size === 1);
  rejecting.cancel();
  await rejecting.result();
  assert.deepEqual(rejecting.failures, []);
});

test('CK-20: state above the limit of checkpoints in memory declines, and the message names the setting', async () => {
  const big = { name: 'big', mode: 'split', elementType: undefined } as const;
  const operator = recording([], { snapshotState: (context: StateSnapshotContext) => context.writeList(big, ['x'.repeat(10_000)]) });
  const job = new RunningJob(oneTask(operator)).start();
  await job.until(() => job.lastStates()[0] === 'RUNNING');
  job.trigger(barrierOf(1, 5_000));
  await job.until(() => job.declined.length > 0);
  assert.match(job.declined[0]?.failure.message ?? '', /above the 5000 bytes .*execution\.checkpointing/);
  job.trigger(barrierOf(2, 50_000));
  await job.until(() => job.acknowledged(2).size === 1);
  job.cancel();
  await job.result();
});

function writesSomething(context: StateSnapshotContext): void {
  context.writeList({ name: 'something', mode: 'split', elementType: undefined }, [1]);
}

/** Streams whose files are never finished, until they are let go. */
class SlowStreams implements CheckpointStreams {
  open = 0;
  readonly #inner = new FileCheckpointStreams({
    fileSystemOf: () => assert.fail('no files here'),
    random: { next: () => 0, nextInt: () => 0 },
  });
  readonly #held: (() => void)[] = [];
  holds = true;
  fails: Error | undefined = undefined;

  create(...args: Parameters<CheckpointStreams['create']>): StateStream {
    const stream = this.#inner.create(...args);
    this.open += 1;
    let isOpen = true;
    const end = () => {
      if (isOpen) this.open -= 1;
      isOpen = false;
    };
    const finish = async () => {
      if (this.holds) await new Promise<void>((resolve) => this.#held.push(resolve));
      if (this.fails !== undefined) throw this.fails;
      const handle = await stream.finish();
      end();
      return handle;
    };
    const discard = async () => {
      end();
      await stream.discard();
    };
    return {
      get position() {
        return stream.position;
      },
      write: (bytes) => stream.write(bytes),
      finish,
      discard,
    };
  }

  get waiting(): number {
    return this.#held.length;
  }

  release(): void {
    for (const go of this.#held.splice(0)) go();
  }
}

const slowPorts = (streams: SlowStreams) => ({
  checkpointFiles: {
    streams,
    open: (handle: Parameters<typeof openStateStream>[0]) => openStateStream(handle, undefined, () => assert.fail('no files here')),
  },
});

for (const what of ['abort', 'cancel', 'failure of the disk'] as const) {
  test(`P3: ${what} while a snapshot is being written: no file of it is left, and nothing is acknowledged`, async () => {
    const streams = new SlowStreams();
    const job = new RunningJob(oneTask(recording([], { snapshotState: writesSomething })), { ports: slowPorts(streams) }).start();
    await job.until(() => job.lastStates()[0] === 'RUNNING');
    job.trigger(barrierOf(1));
    await untilTurn(() => streams.waiting > 0);
    if (what === 'abort') job.notify(1, 'aborted');
    else if (what === 'cancel') job.cancel();
    else {
      streams.fails = new Error('ENOSPC: no space left on device');
      streams.release();
      await job.until(() => job.declined.length > 0);
      assert.match(job.declined[0]?.failure.message ?? '', /ENOSPC/);
    }
    if (what !== 'cancel') {
      await untilTurn(() => streams.open === 0);
      streams.fails = undefined;
      streams.holds = false;
      job.trigger(barrierOf(2));
      await job.until(() => job.acknowledged(2).size === 1);
      job.cancel();
    }
    await job.result();
    streams.release();
    assert.equal(streams.open, 0);
    assert.equal(job.acknowledged(1).size, 0);
    assert.deepEqual(job.lastStates(), ['CANCELED']);
  });
}

test('S5: notifications come once and in order; one that fails, now or later, fails the task by name', async () => {
  const log: string[] = [];
  const operator = recording(log, {
    notifyCheckpointComplete: (id) => {
      log.push(`complete ${id}`);
      return id === 7 ? Promise.reject(new Error('cannot commit')) : undefined;
    },
    notifyCheckpointAborted: (id) => void log.push(`aborted ${id}`),
  });
  const job = new RunningJob(oneTask(operator)).start();
  await job.until(() => job.lastStates()[0] === 'RUNNING');
  for (const id of [2, 2, 1]) job.notify(id, 'complete');
  job.notify(3, 'aborted');
  job.notify(7, 'complete');
  await job.result();
  assert.deepEqual(log, ['complete 2', 'aborted 3', 'complete 7', 'close']);
  assert.match(job.failures[0]?.message ?? '', /Operator 'recorder', subtask 1\/1, failed in notifyCheckpointComplete.*cannot commit/);
});

test('S5: a reader hears of complete checkpoints; what its promise rejects with fails the task under the name of the source', async () => {
  class Acknowledging extends SequenceSource {
    override createReader(context: Parameters<SequenceSource['createReader']>[0]) {
      const reader = super.createReader(context);
      return Object.assign(reader, {
        notifyCheckpointComplete: (id: number) => (id < 2 ? undefined : Promise.reject(new Error(`cannot acknowledge ${id}`))),
      });
    }
  }
  const source: FixtureOperator = { name: 'queue', logic: { kind: 'source', source: new Acknowledging(1, 1e9), strategy } };
  const job = new RunningJob({ vertices: [{ operators: [source, recording([], {})] }] }).start();
  await job.until(() => job.lastStates()[0] === 'RUNNING');
  job.notify(1, 'complete');
  job.notify(2, 'complete');
  await job.result();
  assert.match(job.failures[0]?.message ?? '', /Operator 'queue', subtask 1\/1, failed.*cannot acknowledge 2/);
});

test('faults 16: a trigger that comes twice, or for a checkpoint that was aborted, changes nothing', async () => {
  const log: string[] = [];
  const operator = recording(log, { snapshotState: ({ checkpointId }) => void log.push(`snapshot ${checkpointId}`) });
  const job = new RunningJob(oneTask(operator)).start();
  await job.until(() => job.lastStates()[0] === 'RUNNING');
  job.trigger(barrierOf(2));
  job.trigger(barrierOf(2));
  job.trigger(barrierOf(1));
  job.notify(3, 'aborted');
  job.trigger(barrierOf(3));
  job.trigger(barrierOf(4));
  await job.until(() => job.acknowledged(4).size === 1);
  job.cancel();
  await job.result();
  assert.deepEqual(log, ['snapshot 2', 'snapshot 4', 'close']);
});

test('B-071: a task whose inputs have ended takes part when it is asked, and its end waits for what is under way', async () => {
  const log: string[] = [];
  let flushed = () => {};
  const held = new Promise<void>((resolve) => {
    flushed = resolve;
  });
  const operator = recording(log, {
    flush: () => held,
    snapshotState: (context) => {
      log.push(`snapshot ${context.checkpointId}`);
      writesSomething(context);
    },
  });
  const streams = new SlowStreams();
  const job = new RunningJob(
    {
      vertices: [{ operators: [endless(10)] }, { operators: [operator] }],
      edges: [{ from: 0, to: 1, partitioner: 'rebalance' }],
    },
    { ports: slowPorts(streams) },
  ).start();
  await job.until(() => job.lastStates()[0] === 'FINISHED');
  job.trigger(barrierOf(1), 1);
  await untilTurn(() => streams.waiting > 0);
  flushed();
  for (let turn = 0; turn < 20; turn++) await eventLoopTurn();
  assert.deepEqual(job.lastStates(), ['FINISHED', 'RUNNING']);
  streams.release();
  await job.result();
  assert.deepEqual(job.lastStates(), ['FINISHED', 'FINISHED']);
  assert.equal(job.acknowledged(1).size, 1);
  assert.deepEqual(log, ['snapshot 1', 'close']);
});

test('B-071: what is restored as finished opens nothing, and sends its end at once', async () => {
  const log: string[] = [];
  const job = new RunningJob(
    {
      vertices: [
        { operators: [endless(), recording(log, { open: () => void log.push('open') })] },
        {
          operators: [
            { name: 'rest', logic: { kind: 'operator', create: () => ({ processElement() {}, finish: () => log.push('finish') > 0 }) } },
          ],
        },
      ],
      edges: [{ from: 0, to: 1, partitioner: 'rebalance' }],
    },
    { restore: { checkpointId: 1, finished: ['v0'] } },
  );
  await job.start().result();
  assert.deepEqual(job.lastStates(), ['FINISHED', 'FINISHED']);
  assert.deepEqual(log, ['finish']);
});

async function untilTurn(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    assert.ok(turn < 1_000, 'it does not come');
    await eventLoopTurn();
  }
}

function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
