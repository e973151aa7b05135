// Goal: the processes of a run (command, TaskManager, slots, coordinators) end as they should, whoever ends them, and what a job says arrives whole.
// Method: real runs of real programs; what is left is looked up in the process table and in a folder for temporary files of their own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PRELUDE, workshop } from './support/processes.mjs';
import { linesOf, root } from './support/run-millrace.mjs';

const ENDLESS = 'env.fromCollection(function* () { for (let n = 0; ; n += 1) yield n; })';
const lastLine = (stdout) => JSON.parse(linesOf(stdout).at(-1));
const onLinux = { skip: process.platform === 'linux' ? false : 'looks into /proc' };

test('SIGINT: the job is cancelled, its sink closed, nothing is left', onLinux, async (t) => {
  const { startRun, leftovers } = workshop(t, {
    'job.ts': `import { appendFileSync } from 'node:fs';
${PRELUDE}
const sink = {
  createWriter: () => ({
    write() { appendFileSync('events', 'w'); if (!said) console.log('writing'); said = true; },
    flush() {},
    close() { console.log('sink closed'); },
  }),
};
let said = false;
${ENDLESS}.map((n) => n).name('count').disableChaining().sinkTo(sink).name('files');
await env.execute('interrupted');
`,
  });
  const run = startRun('job.ts', '--json', '--log-level', 'info');
  await run.says('writing');
  run.process.kill('SIGINT');
  const { code, stdout, stderr } = await run.ended;
  assert.equal(code, 130);
  assert.match(stdout, /^\[Sink: files \(1\/1\)\] writing\n/m);
  assert.match(stdout, /sink closed\n/);
  assert.deepEqual([lastLine(stdout).job, lastLine(stdout).state], ['interrupted', 'CANCELED']);
  assert.match(stderr, /^millrace: cancelling the job 'interrupted'; once more ends it at once$/m);
  assert.deepEqual(await leftovers(), []);
});

const STUCK = `${PRELUDE}env.fromData(1).map((n) => { process.stdout.write('stuck\\n'); setImmediateNever(); return n; }).print();
function setImmediateNever() { const until = Date.now() + 600_000; setTimeout(() => {}, 0); while (Date.now() < until); }
await env.execute('stuck');
`;

test('a second SIGINT does not wait for a function that never returns', onLinux, async (t) => {
  const { startRun, leftovers } = workshop(t, { 'job.ts': STUCK });
  const run = startRun('job.ts', '--log-level', 'info');
  await run.says('submitted');
  run.process.kill('SIGINT');
  await run.says('once more ends it at once');
  run.process.kill('SIGINT');
  const { code, signal } = await run.ended;
  assert.deepEqual([code, signal], [130, null]);
  assert.deepEqual(await leftovers(), []);
});

test('a TaskManager that is killed: the job fails with the reason, the run ends', onLinux, async (t) => {
  const { startRun, processes, leftovers } = workshop(t, {
    'job.ts': `${PRELUDE}${ENDLESS}.map((n) => { if (n === 0) console.log('running'); return n; }).filter((n) => n < 0).print();\nawait env.execute('bereaved');\n`,
  });
  const run = startRun('job.ts', '--json');
  await run.says('running');
  const taskManager = processes().find(({ command }) => command.includes('task-manager-main'));
  process.kill(taskManager.pid, 'SIGKILL');
  const { code, stdout, stderr } = await run.ended;
  assert.equal(code, 1);
  assert.match(stderr, /^millrace: TaskManager tm-1 was lost: its process was ended by SIGKILL\./);
  assert.deepEqual([lastLine(stdout).state, lastLine(stdout).job], ['FAILED', 'bereaved']);
  assert.deepEqual(await leftovers(), []);
});

test('a command that is killed takes its TaskManager with it, and leaves no file', onLinux, async (t) => {
  const { startRun, leftovers } = workshop(t, {
    'job.ts': `${PRELUDE}${ENDLESS}.map((n) => { if (n === 0) console.log('running'); return n; }).filter((n) => n < 0).print();\nawait env.execute();\n`,
  });
  const run = startRun('job.ts');
  await run.says('running');
  run.process.kill('SIGKILL');
  assert.equal((await run.ended).signal, 'SIGKILL');
  assert.deepEqual(await leftovers(), []);
});

