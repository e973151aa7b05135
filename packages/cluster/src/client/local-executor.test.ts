/**
 * Goal: a real program with several jobs, constants and collected results is bound in slots as the client ran it.
 * Method: the real API and bundle; a cluster that binds each job, as a slot does, and then calls it finished.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TerminalError } from '@millrace/core/base/errors';
import type { SubmittedJob } from '@millrace/streaming/graph/executor';
import type { JobSubmission, LocalCluster } from '../local/local-cluster.ts';
import { bindProgram } from './bind-program.ts';
import { compileConfiguration } from './client-configuration.ts';
import { type MonitoredJob, silentMonitor } from './job-monitor.ts';
import { createLocalProgram } from './local-program.ts';
import { prepareBundle } from './program-host.ts';
import { runInScope } from './program-scope.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-executor-test-')));
after(() => rmSync(root, { recursive: true, force: true }));

interface Run {
  /** What the cluster saw of each job: its name and the operators that its slots got. */
  readonly jobs: { readonly name: string; readonly executeIndex: number; readonly operators: number; readonly constants: number }[];
  readonly ended: MonitoredJob[];
}

/** Each job fails with `failures[its name]`, if there is one. */
async function run(source: string, failures: Record<string, Error> = {}, settings: readonly string[] = []): Promise<Run> {
  const directory = mkdtempSync(join(root, 'job-'));
  const file = join(directory, 'job.ts');
  writeFileSync(
    file,
    `import { StreamExecutionEnvironment } from 'millrace';\nconst env = StreamExecutionEnvironment.getExecutionEnvironment();\n${source}`,
  );
  const seen: Run = { jobs: [], ended: [] };
  const program = createLocalProgram({
    file,
    args: ['a'],
    workingDirectory: process.cwd(),
    environment: { PATH: process.env['PATH'] },
    configuration: compileConfiguration({ workingDirectory: directory, environment: {} }, { dynamicProperties: settings }),
    singleThread: false,
    monitor: { ...silentMonitor, ended: (job) => void seen.ended.push(job) },
    startCluster: async () => bindingCluster(directory, seen, failures),
  });
  const path = join(directory, 'client-bundle');
  writeFileSync(path, (await program.bundle()).bytes);
  const url = await prepareBundle(path, file, 0);
  try {
    await runInScope({ executor: program.executor, argv: ['node', file, 'a'], muted: false }, () => import(url) as Promise<unknown>);
  } finally {
    await program.clusters.close();
  }
  return seen;
}

let jobs = 0;

function bindingCluster(directory: string, seen: Run, failures: Record<string, Error>): LocalCluster {
  const submitJob = async ({ jobGraph, program, bundle }: JobSubmission): Promise<SubmittedJob> => {
    jobs += 1;
    const jobId = `job-${jobs}`;
    const path = join(directory, `${jobId}.bundle`);
    writeFileSync(path, bundle);
    const bindings = await bindProgram({ jobId, jobGraph, program }, path, 0);
    seen.jobs.push({
      name: jobGraph.name,
      executeIndex: program.executeIndex,
      operators: bindings.operators.size,
      constants: program.constants.length,
    });
    const failure = failures[jobGraph.name];
    const result = async () => {
      if (failure !== undefined) throw failure;
      return { jobId, netRuntimeMs: 5 };
    };
    return { jobId, status: async () => 'FINISHED', result, cancel: async () => {} };
  };
  return {
    submitJob,
    metrics: () => [],
    threads: () => [],
    progress: () => ({ status: 'RUNNING', restarts: 0, checkpoints: undefined, backPressureCulprit: undefined }),
    jobMetrics: (jobId) => ({ jobId, jobName: '', status: 'RUNNING', backPressureCulprit: undefined, readings: [], omitted: 0 }),
    overview: () => ({ taskManagers: 1, slotsTotal: 1, slotsFree: 1 }),
    close: async () => {},
  };
}

test('several jobs of one program are numbered and bound one after another', async () => {
  const { jobs } = await run(`
    env.fromData(1, 2).map((n) => n + 1).print();
    const first = await env.execute('first');
    env.fromData(first.getNetRuntime().toMillis()).map((n) => n).name('after ' + first.getNetRuntime().toMillis()).print();
    await env.execute('second');`);
  assert.deepEqual(
    jobs.map(({ name, executeIndex }) => [name, executeIndex]),
    [
      ['first', 0],
      ['second', 1],
    ],
  );
});

test('a value that differs from run to run is refused by name, and accepted as a constant', async () => {
  const graph = (random: string) => `env.fromData(1).map((n) => n).name('run ' + ${random}).print();\nawait env.execute('once');`;
  await assert.rejects(
    run(graph('Math.random()')),
    /^UsageError: The job 'once' is another one in a slot than in the client: operator 'run 0\.\d+' has the name/,
  );
  const { jobs } = await run(graph('env.constant(() => Math.random())'));
  assert.deepEqual(
    jobs.map(({ constants }) => constants),
    [1],
  );
});

test('a failure reaches the program, which may go on; its next job is bound with that failure', async () => {
  const { jobs, ended } = await run(
    `
    env.fromData(1).print();
    const message = await env.execute('first').then(() => 'none', (error) => error.message);
    env.fromData(1).map((n) => n).name(message).print();
    await env.execute('second');`,
    { first: new TerminalError('broken') },
  );
  assert.deepEqual(
    jobs.map(({ name }) => name),
    ['first', 'second'],
  );
  assert.deepEqual(
    ended.map(({ name, state }) => [name, state]),
    [
      ['first', 'FAILED'],
      ['second', 'FINISHED'],
    ],
  );
});

test('a cancelled job is told apart from a failed one', async () => {
  const failures = { first: new TerminalError('cancelled', { reason: 'canceled' }) };
  const { ended } = await run("env.fromData(1).print();\nawait env.execute('first').catch(() => {});", failures);
  assert.deepEqual(
    ended.map(({ state }) => state),
    ['CANCELED'],
  );
});

test('configuration and arguments are the same in the slots', async () => {
  const source = "env.fromSequence(1, 2).map((n) => n).name(process.argv.slice(2).join()).print();\nawait env.execute('configured');";
  const { jobs } = await run(source, {}, ['parallelism.default=3']);
  assert.equal(jobs.length, 1);
});
