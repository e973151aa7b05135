// Goal: what a sink has left at the end of its input is committed by the checkpoint that holds it, and by none before, so that a job which fails behind the end writes nothing twice.
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