test('a slot that outgrows its share of memory fails the job with figures', async (t) => {
  const { run } = workshop(t, {
    'job.ts': `${PRELUDE}const kept: number[][] = [];
env.fromSequence(1, 100_000_000).map((n) => { kept.push([n, n, n, n, n, n, n, n]); return n; }).name('hoard').filter((n) => n < 0).print();
await env.execute('greedy');
`,
  });
  const { code, stderr } = await run('job.ts', '-D', 'taskmanager.memory.task.heap.size=64mb');
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^millrace: Slot 0 of TaskManager tm-1 uses \d+\.\d MiB of heap and \d+\.\d MiB outside it; its limit is 64\.0 MiB\. About \d+\.\d MiB is in no state, but in variables of functions \(of .*operator 'hoard', subtask 1\/1.*\), or in records under way\. /m,
  );
});

test('state that outgrows a slot is named with its operator, its keys and its size', async (t) => {
  const { run } = workshop(t, {
    'job.ts': `import { KeyedProcessFunction, type ListState, ListStateDescriptor } from 'millrace';
${PRELUDE}class Seen extends KeyedProcessFunction<number, number, never> {
  #texts!: ListState<string>;
  override open() { this.#texts = this.getRuntimeContext().getListState(new ListStateDescriptor<string>('texts')); }
  override processElement(n: number) { this.#texts.add('text ' + n); }
}
env.fromSequence(1, 100_000_000).keyBy((n) => n % 1000).process(new Seen()).name('Remember').uid('memory').print();
await env.execute('forgetless');
`,
  });
  const { code, stderr } = await run('job.ts', '-D', 'taskmanager.memory.task.heap.size=128mb');
  assert.equal(code, 1);
  const most = String.raw`The most is in state 'texts' of operator 'Remember' \(uid memory\), subtask 1/1: 1000 keys, about (?<size>\d+)\.\d MiB\.`;
  const failure = new RegExp(
    String.raw`^millrace: Slot 0 of TaskManager tm-1 uses .*; its limit is 128\.0 MiB\. ${most} Keep less in state`,
    'm',
  );
  assert.match(stderr, failure);
  const estimated = Number(failure.exec(stderr).groups.size);
  assert.ok(estimated > 50 && estimated < 200, `${estimated} MiB of 128`);
});

test('a sort of many times the managed memory completes through files, and leaves none, also when it fails', async (t) => {
  const program = (end) => `${PRELUDE}
const rows = env.fromSequence(1, 600_000).map((n) => ({ n, key: (n * 7919) % 600_011 }));
rows.fullWindowPartition().sortPartition('key', 'ASCENDING').map((row) => { ${end}; return row.key; }).filter((key) => key % 100_000 === 0).print();
await env.execute('sorted');
`;
  const { run, leftovers } = workshop(t, {
    'job.ts': program(''),
    'failing.ts': program("if (row.key > 300_000) throw new Error('that is enough')"),
  });
  const managed = ['-D', 'taskmanager.memory.managed.size=1mb'];
  const { code, stdout, stderr } = await run('job.ts', ...managed);
  assert.deepEqual([code, stderr, linesOf(stdout)], [0, '', ['100000', '200000', '300000', '400000', '500000', '600000']]);
  assert.deepEqual(await leftovers(), []);
  const failed = await run('failing.ts', ...managed);
  assert.match(failed.stderr, /failed at failing\.ts:\d+:\d+: Error: that is enough/);
  assert.deepEqual(await leftovers(), []);
  const without = await run('job.ts', '-D', 'taskmanager.memory.managed.size=0');
  assert.match(
    without.stderr,
    /Operator 'SortPartition' .* needs \d+ bytes of managed memory, and 0 of the slot's 0 are free.* Raise taskmanager\.memory\.managed\.size/,
  );
});

