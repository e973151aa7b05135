// Goal: the canon program with keyed state and timers prints what it must, the same at every parallelism. Method: run it as a user does; compare the digest of the canon's table.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesOf, millrace, root, sorted } from './support/run-millrace.mjs';

const parallelisms = (process.env.MILLRACE_PARALLELISMS ?? '1,2,3').split(',');

for (const parallelism of parallelisms) {
  test(`idle-alerts at parallelism ${parallelism}: 104 lines, 7 of them before the end`, async () => {
    const { code, stdout, stderr } = await millrace(['run', join(root, 'examples/idle-alerts.ts'), '--parallelism', parallelism]);
    assert.equal(code, 0, stderr);
    const lines = linesOf(stdout).map((line) => line.replace(/^\d+> /, ''));
    assert.equal(lines.length, 104);
    const early = lines.filter((line) => JSON.parse(line).silentSince < 99_000_000);
    assert.deepEqual(
      sorted(early),
      Array.from({ length: 7 }, (_, index) => `{"sensor":"s${90 + index}","silentSince":${39_957_000 + index * 1000}}`),
    );
    const digest = createHash('sha256')
      .update(
        sorted(lines)
          .map((line) => `${line}\n`)
          .join(''),
      )
      .digest('hex');
    assert.equal(digest.slice(0, 12), '5b8fe7e4ee46');
    assert.equal(stderr, ''); // checkpoints are enabled, and nothing is to be said about them
  });
}
