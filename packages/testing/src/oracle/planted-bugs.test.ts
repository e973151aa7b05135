// Goal: the oracle sees what it is there to see. Method: one bug after another is planted in the compiled engine, in a process of its own; random programs must find each.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PLANTED_BUGS } from './planted-bugs.ts';

const SEEDS = 800;
/** `npm run verify` plants all of them. */
const planted = process.env['MILLRACE_SEEDS'] === undefined ? PLANTED_BUGS.filter(({ quick }) => quick === true) : PLANTED_BUGS;
const main = fileURLToPath(new URL('plant-bug.js', import.meta.url));

for (const bug of planted) {
  test(bug.name, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, String(PLANTED_BUGS.indexOf(bug)), String(SEEDS)], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
    assert.match(stdout, /^caught by seed \d+: /);
  });
}
