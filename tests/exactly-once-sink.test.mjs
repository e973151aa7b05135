// Goal: the example of a two-phase commit writes each of its lines once, however often its process is killed. Method: real runs, each ended by SIGKILL as soon as it says that
// a checkpoint of its own is complete, and begun again from the latest; the last runs to its end. What is committed has the digest of the canon.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { workshop } from './support/processes.mjs';
import { linesOf, root, sorted } from './support/run-millrace.mjs';

const DIGEST = 'f894ce943ded05ed4ad8452880d2573b5841e79d9bdf991451e247eebeaf0561';
const KILLS = process.env.MILLRACE_SEEDS === undefined ? 4 : 20;

test('exactly-once-sink: a million lines, once each, through kills', async (t) => {
  const { folder, startRun, leftovers } = workshop(t, {});
  const start = (...more) =>
    startRun(join(root, 'examples/exactly-once-sink.ts'), '--checkpoint-interval', '50 ms', '--log-level', 'info', ...more);
  let ended = await killed(start());
  for (let kill = 1; kill < KILLS && ended.signal !== null; kill++) ended = await killed(start('--restore', 'latest'));
  if (ended.signal !== null) ended = await start('--restore', 'latest').ended;
  assert.equal(ended.code, 0, ended.stderr);
  const out = join(folder, 'out');
  const files = existsSync(out) ? readdirSync(out).filter((name) => name.endsWith('.txt') && !name.startsWith('.')) : [];
  const lines = sorted(files.flatMap((name) => linesOf(readFileSync(join(out, name), 'utf8'))));
  assert.equal(lines.length, 1_000_000);
  assert.equal(
    createHash('sha256')
      .update(`${lines.join('\n')}\n`)
      .digest('hex'),
    DIGEST,
  );
  assert.deepEqual(await leftovers(), []);
});

// Fault 14: whoever reads the folder waits for nothing that never comes.
test('exactly-once-sink: a job that is canceled for good leaves no open transaction, and what is committed is there once', async (t) => {
  const { folder, startRun, leftovers } = workshop(t, {});
  const run = startRun(join(root, 'examples/exactly-once-sink.ts'), '--checkpoint-interval', '50 ms', '--log-level', 'info');
  await Promise.race([run.says('is complete'), run.ended]);
  run.process.kill('SIGINT');
  const { code, stderr } = await run.ended;
  assert.ok(code === 130 || code === 0, stderr); // 0: it had ended before
  const names = readdirSync(join(folder, 'out'));
  assert.deepEqual(
    names.filter((name) => name.startsWith('.')),
    [],
    'open transactions',
  );
  const lines = names.flatMap((name) => linesOf(readFileSync(join(folder, 'out', name), 'utf8')));
  assert.equal(new Set(lines).size, lines.length, 'a line is there twice');
  assert.deepEqual(await leftovers(), []);
});

/** One that came to its end before it was killed would begin anew: then there is no other run. */
async function killed(run) {
  await Promise.race([run.says('is complete'), run.ended]);
  run.process.kill('SIGKILL');
  return run.ended;
}
