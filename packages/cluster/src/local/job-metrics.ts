/** What is known of a job at a moment under Flink's names and scopes, for reporters: plain readings, not more than `READINGS_MAX`. */
import { type HistogramStatistics, QUANTILES } from '@millrace/core/metrics/histogram-window';
import type { MetricSample } from '@millrace/core/metrics/metric-group';
import type {
  CheckpointStatistics,
  JobDetails,
  StatusTime,
  SubtaskDetails,
  TaskRates,
  VertexDetails,
} from '@millrace/runtime/protocol/control-messages';
import { TASK_METRIC } from '@millrace/runtime/protocol/slot-messages';
import type { OperatorMetric } from '@millrace/runtime/protocol/user-metrics';
import { taskManagerFigures } from './task-manager-figures.ts';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';

/** Of one job. */
export const READINGS_MAX = 50_000;
const NS_PER_MS = 1e6;
/** Of a second: as in back-pressure.ts. */
const BACK_PRESSURED_MS = 100;

export type MetricScope = 'jobmanager_job' | 'taskmanager' | 'taskmanager_job' | 'taskmanager_job_task' | 'taskmanager_job_task_operator';

export interface MetricReading {
  readonly scope: MetricScope;
  /** User groups around it, from the outside in. */
  readonly groups: readonly string[];
  readonly name: string;
  /** Flink's system variables without their `<` and `>`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of user groups with a value. */
  readonly variables: MetricSample['variables'];
  readonly type: 'counter' | 'gauge';
  readonly value: number | string | boolean;
  /** Of the readings of a histogram that are one metric for Prometheus: its name, and which part of it this is. */
  readonly summary?: { readonly of: string; readonly quantile?: number };
  /** Counted by the user's functions, not by the engine. */
  readonly isUsers?: true;
}

export interface JobMetrics {
  readonly jobId: string;
  readonly jobName: string;
  readonly status: string;
  /** The name of the vertex that others wait for. */
  readonly backPressureCulprit: string | undefined;
  readonly readings: readonly MetricReading[];
  /** What there is besides: readings above the bound, and metrics that tasks did not report. */
  readonly omitted: number;
}

type Reading = Pick<MetricReading, 'name' | 'type' | 'value' | 'summary'>;
type Labels = Readonly<Record<string, string>>;

export function jobMetricsOf(details: JobDetails): JobMetrics {
  const job = { job_id: details.jobId, job_name: details.name };
  const readings: MetricReading[] = jobReadings(details).map((reading) => readingOf('jobmanager_job', job, reading));
  readings.push(...taskManagerReadings(details));
  let omitted = 0;
  for (const vertex of details.vertices) {
    for (const subtask of vertex.subtasks) {
      readings.push(...taskReadings({ ...job, ...labelsOf(vertex, subtask) }, subtask));
      omitted += subtask.userMetrics?.omitted ?? 0;
    }
  }
  omitted += Math.max(0, readings.length - READINGS_MAX);
  return {
    jobId: details.jobId,
    jobName: details.name,
    status: details.status,
    backPressureCulprit: culpritNameOf(details),
    readings: readings.slice(0, READINGS_MAX),
    omitted,
  };
}

export function culpritNameOf({ backPressureCulprit, vertices }: JobDetails): string | undefined {
  return vertices.find(({ id }) => id === backPressureCulprit)?.name;
}

function labelsOf({ id, name }: VertexDetails, { subtask, attempt, location }: SubtaskDetails): Labels {
  const labels = { task_id: id, task_name: name, subtask_index: String(subtask), task_attempt_num: String(attempt) };
  return location === undefined ? labels : { ...labels, tm_id: location.taskManagerId };
}

function taskReadings(labels: Labels, { metrics, rates, userMetrics }: SubtaskDetails): MetricReading[] {
  if (metrics === undefined) return [];
  const readings = [...figureReadings(metrics), ...(rates === undefined ? [] : rateReadings(rates))];
  return [
    ...readings.map((reading) => readingOf('taskmanager_job_task', labels, reading)),
    ...(userMetrics?.metrics ?? []).flatMap((metric) => operatorReadings(labels, metric)),
  ];
}

function figureReadings(metrics: readonly number[]): Reading[] {
  const figure = (name: keyof typeof TASK_METRIC) => metrics[TASK_METRIC[name]] ?? 0;
  const counters = ['numRecordsIn', 'numRecordsOut', 'numLateRecordsDropped', 'numRecordsInErrors'] as const;
  const watermarks = (['currentInputWatermark', 'currentOutputWatermark'] as const).filter((name) => figure(name) > NO_TIMESTAMP);
  const isDebloated = figure('debloatedBufferSize') > 0;
  const debloated = isDebloated ? (['debloatedBufferSize', 'estimatedTimeToConsumeBuffersMs'] as const) : [];
  return [
    ...counters.map((name) => counter(name, figure(name))),
    ...watermarks.map((name) => gauge(name, figure(name))),
    gauge('inputQueueSize', figure('inputQueueSize')),
    gauge('outputQueueSize', figure('outputQueueSize')),
    ...debloated.map((name) => gauge(name, figure(name))),
    gauge('accumulateBusyTimeMs', figure('busyTimeMs')),
    gauge('accumulateBackPressuredTimeMs', figure('backPressuredTimeMs')),
    gauge('accumulateIdleTimeMs', figure('idleTimeMs')),
    gauge('Shuffle.Netty.Input.Buffers.inPoolUsage', figure('inPoolUsage')),
    gauge('Shuffle.Netty.Output.Buffers.outPoolUsage', figure('outPoolUsage')),
    gauge('checkpointAlignmentTime', figure('checkpointAlignmentMs') * NS_PER_MS),
    gauge('checkpointStartDelayNanos', figure('checkpointStartDelayMs') * NS_PER_MS),
  ];
}

