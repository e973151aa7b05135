// Goal: what is too much at once for those behind it is slowed down or kept aside, and never lost; nothing of it stays. Method: the programs of the soak in small, in real
// processes with little memory for overdraft. Each counts what comes and says whether anything was missing; spill files would be left in the folder for temporary files.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { workshop } from './support/processes.mjs';
import { linesOf, root } from './support/run-millrace.mjs';

const program = join(root, 'tests/soak/job.ts');
const COUNT = 200_000;

const argumentsOf = (name, count, ...args) => [
  program,
  '--slots',
  '2',
  '-D',
  'taskmanager.memory.overdraft.size=64kb',
  '--',
  '--program',
  name,
  '--count',
  String(count),
  ...args,
];
const lastSeen = (stdout) => {
  const line = linesOf(stdout).findLast((text) => text.includes('"written"'));
  return line === undefined ? undefined : JSON.parse(line.slice(line.indexOf('{')));
};

for (const name of ['iterable-exchange', 'iterable-same-slot', 'collector-exchange', 'collector-same-slot', 'collector-chain']) {
  test(`${name}: ${COUNT} records for one, all of them, in order, and no file is left`, async (t) => {
    const { run, leftovers } = workshop(t, {});
    const { code, stdout, stderr } = await run(...argumentsOf(name, COUNT));
    assert.equal(code, 0, stderr);
    assert.deepEqual(lastSeen(stdout), { written: COUNT, lost: 0 });
    assert.deepEqual(await leftovers(), []);
  });
}

test('side outputs: as many records as the input has', async (t) => {
  const { run } = workshop(t, {});
  const { code, stdout, stderr } = await run(...argumentsOf('side-output-records', 100_000));
  assert.equal(code, 0, stderr);
  assert.deepEqual(lastSeen(stdout), { written: 100_000, lost: 0 });
});

for (const name of ['large-record-exchange', 'large-record-chain']) {
  test(`${name}: records of 20 MiB`, async (t) => {
    const { run } = workshop(t, {});
    const { code, stdout, stderr } = await run(...argumentsOf(name, 1, '--megabytes', '20'));
    assert.equal(code, 0, stderr);
    assert.deepEqual(lastSeen(stdout), { written: 3, lost: 0 });
  });
}

for (const name of ['slow-sink', 'slow-sink-same-slot']) {
  test(`${name}: a source without end behind a sink that takes little loses nothing, and can be canceled`, async (t) => {
    const { startRun, leftovers } = workshop(t, {});
    const started = startRun(...argumentsOf(name, 1));
    await started.says('"written"');
    started.process.kill('SIGINT');
    const { code, stdout } = await started.ended;
    assert.equal(code, 130);
    assert.equal(lastSeen(stdout).lost, 0);
    assert.deepEqual(await leftovers(), []);
  });
}
