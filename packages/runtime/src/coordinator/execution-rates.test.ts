// Goal: rates are those of the task's own time, lately. Method: blocks of figures made by hand, as a TaskExecutor would report them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TASK_METRIC, TASK_METRICS } from '../protocol/slot-messages.ts';
import { ExecutionRates } from './execution-rates.ts';

function block(figures: Partial<Record<keyof typeof TASK_METRIC, number>>): readonly number[] {
  const metrics = Array.from({ length: TASK_METRICS }, () => 0);
  for (const [name, value] of Object.entries(figures)) metrics[TASK_METRIC[name as keyof typeof TASK_METRIC]] = value;
  return metrics;
}

test('records in a second of the task, and what a second was spent on', () => {
  const rates = new ExecutionRates();
  rates.report(block({}));
  assert.equal(rates.rates, undefined, 'nothing was published yet');
  rates.report(block({ busyTimeMs: 500, backPressuredTimeMs: 1_000, idleTimeMs: 500, numRecordsIn: 200, numRecordsOut: 50 }));
  assert.deepEqual(rates.rates, {
    numRecordsInPerSecond: 100,
    numRecordsOutPerSecond: 25,
    busyTimeMsPerSecond: 250,
    backPressuredTimeMsPerSecond: 500,
    idleTimeMsPerSecond: 250,
  });
});

test('what was is forgotten after some seconds, and a task that says nothing keeps its rates', () => {
  const rates = new ExecutionRates();
  rates.report(block({ busyTimeMs: 60_000, numRecordsIn: 60_000 }));
  for (let idleTimeMs = 1_000; idleTimeMs <= 6_000; idleTimeMs += 1_000)
    rates.report(block({ busyTimeMs: 60_000, numRecordsIn: 60_000, idleTimeMs }));
  assert.deepEqual([rates.rates?.numRecordsInPerSecond, rates.rates?.busyTimeMsPerSecond, rates.rates?.idleTimeMsPerSecond], [0, 0, 1000]);
  rates.report(block({ busyTimeMs: 60_000, numRecordsIn: 60_000, idleTimeMs: 6_000 }));
  assert.equal(rates.rates?.idleTimeMsPerSecond, 1000);
});
