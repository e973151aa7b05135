// Goal: a job that is killed, or fails, goes on from its last checkpoint as if nothing had happened, and what cannot go on is refused before the first record.
// Method: real runs of real programs, ended by SIGKILL when they say that a checkpoint is complete; what they have written is compared with a run that nobody disturbed.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PRELUDE, workshop } from './support/processes.mjs';
import { linesOf, root } from './support/run-millrace.mjs';

const lastLine = (stdout) => JSON.parse(linesOf(stdout).at(-1));
const example = join(root, 'examples/commits-by-week.ts');
const input = join(root, 'examples/data/commits.jsonl.gz');

/** All lines of all files that a file sink has finished, sorted. */
function linesIn(directory) {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name.startsWith('part-'),
  );
  return files.flatMap((file) => linesOf(readFileSync(join(file.parentPath, file.name), 'utf8'))).sort();
}

/** Beside them lie locks. */
const jobsIn = (directory) => readdirSync(directory).filter((name) => !name.startsWith('.'));

async function killedAfter(run, text) {
  await run.says(text);
  run.process.kill('SIGKILL');
  return run.ended;
}

test('commits by week: a checkpoint every 100 ms at parallelism 2, killed, restored at 3, killed, restored at 5: the lines are those of a run without', async (t) => {
  const { folder, run, startRun, leftovers } = workshop(t, {});
  const undisturbed = await run(example, '--', '--input', input, '--output', 'expected');
  assert.equal(undisturbed.code, 0, undisturbed.stderr);
  const checkpointed = (parallelism, interval) =>
    startRun(
      example,
      '-p',
      parallelism,
      '--checkpoint-dir',
      'checkpoints',
      '--checkpoint-interval',
      interval,
      '--restore',
      'latest',
      '--json',
      '--log-level',
      'info',
      '--',
      '--input',
      input,
      '--output',
      'out',
    );
  const first = await killedAfter(checkpointed('2', '100 ms'), 'checkpoint 2 of');
  assert.match(first.stderr, /there is no complete checkpoint of a job 'commits by week' in .*checkpoints: it begins without state/);
  const [jobId] = jobsIn(join(folder, 'checkpoints'));
  const second = await killedAfter(checkpointed('3', '20 ms'), 'is complete');
  const [, id] = /checkpoint (\d+) of the job .* is complete/.exec(second.stderr);
  assert.ok(Number(id) > 2, `ids go on: ${second.stderr}`);
  const { code, stdout, stderr } = await checkpointed('5', '100 ms').ended;
  assert.equal(code, 0, stderr);
  const report = lastLine(stdout);
  assert.equal(report.state, 'FINISHED');
  assert.ok(report.checkpoints.restoredId >= Number(id));
  assert.deepEqual(linesIn(join(folder, 'out')), linesIn(join(folder, 'expected')));
  assert.match(stderr, new RegExp(`\\(${jobId}\\) submitted`)); // it is the same job
  assert.deepEqual(readdirSync(join(folder, 'checkpoints')), []); // finished: nothing is kept
  assert.deepEqual(await leftovers(), []);
});

const SUMS = (map, settings = '') => `import { existsSync, writeFileSync } from 'node:fs';
import { FileSink, JsonLinesEncoder } from '@millrace/connectors/file';
import { RestartStrategies } from 'millrace';
${PRELUDE}${settings}
env.enableCheckpointing('50 ms');
env.fromSequence(1, 400_000).setParallelism(1).map(${map}).setParallelism(1).keyBy((n) => n % 10).reduce((a, b) => a + b * 10).name('sums').uid('sums')
  .filter((sum) => sum % 7 === 0).sinkTo(FileSink.forRowFormat('out', new JsonLinesEncoder()).build());
await env.execute('sums');
`;

async function sumsWithout(t) {
  const { run, folder } = workshop(t, { 'job.ts': SUMS('(n) => n') });
  const { code, stderr } = await run('job.ts', '-p', '2');
  assert.equal(code, 0, stderr);
  return linesIn(join(folder, 'out'));
}

test('a function that throws once: the job is restarted from its checkpoint, says so, and its sums are right', async (t) => {
  const { run, folder } = workshop(t, {
    'job.ts': SUMS(
      "(n) => { if (n > 150_000 && !existsSync('thrown')) { writeFileSync('thrown', ''); throw new Error('once'); } return n; }",
      "env.setRestartStrategy(RestartStrategies.fixedDelayRestart(3, '10 ms'));",
    ),
  });
  const { code, stdout, stderr } = await run('job.ts', '-p', '2', '--json');
  assert.equal(code, 0, stderr);
  assert.equal(lastLine(stdout).restarts, 1);
  assert.match(stderr, /^millrace: the job 'sums' is restarted in 10 ms \(restart 1\): .*once/m);
  assert.deepEqual(linesIn(join(folder, 'out')), await sumsWithout(t));
});

