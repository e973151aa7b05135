import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestEnvironment } from './test-environment.ts';

test('a job that is too large is refused with what it has and may have', () => {
  const env = TestEnvironment.create({ parallelism: 1 });
  const numbers = env.fromSequence(1, 10);
  for (let n = 0; n < 20_000; n += 1) numbers.filter(() => true);
  assert.throws(() => env.compile('large'), {
    kind: 'usage',
    reason: 'job-too-large',
    message:
      /^The job has 20001 operators and 20000 edges between them; it may have 20000 and 20000\. Give side outputs .* treated alike\.$/,
  });
});
