import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError, UsageError, UserCodeError } from '@millrace/core/base/errors';
import { describeFailure } from './failure-report.ts';

const quiet = { workingDirectory: '/home/ann/job', debug: false };

function thrown(frames: readonly string[]): Error {
  const error = new TypeError('x is not a function');
  error.stack = ['TypeError: x is not a function', ...frames.map((frame) => `    at ${frame}`)].join('\n');
  return error;
}

test("a failure of the program shows its own frames and nothing of the host's", () => {
  const error = thrown([
    'parse (/home/ann/job/lib/parse.ts:3:9)',
    'file:///home/ann/job/job.ts:7:1',
    'ModuleJob.run (node:internal/modules/esm/module_job:1:1)',
    'start (file:///usr/lib/node_modules/millrace/dist/cli/run-command.js:1:1)',
  ]);
  assert.equal(describeFailure(error, quiet), 'TypeError: x is not a function\n    at parse (lib/parse.ts:3:9)\n    at job.ts:7:1');
});

test('a refusal is its message and the place of the refused call', () => {
  const error = new UsageError('Do it so.');
  const frames = ['check (file:///usr/lib/node_modules/x/checks.js:1:1)', 'build (/home/ann/job/job.ts:5:9)', '/home/ann/job/job.ts:9:1'];
  error.stack = ['UsageError: Do it so.', ...frames.map((frame) => `    at ${frame}`)].join('\n');
  assert.equal(describeFailure(error, quiet), 'Do it so.\n    at build (job.ts:5:9)');
});

test('a refusal that has no place in the program is its message alone', () => {
  assert.equal(describeFailure(new UsageError('Do it so.'), quiet), 'Do it so.');
  assert.equal(describeFailure(new InvariantError('broken'), quiet), 'broken');
});

test('where a user function failed is said once: what the message has already is not repeated', () => {
  const location = { operatorName: 'parse', uid: 'p', subtask: 1, parallelism: 4, record: '{"a":1}', position: 'job.ts:3:9' };
  const error = new UserCodeError('The function of parse threw at job.ts:3:9: no', location, new Error('no'));
  assert.equal(
    describeFailure(error, quiet),
    'The function of parse threw at job.ts:3:9: no\n  operator: parse (uid p), subtask 2 of 4\n  record: {"a":1}',
  );
});

test('with debug the stacks of the failure and of all its causes follow', () => {
  const error = new UsageError('outer', { cause: new Error('inner') });
  const text = describeFailure(error, { ...quiet, debug: true });
  assert.match(text, /^outer\nUsageError: outer\n {4}at .*\ncaused by Error: inner\n {4}at /s);
});

test('what is thrown and is no error is named as that', () => {
  assert.equal(
    describeFailure('oops', quiet),
    'The program threw oops, which is not an Error. Throw errors, so that their place is known.',
  );
});