test('a record that always throws: the restart strategy ends it, and the message names how often and where', async (t) => {
  const { run } = workshop(t, {
    'job.ts': SUMS(
      "(n) => { if (n === 7) throw new Error('poison'); return n; }",
      "env.setRestartStrategy(RestartStrategies.fixedDelayRestart(2, '10 ms'));",
    ),
  });
  const { code, stdout, stderr } = await run('job.ts', '-p', '2', '--json');
  assert.equal(code, 1);
  assert.deepEqual([lastLine(stdout).state, lastLine(stdout).restarts], ['FAILED', 2]);
  assert.match(stderr, /poison/);
  assert.match(
    stderr,
    /The job has failed 3 times and was restarted 2 times; it is not restarted any more: fixed-delay allows 2 restarts\./,
  );
});

test('a TaskManager that is killed: another one is started, and the job goes on in it', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const { startRun, folder, processes, leftovers } = workshop(t, { 'job.ts': SUMS('(n) => n') });
  const run = startRun('job.ts', '-p', '2', '--json', '--log-level', 'info');
  await run.says('checkpoint 1 of');
  process.kill(processes().find(({ command }) => command.includes('task-manager-main')).pid, 'SIGKILL');
  const { code, stdout, stderr } = await run.ended;
  assert.equal(code, 0, stderr);
  assert.equal(lastLine(stdout).restarts, 1);
  assert.match(stderr, /restart 1\): TaskManager tm-1 was lost: its process was ended by SIGKILL\./);
  assert.deepEqual(linesIn(join(folder, 'out')), await sumsWithout(t));
  assert.deepEqual(await leftovers(), []);
});

test('in one thread, too, a job is restarted from its checkpoint', async (t) => {
  const { run, folder } = workshop(t, {
    'job.ts': SUMS(
      "(n) => { if (n > 150_000 && !existsSync('thrown')) { writeFileSync('thrown', ''); throw new Error('once'); } return n; }",
      "env.setRestartStrategy(RestartStrategies.fixedDelayRestart(3, '10 ms'));",
    ),
  });
  const { code, stdout, stderr } = await run('job.ts', '-p', '2', '--json', '--single-thread');
  assert.equal(code, 0, stderr);
  assert.equal(lastLine(stdout).restarts, 1);
  assert.deepEqual(linesIn(join(folder, 'out')), await sumsWithout(t));
});

test('in BATCH mode checkpoints are left out with a warning, and a job that fails is begun anew: its output comes once', async (t) => {
  const { run, folder } = workshop(t, {
    'job.ts': SUMS(
      "(n) => { if (n > 150_000 && !existsSync('thrown')) { writeFileSync('thrown', ''); throw new Error('once'); } return n; }",
      "env.setRuntimeMode('BATCH').setRestartStrategy(RestartStrategies.fixedDelayRestart(3, '10 ms'));",
    ).replace('sum % 7 === 0', 'true'),
  });
  const { code, stdout, stderr } = await run('job.ts', '-p', '2', '--json', '--checkpoint-dir', 'checkpoints');
  assert.equal(code, 0, stderr);
  const report = lastLine(stdout);
  assert.deepEqual([report.restarts, report.checkpoints?.completed ?? 0], [1, 0]);
  assert.match(stderr, /The job runs in BATCH mode, which takes no checkpoints: what was set of them is left out\./);
  assert.match(stderr, /restart 1\): .*once/);
  assert.match(
    stderr,
    /the job 'sums' runs in BATCH mode, which takes no checkpoints: --checkpoint-dir and --checkpoint-interval are left out\./,
  );
  const sums = Array(10).fill(undefined);
  for (let n = 1; n <= 400_000; n++) sums[n % 10] = sums[n % 10] === undefined ? n : sums[n % 10] + n * 10;
  assert.deepEqual(linesIn(join(folder, 'out')), sums.map(String).sort());
  assert.equal(existsSync(join(folder, 'checkpoints')), false);
});

