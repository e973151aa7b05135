// What a program sees of its jobs, against an executor that the test plays by hand: batches, ends, failures, cancellation, several jobs of one program.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BytesWriter } from '@millrace/core/bytes/bytes-writer';
import { createCodec } from '@millrace/core/types/codec';
import { descriptionOf } from '@millrace/core/types/types';
import type { ExecuteOptions, Executor, JobResult, SubmittedJob } from '../graph/executor.ts';
import type { CompiledJob } from '../graph/job-graph.ts';
import { setExecutor } from './execution-context.ts';
import { StreamExecutionEnvironment } from './stream-execution-environment.ts';

class FakeJob implements SubmittedJob {
  readonly jobId = 'job-1';
  readonly job: CompiledJob;
  readonly options: ExecuteOptions;
  cancelled = 0;
  finish!: (result: JobResult) => void;
  fail!: (error: unknown) => void;
  readonly #result = new Promise<JobResult>((resolve, reject) => {
    this.finish = resolve;
    this.fail = reject;
  });

  constructor(job: CompiledJob, options: ExecuteOptions) {
    this.job = job;
    this.options = options;
    this.#result.catch(() => {});
  }

  async status() {
    return 'RUNNING' as const;
  }

  result() {
    return this.#result;
  }

  async cancel() {
    this.cancelled += 1;
    this.fail(new Error('cancelled'));
  }

  /** As the collect sink of a subtask sends them. */
  send(...records: readonly unknown[]): Promise<void> {
    const output = new BytesWriter(new Uint8Array(64));
    const header = new DataView(output.bytes.buffer);
    header.setUint32(0, records.length, true);
    output.position = 4;
    const encoder = createCodec(descriptionOf(undefined)).createEncoder();
    for (const record of records) encoder.write(record, output);
    return this.options.onCollected!(output.toBytes());
  }
}

function play(): { readonly env: StreamExecutionEnvironment; readonly jobs: FakeJob[] } {
  const jobs: FakeJob[] = [];
  const executor: Executor = {
    configuration: {},
    constant: (make) => make(),
    async execute(job, options) {
      const submitted = new FakeJob(job, options);
      jobs.push(submitted);
      return submitted;
    },
  };
  setExecutor(() => executor);
  return { env: StreamExecutionEnvironment.getExecutionEnvironment(), jobs };
}