test('executeAndCollect gives an array or an iterator, and leaving the loop cancels the job', async (t) => {
  const { run } = workshop(t, {
    'job.ts': `${PRELUDE}
const all = await env.fromSequence(1, 1000).map((n) => ({ n, text: 'é' + n })).executeAndCollect('all', 2000);
console.log(all.length, JSON.stringify(all.at(-1)));
let seen = 0;
for await (const n of await ${ENDLESS}.executeAndCollect('some')) { seen = n; if (n === 5000) break; }
console.log('left at', seen);
`,
  });
  const { code, stdout, stderr } = await run('job.ts', '--json');
  const lines = linesOf(stdout);
  const reports = lines.splice(-2).map((line) => JSON.parse(line));
  assert.deepEqual([code, stderr, lines], [0, '', ['1000 {"n":1000,"text":"é1000"}', 'left at 5000']]);
  assert.deepEqual(
    reports.map(({ job, state }) => [job, state]),
    [
      ['all', 'FINISHED'],
      ['some', 'CANCELED'],
    ],
  );
});

test('a constant is the same in every slot, a value that is not computed by it makes another graph', async (t) => {
  const { run } = workshop(t, {
    'constant.ts': `${PRELUDE}import { randomUUID } from 'node:crypto';
const id = env.constant(() => randomUUID());
env.fromSequence(1, 40).setParallelism(4).map((n) => n % 40 === 0 ? id : id).setParallelism(4).print();
await env.execute();
`,
    'differs.ts': `${PRELUDE}
env.fromSequence(1, 4).name('numbers').map((n) => n).name('run ' + Math.random()).uid('r').print();
await env.execute('restless');
`,
  });
  const constant = await run('constant.ts', '--json');
  const ids = linesOf(constant.stdout)
    .slice(0, -1)
    .map((line) => line.replace(/^\d> /, ''));
  assert.deepEqual([constant.code, ids.length, new Set(ids).size], [0, 40, 1]);
  const differs = await run('differs.ts');
  assert.equal(differs.code, 1);
  assert.match(
    differs.stderr,
    /^millrace: The job 'restless' is another one in a slot than in the client: .*'run 0\.\d+'.*'run 0\.\d+'.*\. A program is run again in every slot.*env\.constant/,
  );
});

test('what user code logs has the subtask before it; the program itself prints once', async (t) => {
  const { run } = workshop(t, {
    'job.ts': `${PRELUDE}console.log('program');
env.fromSequence(1, 2).setParallelism(2).map((n) => { console.log('n is', n); console.error('two\\nlines'); return n; }).name('speak').setParallelism(2).filter(() => false).print();
await env.execute();
`,
  });
  const { code, stdout, stderr } = await run('job.ts');
  assert.equal(code, 0, stderr);
  // Which subtask reads which number is nobody's promise.
  const named = (text) =>
    linesOf(text)
      .map((line) => line.replace(/^\[Source: Sequence Source -> speak \([12]\/2\)\] /, '[task] '))
      .sort();
  assert.deepEqual(named(stdout), ['[task] n is 1', '[task] n is 2', 'program']);
  assert.deepEqual(named(stderr), ['[task] lines', '[task] lines', '[task] two', '[task] two']);
});

test('200,000 printed lines arrive whole and in the order of each subtask', async (t) => {
  const { run } = workshop(t, {
    'job.ts': `${PRELUDE}env.fromSequence(1, 200_000).setParallelism(2).map((n) => 'line ' + n).setParallelism(2).print().setParallelism(2);\nawait env.execute();\n`,
  });
  const { code, stdout, stderr } = await run('job.ts');
  assert.deepEqual([code, stderr], [0, '']);
  const lines = linesOf(stdout);
  assert.equal(lines.length, 200_000);
  const last = new Map();
  const seen = new Set();
  for (const line of lines) {
    const [, subtask, text] = /^(\d)> line (\d+)$/.exec(line);
    const n = Number(text);
    assert.ok(n > (last.get(subtask) ?? 0), `line ${n} of subtask ${subtask} after ${last.get(subtask)}`);
    last.set(subtask, n);
    seen.add(n);
  }
  assert.equal(seen.size, 200_000);
});

