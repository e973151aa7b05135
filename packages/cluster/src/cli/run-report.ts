/** The line that `--json` ends with. Its fields are an interface: add, never rename. */
import type { CheckpointStatistics } from '@millrace/runtime/protocol/control-messages';
import type { MonitoredJob } from '../client/job-monitor.ts';
import type { JobMetrics } from '../local/job-metrics.ts';
import type { SlotThread, VertexFigures } from '../local/local-cluster.ts';
import { readingJson } from './metrics-json.ts';

export interface RunReport {
  readonly job: string | null; // null when no job was started
  readonly state: string;
  readonly durationMs: number; // from submission to end, as the client saw it
  readonly netRuntimeMs: number;
  readonly restarts: number;
  /** Null for a job that took none. */
  readonly checkpoints: { readonly completed: number; readonly failed: number; readonly restoredId: number | null } | null;
  readonly vertices: readonly {
    readonly name: string;
    readonly parallelism: number;
    readonly recordsIn: number;
    readonly recordsOut: number;
    readonly watermark: number | null;
    readonly lateRecordsDropped: number;
    /** Of all subtasks together. */
    readonly busyTimeMs: number;
    readonly backPressuredTimeMs: number;
    readonly idleTimeMs: number;
  }[];
  /** The threads that ran the job: one for each slot, which its subtasks share. `thread` is null where a subtask never began. */
  readonly threads: readonly {
    readonly taskManager: string;
    readonly slot: number;
    readonly thread: number | null;
    readonly subtasks: readonly string[];
  }[];
  /** The vertex that others waited for, by name; null where none did for more than a tenth of their time. */
  readonly backPressureCulprit: string | null;
  /** Of functions, at most METRICS_MAX. */
  readonly metrics: readonly UserMetricReport[];
  /** The first failure, in a job that did not finish. */
  readonly error?: string;
}

export interface UserMetricReport {
  readonly operator: string;
  readonly subtask: number;
  /** With its groups, joined by dots. */
  readonly name: string;
  readonly value: number | string | boolean;
}

const METRICS_MAX = 1_000;

export function reportOf(job: MonitoredJob): RunReport {
  const { restarts, checkpoints, backPressureCulprit } = job.progress();
  return {
    job: job.name,
    state: job.state,
    durationMs: Math.round(job.durationMs ?? performance.now() - job.startedAtMs),
    netRuntimeMs: Math.round(job.netRuntimeMs),
    restarts,
    checkpoints: checkpoints === undefined ? null : checkpointsOf(checkpoints),
    vertices: job.figures().map(vertexOf),
    threads: job.threads().map(threadOf),
    backPressureCulprit: backPressureCulprit ?? null,
    metrics: userMetricsOf(job.metrics()),
    ...(job.error === undefined ? {} : { error: messageOf(job.error) }),
  };
}

function vertexOf(figures: VertexFigures): RunReport['vertices'][number] {
  const { name, parallelism, recordsIn, recordsOut, watermark, lateRecordsDropped } = figures;
  return {
    name,
    parallelism,
    recordsIn,
    recordsOut,
    watermark: watermark ?? null,
    lateRecordsDropped,
    busyTimeMs: Math.round(figures.busyTimeMs),
    backPressuredTimeMs: Math.round(figures.backPressuredTimeMs),
    idleTimeMs: Math.round(figures.idleTimeMs),
  };
}

function threadOf({ taskManagerId, slot, threadId, subtasks }: SlotThread): RunReport['threads'][number] {
  return { taskManager: taskManagerId, slot, thread: threadId ?? null, subtasks };
}

function userMetricsOf({ readings }: JobMetrics): readonly UserMetricReport[] {
  const own = readings.filter(({ isUsers }) => isUsers === true).slice(0, METRICS_MAX);
  return own.map(readingJson).map(({ name, labels, value }) => ({
    operator: labels['operator_name'] ?? '',
    subtask: Number(labels['subtask_index']),
    name,
    value,
  }));
}

/** For a program that was refused, or ended, before it started a job. */
export function reportWithoutJob(state: 'FAILED' | 'CANCELED', durationMs: number, error: unknown): RunReport {
  return {
    job: null,
    state,
    durationMs: Math.round(durationMs),
    netRuntimeMs: 0,
    restarts: 0,
    checkpoints: null,
    vertices: [],
    threads: [],
    backPressureCulprit: null,
    metrics: [],
    ...(error === undefined ? {} : { error: messageOf(error) }),
  };
}

function checkpointsOf({ counts, latestRestored }: CheckpointStatistics): RunReport['checkpoints'] {
  return { completed: counts.completed, failed: counts.failed, restoredId: latestRestored?.id ?? null };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
