/** Goal: a run from the command to its exit code, with a real TaskManager. Method: the commands that a user types, as processes; what they print is compared whole. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { command, programFolder } from './testing-command.ts';

const root = programFolder('run');

const PRELUDE =
  "import { StreamExecutionEnvironment } from 'millrace';\nconst env = StreamExecutionEnvironment.getExecutionEnvironment();\n";
const PROGRAMS: Record<string, string> = {
  'throws.ts': `${PRELUDE}env.fromData(1, 2).map((n) => {\n  if (n === 2) throw new Error('no twos');\n  return n;\n}).name('picky').uid('p').print();\nawait env.execute('throws');\n`,
  'several.ts': `${PRELUDE}
const id = env.constant(() => Math.random());
const doubled = await env.fromData(1, 2, 3).map((n) => n * 2).executeAndCollect('collect', 10);
console.log('client', doubled.join());
env.fromData(...doubled).map((n) => n + 1).name('plus ' + id).print();
await env.execute('print');
console.log('end');
`,
  'endless.ts': `${PRELUDE}env.fromCollection(function* () { for (let n = 0; ; n += 1) yield n; }).map((n) => { if (n === 0) console.log('started'); return n; }).filter((n) => n < 0).print();\nawait env.execute('endless');\n`,
  'unended-text.ts': `${PRELUDE}env.fromData(1).filter((n) => { process.stdout.write('tail'); return n > 1; }).print();\nawait env.execute('unended');\n`,
  'unended-bytes.ts': `${PRELUDE}env.fromData(1).filter((n) => n > 1).print();\nawait env.execute('unended');\nprocess.stdout.write(Buffer.from('tail'));\n`,
  'throws-not.mjs': `${PRELUDE}env.fromData(1).map((n) => n).print();\nawait env.execute('plain');\n`,
  'not-awaited.ts': `${PRELUDE}env.fromData(1).print();\nenv.execute('not awaited');\n`,
  'not-awaited-throws.ts': `${PRELUDE}env.fromData(1).map((n) => n.x.y).name('reach').print();\nenv.execute('not awaited');\n`,
  'in-main.ts': `${PRELUDE}async function main() {\n  await null;\n  for (const n of [1, 2]) {\n    env.fromData(n).print();\n    await env.execute('job ' + n);\n  }\n}\nvoid main();\n`,
  'nothing.ts': PRELUDE,
  'program-throws.ts': `${PRELUDE}function fail(): never {\n  throw new TypeError('not today');\n}\nfail();\n`,
  'refused.ts': `${PRELUDE}env.fromData(1).map((n) => n).setParallelism(0).print();\nawait env.execute();\n`,
  'main.mjs': `${PRELUDE}env.fromData(1, process.argv[2]).map((n) => n).print();\nawait env.execute('plain');\nconsole.log('after');\n`,
  'main-throws.mjs': `${PRELUDE}env.fromData(1).map((n) => n.x.y).name('reach').print();\nawait env.execute('plain');\n`,
  'main-refused.mjs': `${PRELUDE}env.fromSource({ read: 1 }, undefined, 'mine');\n`,
  'main-nothing.mjs': `${PRELUDE}env.fromData(1).print();\n`,
  'main-plan.mjs': `${PRELUDE}env.fromData(1).print();\nconsole.log(JSON.parse(env.getExecutionPlan()).nodes.length);\n`,
  'embeds.mjs':
    "import { submit } from 'millrace';\nconst job = await submit(new URL('./main.mjs', import.meta.url), ['arg']);\nawait job.getJobExecutionResult();\n",
};
for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(join(root, name), text);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `signal` is sent as soon as the job has printed something. */
function node(args: readonly string[], signal?: NodeJS.Signals): Promise<Ended> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout === '' && signal !== undefined) child.kill(signal);
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

function run(...args: readonly string[]): Promise<Ended> {
  return node([command, 'run', ...args]);
}

function lines({ stdout }: Ended): string[] {
  return stdout.split('\n').slice(0, -1);
}

test('several jobs, a constant and a collected result in one program; one line of JSON for each job', async () => {
  const ended = await run('several.ts', '--json');
  const printed = lines(ended);
  const reports = printed.splice(-2).map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual([ended.code, ended.stderr, printed], [0, '', ['client 2,4,6', '3', '5', '7', 'end']]);
  assert.deepEqual(
    reports.map(({ job, state }) => [job, state]),
    [
      ['collect', 'FINISHED'],
      ['print', 'FINISHED'],
    ],
  );
  const vertex = (reports[1]!['vertices'] as Record<string, unknown>[])[0];
  assert.deepEqual(Object.keys(reports[1] ?? {}), [
    ...['job', 'state', 'durationMs', 'netRuntimeMs', 'restarts', 'checkpoints', 'vertices'],
    ...['threads', 'backPressureCulprit', 'metrics'],
  ]);
  assert.deepEqual(Object.keys(vertex ?? {}), [
    ...['name', 'parallelism', 'recordsIn', 'recordsOut', 'watermark'],
    ...['lateRecordsDropped', 'busyTimeMs', 'backPressuredTimeMs', 'idleTimeMs'],
  ]);
  assert.equal(vertex?.['recordsIn'], 3);
});

