// Goal: the test that stands among the examples passes as it stands, crash and restore included. Method: compile it and give it to node:test, as a user would.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { root } from './support/run-millrace.mjs';

/** Node's runner marks its children, and tests of theirs would report to it. */
const { NODE_TEST_CONTEXT: _, ...withoutTestRunner } = process.env;

test('examples/a-test.ts passes', async () => {
  const folder = join(root, '.cache/a-test'); // inside the project, so that it finds the packages
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, 'a-test.test.mjs');
  await build({
    entryPoints: [join(root, 'examples/a-test.ts')],
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    outfile,
  });
  const { status, stdout } = spawnSync(process.execPath, ['--test', outfile], { encoding: 'utf8', env: withoutTestRunner });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /pass 1\b/);
});