const SOURCE = (start, request) => `${PRELUDE}import { WatermarkStrategy } from 'millrace';
const serializer = { version: 1, serialize: () => new Uint8Array(1), deserialize: () => ({}) };
const source = {
  getBoundedness: () => 'BOUNDED',
  createEnumerator: (context) => ({
    start() { ${start} },
    handleSplitRequest() { ${request} },
    addSplitsBack() {}, addReader() {}, snapshotState: () => undefined, close() {},
  }),
  restoreEnumerator() { throw new Error('not here'); },
  createReader: (context) => ({
    start() { context.sendSplitRequest(); },
    pollNext: () => 'NOTHING_AVAILABLE',
    isAvailable: () => new Promise(() => {}),
    addSplits() {}, notifyNoMoreSplits() {}, snapshotState: () => [], close() {},
  }),
  splitSerializer: () => serializer,
  enumeratorStateSerializer: () => serializer,
};
env.fromSource(source as never, WatermarkStrategy.noWatermarks(), 'lakes').uid('l').print();
await env.execute();
`;

test('an enumerator that throws or rejects fails the job with the name of its source', async (t) => {
  const { run } = workshop(t, {
    'throws.ts': SOURCE('', "throw new Error('no map of the lakes')"),
    'rejects.ts': SOURCE("return Promise.reject(new Error('no boat'))", ''),
  });
  const throws = await run('throws.ts');
  assert.deepEqual(throws, {
    code: 1,
    signal: null,
    stdout: '',
    stderr: "millrace: The split enumerator of 'Source: lakes' (uid l) failed in handleSplitRequest: no map of the lakes\n",
  });
  const rejects = await run('rejects.ts');
  assert.equal(rejects.stderr, "millrace: The split enumerator of 'Source: lakes' (uid l) failed in start: no boat\n");
});

const SCRIPT = '/usr/bin/script';

/** What a terminal shows in the end that understands nothing but lines, and "up one line" with "erase it". */
function screenOf(text) {
  const lines = [''];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told
  for (const [part] of text.replaceAll('\r\n', '\n').matchAll(/\n|\u001b\[1A\u001b\[2K|[^\n\u001b]+|\u001b/g)) {
    if (part === '\n') lines.push('');
    else if (part.startsWith('\u001b[1A')) lines.splice(-2, 2, '');
    else lines[lines.length - 1] += part;
  }
  return lines;
}

test('on a terminal: figures of every vertex while the job runs, and none of them left behind', {
  skip: existsSync(SCRIPT) ? false : 'needs script(1)',
}, (t) => {
  const { folder } = workshop(t, {
    'job.ts': `${PRELUDE}import { WatermarkStrategy } from 'millrace';
import { DataGeneratorSource } from '@millrace/connectors/datagen';
const strategy = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n * 1000);
env.fromSource(new DataGeneratorSource((n) => n, 60, { recordsPerSecond: 60 }), strategy, 'ticks').disableChaining().filter((n) => n % 20 === 0).name('rare').print();
await env.execute('figures');
`,
  });
  const command = `'${process.execPath}' '${join(root, 'packages/cluster/bin/millrace.js')}' run job.ts --json`;
  const { status, stdout } = spawnSync(SCRIPT, ['-qec', command, '/dev/null'], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  assert.equal(status, 0, stdout);
  assert.match(
    stdout,
    /figures: RUNNING\r\n {2}Source: ticks +×1 {2}\d+ records {2}\d+\/s {2}watermark \S+\r\n {2}rare -> Sink: Print to Std\. Out ×1 {2}/,
  );
  const [zero, twenty, forty, report, ...rest] = screenOf(stdout);
  assert.deepEqual([zero, twenty, forty, JSON.parse(report).state, rest], ['0', '20', '40', 'FINISHED', ['']]);
});
