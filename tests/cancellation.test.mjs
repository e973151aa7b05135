// Goal: a job that is cancelled ends, whatever its functions do, and the message says which function of which operator it was; other jobs do not notice.
// Method: real runs of programs that spin, wait for what never comes, block in a native call, and keep their slot otherwise. Time-outs are short; nothing is timed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PRELUDE, workshop } from './support/processes.mjs';
import { linesOf } from './support/run-millrace.mjs';

const onLinux = { skip: process.platform === 'linux' ? false : 'looks into /proc' };
const SOON = ['-D', 'task.cancellation.timeout=1s', '-D', 'task.cancellation.interval=200ms', '--log-level', 'info'];
const lastLine = (stdout) => JSON.parse(linesOf(stdout).at(-1));

/** Runs a program, interrupts it when it says 'ready', and gives how it ended; nothing is left. */
async function interrupted(t, program, ...args) {
  return interruptedWhen(t, 'ready', program, ...args);
}

async function interruptedWhen(t, says, program, ...args) {
  const { startRun, leftovers } = workshop(t, { 'job.ts': `${PRELUDE}${program}` });
  const run = startRun('job.ts', '--json', ...SOON, ...args);
  await run.says(says);
  run.process.kill('SIGINT');
  const ended = await run.ended;
  assert.deepEqual(await leftovers(), []);
  return ended;
}

/** The function's last words reach the terminal when the thread is looked at, and not before: it does not come back by itself. */
const SPINS = `function spin(n: number): number { console.log('ready'); for (;;) n = (n * 7) % 1000; }\n`;
const NAMED = ['-D', 'task.watchdog.limit=300ms'];

test(
  'a function that never returns: the run ends within task.cancellation.timeout and names operator, uid, subtask, function and position',
  onLinux,
  async (t) => {
    const { code, stdout, stderr } = await interrupted(
      t,
      `${SPINS}env.fromSequence(1, 10).map((n) => n + 1).filter((n) => n > 0).map((n) => spin(n)).name('turns').uid('t').print();
await env.execute('spinner');`,
      ...NAMED,
    );
    assert.equal(code, 130);
    assert.deepEqual([lastLine(stdout).job, lastLine(stdout).state], ['spinner', 'CANCELED']);
    const where = String.raw`Operator 'turns' \(uid t\), subtask 1/1, is in spin \(job\.ts:3:\d+\), called from job\.ts:4:\d+`;
    assert.match(
      stderr,
      new RegExp(
        `^millrace: the job 'spinner': .* has not given its thread back for \\d+ ms \\(task\\.watchdog\\.limit\\)\\. ${where}`,
        'm',
      ),
    );
    assert.match(
      stderr,
      new RegExp(`^millrace: the job 'spinner': .* has not stopped for \\d+ ms since it was cancelled\\. ${where}`, 'm'),
    );
    assert.match(
      stderr,
      new RegExp(`^millrace: the job 'spinner': .* did not stop within 1000 ms .* its slot was ended\\. Last seen: ${where}`, 'm'),
    );
  },
);

test('a second SIGINT ends a run at once whose function never returns', onLinux, async (t) => {
  const { startRun, leftovers } = workshop(t, {
    'job.ts': `${PRELUDE}${SPINS}env.fromSequence(1, 10).map((n) => spin(n)).print();\nawait env.execute();`,
  });
  const run = startRun('job.ts', '--log-level', 'info', ...NAMED);
  await run.says('ready');
  run.process.kill('SIGINT');
  await run.says('once more ends it at once');
  run.process.kill('SIGINT');
  assert.deepEqual([(await run.ended).code, (await run.ended).signal], [130, null]);
  assert.deepEqual(await leftovers(), []);
});

