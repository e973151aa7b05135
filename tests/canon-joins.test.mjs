// Goal: the programs over two streams in examples/ print what they must, the same at every parallelism. Method: run them as a user does; compare with the figures
// that a computation in plain Node gives.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesOf, millrace, root, sorted } from './support/run-millrace.mjs';

const parallelisms = (process.env.MILLRACE_PARALLELISMS ?? '1,3').split(',');
const digest = (lines) =>
  createHash('sha256')
    .update(lines.map((line) => `${line}\n`).join(''))
    .digest('hex');

async function linesOfExample(name, parallelism) {
  const { code, stdout, stderr } = await millrace(['run', join(root, 'examples', name), '--parallelism', parallelism]);
  assert.equal(code, 0, stderr);
  return sorted(linesOf(stdout)); // which takes the subtask off, too
}

for (const parallelism of parallelisms) {
  test(`rules-by-broadcast at parallelism ${parallelism}: exactly four lines`, async () => {
    assert.deepEqual(await linesOfExample('rules-by-broadcast.ts', parallelism), [
      'over> {"account":"ann","over":4000}',
      'over> {"account":"eve","over":1}',
      'severe> cem: 2500',
      'severe> fay: 10001',
    ]);
  });

  test(`joins at parallelism ${parallelism}: every order with its shipment, every pair of a minute, the latest of all`, async () => {
    const lines = await linesOfExample('joins.ts', parallelism);
    const [shipped, minute, latest] = ['shipped> ', 'same minute> ', 'latest> '].map((prefix) =>
      lines.filter((line) => line.startsWith(prefix)),
    );
    assert.deepEqual([shipped.length, digest(shipped).slice(0, 12)], [10_000, 'ce25c87c13ae']);
    assert.deepEqual([minute.length, digest(minute).slice(0, 12)], [9200, '48c2ce742419']);
    assert.equal(latest.length, 20);
    assert.equal(Math.max(...latest.map((line) => Number(line.slice('latest> '.length)))), 1_004_900);
    assert.equal(lines.length, 10_000 + 9200 + 20);
  });
}
