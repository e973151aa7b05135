// Goal: every operator gives the same in every way a task may run it. Method: one case or more for each file that makes operators; a new file without a case fails here.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type OperatorCase, runOperatorMatrix } from './operator-matrix.ts';
import { type Build, CASES, one, type Row, row, two } from './operator-matrix-cases.ts';

for (const [, name, build] of CASES) {
  test(`${name}: the same in every way`, async () => {
    const takesTwo = build.length === 2;
    const operatorCase: OperatorCase<Row> = { script: takesTwo ? two : one, inputs: takesTwo ? 2 : 1, build };
    const lines = await runOperatorMatrix(operatorCase);
    assert.ok(lines.length >= 5, `only ${lines.length} records: the case shows nothing`);
  });
}

/** The base of others, the choice between them, and what a loop needs, which the matrix does not build (environment/iterations.test.ts does). */
const WITHOUT_OPERATOR = ['aligned-window-operator', 'window-operator', 'iteration-head'];

test('every file that makes operators has a case', () => {
  const folder = fileURLToPath(new URL('.', import.meta.resolve('@millrace/streaming/operators/reduce-operator')));
  const makers = readdirSync(folder)
    .filter((name) => name.endsWith('.js') && !name.includes('.test.') && !name.startsWith('testing-'))
    .filter(
      (name) => /-operators?\.js$/.test(name) || /return \{\s*kind: '(?:operator|twoInput)'/.test(readFileSync(`${folder}${name}`, 'utf8')),
    )
    .map((name) => name.slice(0, -'.js'.length))
    .filter((name) => !WITHOUT_OPERATOR.includes(name));
  const covered = new Set(CASES.map(([file]) => file));
  assert.deepEqual(
    makers.filter((name) => !covered.has(name)),
    [],
    'give these files a case in the operator matrix',
  );
  assert.ok(makers.length >= 8, makers.join());
});

test('an operator that is not the same is named with the way in which it differs', async () => {
  const counted: Build = (rows) => {
    let seen = 0; // of all subtasks of a run together
    return rows.rebalance().map(({ n }) => ({ n, seen: ++seen }));
  };
  const script = Array.from({ length: 40 }, (_, n) => row(n, 'a', n));
  await assert.rejects(
    runOperatorMatrix({ script, build: counted }),
    /^AssertionError.*: The operator gives something else (?:one by one|in bulk), with channels of/,
  );
});
