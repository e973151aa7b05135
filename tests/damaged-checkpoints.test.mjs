// Goal: checkpoints that are damaged, of another job or of other types, and disks and sinks that fail: each is refused before the first record or survived, and the message names the file
// or the operator and the way out. Method: real runs of real programs, ended by SIGKILL once enough checkpoints are complete; then their files are changed and the program is begun again.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PRELUDE, until, workshop } from './support/processes.mjs';
import { linesOf, root } from './support/run-millrace.mjs';

const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const lastLine = (stdout) => JSON.parse(linesOf(stdout).at(-1));

/** Its state goes into files of its own, whatever its size. */
const FLAGS = [
  '--checkpoint-dir',
  'checkpoints',
  '--checkpoint-interval',
  '20 ms',
  '--log-level',
  'info',
  '-D',
  'execution.checkpointing.num-retained=3',
  '-D',
  'execution.checkpointing.data-inline-threshold=0 b',
];

const JOB = ({
  uid = 'sums',
  name = 'endless',
  key = '(n) => n % 50, Types.LONG',
  type = 'LONG',
  map = '(n) => n',
  filter = '() => false',
} = {}) => `import { Types } from 'millrace';
${PRELUDE}
env.fromCollection(function* () { for (let n = 0; ; n += 1) yield n; }).map(${map}).returns(Types.${type}).keyBy(${key}).reduce((a, b) => (b < a ? a : b)).uid('${uid}').name('${uid}')
  .filter(${filter}).print();
await env.execute('${name}');
`;

/** A job that was killed behind its fifth checkpoint: where its checkpoints are, the newest last. */
async function killedJob(t, program = JOB()) {
  const shop = workshop(t, { 'job.ts': program });
  const run = shop.startRun('job.ts', ...FLAGS);
  await run.says('checkpoint 5 of');
  run.process.kill('SIGKILL');
  await run.ended;
  const [jobId] = jobsIn(shop.folder);
  const directory = join(shop.folder, 'checkpoints', jobId);
  const ids = completeIn(directory);
  assert.ok(ids.length >= 2, `only ${ids}`);
  return { ...shop, directory, ids, newest: join(directory, `chk-${ids.at(-1)}`) };
}

/** Beside them lie locks. */
const jobsIn = (folder) => readdirSync(join(folder, 'checkpoints')).filter((name) => !name.startsWith('.'));

/** Ascending. */
function completeIn(directory) {
  const whole = readdirSync(directory).filter((name) => existsSync(join(directory, name, '_metadata')));
  return whole.map((name) => Number(name.slice(4))).sort((a, b) => a - b);
}

/** The files of state in a checkpoint. */
function stateFiles(checkpoint) {
  const files = readdirSync(checkpoint).filter((name) => name !== '_metadata');
  assert.ok(files.length > 0, `no files in ${checkpoint}`);
  return files.map((name) => join(checkpoint, name));
}

const flip = (file) => {
  const bytes = readFileSync(file);
  bytes[bytes.length - 3] ^= 0x10;
  writeFileSync(file, bytes);
};

const NO_OLDER = /and there is no older one\. Name another one with --restore, or begin without\./;

/** What may happen to a file of state, and what is said of it: by its path, with an older one, with none. */
const DAMAGES = [
  ['a truncated file of state', (file) => truncateSync(file, readFileSync(file).length - 5), /has \d+ bytes, and the checkpoint says \d+/],
  ['a bit-flipped file of state', flip, /has a block at \d+ whose checksum is [0-9a-f]{8} instead of [0-9a-f]{8}/],
  [
    'a missing file of state',
    (file) => rmSync(file),
    /cannot be opened: .*there is no such file or directory \(ENOENT\)\. Restore an older checkpoint/,
    /is missing\. An older one is looked for\./,
    /No checkpoint of the job 'endless' in .* can be used: .*chk-\d+\. Bring the files back, or give the path of another checkpoint/,
  ],
];

for (const [name, damage, what, atOnce = what, alone = NO_OLDER] of DAMAGES) {
  test(`${name}: latest uses an older checkpoint and names the file; with none older, and by its path, the job is refused by the file's name`, async (t) => {
    const { startRun, run, newest, ids, directory } = await killedJob(t);
    for (const path of stateFiles(newest)) damage(path);
    const file = `${literal(newest)}/[0-9a-f]+`;

    const byPath = await run('job.ts', ...FLAGS, '--restore', newest, '--json');
    assert.equal(byPath.code, 1, byPath.stderr);
    assert.match(byPath.stderr, new RegExp(`The checkpoint cannot be read: '${file}' ${what.source}`));
    assert.match(byPath.stderr, NO_OLDER);
    assert.equal(lastLine(byPath.stdout).restarts, 0);

    const again = startRun('job.ts', ...FLAGS, '--restore', 'latest', '--json');
    await again.says('is complete');
    again.process.kill('SIGTERM');
    const ended = await again.ended;
    assert.match(ended.stderr, new RegExp(`${file}'? ${atOnce.source}`));
    assert.equal(lastLine(ended.stdout).checkpoints.restoredId, ids.at(-2));

    // Canceled, it has taken its own away: the damaged one is the last.
    assert.deepEqual(completeIn(directory), ids.slice(-1));
    const refused = await run('job.ts', ...FLAGS, '--restore', 'latest');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, alone);
  });
}