const STUBBORN = {
  'a wait for another thread': [
    `env.fromSequence(1, 10).map((n) => { console.log('ready'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); return n; }).name('waits').print();`,
    /Last seen: Operator 'waits', subtask 1\/1, is in job\.ts:3:\d+/,
  ],
  'a spinning open()': [
    `import { RichMapFunction } from 'millrace';
class Opens extends RichMapFunction<number, number> { open() { console.log('ready'); for (;;); } map(n: number) { return n; } }
env.fromSequence(1, 10).map(new Opens()).name('opens').print();`,
    /Last seen: Operator 'opens', subtask 1\/1, in its open\(\), is in \S*open \(job\.ts:4:\d+\)/,
  ],
  'the top level of the program in a slot': [
    `import { isMainThread } from 'node:worker_threads';
env.fromSequence(1, 10).print();
if (!isMainThread) for (;;); // what a program prints there is muted`,
    /Last seen: .*\(1\/1\) in the top level of the program, is in job\.ts:5:\d+/,
  ],
};

for (const [what, [program, where]] of Object.entries(STUBBORN)) {
  test(`${what} does not keep a cancelled job`, onLinux, async (t) => {
    const { code, stdout, stderr } = await interruptedWhen(
      t,
      'has not given its thread back',
      `${program}\nawait env.execute('stubborn');`,
      ...NAMED,
    );
    assert.deepEqual([code, lastLine(stdout).state], [130, 'CANCELED']);
    assert.match(stderr, where);
  });
}

const sinkOf = (members) => `env.fromSequence(1, 1_000_000_000).map((n) => { if (n === 1) console.log('ready'); return n; })
  .sinkTo({ createWriter: () => ({ write() {}, flush() {}, close() {}, ...{ ${members} } }) }).name('files').uid('f');`;

test('a close() that never settles: the sink is named', onLinux, async (t) => {
  const { code, stdout, stderr } = await interrupted(
    t,
    `${sinkOf('close: () => new Promise<void>(() => {})')}\nawait env.execute('open end');`,
  );
  assert.deepEqual([code, lastLine(stdout).state], [130, 'CANCELED']);
  assert.match(stderr, /Operator 'Sink: files' \(uid f\), subtask 1\/1, waits for its close\(\) to settle\./);
});

for (const [what, members] of [
  ['a write that never settles', 'write: () => new Promise<void>(() => {})'],
  [
    'a writer that leaves a server and a timer open',
    `write() { held ??= [setInterval(() => {}, 1_000), createServer().listen(0, '127.0.0.1')]; }`,
  ],
]) {
  test(`${what} does not keep a cancelled job at all`, onLinux, async (t) => {
    const { code, stdout, stderr } = await interrupted(
      t,
      `import { createServer } from 'node:http';\nlet held: unknown;\n${sinkOf(members)}\nawait env.execute('loose');`,
    );
    assert.deepEqual([code, lastLine(stdout).state], [130, 'CANCELED']);
    assert.doesNotMatch(stderr, /did not stop/);
  });
}

/** Subtask 2 spins at its first record, in a slot without a source; subtask 1 goes on until it does, and throws. */
const BESIDE = `import { existsSync, writeFileSync } from 'node:fs';
import { RichMapFunction } from 'millrace';
${PRELUDE}
class Beside extends RichMapFunction<number, number> {
  map(n: number): number {
    if (existsSync('second')) return n;
    if (this.getRuntimeContext().getIndexOfThisSubtask() === 1) { writeFileSync('spins', ''); for (;;); }
    if (!existsSync('spins')) return n;
    writeFileSync('second', '');
    throw new Error('once');
  }
}
env.fromCollection(function* () { for (let n = 0; !existsSync('second'); n++) yield n; }).rebalance()
  .map(new Beside()).setParallelism(2).name('both').keyBy((n) => n % 8).reduce((a) => a).setParallelism(1).filter((n) => n < 0).print();
`;
const THROWN = String.raw`Operator 'both', subtask 1/2, failed at job\.ts:\d+:\d+: Error: once\.`;
const SPINNING = /did not stop within 1000 ms .* Operator 'both', subtask 2\/2, is in \S*map \(job\.ts:\d+:\d+\)/;

