/** Goal: what runs in a slot is the job that was submitted, or the task fails and says why (D7). Method: real bundles, bound in this thread. */
import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { JobInformation, ProgramDescriptor } from '@millrace/runtime/protocol/deployment';
import type { CompiledJob, JobBindings, JobGraph } from '@millrace/streaming/graph/job-graph';
import type { JobPlan } from '@millrace/streaming/graph/job-plan';
import { bindProgram } from './bind-program.ts';
import { bundleProgram } from './bundle.ts';
import { recordConstant } from './constants.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-binding-test-')));
after(() => rmSync(root, { recursive: true, force: true }));

/** A program reaches its executor as the API does, and makes graphs by hand. */
const PRELUDE = `
import { currentExecutor } from '@millrace/streaming/api/execution-context';
const job = (...names) => globalThis.compileNames(names);
const execute = async (compiled, options = {}) => (await currentExecutor().execute(compiled, options)).result();
`;

function compile(names: readonly string[]): CompiledJob {
  const operators = names.map((name, index) => ({
    id: `id-${index}`,
    uid: undefined,
    name,
    kind: 'map' as const,
    input: index - 1,
    inputTag: undefined,
  }));
  const vertex = { id: 'id-0', name: names.join(' -> '), parallelism: 1, maxParallelism: 128, slotSharingGroup: 'default', operators };
  const configuration = { autoWatermarkRecords: 1000, autoWatermarkIntervalMs: 200, freezeRecords: false, maxShapesPerEdge: 64 };
  const jobGraph = { name: 'names', digest: names.join(), vertices: [vertex], edges: [], configuration } as JobGraph;
  const bindings: JobBindings = { operators: new Map(names.map((name) => [name, { kind: 'map', fn: () => name }])), edges: new Map() };
  return { jobGraph, bindings, plan: {} as JobPlan }; // nobody here looks at the plan
}
(globalThis as Record<string, unknown>)['compileNames'] = compile;

async function bind(source: string, submitted: readonly string[], program: Partial<ProgramDescriptor> = {}) {
  const directory = mkdtempSync(join(root, 'job-'));
  const file = join(directory, 'job.ts');
  writeFileSync(file, PRELUDE + source);
  const bundle = await bundleProgram(file, { workingDirectory: directory, externalPackages: [] });
  const path = join(directory, bundle.hash);
  writeFileSync(path, bundle.bytes);
  const descriptor: ProgramDescriptor = {
    bundle: bundle.hash,
    args: [],
    file,
    workingDirectory: process.cwd(),
    environment: {},
    configuration: {},
    executeIndex: 0,
    recordedResults: [],
    constants: [],
    ...program,
  };
  const job: JobInformation = { jobId: 'job-1', jobGraph: compile(submitted).jobGraph, program: descriptor };
  return [...(await bindProgram(job, path, 0)).operators.keys()];
}

const ADVICE =
  'A program is run again in every slot and must build the same graph from the same arguments. ' +
  'Compute what may differ (random values, the time, files) once, with env.constant(() => …).';

test('hands over the functions of the job, and runs nothing behind its execute', async () => {
  assert.deepEqual(await bind("await execute(job('a', 'b'));\nglobalThis.behind = true;", ['a', 'b']), ['a', 'b']);
  assert.equal((globalThis as { behind?: boolean }).behind, undefined);
});

test('the program sees the arguments of the client', async () => {
  assert.deepEqual(await bind('await execute(job(...process.argv.slice(2)));', ['x', 'y'], { args: ['x', 'y'] }), ['x', 'y']);
});

test('an execute that the top level does not await is bound, too', async () => {
  assert.deepEqual(await bind("setImmediate(() => execute(job('a')));", ['a']), ['a']);
});

test('a graph that differs fails, naming the first operator that does', async () => {
  const message = `The job 'names' is another one in a slot than in the client: operator 'b' has the name 'b' in the client and 'c' in the slot. ${ADVICE}`;
  await assert.rejects(bind("await execute(job('a', 'c'));", ['a', 'b']), { name: 'UsageError', reason: 'graph-differs', message });
});

test('an operator too many or too few is named', async () => {
  await assert.rejects(bind("await execute(job('a', 'b'));", ['a']), /the slot has one operator more, 'b'\./);
  await assert.rejects(bind("await execute(job('a'));", ['a', 'b']), /the client has one operator more, 'b'\./);
});

test('earlier jobs give what they gave in the client, in order', async () => {
  const source = `
    const first = await execute(job('first'), { onCollected: async (bytes) => { texts.push(String.fromCharCode(...bytes)); } });
    await execute(job(first.jobId, String(first.netRuntimeMs), texts.join('')));`;
  const recordedResults = [{ jobId: 'earlier', netRuntimeMs: 7, collected: [Buffer.from('ab'), Buffer.from('c')] }];
  const bound = await bind(`const texts = [];${source}`, ['earlier', '7', 'abc'], { executeIndex: 1, recordedResults });
  assert.deepEqual(bound, ['earlier', '7', 'abc']);
});

test('an earlier job that failed fails again, and one that still ran is not waited for', async () => {
  const source = `
    const failed = await execute(job('first')).catch((error) => error.message);
    const running = await currentExecutor().execute(job('second'), {});
    await execute(job(failed, running.jobId, await running.status()));`;
  const recordedResults = [
    { jobId: 'one', netRuntimeMs: 0, outcome: 'FAILED' as const, message: 'broken' },
    { jobId: 'two', netRuntimeMs: 0, outcome: 'RUNNING' as const },
  ];
  const expected = ['broken', 'two', 'RUNNING'];
  assert.deepEqual(await bind(source, expected, { executeIndex: 2, recordedResults }), expected);
});

test('constants are read back, not computed again', async () => {
  const source = "const at = currentExecutor().constant(() => { throw new Error('computed'); });\nawait execute(job(at.toISOString()));";
  const constants = [recordConstant(new Date(0), 0).text];
  assert.deepEqual(await bind(source, ['1970-01-01T00:00:00.000Z'], { constants }), ['1970-01-01T00:00:00.000Z']);
});

test('a constant more than in the client is refused', async () => {
  const message = `The program calls env.constant 1 times before the job 'names' in a slot, but only 0 times in the client. ${ADVICE}`;
  await assert.rejects(bind("await execute(job(currentExecutor().constant(() => 'a')));", ['a']), { reason: 'graph-differs', message });
});

test('a program that throws in the slot is told apart from one that fails in the client, with the place', async () => {
  await assert.rejects(bind("\nthrow new TypeError('no such thing');", ['a']), {
    name: 'UsageError',
    reason: 'program',
    message:
      'The program threw in a slot before it reached the job: no such thing (job.ts:6:7). It did not do so in the client: make what it depends on the same in both, or compute it once with env.constant(() => …).',
  });
});

test('the top level prints nothing in a slot; what surrounds it does', async () => {
  const printed: string[] = [];
  const log = console.log;
  console.log = (text: string) => void printed.push(text);
  try {
    const bound = bind("console.log('muted');\nprocess.stdout.write('muted');\nawait execute(job('a'));", ['a']);
    console.log('heard');
    await bound;
  } finally {
    console.log = log;
  }
  assert.deepEqual(printed, ['heard']);
});

test('runs of one program in one thread keep to their own job', async () => {
  const bound = await Promise.all(
    ['x', 'y', 'z'].map((name) => bind('await null;\nawait execute(job(...process.argv.slice(2)));', [name], { args: [name] })),
  );
  assert.deepEqual(bound, [['x'], ['y'], ['z']]);
});