function rateReadings(rates: TaskRates): Reading[] {
  const readings = Object.entries(rates).map(([name, value]) => gauge(name, value as number));
  return [...readings, gauge('isBackPressured', rates.backPressuredTimeMsPerSecond > BACK_PRESSURED_MS)];
}

/** Of functions, and of the engine for an operator; what stands in no task's scope is told by one subtask for the job. */
function operatorReadings(labels: Labels, metric: OperatorMetric): MetricReading[] {
  const { operatorId, operatorName, groups, variables, origin } = metric;
  if (origin === 'job') {
    const { job_id = '', job_name = '', tm_id } = labels;
    const own = { job_id, job_name, ...(tm_id === undefined ? {} : { tm_id }) };
    return valuesOf(metric).map((reading) => ({ ...readingOf('taskmanager_job', own, reading), groups, variables }));
  }
  const own = { ...labels, operator_id: operatorId, operator_name: operatorName };
  const users = origin === undefined ? { isUsers: true as const } : {};
  return valuesOf(metric).map((reading) => ({
    ...readingOf('taskmanager_job_task_operator', own, reading),
    groups,
    variables,
    ...users,
  }));
}

/** As Flink's reporters: of a meter the rate, of a histogram one reading for each statistic. */
function valuesOf({ name, value, ratePerSecond }: OperatorMetric): Reading[] {
  if (value.kind === 'gauge') return [gauge(name, value.value)];
  if (value.kind !== 'histogram') {
    if (value.kind === 'counter') return [counter(name, value.count)];
    return [gauge(name, ratePerSecond ?? 0), counter(`${name}_count`, value.count)];
  }
  const { count, sum, statistics } = value;
  const summary = { of: name };
  const whole = [
    { ...counter(`${name}_count`, count), summary },
    { ...gauge(`${name}_sum`, sum), summary },
  ];
  return statistics === undefined ? whole : [...whole, ...statisticReadings(name, statistics)];
}

function statisticReadings(name: string, { min, max, mean, stddev, quantiles }: HistogramStatistics): Reading[] {
  const moments = { min, max, mean, stddev };
  return [
    ...Object.entries(moments).map(([statistic, value]) => gauge(`${name}_${statistic}`, value)),
    ...QUANTILES.map(([statistic, quantile], index) => ({
      ...gauge(`${name}_${statistic}`, quantiles[index] ?? 0),
      summary: { of: name, quantile },
    })),
  ];
}

function jobReadings(details: JobDetails): Reading[] {
  const { restarts, checkpoints } = details;
  return [
    counter('numRestarts', restarts),
    ...timeReadings(details),
    ...(checkpoints === undefined ? [] : checkpointReadings(checkpoints)),
  ];
}

/** As Flink: `runningTime` is that since the job came to it, 0 where it is elsewhere; without interruption, `uptime`. Of one that has ended both are -1. */
function timeReadings({ statusTimes, endTime }: JobDetails): Reading[] {
  const currentOf = (status: StatusTime['status']) => statusTimes.find((time) => time.status === status)?.currentMs ?? 0;
  const ended = endTime !== undefined;
  return [
    gauge('uptime', ended ? -1 : currentOf('RUNNING')),
    gauge('downtime', ended ? -1 : currentOf('RESTARTING') + currentOf('FAILING')),
    ...statusTimes.flatMap(({ status, currentMs, totalMs }) => [
      gauge(`${status.toLowerCase()}Time`, currentMs),
      gauge(`${status.toLowerCase()}TimeTotal`, totalMs),
    ]),
  ];
}

function checkpointReadings({ counts, latestCompleted, latestRestored }: CheckpointStatistics): Reading[] {
  const last =
    latestCompleted === undefined
      ? []
      : [
          gauge('lastCheckpointDuration', latestCompleted.durationMs),
          gauge('lastCheckpointSize', latestCompleted.checkpointedSizeBytes),
          gauge('lastCheckpointFullSize', latestCompleted.stateSizeBytes),
          gauge('lastCompletedCheckpointId', latestCompleted.id),
          ...(latestCompleted.path === undefined ? [] : [gauge('lastCheckpointExternalPath', latestCompleted.path)]),
        ];
  return [
    counter('totalNumberOfCheckpoints', counts.total),
    gauge('numberOfInProgressCheckpoints', counts.inProgress),
    counter('numberOfCompletedCheckpoints', counts.completed),
    counter('numberOfFailedCheckpoints', counts.failed),
    ...last,
    ...(latestRestored === undefined ? [] : [gauge('lastCheckpointRestoreTimestamp', latestRestored.restoreTime)]),
  ];
}

/** Once for each, of what the tasks of the job there have told. */
function taskManagerReadings({ vertices }: JobDetails): MetricReading[] {
  const subtasks = vertices.flatMap((vertex) => vertex.subtasks);
  return taskManagerFigures(subtasks).flatMap(({ taskManagerId, groups, variables, figures }) =>
    figures.map(([name, value]) => ({ ...readingOf('taskmanager', { tm_id: taskManagerId }, gauge(name, value)), groups, variables })),
  );
}

function readingOf(scope: MetricScope, labels: Labels, reading: Reading): MetricReading {
  return { scope, groups: [], labels, variables: [], ...reading };
}

function counter(name: string, value: number): Reading {
  return { name, type: 'counter', value };
}

function gauge(name: string, value: number | string | boolean): Reading {
  return { name, type: 'gauge', value };
}
