// Goal: the queue of a sink keeps order, keeps calls apart, and is bounded. Method: a writer whose promises the test settles.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { CommitRequest, Sink, SinkWriter } from '@millrace/streaming/contract/sink';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { type FixtureOperator, runJob } from './fixture.test.ts';

const strategy = WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((n: number) => n) as WatermarkStrategy<unknown>;
const NUMBERS: FixtureOperator = { name: 'numbers', logic: { kind: 'source', source: new SequenceSource(1, 2000), strategy } };

function run(sink: Sink<unknown>) {
  return runJob({
    vertices: [{ operators: [NUMBERS, { name: 'sink', logic: { kind: 'sink', sink } }] }],
    configuration: { autoWatermarkRecords: 500 },
  });
}

function writerOf(parts: Partial<SinkWriter<unknown>>): Sink<unknown> {
  return { createWriter: () => ({ write() {}, flush() {}, close() {}, ...parts }) };
}

test('calls come one after another, in the order of the records, watermarks between them', async () => {
  const calls: string[] = [];
  let underWay = 0;
  const slowly = async (call: string) => {
    assert.equal(underWay, 0, `${call} came while another call was under way`);
    underWay += 1;
    await Promise.resolve();
    underWay -= 1;
    calls.push(call);
  };
  const job = await run(
    writerOf({
      write: (n, context) => slowly(`${String(n)}@${context.timestamp()}`),
      writeWatermark: (timestamp) => slowly(`watermark ${timestamp}`),
      flush: (end) => slowly(end ? 'end' : 'flush'),
    }),
  );
  assert.deepEqual(job.failures, []);
  const expected: string[] = [];
  for (let n = 1; n <= 2000; n++) {
    expected.push(`${n}@${n}`);
    if (n % 500 === 0) expected.push(`watermark ${n - 1}`);
  }
  assert.deepEqual(
    calls.filter((call) => call !== 'flush'),
    [...expected, `watermark ${Number.MAX_SAFE_INTEGER}`, 'end'],
  );
});

test('a commit is retried within a bound, and its failure fails the task', async () => {
  const attempts: number[] = [];
  const committing = (commit: (request: CommitRequest<string>) => void): Sink<unknown> =>
    ({
      createWriter: () => ({ write() {}, flush() {}, prepareCommit: () => ['a', 'b'], close() {} }),
      createCommitter: () => ({ commit: (requests: readonly CommitRequest<string>[]) => requests.forEach(commit), close() {} }),
    }) as unknown as Sink<unknown>;
  const committed: string[] = [];
  const patient = await run(
    committing((request) => {
      attempts.push(request.getNumberOfRetries());
      if (request.getNumberOfRetries() < 2 && request.getCommittable() === 'b') request.retryLater();
      else committed.push(request.getCommittable());
    }),
  );
  assert.deepEqual(patient.lastStates(), ['FINISHED']);
  assert.deepEqual(committed, ['a', 'b']);
  assert.deepEqual(attempts, [0, 0, 1, 2]);
  const endless = await run(committing((request) => request.retryLater()));
  assert.match(endless.failures[0]?.message ?? '', /asked 10 times to retry a commit/);
  const failing = await run(committing((request) => request.signalFailedWithUnknownReason(new Error('bucket is gone'))));
  assert.match(failing.failures[0]?.message ?? '', /committer failed with 1 of 2 committables, tried once: bucket is gone/);
});

test('batches for the client are acknowledged in order', async () => {
  const taken: number[] = [];
  const sink: Sink<unknown> = {
    createWriter: (context) => ({
      write: (n) =>
        (n as number) <= 3 ? context.sendToClient(Uint8Array.of(n as number)).then(() => void taken.push(n as number)) : undefined,
      flush() {},
      close() {},
    }),
  };
  const job = await run(sink);
  assert.deepEqual(
    job.collected.map((bytes) => bytes[0]),
    [1, 2, 3],
  );
  assert.deepEqual(taken, [1, 2, 3]);
});
