/**
 * Goal: what `millrace explain` shows of the programs of examples/, under review as golden files, and how it ends. Method: the command as a process.
 * `node packages/cluster/dist/cli/explain.test.js --update-golden` writes the golden files anew; read the difference.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../bin/millrace.js', import.meta.url));
const project = fileURLToPath(new URL('../../../..', import.meta.url));
const root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-explain-test-')));
after(() => rmSync(root, { recursive: true, force: true }));
symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'));

const PRELUDE =
  "import { StreamExecutionEnvironment } from 'millrace';\nconst env = StreamExecutionEnvironment.getExecutionEnvironment();\n";
const PROGRAMS: Record<string, string> = {
  'several.ts': `${PRELUDE}
console.log('from the program');
const half = env.constant(() => 0.5);
env.fromData(1, 2).map((n) => n * half).print();
await env.execute('first');
env.fromData(3).filter((n) => n > 1).uid('big').print();
await env.execute('second');
`,
  'collects.ts': `${PRELUDE}
const rows = await env.fromData(1, 2).map((n) => n + 1).executeAndCollect('collected', 10);
env.fromData(...rows).print();
await env.execute('never shown');
`,
  'throws-after.ts': `${PRELUDE}env.fromData(1).print();\nawait env.execute('made');\nthrow new TypeError('no file');\n`,
  // The second has a loop, which has no place in BATCH mode.
  'modes.ts': `${PRELUDE}
env.fromData('a', 'b', 'a').keyBy((word) => word).reduce((a, b) => a + b).print();
await env.execute('words');
const loop = env.fromSequence(1, 3).iterate();
const less = loop.map((n) => n - 1);
loop.closeWith(less.filter((n) => n > 0));
less.filter((n) => n <= 0).print();
await env.execute('loop');
`,
  'batch.ts': `${PRELUDE}env.setRuntimeMode('BATCH').enableCheckpointing('1 s');\nenv.fromData(1).print();\nawait env.execute('batch');\n`,
  'declares.ts': `import { StateDeclarations, StreamExecutionEnvironment, Types } from 'millrace';
const env = StreamExecutionEnvironment.getExecutionEnvironment();
const total = StateDeclarations.mapStateBuilder('total', Types.STRING, Types.LONG).enableTimeToLive({ ttl: '1 s' }).build();
const seen = StateDeclarations.listStateBuilder('seen', Types.STRING).redistributeBy('UNION').build();
env.fromData('a').keyBy((word) => word).process({ usesStates: () => [total, seen], processElement() {} }).print();
await env.execute('declares');
`,
  'nothing.ts': PRELUDE,
  'refused.ts': `${PRELUDE}env.fromData(1).map((n) => n).setParallelism(0).print();\nawait env.execute();\n`,
  'stuck.ts': 'await new Promise(() => {});\nexport {};\n',
  'warned.ts': `import { Duration, SlidingProcessingTimeWindows, StreamExecutionEnvironment } from 'millrace';
const env = StreamExecutionEnvironment.getExecutionEnvironment();
env.fromData(1).keyBy((n) => n).window(SlidingProcessingTimeWindows.of(Duration.ofSeconds(1), Duration.ofSeconds(2))).reduce((a, b) => a + b).print();
await env.execute('gaps');
`,
};
for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(join(root, name), text);

function explain(cwd: string, ...args: readonly string[]) {
  const { MILLRACE_CONF_DIR: _, ...env } = process.env;
  // As in CI, where colours are often asked for: what is no terminal gets none.
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, 'explain', ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...env, CI: 'true' },
  });
  return { status, stdout, stderr };
}

/** What the command itself says, between the lines of the program. */
const told = (stderr: string): string =>
  stderr
    .split('\n')
    .filter((line) => line.startsWith('millrace:'))
    .join('\n');

function compareWithGolden(name: string, text: string): void {
  const path = fileURLToPath(new URL(`../../src/cli/testdata/${name}`, import.meta.url));
  if (process.argv.includes('--update-golden')) writeFileSync(path, text);
  assert.equal(text, existsSync(path) ? readFileSync(path, 'utf8') : undefined, name);
}

const EXAMPLES: readonly (readonly [string, readonly string[]])[] = [
  ['examples/word-count.ts', ['--input', 'LICENSE']],
  ['examples/commits-by-week.ts', ['--input', 'examples/data/commits.jsonl.gz', '--output', 'out']],
  ['examples/custom-session.ts', []],
  ['examples/idle-alerts.ts', []],
  ['examples/joins.ts', []],
  ['examples/rules-by-broadcast.ts', []],
  ['examples/exactly-once-sink.ts', []],
  ['examples/quickstart/flights.ts', []],
];

for (const [file, args] of EXAMPLES) {
  test(`${file}: text and JSON as reviewed`, () => {
    const name = basename(file, '.ts');
    const text = explain(project, file, '--parallelism', '2', '--', ...args);
    assert.deepEqual([text.status, told(text.stderr)], [0, '']);
    compareWithGolden(`${name}.explain.txt`, text.stdout);
    const json = explain(project, file, '--parallelism', '2', '--json', '--', ...args);
    assert.deepEqual([json.status, told(json.stderr)], [0, '']);
    // The digest is of every setting of a job, so it changes with each that is added: its form is enough here.
    compareWithGolden(`${name}.explain.json`, json.stdout.replace(/"digest": "[0-9a-f]{32}"/, '"digest": "32 hexadecimal digits"'));
  });
}