/** Lets everything that is settled be noticed. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test('execute waits for the end, executeAsync does not', async () => {
  const { env, jobs } = play();
  env.fromSequence(1, 2).print();
  const executed = env.execute('first');
  await settle();
  assert.equal(jobs[0]?.job.jobGraph.name, 'first');
  jobs[0]?.finish({ jobId: 'job-1', netRuntimeMs: 12.4 });
  const result = await executed;
  assert.deepEqual([result.getJobID(), result.getNetRuntime().toMillis()], ['job-1', 12]);

  env.fromSequence(1, 2).print();
  const client = await env.executeAsync();
  assert.deepEqual([client.getJobID(), await client.getJobStatus()], ['job-1', 'RUNNING']);
  assert.equal(jobs[1]?.job.jobGraph.name, 'Millrace Streaming Job');
  const failure = assert.rejects(client.getJobExecutionResult(), { message: 'cancelled' });
  await client.cancel();
  await failure;
});

test('each job holds what was added since the one before, and may read earlier streams', async () => {
  const { env, jobs } = play();
  const doubled = env.fromSequence(1, 2).map((n) => n * 2);
  doubled.print('first');
  await env.executeAsync();
  await assert.rejects(env.executeAsync('nothing new'), { name: 'UsageError', message: /^The job 'nothing new' has no operators\./ });
  doubled.print('second');
  await env.executeAsync();
  const names = jobs.map((job) => job.job.jobGraph.vertices.map((vertex) => vertex.name));
  const name = 'Source: Sequence Source -> Map -> Sink: Print to Std. Out';
  assert.deepEqual(names, [[name], [name]]);
});

test('executeAndCollect: records in order, the next batch when the last record of this one was taken, then the end', async () => {
  const { env, jobs } = play();
  const records = await env
    .fromSequence(1, 2)
    .map((n) => ({ n }))
    .executeAndCollect('collect');
  const [job] = jobs;
  const taken: string[] = [];
  void job?.send({ n: 1 }, { n: 2 }).then(() => taken.push('first'));
  void job?.send({ n: 3 }).then(() => taken.push('second'));
  job?.finish({ jobId: 'job-1', netRuntimeMs: 1 });
  await settle();
  assert.deepEqual(await records.next(), { done: false, value: { n: 1 } });
  assert.deepEqual(taken, [], 'the batch is not taken yet');
  assert.deepEqual(await records.next(), { done: false, value: { n: 2 } });
  assert.deepEqual(taken, ['first']);
  assert.deepEqual(await records.next(), { done: false, value: { n: 3 } });
  assert.deepEqual(await records.next(), { done: true, value: undefined });
  assert.deepEqual(await records.next(), { done: true, value: undefined });
  assert.equal(job?.cancelled, 0);
});

test('executeAndCollect: waits for records, an empty batch is none', async () => {
  const { env, jobs } = play();
  const records = await env
    .fromSequence(1, 2)
    .map((n) => n)
    .executeAndCollect();
  const first = records.next();
  await settle();
  await jobs[0]?.send();
  void jobs[0]?.send('a');
  assert.deepEqual(await first, { done: false, value: 'a' });
});

test('executeAndCollect: a failure of the job comes after the records before it', async () => {
  const { env, jobs } = play();
  const seen: unknown[] = [];
  const loop = (async () => {
    for await (const record of await env
      .fromSequence(1, 2)
      .map((n) => n)
      .executeAndCollect())
      seen.push(record);
  })();
  await settle();
  void jobs[0]?.send(1, 2);
  jobs[0]?.fail(new Error('lost'));
  await assert.rejects(loop, { message: 'lost' });
  assert.deepEqual(seen, [1, 2]);
});

test('leaving the loop cancels the job once, and frees the sink', async () => {
  const { env, jobs } = play();
  const loop = (async () => {
    for await (const record of await env
      .fromSequence(1, 2)
      .map((n) => n)
      .executeAndCollect())
      return record;
    return undefined;
  })();
  await settle();
  const sent = jobs[0]?.send(7, 8);
  assert.equal(await loop, 7);
  await sent;
  await jobs[0]?.send(9);
  assert.equal(jobs[0]?.cancelled, 1);
});

test('close may be called twice, and while somebody waits', async () => {
  const { env, jobs } = play();
  const records = await env.fromSequence(1, 2).executeAndCollect();
  const waiting = records.next();
  await records.close();
  await records.close();
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.equal(jobs[0]?.cancelled, 1);
});

test('with a limit: an array, then the job is cancelled; fewer if the job ends before', async () => {
  const { env, jobs } = play();
  const some = env
    .fromSequence(1, 2)
    .map((n) => n)
    .executeAndCollect('some', 2);
  await settle();
  void jobs[0]?.send(1, 2, 3);
  assert.deepEqual(await some, [1, 2]);
  assert.equal(jobs[0]?.cancelled, 1);
  const few = env
    .fromSequence(1, 2)
    .map((n) => n)
    .executeAndCollect('few', 2);
  await settle();
  void jobs[1]?.send(1);
  jobs[1]?.finish({ jobId: 'job-1', netRuntimeMs: 1 });
  assert.deepEqual(await few, [1]);
  assert.equal(jobs[1]?.cancelled, 0);
  await assert.rejects(env.fromSequence(1, 2).executeAndCollect('none', 0), {
    name: 'UsageError',
    message: 'executeAndCollect got the limit 0. Give a whole number from 1, or leave it out and read with for await.',
  });
});

test('constants are made by the executor', () => {
  const { env } = play();
  assert.equal(
    env.constant(() => 42),
    42,
  );
});