test('a checkpoint of another job: refused with the list of what would be lost; with --allow-non-restored-state it goes on', async (t) => {
  const { newest, run, startRun, write } = await killedJob(t);
  write('job.ts', JOB({ uid: 'others', name: 'another job' }));
  const refused = await run('job.ts', ...FLAGS, '--restore', newest);
  assert.deepEqual([refused.code, refused.stdout], [2, '']);
  assert.match(
    refused.stderr,
    new RegExp(
      `The checkpoint '.*${literal(newest)}' of the job 'endless' has state of operators that this program has not:\\n {2}'sums' \\(uid sums\\): \\d+ bytes\\n` +
        'Give the operators the uids that they had, or leave their state behind with --allow-non-restored-state\\.',
    ),
  );
  const allowed = startRun('job.ts', ...FLAGS, '--restore', newest, '--allow-non-restored-state');
  await allowed.says("of the job 'another job' is complete");
  allowed.process.kill('SIGKILL');
  await allowed.ended;
});

const TYPES = [
  [
    'another type of key',
    { key: '(n) => String(n % 50), Types.STRING' },
    /the checkpoint has table state of LONG by LONG, and the program wants table state of LONG by STRING \(key is stored as LONG and wanted as STRING\)/,
  ],
  [
    'another type of state',
    { map: '(n) => String(n)', type: 'STRING', key: '(text) => text.length, Types.LONG' },
    /the checkpoint has table state of LONG by LONG, and the program wants table state of STRING by LONG \(value is stored as LONG and wanted as STRING\)/,
  ],
];
for (const [name, changes, difference] of TYPES) {
  test(`${name} under the same uid: the difference in words, before the first record`, async (t) => {
    const { run, write } = await killedJob(t, JOB());
    write('job.ts', JOB({ ...changes, filter: "(n) => { throw new Error('a record'); }" }));
    const { code, stderr } = await run('job.ts', ...FLAGS, '--restore', 'latest');
    assert.notEqual(code, 0);
    assert.match(stderr, /Operator 'sums' \(uid sums\).*State '.*' cannot be restored: /);
    assert.match(stderr, difference);
    assert.doesNotMatch(stderr, /a record/);
  });
}

const LEARNED = ({ map = '(n) => ({ id: n % 50, n })', key = '({ id }) => id', log = '' } = {}) => `${PRELUDE}
env.fromCollection(function* () { for (let n = 0; ; n += 1) yield n; }).map(${map}).keyBy(${key}).reduce((a, b) => { ${log} return b; }).uid('last').name('last')
  .filter(() => false).print();
await env.execute('endless');
`;
const REDUCED = "throw new Error('a stored value was read');";

test('types that nobody declared: inspect shows what was learned; a program of other ones is refused by each field before a stored value is read, one with more fields goes on', async (t) => {
  const { startRun, run, start, write, newest } = await killedJob(t, LEARNED());
  const inspected = await start([join(root, 'packages/cluster/bin/millrace.js'), 'inspect', newest]).ended;
  assert.match(inspected.stdout, /last \(uid last\).*\n {2}_op_state +table +\d+ entries .* SHAPE<INT> → SHAPE<ROW<id INT, n INT>>/);

  for (const [changes, difference] of [
    [
      { map: '(n) => ({ id: n % 50, n: String(n) })' },
      /State '_op_state' cannot go on from the checkpoint: value\.n is stored as INT and the program has STRING\./,
    ],
    [
      { key: '({ id }) => String(id)' },
      /The keyed state of this operator cannot go on from the checkpoint: key is stored as INT and the program has STRING\./,
    ],
  ]) {
    write('job.ts', LEARNED({ ...changes, log: REDUCED }));
    const { code, stdout, stderr } = await run('job.ts', ...FLAGS, '--restore', 'latest', '--json');
    assert.equal(code, 1, stderr);
    assert.match(stderr, /Operator 'last' \(uid last\), subtask \d\/\d, failed: /);
    assert.match(stderr, difference);
    assert.doesNotMatch(stderr, /was read/);
    assert.equal(lastLine(stdout).restarts, 0);
  }

  write('job.ts', LEARNED({ map: '(n) => ({ n, more: true, id: n % 50 })' }));
  const again = startRun('job.ts', ...FLAGS, '--restore', 'latest');
  await again.says('is complete');
  again.process.kill('SIGKILL');
  await again.ended;
});

