// Goal: the example of a session window of one's own gives what its comment says, the same at every parallelism. Method: run it as a user does.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesOf, millrace, root, sorted } from './support/run-millrace.mjs';

const visits = [
  '{"user":"ann","from":"1970-01-01T09:00","minutes":9,"pages":"/ /cart /shoes"}',
  '{"user":"ann","from":"1970-01-01T09:10","minutes":5,"pages":"/"}',
  '{"user":"ann","from":"1970-01-02T08:00","minutes":5,"pages":"/"}',
  '{"user":"bob","from":"1970-01-01T09:01","minutes":5,"pages":"/"}',
  '{"user":"bob","from":"1970-01-01T23:57","minutes":3,"pages":"/hats /cart"}',
  '{"user":"bob","from":"1970-01-02T00:00","minutes":5,"pages":"/"}',
];

for (const parallelism of ['1', '3']) {
  test(`custom-session at parallelism ${parallelism}: visits end after five quiet minutes and at midnight`, async () => {
    const { code, stdout, stderr } = await millrace(['run', join(root, 'examples/custom-session.ts'), '--parallelism', parallelism]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(sorted(linesOf(stdout).map((line) => line.replace(/^\d+> /, ''))), visits);
  });
}
