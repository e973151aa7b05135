// Goal: times of a job's statuses are exact. Method: a job's life told by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusTimes } from './status-times.ts';

test('the time of the status that is, and of all that were; none of an end', () => {
  const times = new StatusTimes('INITIALIZING', 10);
  assert.deepEqual(times.at(15), [{ status: 'INITIALIZING', currentMs: 5, totalMs: 5 }]);
  times.to('CREATED', 20);
  times.to('RUNNING', 30);
  times.to('RESTARTING', 130);
  times.to('RUNNING', 150);
  assert.deepEqual(times.at(157), [
    { status: 'INITIALIZING', currentMs: 0, totalMs: 10 },
    { status: 'CREATED', currentMs: 0, totalMs: 10 },
    { status: 'RUNNING', currentMs: 7, totalMs: 107 },
    { status: 'RESTARTING', currentMs: 0, totalMs: 20 },
  ]);
  times.to('FINISHED', 160);
  assert.deepEqual(
    times.at(1_000).map(({ status, currentMs, totalMs }) => [status, currentMs, totalMs]),
    [
      ['INITIALIZING', 0, 10],
      ['CREATED', 0, 10],
      ['RUNNING', 0, 110],
      ['RESTARTING', 0, 20],
    ],
  );
});
