// Goal: a function that keeps too much ends its job with a message that names slot, limit and operator, whatever it keeps and however fast; other jobs of the TaskManager
// do not notice. Method: real runs with a small limit, that keep a little per record, and everything in one call.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PRELUDE, workshop } from './support/processes.mjs';
import { linesOf } from './support/run-millrace.mjs';

const LIMIT = ['-D', 'taskmanager.memory.task.heap.size=48mb', '--json'];
const NAMED = /^millrace: Slot 0 of TaskManager tm-1 uses \d+\.\d MiB of heap and \d+\.\d MiB outside it; its limit is 48\.0 MiB\. .*/m;

/** What is kept, and how it grows by about a kilobyte or so. */
const KEPT = {
  'small objects': [
    'const kept: object[][] = [[]];',
    'if (kept.at(-1)!.length === 64) kept.push([]); kept.at(-1)!.push({ n, of: [n, n, n, n] });',
  ],
  'one array': ['const kept: number[] = [];', 'for (let k = 0; k < 64; k++) kept.push(n + k / 3);'],
  'a Map': ['const kept = new Map<number, number>();', 'for (let k = 0; k < 16; k++) kept.set(n * 16 + k, k / 3);'],
  ArrayBuffers: ['const kept: ArrayBuffer[] = [];', 'kept.push(new ArrayBuffer(4096));'],
};

for (const [what, [declaration, keep]] of Object.entries(KEPT)) {
  test(`${what}, a few for each record: the job fails at the limit of its slot`, async (t) => {
    const { run } = workshop(t, {
      'job.ts': `${PRELUDE}${declaration}
env.fromSequence(1, 1_000_000_000).map((n) => { ${keep} return n; }).name('hoard').uid('h').filter((n) => n < 0).print();
await env.execute('greedy');
`,
    });
    const { code, stdout, stderr } = await run('job.ts', ...LIMIT);
    assert.equal(code, 1);
    assert.match(stderr, NAMED);
    const report = JSON.parse(linesOf(stdout).at(-1));
    assert.deepEqual([report.job, report.state], ['greedy', 'FAILED']);
  });

  test(`${what}, all in one call that never returns: the slot is ended, and operator, function and position are named`, async (t) => {
    const { run } = workshop(t, {
      'job.ts': `${PRELUDE}${declaration}
function hoard(n: number): number { for (;; n++) { ${keep} if (n % 1_000 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); } }
env.fromSequence(1, 10).map((n) => hoard(n)).name('hoard').uid('h').filter((n) => n < 0).print();
await env.execute('greedy');
`,
    });
    const { code, stdout, stderr } = await run('job.ts', ...LIMIT);
    assert.equal(code, 1);
    assert.match(stderr, NAMED);
    assert.match(stderr, /Operator 'hoard' \(uid h\), subtask 1\/1, is in hoard \(job\.ts:4:\d+\), called from job\.ts:5:\d+\.$/m);
    assert.equal(JSON.parse(linesOf(stdout).at(-1)).state, 'FAILED');
  });
}

test('another job of the TaskManager goes on beside a slot that is ended for its memory: every record once', async (t) => {
  const { run } = workshop(t, {
    'job.ts': `import { existsSync, writeFileSync } from 'node:fs';
${PRELUDE}
const kept: number[] = [];
function hoard(n: number): number { for (;; n++) { for (let k = 0; k < 64; k++) kept.push(n + k / 3); if (n % 1_000 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); } }
env.fromCollection(function* () { let n = 0; while (!existsSync('go')) yield n++; yield -1; }).map((n) => n).name('counts')
  .sinkTo({ createWriter: () => { let next = 0; return {
    write(n: number) { if (n === -1) console.log('all of', next > 0, 'in order'); else if (n !== next++) throw new Error('not ' + n); }, flush() {}, close() {} }; } });
const steady = await env.executeAsync('steady');
while ((await steady.getJobStatus()) !== 'RUNNING') await new Promise((resolve) => setTimeout(resolve, 10));
env.fromSequence(1, 10).map((n) => hoard(n)).name('hoard').print();
const greedy = await env.executeAsync('greedy');
await greedy.getJobExecutionResult().catch((error: Error) => console.log(error.message.slice(0, 37)));
console.log('greedy is', await greedy.getJobStatus(), 'and steady', await steady.getJobStatus());
writeFileSync('go', '');
await steady.getJobExecutionResult();
`,
  });
  const { code, stdout, stderr } = await run('job.ts', '--slots', '2', '-D', 'taskmanager.memory.task.heap.size=96mb');
  assert.match(stdout, /^Slot \d of TaskManager tm-1 uses \d+\.\d/m);
  assert.match(stdout, /^greedy is FAILED and steady RUNNING$/m);
  assert.match(stdout, /all of true in order$/m);
  assert.doesNotMatch(stderr, /restarted|not \d/);
  assert.equal(code, 1);
});
