// Goal: what is known of a job has Flink's names and scopes. Method: the details of a job that runs, made by hand; the names are read off Flink's documentation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckpointDetails, JobDetails, SubtaskDetails } from '@millrace/runtime/protocol/control-messages';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import { TASK_METRIC, TASK_METRICS } from '@millrace/runtime/protocol/slot-messages';
import { jobMetricsOf } from './job-metrics.ts';

function detailsOf(subtask: Partial<SubtaskDetails>): JobDetails {
  const metrics = Array.from({ length: TASK_METRICS }, () => 0);
  metrics[TASK_METRIC.numRecordsIn] = 7;
  metrics[TASK_METRIC.currentInputWatermark] = NO_TIMESTAMP;
  metrics[TASK_METRIC.currentOutputWatermark] = 5;
  metrics[TASK_METRIC.inPoolUsage] = 0.25;
  metrics[TASK_METRIC.checkpointAlignmentMs] = 2.5;
  const location = { taskManagerId: 'tm-1', slot: 0 };
  const whole = {
    subtask: 1,
    attempt: 2,
    executionId: 'e',
    state: 'RUNNING',
    location,
    metrics,
    rates: undefined,
    userMetrics: undefined,
  } as const;
  const latestCompleted = { id: 4, durationMs: 12, checkpointedSizeBytes: 3, stateSizeBytes: 9 } as CheckpointDetails;
  const counts = { restored: 1, total: 6, inProgress: 1, completed: 4, failed: 1 };
  return {
    jobId: 'j',
    name: 'job',
    status: 'RUNNING',
    restarts: 2,
    statusTimes: [
      { status: 'RUNNING', currentMs: 70, totalMs: 100 },
      { status: 'RESTARTING', currentMs: 0, totalMs: 9 },
    ],
    checkpoints: {
      counts,
      latestCompleted,
      latestFailed: undefined,
      latestRestored: { id: 1, restoreTime: 99, path: undefined },
      history: [],
    },
    vertices: [{ id: 'v', name: 'map', parallelism: 2, subtasks: [{ ...whole, ...subtask }] }],
    backPressureCulprit: 'v',
  } as unknown as JobDetails;
}

const named = (details: JobDetails, scope: string) =>
  Object.fromEntries(
    jobMetricsOf(details)
      .readings.filter((reading) => reading.scope === scope)
      .map(({ name, value }) => [name, value]),
  );

test('a task has its counts, its times and, while it runs, its rates', () => {
  const rates = {
    numRecordsInPerSecond: 1,
    numRecordsOutPerSecond: 2,
    busyTimeMsPerSecond: 300,
    backPressuredTimeMsPerSecond: 500,
    idleTimeMsPerSecond: 200,
  };
  const counts = {
    numRecordsIn: 7,
    numRecordsOut: 0,
    numLateRecordsDropped: 0,
    numRecordsInErrors: 0,
    inputQueueSize: 0,
    outputQueueSize: 0,
    currentOutputWatermark: 5,
    accumulateBusyTimeMs: 0,
    accumulateBackPressuredTimeMs: 0,
    accumulateIdleTimeMs: 0,
    'Shuffle.Netty.Input.Buffers.inPoolUsage': 0.25,
    'Shuffle.Netty.Output.Buffers.outPoolUsage': 0,
    checkpointAlignmentTime: 2_500_000,
    checkpointStartDelayNanos: 0,
  };
  assert.deepEqual(named(detailsOf({ rates }), 'taskmanager_job_task'), { ...counts, ...rates, isBackPressured: true });
  assert.deepEqual(named(detailsOf({}), 'taskmanager_job_task'), counts);
  assert.deepEqual(named(detailsOf({ metrics: undefined }), 'taskmanager_job_task'), {});
  const { readings, backPressureCulprit } = jobMetricsOf(detailsOf({}));
  assert.deepEqual(readings.at(-1)?.labels, {
    job_id: 'j',
    job_name: 'job',
    task_id: 'v',
    task_name: 'map',
    subtask_index: '1',
    task_attempt_num: '2',
    tm_id: 'tm-1',
  });
  assert.equal(backPressureCulprit, 'map');
});

test('a job has its restarts and what its checkpoints were', () => {
  assert.deepEqual(named(detailsOf({}), 'jobmanager_job'), {
    numRestarts: 2,
    uptime: 70,
    downtime: 0,
    runningTime: 70,
    runningTimeTotal: 100,
    restartingTime: 0,
    restartingTimeTotal: 9,
    totalNumberOfCheckpoints: 6,
    numberOfInProgressCheckpoints: 1,
    numberOfCompletedCheckpoints: 4,
    numberOfFailedCheckpoints: 1,
    lastCheckpointDuration: 12,
    lastCheckpointSize: 3,
    lastCheckpointFullSize: 9,
    lastCompletedCheckpointId: 4,
    lastCheckpointRestoreTimestamp: 99,
  });
});