const SINK = (commit) => `import { RestartStrategies } from 'millrace';
${PRELUDE}env.setRestartStrategy(RestartStrategies.fixedDelayRestart(2, '10 ms'));
const bytes = { version: 1, serialize: (text) => Buffer.from(text), deserialize: (from) => Buffer.from(from).toString() };
const sink = {
  createWriter: () => ({ write() {}, flush() {}, prepareCommit: () => ['part-1'], close() {} }),
  createCommitter: () => ({ commit(requests) { ${commit} }, close() {} }),
  committableSerializer: () => bytes,
};
env.fromCollection(function* () { for (let n = 0; ; n += 1) yield n; }).sinkTo(sink as never).uid('bucket').name('to the bucket');
await env.execute('commits');
`;
const COMMITS = [
  ['throws', "throw new Error('the bucket is gone');", /Error: the bucket is gone/],
  [
    'says that it failed',
    "requests[0].signalFailedWithUnknownReason(new Error('the bucket is gone'));",
    /The sink's committer failed with \d+ of \d+ committables, tried once: the bucket is gone/,
  ],
  [
    'asks for more tries than there are',
    'for (const each of requests) each.retryLater();',
    /The sink's committer asked 10 times to retry a commit/,
  ],
];
for (const [name, commit, message] of COMMITS) {
  test(`a sink whose commit keeps failing, one that ${name}: the restart strategy ends it, and the message names sink, uid and what was tried`, async (t) => {
    const { run } = workshop(t, { 'job.ts': SINK(commit) });
    const { code, stdout, stderr } = await run('job.ts', '--checkpoint-interval', '20 ms', '--json');
    assert.equal(code, 1);
    assert.deepEqual([lastLine(stdout).state, lastLine(stdout).restarts], ['FAILED', 2], stderr);
    assert.match(
      stderr,
      new RegExp(`^millrace: Operator 'Sink: to the bucket' \\(uid bucket\\), subtask \\d/\\d, failed.*${message.source}`, 'm'),
    );
    assert.match(
      stderr,
      /The job has failed 3 times and was restarted 2 times; it is not restarted any more: fixed-delay allows 2 restarts\./,
    );
  });
}

test('a full disk: the checkpoint fails with the reason, the job goes on, and the checkpoint before it is whole', {
  skip: process.getuid?.() === 0 && process.platform === 'linux' ? false : 'mounting a file system of 1 MB needs root',
}, async (t) => {
  const mounted = [];
  t.after(() => {
    for (const path of mounted) execFileSync('umount', ['--lazy', path]);
  });
  const { startRun, folder } = workshop(t, { 'job.ts': JOB() });
  const disk = join(folder, 'checkpoints');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  mounted.push(disk);
  const start = (...more) => startRun('job.ts', ...FLAGS, '-D', 'execution.checkpointing.tolerable-failed-checkpoints=1000000', ...more);
  const full = /checkpoint (\d+) of the job 'endless' failed: .*Cannot write '.*\/checkpoints\/.*': no space is left on the device/;

  const first = start();
  await first.says('checkpoint 3 of');
  await until(
    () => fill(disk) && full.test(first.stderr),
    () => first.stderr,
  );
  first.process.kill('SIGKILL');
  await first.ended;
  rmSync(join(disk, 'filler'));

  const again = start('--restore', 'latest', '--json');
  await again.says('is complete');
  await until(
    () => fill(disk) && full.test(again.stderr),
    () => again.stderr,
  );
  rmSync(join(disk, 'filler'));
  const [, failed] = full.exec(again.stderr);
  await until(
    () => [...again.stderr.matchAll(/checkpoint (\d+) of the job 'endless' is complete/g)].some(([, id]) => Number(id) > Number(failed)),
    () => again.stderr,
  );
  again.process.kill('SIGTERM');
  const report = lastLine((await again.ended).stdout);
  assert.equal(report.restarts, 0);
  assert.ok(report.checkpoints.restoredId >= 3);
});

/** What is free, at each call: a checkpoint that is removed meanwhile makes room for the next one, and so on for ever. */
function fill(disk) {
  assert.throws(() => appendFileSync(join(disk, 'filler'), Buffer.alloc(2_000_000)), { code: 'ENOSPC' });
  return true;
}
