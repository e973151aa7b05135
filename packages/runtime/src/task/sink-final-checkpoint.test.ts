// Goal: what a sink has left at the end of its input is committed by the checkpoint that holds it, and by none before, so that a job which fails behind the end writes nothing twice;
// what a sink hands on to a topology is in every checkpoint in which its receiver has not got it yet.
// Method: the sink's operator alone, with a writer that counts and a context that remembers what went into each checkpoint.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommitRequest, Sink } from '@millrace/streaming/contract/sink';
import type { OperatorContext } from '@millrace/streaming/contract/operator';
import type { StateSnapshotContext } from '@millrace/streaming/contract/snapshot';
import { SinkOperator } from './sink-operator.ts';

function sinkOf() {
  const committed: string[] = [];
  const requested: string[] = [];
  let written = 0;
  const sink = {
    createWriter: () => ({
      write: () => {
        written += 1;
      },
      flush() {},
      prepareCommit: () => (written === 0 ? [] : [`${written} records`]),
      close() {},
    }),
    createCommitter: () => ({
      commit: (requests: readonly CommitRequest<string>[]) => void committed.push(...requests.map((each) => each.getCommittable())),
      close() {},
    }),
    committableSerializer: () => ({ version: 1, serialize: (text: string) => new TextEncoder().encode(text), deserialize: () => '' }),
  } as unknown as Sink<unknown>;
  const make = (hasCheckpoints: boolean) =>
    new SinkOperator(
      sink,
      contextOf(hasCheckpoints ? () => void requested.push('checkpoint') : undefined),
      { getRuntimeContext: () => ({ getIndexOfThisSubtask: () => 0 }) } as never,
      {
        locate: (error) => error as Error,
        emitsCommittables: false,
      },
    );
  return { make, committed, requested };
}

function contextOf(requestCheckpoint: (() => void) | undefined): OperatorContext {
  return { flow: { timestamp: 0, blocked: 0 }, mail: (action: () => void) => action(), requestCheckpoint } as unknown as OperatorContext;
}

function snapshot(checkpointId: number): { context: StateSnapshotContext; held: string[] } {
  const held: string[] = [];
  const writeList = (_state: unknown, elements: Iterable<unknown>) => {
    for (const { bytes } of elements as Iterable<{ bytes: Uint8Array }>) held.push(new TextDecoder().decode(bytes));
  };
  return { context: { checkpointId, checkpointTimestamp: 0, writeList } as unknown as StateSnapshotContext, held };
}

test('the last commit waits for the checkpoint that holds it; one that began before commits nothing', async () => {
  const { make, committed, requested } = sinkOf();
  const operator = make(true);
  await operator.open();
  operator.processElement('a');
  await operator.flush();
  let settled = false;
  const settling = operator.settle().then(() => {
    settled = true;
  });
  await operator.notifyCheckpointComplete(6); // its barrier came before the end
  assert.deepEqual([committed, requested, settled], [[], ['checkpoint'], false]);
  const seventh = snapshot(7);
  await operator.snapshotState(seventh.context);
  const eighth = snapshot(8); // the seventh was aborted
  await operator.snapshotState(eighth.context);
  assert.deepEqual([seventh.held, eighth.held, committed], [['1 records'], ['1 records'], []]);
  await operator.notifyCheckpointComplete(8);
  await settling;
  assert.deepEqual(committed, ['1 records']);
  await operator.close();
});

test('where nobody takes checkpoints, or nothing is left, the end waits for none', async () => {
  for (const hasCheckpoints of [true, false]) {
    const { make, committed, requested } = sinkOf();
    const operator = make(hasCheckpoints);
    await operator.open();
    if (!hasCheckpoints) operator.processElement('a');
    await operator.flush();
    await operator.settle();
    assert.deepEqual([committed, requested], [hasCheckpoints ? [] : ['1 records'], []]);
    await operator.close();
  }
});

function handingOn() {
  const flushes: (() => void)[] = [];
  let written: number[] = [];
  const sink = {
    createWriter: () => ({
      write: (n: number) => void written.push(n),
      flush: () => new Promise<void>((resolve) => flushes.push(resolve)),
      prepareCommit: () => {
        const prepared = written;
        written = [];
        return [prepared.join(' ')];
      },
      close() {},
    }),
    createCommitter: () => ({ commit() {}, close() {} }),
    committableSerializer: () => ({ version: 1, serialize: (text: string) => new TextEncoder().encode(text), deserialize: () => '' }),
  } as unknown as Sink<unknown>;
  const behind: string[] = [];
  const context = {
    ...contextOf(() => {}),
    output: { collect: (message: { committable: string }) => void behind.push(message.committable) },
  } as unknown as OperatorContext;
  const init = { getRuntimeContext: () => ({ getIndexOfThisSubtask: () => 0 }) } as never;
  const operator = new SinkOperator(sink, context, init, { locate: (error) => error as Error, emitsCommittables: true });
  return { operator, flushes, behind };
}

test('what is handed on behind the barrier of a newer checkpoint is in that one too: the receiver has not got it there', async () => {
  const { operator, flushes, behind } = handingOn();
  await operator.open();
  operator.processElement(1);
  const [seventh, eighth, ninth] = [snapshot(7), snapshot(8), snapshot(9)];
  const first = operator.snapshotState(seventh.context);
  operator.processElement(2);
  behind.push('barrier 8'); // the flush of the seventh takes its time
  const second = operator.snapshotState(eighth.context);
  flushes.shift()?.();
  await first;
  while (flushes.length === 0) await Promise.resolve();
  flushes.shift()?.();
  await second;
  assert.deepEqual(behind, ['barrier 8', '1', '2']);
  assert.deepEqual([seventh.held, eighth.held], [['1'], ['1', '2']]);
  const third = operator.snapshotState(ninth.context);
  flushes.shift()?.();
  await third;
  assert.deepEqual(ninth.held, ['']);
});

test('what the end of the input has made is in a checkpoint whose barrier came while it was being flushed', async () => {
  const { operator, flushes, behind } = handingOn();
  await operator.open();
  operator.processElement(1);
  const end = operator.flush();
  while (flushes.length === 0) await Promise.resolve();
  const seventh = snapshot(7);
  const taken = operator.snapshotState(seventh.context);
  flushes.shift()?.();
  await end;
  await taken;
  assert.deepEqual([seventh.held, behind], [['1'], ['1']]);
});