const ENDLESS = (uid, more = '') => `${PRELUDE}${more}
env.fromCollection(function* () { for (let n = 0; ; n += 1) yield n; }).map((n) => n).keyBy((n) => n % 3).reduce((a, b) => a + b).uid('${uid}').name('${uid}').filter((n) => n < 0).print();
await env.execute('endless');
`;

test('a job in BATCH mode begins without state: with --restore latest as well, unless there is a checkpoint that it would pass over', async (t) => {
  const { run, startRun, write } = workshop(t, { 'streaming.ts': ENDLESS('first') });
  write(
    'batch.ts',
    `${PRELUDE}env.setRuntimeMode('BATCH');\nenv.fromData(1, 2, 3).keyBy((n) => n % 2).reduce((a, b) => a + b).print();\nawait env.execute('endless');\n`,
  );
  const kept = ['--checkpoint-dir', 'checkpoints'];
  for (const [flags, message] of [
    [[], /the job 'endless' runs in BATCH mode, which takes no checkpoints: there is no latest one, and it begins without state\./],
    [kept, /there is no complete checkpoint of a job 'endless' in .*checkpoints: it begins without state\./],
  ]) {
    const { code, stdout, stderr } = await run('batch.ts', '--restore', 'latest', ...flags);
    assert.deepEqual([code, stdout.split('\n').sort()], [0, ['', '2', '4']], stderr);
    assert.match(stderr, message);
  }
  const streaming = startRun('streaming.ts', ...kept, '--checkpoint-interval', '20 ms', '--log-level', 'info');
  await streaming.says('checkpoint 1 of');
  streaming.process.kill('SIGKILL');
  await streaming.ended;
  const refused =
    /The job 'endless' cannot begin with its checkpoint .*chk-\d+: it runs in BATCH mode, which begins without state\. Run it in STREAMING mode/;
  const latest = await run('batch.ts', '--restore', 'latest', ...kept);
  assert.deepEqual([latest.code, latest.stdout], [2, ''], latest.stderr);
  assert.match(latest.stderr, refused);
  const byPath = await run('batch.ts', '--restore', 'some/chk-1');
  assert.deepEqual([byPath.code, byPath.stdout], [2, ''], byPath.stderr);
  assert.match(byPath.stderr, /cannot begin with the checkpoint some\/chk-1: it runs in BATCH mode, which begins without state\./);
});

test('what cannot be checkpointed or restored is refused before the first record, with the way out', async (t) => {
  const { run, startRun, write, folder } = workshop(t, { 'job.ts': ENDLESS('first'), file: '' });
  mkdirSync(join(folder, 'empty'));
  const refused = [
    [
      ['--checkpoint-interval', '0 ms'],
      /execution\.checkpointing\.interval is '0 ms' \(from --checkpoint-interval\), but it must be a duration with a unit, .* 1 ms or more\./,
    ],
    [['-D', 'execution.checkpointing.interval=0 s'], /execution\.checkpointing\.interval is '0 s' \(from -D\)/],
    [['--checkpoint-dir', 'file'], /Checkpoints cannot be written to|is no directory|not a directory/i],
    [
      ['--restore', 'latest', '--checkpoint-interval', '1 s'],
      /cannot begin with its latest checkpoint: it has no directory of checkpoints\. Give it with --checkpoint-dir/,
    ],
    [['--restore', 'empty'], /'.*empty' is no checkpoint: there is no _metadata in it\./],
    [['-D', 'execution.checkpointing.storage=filesystem'], /execution\.checkpointing\.storage is filesystem, but there is no directory\./],
  ];
  for (const [flags, message] of refused) {
    const { code, stdout, stderr } = await run('job.ts', ...flags);
    assert.deepEqual([code, stdout], [2, ''], `${flags.join(' ')}: ${stderr}`);
    assert.match(stderr, message);
  }
  const kept = ['--checkpoint-dir', 'checkpoints', '--checkpoint-interval', '20 ms', '--log-level', 'info'];
  const first = startRun('job.ts', ...kept);
  await first.says('checkpoint 1 of');
  const second = await run('job.ts', ...kept);
  assert.equal(second.code, 2);
  assert.match(
    second.stderr,
    /The checkpoints of the job 'endless' in '.*checkpoints' are being written by the process \d+ on .*\. Wait for its end, or give this run a directory of its own/,
  );
  first.process.kill('SIGKILL');
  await first.ended;

  write('job.ts', ENDLESS('second'));
  const lost = await run('job.ts', ...kept, '--restore', 'latest');
  assert.equal(lost.code, 2);
  assert.match(
    lost.stderr,
    /has state of operators that this program has not:\n {2}'first' \(uid first\): \d+ bytes\nGive the operators the uids that they had, or leave their state behind with --allow-non-restored-state\./,
  );
  write('job.ts', ENDLESS('first', 'env.setMaxParallelism(64);'));
  const changed = await run('job.ts', ...kept, '--restore', 'latest');
  assert.equal(changed.code, 2);
  assert.match(
    changed.stderr,
    /'first' \(uid first\) has a maximum parallelism of 64, and its state in '.*' is in 128 key groups, which cannot change\./,
  );
  write('job.ts', ENDLESS('second'));
  const left = startRun('job.ts', ...kept, '--restore', 'latest', '-n');
  await left.says('submitted');
  left.process.kill('SIGTERM');
  assert.equal((await left.ended).code, 143);
  assert.ok(!existsSync(join(folder, 'file', 'checkpoints')));
});

