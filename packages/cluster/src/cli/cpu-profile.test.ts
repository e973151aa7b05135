/** Goal: a profile of one subtask is there however the job ends, in the words of the sources. Method: the command as a process; its program does a fixed amount of work in functions with names. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { command, programFolder } from './testing-command.ts';

const root = programFolder('cpu-profile');
writeFileSync(
  join(root, 'job.ts'),
  `import { StreamExecutionEnvironment } from 'millrace';

interface Point { k: number; v: number }
const [how = ''] = process.argv.slice(2);

function working(n: number): number {
  let sum = 0;
  for (let i = 0; i < 3_000; i++) sum += Math.sin(i * n);
  return sum;
}

const env = StreamExecutionEnvironment.getExecutionEnvironment();
env
  .fromSequence(1, how === 'forever' ? 1e12 : 5_000)
  .map((n): Point => ({ k: n % 7, v: n })).name('spread')
  .keyBy((point) => point.k)
  .reduce(function adding(a, b) {
    if (how === 'failing' && b.v > 4_000) throw new Error('no more');
    return { k: a.k, v: working(b.v) };
  }).name('total')
  .map((point) => { if (how === 'forever') console.log('one'); return point; })
  .filter((point) => point.v > 10)
  .print();
await env.execute('profiled');
`,
);

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

function run(args: readonly string[], interruptAt?: string): Promise<Ended> {
  const child = spawn(process.execPath, [command, 'run', 'job.ts', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  let interrupted = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (interrupted || interruptAt === undefined || !text.includes(interruptAt)) return;
    interrupted = true;
    child.kill('SIGINT');
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stderr })));
}

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

function framesIn(name: string): Frame[] {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(root, name), 'utf8')) as {
    nodes: { callFrame: Frame }[];
    samples: unknown[];
    timeDeltas: unknown[];
  };
  assert.equal(samples.length, timeDeltas.length);
  return nodes.map(({ callFrame }) => callFrame);
}

const job = pathToFileURL(join(root, 'job.ts')).href;

test('of a job that finishes: functions where they stand in the sources, ours too, and a table with operators', async () => {
  writeFileSync(join(root, 'one.cpuprofile'), 'of an earlier run');
  const { code, stderr } = await run(['--cpu-profile', 'one.cpuprofile', '--cpu-profile-subtask', 'total']);
  assert.equal(code, 0, stderr);
  const frames = framesIn('one.cpuprofile');
  const working = frames.find(({ functionName }) => functionName === 'working');
  assert.deepEqual([working?.url, working?.lineNumber], [job, 5]);
  assert.ok(frames.some(({ url }) => url.endsWith('/runtime/src/task/tasklet.ts')));
  assert.match(
    stderr,
    /^millrace: CPU profile of total -> .* \(1\/1\) and what shares its thread, in .*one\.cpuprofile: [\d.]+ s, of them /m,
  );
  assert.match(stderr, /^ +[\d.]+ ms +[\d.]+ % {2}working +total +job\.ts:6$/m);
});

for (const how of ['failing', 'forever']) {
  test(`of a job that does not finish: ${how}`, async () => {
    const directory = `profiles-${how}`;
    const { code, stderr } = await run(
      ['--cpu-profile', directory, ...(how === 'failing' ? [] : ['--single-thread']), '--', how],
      how === 'forever' ? 'one' : undefined,
    );
    assert.equal(code, how === 'failing' ? 1 : 130, stderr);
    const [name = '', ...others] = readdirSync(join(root, directory));
    assert.deepEqual(others, [], stderr);
    assert.match(name, /^Source-Sequence-Source-spread-1-1\.cpuprofile$/);
    assert.ok(framesIn(join(directory, name)).some(({ functionName }) => functionName === 'working'));
    assert.match(stderr, /millrace: CPU profile of Source/);
  });
}

test('a subtask that the job has not is told with those that it has, and so is a profile that was not written', async () => {
  const { code, stderr } = await run(['--cpu-profile', 'none', '--cpu-profile-subtask', 'total:3']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the job 'profiled' is not profiled: it has no subtask 3 of 'total' \(--cpu-profile-subtask\)\. It has .* with 1/);
  assert.match(stderr, /no CPU profile was written to .*none/);
});

test('what cannot be is refused before the program runs', async () => {
  const alone = await run(['--cpu-profile-subtask', 'total']);
  assert.deepEqual([alone.code, /Add --cpu-profile <path>/.test(alone.stderr)], [2, true], alone.stderr);
  writeFileSync(join(root, 'file'), '');
  const beneath = await run(['--cpu-profile', 'file/profiles']);
  assert.equal(beneath.code, 2);
  assert.match(beneath.stderr, /The CPU profile cannot be written to .*file\/profiles \(--cpu-profile\): /);
  assert.ok(!existsSync(join(root, 'profiles')));
});