test('a failure beside a function that never returns: the failure is told, the function named, and the run ends', onLinux, async (t) => {
  const { run, leftovers } = workshop(t, { 'job.ts': `${BESIDE}await env.execute('two');` });
  const { code, stderr } = await run('job.ts', ...SOON);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^millrace: ${THROWN}`, 'm'));
  assert.match(stderr, SPINNING);
  assert.deepEqual(await leftovers(), []);
});

test('a native call that does not return: its job ends, and so does the run', onLinux, async (t) => {
  // The process that is waited for ends itself when nobody waits any more.
  const child = 'const parent = process.ppid; setInterval(() => { if (process.ppid !== parent) process.exit(); }, 20)';
  const { startRun, leftovers } = workshop(t, {
    'job.ts': `import { execFileSync } from 'node:child_process';
${PRELUDE}
env.fromSequence(1, 10).map((n) => { execFileSync(process.execPath, ['-e', ${JSON.stringify(child)}]); return n; }).name('blocks').print();
await env.execute('native');
`,
  });
  const run = startRun('job.ts', '--json', '--log-level', 'info', '-D', 'task.cancellation.timeout=3s', '-D', 'task.watchdog.limit=100ms');
  await run.says('does not answer');
  run.process.kill('SIGINT');
  const { code, stdout, stderr } = await run.ended;
  assert.deepEqual([code, lastLine(stdout).state], [130, 'CANCELED']);
  assert.match(stderr, /did not stop within 3000 ms .* Last seen: Its thread does not answer: it is in a native call/);
  assert.deepEqual(await leftovers(), []);
});

test(
  'a function that never returns in one job: it is cancelled, its slot is used again, and the other job has every record once',
  onLinux,
  async (t) => {
    const { run } = workshop(t, {
      'job.ts': `import { existsSync, writeFileSync } from 'node:fs';
${PRELUDE}
env.fromCollection(function* () { let n = 0; while (!existsSync('go')) yield n++; yield -1; }).map((n) => n).name('counts')
  .sinkTo({ createWriter: () => { let next = 0; return {
    write(n: number) { if (n === -1) console.log('all of', next > 0, 'in order'); else if (n !== next++) throw new Error('not ' + n); }, flush() {}, close() {} }; } });
const steady = await env.executeAsync('steady');
env.fromSequence(1, 10).map((n) => { writeFileSync('spins', ''); for (;;); return n; }).name('spins').print();
const spinner = await env.executeAsync('spinner');
while (!existsSync('spins')) await new Promise((resolve) => setTimeout(resolve, 10));
await spinner.cancel();
await spinner.getJobExecutionResult().catch(() => {});
console.log('spinner is', await spinner.getJobStatus(), 'and steady', await steady.getJobStatus());
console.log(await env.fromSequence(1, 3).executeAndCollect('again', 10));
writeFileSync('go', '');
await steady.getJobExecutionResult();
`,
    });
    const { code, stdout, stderr } = await run('job.ts', '--slots', '2', ...SOON);
    assert.match(stdout, /^spinner is CANCELED and steady RUNNING$/m);
    assert.match(stdout, /^\[ 1, 2, 3 \]$/m);
    assert.match(stdout, /all of true in order$/m);
    assert.match(stderr, /Operator 'spins', subtask 1\/1, is in job\.ts:\d+:\d+/);
    assert.doesNotMatch(stderr, /restarted|not \d/);
    assert.equal(code, 0);
  },
);

test(
  'a restart does not wait for a function that never returns: its slot is replaced, and the second attempt finishes',
  onLinux,
  async (t) => {
    const { run, leftovers } = workshop(t, {
      'job.ts': `${BESIDE}
env.configure({ 'restart-strategy.type': 'fixed-delay', 'restart-strategy.fixed-delay.attempts': '1', 'restart-strategy.fixed-delay.delay': '1 ms' });
await env.execute('twice');
`,
    });
    const { code, stdout, stderr } = await run('job.ts', '--json', ...SOON);
    assert.match(stderr, new RegExp(`is restarted in 1 ms \\(restart 1\\): ${THROWN}`));
    assert.match(stderr, SPINNING);
    assert.deepEqual([code, lastLine(stdout).state, lastLine(stdout).restarts], [0, 'FINISHED', 1]);
    assert.deepEqual(await leftovers(), []);
  },
);