test('of a function: a rate for a meter, statistics for a histogram that has some', () => {
  const metric = { operatorId: 'o', operatorName: 'map', groups: [], variables: [] };
  const statistics = { min: 1, max: 5, mean: 3, stddev: 2, quantiles: [3, 4, 4.5, 4.6, 4.7, 4.8, 5] };
  const metrics = [
    { ...metric, name: 'm', value: { kind: 'meter', count: 6 } as const, ratePerSecond: 1.5 },
    { ...metric, name: 'h', value: { kind: 'histogram', count: 2, sum: 6, statistics } as const },
    { ...metric, name: 'empty', value: { kind: 'histogram', count: 0, sum: 0, statistics: undefined } as const },
  ];
  const details = detailsOf({ userMetrics: { metrics, omitted: 3 } });
  assert.deepEqual(named(details, 'taskmanager_job_task_operator'), {
    m: 1.5,
    m_count: 6,
    h_count: 2,
    h_sum: 6,
    h_min: 1,
    h_max: 5,
    h_mean: 3,
    h_stddev: 2,
    h_median: 3,
    h_p75: 4,
    h_p90: 4.5,
    h_p95: 4.6,
    h_p98: 4.7,
    h_p99: 4.8,
    h_p999: 5,
    empty_count: 0,
    empty_sum: 0,
  });
  assert.equal(jobMetricsOf(details).omitted, 3);
});

test('of a job that has ended there is no uptime', () => {
  const { uptime, downtime, runningTimeTotal } = named({ ...detailsOf({}), endTime: 5 }, 'jobmanager_job');
  assert.deepEqual([uptime, downtime, runningTimeTotal], [-1, -1, 100]);
});

test('a process and each of its threads have their figures once, whatever number of tasks tells them', () => {
  const metrics = Array.from({ length: TASK_METRICS }, () => 0);
  const told = (slot: number, figures: Partial<Record<keyof typeof TASK_METRIC, number>>) => {
    const own = metrics.slice();
    for (const [name, value] of Object.entries(figures)) own[TASK_METRIC[name as keyof typeof TASK_METRIC]] = value;
    return { ...detailsOf({}).vertices[0]?.subtasks[0], metrics: own, location: { taskManagerId: 'tm-1', slot } } as SubtaskDetails;
  };
  const system = { garbageCollections: 3, garbageCollectionMs: 4, eventLoopDelayMs: 5, processRssBytes: 1_000, processCpuMs: 6 };
  const details = detailsOf({});
  const [vertex] = details.vertices;
  assert.ok(vertex !== undefined);
  const subtasks = [
    told(0, { ...system, heapUsedBytes: 100, externalBytes: 1 }),
    told(0, { ...system, heapUsedBytes: 90, externalBytes: 1 }),
    told(1, { ...system, heapUsedBytes: 20, externalBytes: 2 }),
  ];
  const { readings } = jobMetricsOf({ ...details, vertices: [{ ...vertex, subtasks }] });
  const of = readings.filter(({ scope }) => scope === 'taskmanager');
  assert.ok(of.every(({ labels }) => labels['tm_id'] === 'tm-1'));
  assert.deepEqual(
    of.map(({ groups, variables, name, value }) => [[...groups, ...variables.map(([, text]) => text), name].join('.'), value]),
    [
      ['Status.JVM.Memory.Heap.Used', 120],
      ['Status.JVM.Memory.NonHeap.Used', 3],
      ['Status.JVM.GarbageCollector.All.Count', 6],
      ['Status.JVM.GarbageCollector.All.Time', 8],
      ['Status.JVM.CPU.Time', 6_000_000],
      ['Status.Process.Memory.Rss', 1_000],
      ['Status.slot.0.heapUsed', 100],
      ['Status.slot.0.external', 1],
      ['Status.slot.0.garbageCollections', 3],
      ['Status.slot.0.garbageCollectionTimeMs', 4],
      ['Status.slot.0.eventLoopDelayMs', 5],
      ['Status.slot.1.heapUsed', 20],
      ['Status.slot.1.external', 2],
      ['Status.slot.1.garbageCollections', 3],
      ['Status.slot.1.garbageCollectionTimeMs', 4],
      ['Status.slot.1.eventLoopDelayMs', 5],
    ],
  );
});