test('the mode that a job has: what AUTOMATIC comes to, and what BATCH leaves out, as reviewed', () => {
  const told = (...args: readonly string[]) => {
    const { status, stdout, stderr } = explain(root, 'modes.ts', ...args);
    assert.deepEqual([status, stderr], [0, '']);
    return stdout;
  };
  compareWithGolden('modes.streaming.explain.txt', told());
  compareWithGolden('modes.automatic.explain.txt', told('-D', 'execution.runtime-mode=AUTOMATIC'));
  const modes = (...args: readonly string[]) =>
    JSON.parse(told('--json', ...args)).jobs.map(({ executionMode }: { executionMode: string }) => executionMode);
  assert.deepEqual(modes('-D', 'execution.runtime-mode=AUTOMATIC'), ['BATCH', 'STREAMING']);
  assert.deepEqual(modes(), ['STREAMING', 'STREAMING']);
});

test('B-002: the states that functions declare, with kind, type and redistribution', () => {
  assert.match(
    explain(root, 'declares.ts').stdout,
    /KeyedProcess .*\n +state 'total': map of STRING to LONG, NONE, time to live 1000 ms\n +state 'seen': list of STRING, REDISTRIBUTABLE by UNION\n +<- 1, hash/,
  );
  const { jobs } = JSON.parse(explain(root, 'declares.ts', '--json').stdout);
  assert.deepEqual(
    jobs[0].streamGraph.nodes.map(({ states }: { states: unknown }) => states),
    [
      [],
      [
        { name: 'total', kind: 'map', redistributionMode: 'NONE', redistributionStrategy: null, type: 'STRING to LONG', ttlMs: 1000 },
        { name: 'seen', kind: 'list', redistributionMode: 'REDISTRIBUTABLE', redistributionStrategy: 'UNION', type: 'STRING', ttlMs: null },
      ],
      [],
    ],
  );
});

test('every job of a program, in its order; what the program prints stays out of the way', () => {
  const { status, stdout, stderr } = explain(root, 'several.ts', '--json');
  const { jobs, stoppedAt, error, notes, program } = JSON.parse(stdout);
  assert.deepEqual([status, stderr, program, stoppedAt, error, notes], [0, 'from the program\n', 'several.ts', null, null, []]);
  assert.deepEqual(
    jobs.map((job: { name: string; slots: number; streamGraph: { nodes: { uid: string | null }[] } }) => [
      job.name,
      job.slots,
      job.streamGraph.nodes.map(({ uid }) => uid),
    ]),
    [
      ['first', 1, [null, null, null]],
      ['second', 1, [null, 'big', null]],
    ],
  );
});

test('a program that reads the records of a job stops there, and the explanation says so', () => {
  const { status, stdout, stderr } = explain(root, 'collects.ts', '--json');
  const { jobs, stoppedAt } = JSON.parse(stdout);
  assert.deepEqual([status, stderr, jobs.map((job: { name: string }) => job.name), stoppedAt], [0, '', ['collected'], 'collected']);
  const text = explain(root, 'collects.ts');
  assert.match(text.stdout, /Sink: Collect/);
  assert.match(text.stdout, /\nThe program reads the records of the job 'collected', which explain does not run: it stops there, .*\n$/);
});

test('a program that throws after a job: what is known is shown, and the failure is told', () => {
  const { status, stdout, stderr } = explain(root, 'throws-after.ts');
  assert.equal(status, 1);
  assert.match(stdout, /^Job 'made'\n[\s\S]*\n\nThe program threw after the jobs above\..*\n$/);
  assert.match(stderr, /^millrace: TypeError: no file\n {4}at .*throws-after\.ts:5:7\)?\n$/);
  const json = explain(root, 'throws-after.ts', '--json');
  assert.deepEqual([json.status, JSON.parse(json.stdout).error], [1, 'no file']);
});

test('refusals end as those of run do', () => {
  const ended = (...args: readonly string[]) => {
    const { status, stderr } = explain(root, ...args);
    return [status, stderr.split('\n')[0]];
  };
  assert.deepEqual(ended('nothing.ts'), [2, 'millrace: The program ended without starting a job. Call env.execute() in it.']);
  assert.deepEqual(ended('refused.ts')[0], 2);
  assert.deepEqual(ended('absent.ts'), [
    2,
    `millrace: There is no file 'absent.ts' in ${root}. Name the program's file, for example job.ts.`,
  ]);
  assert.deepEqual(ended('several.ts', '-p', '0')[0], 2);
  assert.deepEqual(ended('stuck.ts'), [
    1,
    'millrace: stuck.ts awaits something at its top level that never comes. Look for a promise that nothing settles.',
  ]);
});

test('warnings that a run would give are part of the explanation', () => {
  const { status, stdout, stderr } = explain(root, 'warned.ts');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /\n {2}warning: .*slide/i);
  const batch = explain(root, 'batch.ts');
  assert.deepEqual([batch.status, batch.stderr], [0, '']);
  assert.match(
    batch.stdout,
    /execution mode BATCH.*\n {2}warning: The job runs in BATCH mode, which takes no checkpoints: what was set of them is left out\.\n/,
  );
});
