/** Goal: what the command says and how it ends when a command, a configuration or a program is refused. Method: the command as a process. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../bin/millrace.js', import.meta.url));
const root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-cli-test-')));
after(() => rmSync(root, { recursive: true, force: true }));

function millrace(...args: readonly string[]) {
  const { MILLRACE_CONF_DIR: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { cwd: root, encoding: 'utf8', env });
  return { status, stdout, stderr };
}

test('--version prints the version and nothing else', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  assert.deepEqual(millrace('--version'), { status: 0, stdout: `${version}\n`, stderr: '' });
});

test('every command has help that names its options and exit codes', () => {
  for (const args of [['--help'], ['run', '--help'], ['help', 'run']]) {
    const { status, stdout, stderr } = millrace(...args);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /Exit codes:\n {2}0 {4}every job finished/);
  }
  for (const option of ['--parallelism', '--slots', '--json', '--single-thread', '--log-level', '--config-dir', '-D']) {
    assert.ok(millrace('run', '--help').stdout.includes(option), option);
  }
});

test('explain has help of its own, with what it does with the program', () => {
  const { status, stdout } = millrace('explain', '--help');
  assert.equal(status, 0);
  for (const part of ['--parallelism', '--json', '--log-level', '--config-dir', '-D', 'executeAndCollect', '0  the graphs are shown']) {
    assert.ok(stdout.includes(part), part);
  }
});

const HINT = '(millrace --help shows what there is)\n';
const REFUSED: readonly (readonly [string, readonly string[], string])[] = [
  ['an unknown command', ['rnu'], `millrace: unknown command 'rnu'\n(Did you mean run?)\n${HINT}`],
  [
    'an unknown option',
    ['run', 'a.ts', '--paralelism', '2'],
    `millrace: unknown option '--paralelism'\n(Did you mean --parallelism?)\n${HINT}`,
  ],
  [
    'an option of the program before --',
    ['run', 'a.ts', '--input', 'words.txt'],
    `millrace: unknown option '--input'\n(If it is the program's: what is meant for the program stands behind --, as in millrace run job.ts -- --input)\n${HINT}`,
  ],
  ['no program', ['run'], `millrace: missing required argument 'file'\n${HINT}`],
  [
    'a log level that there is not',
    ['run', 'a.ts', '--log-level', 'loud'],
    `millrace: option '--log-level <level>' argument 'loud' is invalid. Allowed choices are error, warn, info, debug.\n${HINT}`,
  ],
  [
    '-D without a value',
    ['run', 'a.ts', '-D', 'parallelism.default'],
    `millrace: option '-D <key=value>' argument 'parallelism.default' is invalid. Write -D key=value, for example -D parallelism.default=2.\n${HINT}`,
  ],
  ['a missing program', ['run', 'a.ts'], `millrace: There is no file 'a.ts' in ${root}. Name the program's file, for example job.ts.\n`],
  [
    'a misspelt key',
    ['run', 'a.ts', '-D', 'paralelism.default=2'],
    'millrace: paralelism.default (from -D) is not a configuration key. Did you mean parallelism.default?\n',
  ],
  [
    'parallelism 0',
    ['run', 'a.ts', '--parallelism', '0'],
    "millrace: parallelism.default is '0' (from --parallelism), but it must be a whole number from 1 to 32768.\n",
  ],
  [
    'slots that are no number',
    ['run', 'a.ts', '--slots', 'many'],
    "millrace: taskmanager.numberOfTaskSlots is 'many' (from --slots), but it must be a whole number from 1 to 1024.\n",
  ],
];
for (const [what, args, stderr] of REFUSED) {
  test(`${what}: one message, exit code 2, nothing on standard output`, () => {
    assert.deepEqual(millrace(...args), { status: 2, stdout: '', stderr });
  });
}

test('a program that does not parse is refused with its place', () => {
  writeFileSync(join(root, 'broken.ts'), 'const a = ;\n');
  const stderr =
    'millrace: broken.ts cannot be bundled because of an error:\n  broken.ts:1:11: Unexpected ";"\n    const a = ;\n              ^\n';
  assert.deepEqual(millrace('run', 'broken.ts'), { status: 2, stdout: '', stderr });
});

test('--json ends standard output with an object even when nothing could be started', () => {
  const { status, stdout } = millrace('run', 'a.ts', '--json');
  const { durationMs, ...report } = JSON.parse(stdout) as Record<string, unknown>;
  assert.equal(status, 2);
  assert.equal(typeof durationMs, 'number');
  const error = `There is no file 'a.ts' in ${root}. Name the program's file, for example job.ts.`;
  assert.deepEqual(report, {
    job: null,
    state: 'FAILED',
    netRuntimeMs: 0,
    restarts: 0,
    checkpoints: null,
    vertices: [],
    threads: [],
    backPressureCulprit: null,
    metrics: [],
    error,
  });
});
