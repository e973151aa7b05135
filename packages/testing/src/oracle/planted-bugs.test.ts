// Goal: the oracle sees what it is there to see. Method: one bug after another is planted in the compiled engine, in a process of its own; random programs must find each.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PLANTED_BUGS } from './planted-bugs.ts';

const SEEDS = 400;
/** `npm run verify` plants all of them. */
const planted = process.env['MILLRACE_SEEDS'] === undefined ? PLANTED_BUGS.slice(0, 3) : PLANTED_BUGS;
const main = fileURLToPath(new URL('plant-bug.js', import.meta.url));

for (const [index, bug] of planted.entries()) {
  test(bug.name, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, String(index), String(SEEDS)], { encoding: 'utf8' });
    assert.equal(status, 0, `${stdout}${stderr}`);
    assert.match(stdout, /^caught by seed \d+: /);
  });
}
