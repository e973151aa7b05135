// Goal: the programs of examples/ print what they must, the same at every parallelism. Method: run them as a user does; compare with a computation in plain Node.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesBelow, linesOf, millrace, root, sorted, temporaryFolder } from './support/run-millrace.mjs';

const parallelisms = (process.env.MILLRACE_PARALLELISMS ?? '1,3').split(',');
const digest = (lines) =>
  createHash('sha256')
    .update(
      sorted(lines)
        .map((line) => `${line}\n`)
        .join(''),
    )
    .digest('hex');
const example = (name) => join(root, 'examples', name);

function countWords(text) {
  const counts = new Map();
  const words = linesOf(text)
    .flatMap((line) => line.toLowerCase().split(/[^\p{L}\p{N}]+/u))
    .filter((word) => word !== '');
  return words.map((word) => {
    counts.set(word, (counts.get(word) ?? 0) + 1);
    return JSON.stringify({ word, count: counts.get(word) });
  });
}

for (const parallelism of parallelisms) {
  test(`word-count at parallelism ${parallelism} prints every count of every word`, async () => {
    const input = join(root, 'LICENSE');
    const { code, stdout, stderr } = await millrace([
      'run',
      example('word-count.ts'),
      '--parallelism',
      parallelism,
      '--',
      '--input',
      input,
    ]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(sorted(linesOf(stdout)), sorted(countWords(readFileSync(input, 'utf8'))));
  });

  test(`commits-by-week at parallelism ${parallelism}: 732 late, 3775 firings, 3731 last firings, nothing lost`, async (t) => {
    const output = join(temporaryFolder(t), 'out');
    const input = join(root, 'examples/data/commits.jsonl.gz');
    const { code, stdout, stderr } = await millrace([
      'run',
      example('commits-by-week.ts'),
      '--parallelism',
      parallelism,
      '--',
      '--input',
      input,
      '--output',
      output,
    ]);
    assert.equal(code, 0, stderr);
    const firings = linesBelow(output);
    assert.deepEqual([linesOf(stdout).length, digest(linesOf(stdout)).slice(0, 12)], [732, 'f5f0c8fb8e8a']);
    assert.deepEqual([firings.length, digest(firings).slice(0, 12)], [3775, 'e28a58c1d9e1']);
    const last = new Map();
    for (const line of firings) {
      const { repository, week, commits } = JSON.parse(line);
      const key = `${repository} ${week}`;
      if (commits > (last.get(key)?.commits ?? 0)) last.set(key, { commits, line });
    }
    const lastLines = [...last.values()].map((firing) => firing.line);
    assert.deepEqual([lastLines.length, digest(lastLines).slice(0, 12)], [3731, 'e34ad2e5fe51']);
    assert.equal([...last.values()].reduce((sum, firing) => sum + firing.commits, 0) + 732, 55316);
  });
}

test('idle-alerts: 7 sensors silent in the middle, and each of 97 at the end', async () => {
  const { code, stdout, stderr } = await millrace(['run', example('idle-alerts.ts'), '--parallelism', '2']);
  assert.equal(code, 0, stderr);
  assert.deepEqual([linesOf(stdout).length, digest(linesOf(stdout)).slice(0, 12)], [104, '5b8fe7e4ee46']);
});

test('commits-by-week with a watermark after every record', async (t) => {
  const output = join(temporaryFolder(t), 'out');
  const input = join(root, 'examples/data/commits.jsonl.gz');
  const options = ['--parallelism', '2', '-D', 'pipeline.auto-watermark-records=1'];
  const { code, stdout, stderr } = await millrace([
    'run',
    example('commits-by-week.ts'),
    ...options,
    '--',
    '--input',
    input,
    '--output',
    output,
  ]);
  assert.equal(code, 0, stderr);
  assert.deepEqual([linesOf(stdout).length, digest(linesOf(stdout)).slice(0, 12)], [972, '9d17908fcc70']);
  assert.deepEqual([linesBelow(output).length, digest(linesBelow(output)).slice(0, 12)], [3863, 'a21138b9adfc']);
});
