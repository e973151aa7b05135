// Goal: events and spans say what happened to a job, each once, in order. Method: the events of a job's life made by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobEvent } from '@millrace/runtime/coordinator/job-event';
import type { CheckpointDetails } from '@millrace/runtime/protocol/control-messages';
import { type JobReport, JobReports } from './job-reports.ts';

const failure = { message: 'broken', kind: 'user-code' } as never;

function reportsOf(events: readonly JobEvent[]): readonly JobReport[] {
  const reports: JobReport[] = [];
  const job = new JobReports({ reporter: { report: (report) => reports.push(report) }, jobOf: () => ({ name: 'clicks', failure }) });
  for (const event of events) job.take(event);
  return reports;
}

const status = (time: number, from: string, to: string) => ({ kind: 'job-status', jobId: 'j', time, from, to }) as JobEvent;
const execution = (time: number, executionId: string, to: string) => ({ kind: 'execution', jobId: 'j', time, executionId, to }) as JobEvent;
const restart = (time: number, count: number) =>
  ({ kind: 'restart', jobId: 'j', jobName: 'clicks', time, failure, restart: count, delayMs: 1, subtasks: 1 }) as JobEvent;

/** In short. */
function told(reports: readonly JobReport[]): readonly unknown[] {
  return reports.map((report) =>
    report.type === 'event'
      ? [report.name, report.severity, report.time, ...Object.values(report.attributes)]
      : [report.name, report.startTime, report.endTime, ...Object.values(report.attributes)],
  );
}

test('a job that is restarted once and finishes', () => {
  const reports = reportsOf([
    status(1, 'INITIALIZING', 'CREATED'),
    execution(2, 'a', 'DEPLOYING'),
    execution(2, 'b', 'DEPLOYING'),
    status(3, 'CREATED', 'RUNNING'),
    execution(4, 'a', 'INITIALIZING'),
    execution(5, 'a', 'RUNNING'),
    execution(6, 'b', 'RUNNING'),
    restart(20, 1),
    status(20, 'RUNNING', 'RESTARTING'),
    execution(25, 'c', 'DEPLOYING'),
    status(26, 'RESTARTING', 'RUNNING'),
    execution(27, 'c', 'RUNNING'),
    execution(30, 'c', 'FINISHED'),
    status(31, 'RUNNING', 'FINISHED'),
  ]);
  assert.deepEqual(told(reports), [
    ['JobStatusChangeEvent', 'INFO', 1, 'INITIALIZING', 'CREATED'],
    ['JobStatusChangeEvent', 'INFO', 3, 'CREATED', 'RUNNING'],
    ['JobInitialization', 1, 6, 'COMPLETED', 'RUNNING', 0, 2],
    ['JobFailureEvent', 'WARN', 20, true, 1, 'broken'],
    ['JobStatusChangeEvent', 'INFO', 20, 'RUNNING', 'RESTARTING'],
    ['JobStatusChangeEvent', 'INFO', 26, 'RESTARTING', 'RUNNING'],
    ['JobInitialization', 20, 27, 'COMPLETED', 'RUNNING', 1, 1],
    ['JobStatusChangeEvent', 'INFO', 31, 'RUNNING', 'FINISHED'],
  ]);
  assert.ok(
    reports.every(({ jobId, jobName, scope }) => jobId === 'j' && jobName === 'clicks' && scope.startsWith('org.apache.flink.runtime.')),
  );
});

test('a start that comes to nothing, and the failure that ends the job', () => {
  const events = [
    status(1, 'INITIALIZING', 'CREATED'),
    execution(2, 'a', 'DEPLOYING'),
    status(4, 'CREATED', 'FAILING'),
    execution(5, 'a', 'FAILED'),
    status(6, 'FAILING', 'FAILED'),
  ];
  assert.deepEqual(told(reportsOf(events)), [
    ['JobStatusChangeEvent', 'INFO', 1, 'INITIALIZING', 'CREATED'],
    ['JobStatusChangeEvent', 'INFO', 4, 'CREATED', 'FAILING'],
    ['JobFailureEvent', 'ERROR', 4, false, 'broken'],
    ['JobInitialization', 1, 4, 'FAILED', 'FAILING', 0, 1],
    ['JobStatusChangeEvent', 'INFO', 6, 'FAILING', 'FAILED'],
  ]);
});

test('a checkpoint is an event when it ends, and a span from its trigger', () => {
  const details = { id: 3, status: 'COMPLETED', triggerTime: 100, durationMs: 20, checkpointedSizeBytes: 7, stateSizeBytes: 9 };
  const failed = { ...details, status: 'FAILED', failure: { reason: 'expired', message: 'too slow' } };
  const events = [details, failed].map(
    (each, index) =>
      ({ kind: 'checkpoint', jobId: 'j', jobName: 'clicks', time: 125 + index, details: each as CheckpointDetails }) as JobEvent,
  );
  assert.deepEqual(told(reportsOf(events)), [
    ['CheckpointEvent', 'INFO', 125, 3, 'COMPLETED', 7, 9],
    ['Checkpoint', 100, 120, 3, 'COMPLETED', 7, 9],
    ['CheckpointEvent', 'WARN', 126, 3, 'FAILED', 7, 9, 'expired', 'too slow'],
    ['Checkpoint', 100, 120, 3, 'FAILED', 7, 9, 'expired', 'too slow'],
  ]);
});
