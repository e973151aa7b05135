/**
 * Goal: a slot is free or used, never both and never neither, whatever is submitted and cancelled, and all are free at the end (SLOT-1); the number of slots is what was
 * configured (SLOT-6, SLOT-11).
 * Method: a real cluster, in this thread and in a process with threads; jobs that never end, submitted and cancelled as a seed chooses, some while others wait.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import type { SubmittedJob } from '@millrace/streaming/graph/executor';
import { compileConfiguration } from '../client/client-configuration.ts';
import { silentMonitor } from '../client/job-monitor.ts';
import { createLocalProgram } from '../client/local-program.ts';
import { prepareBundle } from '../client/program-host.ts';
import { runInScope } from '../client/program-scope.ts';
import { type JobSubmission, type LocalCluster, startLocalCluster } from './local-cluster.ts';

const SLOTS = 4;
const root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-slots-test-')));
after(() => rmSync(root, { recursive: true, force: true }));

/** Of parallelism 1, 2 and 3. They hold their slots until they are cancelled, and use no processor. */
const PROGRAM = `import { StreamExecutionEnvironment } from 'millrace';
const never = { createWriter: () => ({ write: () => new Promise<void>(() => {}), flush() {}, close() {} }) };
for (const parallelism of [1, 2, 3]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.setParallelism(parallelism);
  env.fromSequence(1, 10).sinkTo(never);
  await env.execute('of ' + parallelism);
}
`;

let submitted: Promise<readonly JobSubmission[]> | undefined;

/** What the client sends for each job of the program. */
async function submissions(): Promise<readonly JobSubmission[]> {
  const file = join(root, 'job.ts');
  writeFileSync(file, PROGRAM);
  const seen: JobSubmission[] = [];
  const submitJob = async (submission: JobSubmission): Promise<SubmittedJob> => {
    const jobId = `job-${seen.push(submission)}`;
    return { jobId, status: async () => 'FINISHED', result: async () => ({ jobId, netRuntimeMs: 1 }), cancel: async () => {} };
  };
  const program = createLocalProgram({
    file,
    args: [],
    workingDirectory: process.cwd(),
    environment: {},
    configuration: compileConfiguration({ workingDirectory: root, environment: {} }),
    singleThread: false,
    monitor: silentMonitor,
    startCluster: async () => ({ submitJob, close: async () => {} }) as unknown as LocalCluster,
  });
  const bundle = join(root, 'client-bundle');
  writeFileSync(bundle, (await program.bundle()).bytes);
  const url = await prepareBundle(bundle, file, 0);
  await runInScope({ executor: program.executor, argv: ['node', file], muted: false }, () => import(url) as Promise<unknown>);
  await program.clusters.close();
  return seen;
}

/** Slots that subtasks of running jobs are in are not free; those of a job that is leaving may be neither for a moment. */
function checkCapacity(cluster: LocalCluster, jobs: readonly SubmittedJob[], where: string): void {
  const { slotsTotal, slotsFree } = cluster.overview();
  const running = jobs.filter(({ jobId }) => cluster.progress(jobId).status === 'RUNNING');
  const located = running.flatMap(({ jobId }) => cluster.threads(jobId).map(({ slot }) => slot));
  const used = new Set(located);
  assert.ok(slotsTotal === 0 || slotsTotal === SLOTS, `${where}: ${slotsTotal} slots`);
  assert.ok(used.size + slotsFree <= SLOTS, `${where}: ${used.size} used, ${slotsFree} free`);
}

async function cycles(cluster: LocalCluster, count: number, seed: number): Promise<void> {
  const random = seededRandom(seed);
  submitted ??= submissions();
  const programs = await submitted;
  let live: SubmittedJob[] = [];
  for (let cycle = 0; cycle < count; cycle += 1) {
    const job = await cluster.submitJob(programs[random.nextInt(programs.length)] as JobSubmission);
    job.result().catch(() => {});
    live.push(job);
    checkCapacity(cluster, live, `seed ${seed}, cycle ${cycle}`);
    while (live.length > random.nextInt(4)) {
      const [cancelled] = live.splice(random.nextInt(live.length), 1) as [SubmittedJob];
      await cancelled.cancel();
      if (random.nextInt(2) === 0) await cancelled.result().catch(() => {});
      checkCapacity(cluster, [cancelled, ...live], `seed ${seed}, cycle ${cycle}`);
    }
  }
  for (const job of live) await job.cancel();
  await Promise.all(live.map((job) => job.result().catch(() => {})));
  live = [];
}

/** The isolate of a job that has ended is replaced, and then its slot is free: an event that nobody tells. */
async function untilAllFree(cluster: LocalCluster): Promise<void> {
  while (cluster.overview().slotsFree < SLOTS) await new Promise((resolve) => setImmediate(resolve));
}

for (const [where, singleThread, count] of [
  ['in one thread', true, 100],
  ['in a process with a thread for each slot', false, 25],
] as const) {
  test(`free and used slots are those that were configured, at all times: ${count} jobs submitted and cancelled ${where}`, {
    timeout: 300_000,
  }, async () => {
    const seed = Number(process.env['MILLRACE_SEED'] ?? 7);
    const cluster = await startLocalCluster({ slots: SLOTS, singleThread });
    try {
      await cycles(cluster, count, seed);
      await untilAllFree(cluster);
      assert.deepEqual(cluster.overview(), { taskManagers: 1, slotsTotal: SLOTS, slotsFree: SLOTS });
    } finally {
      await cluster.close();
    }
  });
}
