// Goal (faults.md §2.4): the simulation sees what it is there to see. Method: one bug after another is planted in the compiled engine, in a process of its own; each must be found
// within the number of seeds that is stated beside it. `npm run verify` plants all of them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PLANTED_BUGS } from './planted-bugs.ts';

const QUICK = 50;
const planted = process.env['MILLRACE_SEEDS'] === undefined ? PLANTED_BUGS.filter(({ seeds }) => seeds <= QUICK) : PLANTED_BUGS;
const main = fileURLToPath(new URL('sim.js', import.meta.url));

function sim(...args: readonly string[]) {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
}

for (const { name, seeds } of planted) {
  test(`${name} is caught within ${seeds} seeds`, () => {
    const { status, stdout, stderr } = sim('--bug', name, '--seeds', String(seeds));
    assert.equal(status, 1, `${stdout}${stderr}`);
    assert.match(stdout, /^seed \d+ failed:/m);
    assert.ok(stdout.includes(`--bug ${name} --trace`), stdout);
  });
}

test('--list-bugs names them all, one a line; at least ten', () => {
  const { status, stdout } = sim('--list-bugs');
  assert.equal(status, 0);
  assert.deepEqual(
    stdout.trim().split('\n'),
    PLANTED_BUGS.map(({ name }) => name),
  );
  assert.ok(PLANTED_BUGS.length >= 10);
});

test('a bug that is unknown, or a number that is none, is refused with what is allowed', () => {
  assert.match(sim('--bug', 'none').stderr, /there is no bug 'none'\. Names are: commit-before-complete/);
  assert.match(sim('--seeds', 'many').stderr, /--seeds is 'many'\. Give a whole number from 1 on\./);
  assert.equal(sim('--seeds', 'many').status, 2);
});

test('the last line is the trace hash, the same for the same seeds', () => {
  const [first, second] = [sim('--seeds', '5', '--seed', '3'), sim('--seeds', '5', '--seed', '3')];
  assert.equal(first.status, 0, first.stdout);
  assert.match(first.stdout.trim().split('\n').at(-1) ?? '', /^trace hash [0-9a-f]{8}$/);
  assert.equal(first.stdout, second.stdout);
});