test('in one thread it prints the same', async () => {
  const { code, stdout, stderr } = await run('several.ts', '--single-thread');
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'client 2,4,6\n3\n5\n7\nend\n', stderr: '' });
});

test('a user function that throws: operator, uid, subtask, record and place in the source, exit code 1', async () => {
  const stderr = "millrace: Operator 'picky' (uid p), subtask 1/1, failed at throws.ts:4:22: Error: no twos. Record: 2\n";
  const ended = await run('throws.ts', '--json');
  assert.deepEqual([ended.code, ended.stderr], [1, stderr]);
  const { job, state, error, vertices } = JSON.parse(lines(ended).at(-1) ?? '') as Record<string, unknown>;
  assert.deepEqual([job, state, `millrace: ${error as string}\n`], ['throws', 'FAILED', stderr]);
  assert.equal((vertices as { recordsIn: number }[])[0]?.recordsIn, 1, 'what it had done by then');
});

test('text without a newline at its end does not run into the line of JSON', async () => {
  for (const name of ['unended-text.ts', 'unended-bytes.ts']) {
    const [text, report, ...more] = lines(await run(name, '--json'));
    assert.deepEqual([text, JSON.parse(report ?? '').state, more], ['tail', 'FINISHED', []], name);
  }
});

test('output that cannot be written fails the run', { skip: !existsSync('/dev/full') }, async () => {
  for (const args of [[command, 'run', 'throws-not.mjs'], ['throws-not.mjs']]) {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, /The job cannot write to standard output: .*ENOSPC/);
  }
});

test('with --log-level debug the stack follows', async () => {
  const { stderr } = await run('throws.ts', '--log-level', 'debug');
  assert.match(stderr, /caused by Error: no twos\n {4}at .*throws\.ts:4:22/);
});

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} cancels the job in order, with exit code ${exitCode}`, async () => {
    const ended = await node([command, 'run', 'endless.ts', '--json'], signal);
    const { job, state } = JSON.parse(lines(ended).at(-1) ?? '') as Record<string, unknown>;
    assert.deepEqual([ended.code, ended.stderr, job, state], [exitCode, '', 'endless', 'CANCELED']);
  });
}

test('a program that does not await its jobs: they run to their end, and a failure is told', async () => {
  assert.deepEqual(await run('not-awaited.ts'), { code: 0, stdout: '1\n', stderr: '' });
  assert.deepEqual(await run('in-main.ts'), { code: 0, stdout: '1\n2\n', stderr: '' });
  const { code, stderr } = await run('not-awaited-throws.ts');
  assert.equal(code, 1);
  assert.match(stderr, /^millrace: Operator 'reach', subtask 1\/1, failed at not-awaited-throws\.ts:3:\d+: TypeError: .*\n$/);
});

test('a program without a job, one that throws and one that is refused', async () => {
  const results = [await run('nothing.ts'), await run('program-throws.ts'), await run('refused.ts')];
  assert.deepEqual(
    results.map(({ code, stdout }) => [code, stdout]),
    [
      [2, ''],
      [1, ''],
      [2, ''],
    ],
  );
  const [nothing, throws, refused] = results.map(({ stderr }) => stderr);
  assert.equal(nothing, 'millrace: The program ended without starting a job. Call env.execute() in it.\n');
  assert.match(
    throws ?? '',
    /^millrace: TypeError: not today\n {4}at fail \(program-throws\.ts:4:9\)\n {4}at .*program-throws\.ts:6:1\)?\n$/,
  );
  assert.match(refused ?? '', /^millrace: .*parallelism/i);
});

test('without the command: a mini cluster, the same result, and the process ends by itself', async () => {
  assert.deepEqual(await node(['main.mjs', 'two']), { code: 0, stdout: '1\ntwo\nafter\n', stderr: '' });
});

test('without the command a failure is one message and exit code 1', async () => {
  const { code, stdout, stderr } = await node(['main-throws.mjs']);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(
    stderr,
    /^Operator 'reach', subtask 1\/1, failed at main-throws\.mjs:3:\d+: TypeError: Cannot read properties of undefined \(reading 'y'\)\. Record: 1\n$/,
  );
});

test('without the command a refusal is its message and the place in the program', async () => {
  const { code, stdout, stderr } = await node(['main-refused.mjs']);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^fromSource got .*which is no source: it has no createReader\..*\n {4}at .*main-refused\.mjs:3:5\n$/);
});

test('without the command a program that executes nothing says so, and one that asks for its plan does not', async () => {
  const note = 'millrace: the program made an environment and ended: nothing was executed. Call env.execute() at its end.\n';
  assert.deepEqual(await node(['main-nothing.mjs']), { code: 0, stdout: '', stderr: note });
  assert.deepEqual(await node(['main-plan.mjs']), { code: 0, stdout: '2\n', stderr: '' });
});

test('a program that embeds Millrace names the module of the job and is not run again itself', async () => {
  assert.deepEqual(await node(['embeds.mjs']), { code: 0, stdout: '1\narg\nafter\n', stderr: '' });
});
