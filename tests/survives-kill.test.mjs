// Goal: examples/survives-kill.ts counts each reading once through `kill -9`. Method: a real run that is killed when checkpoints are complete that were begun behind its first
// lines, and one that begins with the latest. The second shows the later counts only, each once, and ends at the last one: a reading too many or too few would not get there.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { until, workshop } from './support/processes.mjs';
import { linesOf, root, sorted } from './support/run-millrace.mjs';

const LAST = 20_000;
const SHOWN = 3_000;

test('survives-kill: what was counted before the kill is not counted again', async (t) => {
  const { startRun, leftovers } = workshop(t, {});
  const start = () =>
    startRun(
      join(root, 'examples/survives-kill.ts'),
      ...['--checkpoint-dir', 'checkpoints', '--checkpoint-interval', '100 ms', '--restore', 'latest', '--log-level', 'debug'],
      ...['--', '--per-sensor', String(LAST), '--records-per-second', '15000'],
    );
  const first = start();
  for (const sensor of ['s0', 's1', 's2']) await first.says(`${sensor} has sent ${SHOWN} readings`);
  const complete = () => first.stderr.split('is complete').length;
  const enough = complete() + 2; // the next one may have been begun before
  await until(
    () => complete() >= enough,
    () => first.stderr,
  );
  first.process.kill('SIGKILL');
  assert.equal((await first.ended).signal, 'SIGKILL');

  const second = await start().ended;
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stderr, /the job 'survives kill -9' begins with the checkpoint \S*chk-\d+\n/);
  const shown = linesOf(second.stdout);
  for (const sensor of ['s0', 's1', 's2']) {
    const own = shown.filter((line) => line.startsWith(sensor));
    const counts = Array.from({ length: own.length }, (_, index) => LAST - index * 1_000);
    assert.deepEqual(sorted(own), sorted(counts.map((count) => `${sensor} has sent ${count} readings`)));
    assert.ok(own.length > 0 && Math.min(...counts) > SHOWN, `the second run shows ${own.at(0)}`);
  }
  assert.deepEqual(await leftovers(), []);
});