test('the newest checkpoint is damaged: the file is named, and an older one is used', async (t) => {
  const { startRun, folder } = workshop(t, { 'job.ts': ENDLESS('first') });
  const flags = [
    '--checkpoint-dir',
    'checkpoints',
    '--checkpoint-interval',
    '20 ms',
    '--log-level',
    'info',
    '-D',
    'execution.checkpointing.num-retained=3',
  ];
  await killedAfter(startRun('job.ts', ...flags), 'checkpoint 5 of');
  const [jobId] = jobsIn(join(folder, 'checkpoints'));
  const directory = join(folder, 'checkpoints', jobId);
  const complete = readdirSync(directory).filter((name) => existsSync(join(directory, name, '_metadata')));
  const newest = Math.max(...complete.map((name) => Number(name.slice(4))));
  const file = join(directory, `chk-${newest}`, '_metadata');
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(file, bytes);
  const run = startRun('job.ts', ...flags, '--restore', 'latest', '--json');
  await run.says('is complete');
  run.process.kill('SIGTERM');
  const { stdout, stderr } = await run.ended;
  assert.match(stderr, new RegExp(`a checkpoint cannot be used: .*chk-${newest}/_metadata`));
  assert.equal(lastLine(stdout).checkpoints.restoredId, newest - 1);
});

const COLLECTING = (settings) => `import { existsSync, writeFileSync } from 'node:fs';
import { RestartStrategies } from 'millrace';
${PRELUDE}env.setRestartStrategy(RestartStrategies.fixedDelayRestart(3, '10 ms'));${settings}
const numbers = [];
for await (const n of await env.fromSequence(1, 300_000).map((n) => {
  if (n === 200_000 && !existsSync('thrown')) { writeFileSync('thrown', ''); throw new Error('once'); }
  return n;
}).executeAndCollect()) numbers.push(n);
numbers.sort((a, b) => a - b);
console.log(numbers.length, numbers.every((n, index) => n === index + 1));
`;

test('what executeAndCollect gives comes once through a restart; without checkpoints the job fails rather than give it again', async (t) => {
  const { run, write } = workshop(t, { 'job.ts': COLLECTING("env.enableCheckpointing('20 ms');") });
  const once = await run('job.ts', '-p', '2');
  assert.equal(once.code, 0, once.stderr);
  assert.match(once.stderr, /restart 1\)/);
  assert.equal(once.stdout, '300000 true\n');
  write('job.ts', COLLECTING('').replaceAll('thrown', 'thrown-too'));
  const twice = await run('job.ts', '-p', '2');
  assert.equal(twice.code, 1);
  assert.match(
    twice.stderr,
    /The job cannot be restarted: its program has taken records of executeAndCollect already, and without checkpoints they would all come again\./,
  );
});

test("state above the limit of the JobManager's memory fails the checkpoint, and the message names the option", async (t) => {
  const { run } = workshop(t, {
    'job.ts': `${PRELUDE}env.fromSequence(1, 100_000_000).keyBy((n) => n % 5_000).reduce((a, b) => Math.max(a, b)).filter((n) => n < 0).print();
await env.execute('large');
`,
  });
  const limited = ['-D', 'execution.checkpointing.storage.memory.max-state-size=1 kb', '-D', 'restart-strategy.type=none'];
  const { code, stderr } = await run('job.ts', '--checkpoint-interval', '20 ms', ...limited);
  assert.equal(code, 1);
  assert.match(stderr, /A checkpoint has failed, and the job tolerates 0 \(execution\.checkpointing\.tolerable-failed-checkpoints\)/);
  assert.match(stderr, /execution\.checkpointing\.storage\.memory\.max-state-size/);
});
