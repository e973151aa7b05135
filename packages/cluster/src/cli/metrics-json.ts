/** Readings as `/metrics.json` and the report of `--json` have them. Their fields are an interface: add, never rename. */
import { metricPath } from '@millrace/runtime/protocol/user-metrics';
import type { JobMetrics, MetricReading } from '../local/job-metrics.ts';

export interface ReadingJson {
  readonly scope: string;
  /** With user groups and their values, joined by dots. */
  readonly name: string;
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  /** A number that JSON has not is a text, as in Flink's REST API: `NaN`. */
  readonly value: number | string | boolean;
}

export interface JobMetricsJson {
  readonly jobId: string;
  readonly jobName: string;
  readonly status: string;
  readonly backPressureCulprit: string | null;
  readonly omitted: number;
  readonly metrics: readonly ReadingJson[];
}

export function metricsJson(jobs: readonly JobMetrics[]): { readonly jobs: readonly JobMetricsJson[] } {
  return {
    jobs: jobs.map(({ jobId, jobName, status, backPressureCulprit, omitted, readings }) => ({
      jobId,
      jobName,
      status,
      backPressureCulprit: backPressureCulprit ?? null,
      omitted,
      metrics: readings.map(readingJson),
    })),
  };
}

export function readingJson({ scope, groups, name, variables, type, labels, value }: MetricReading): ReadingJson {
  const told = typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
  return { scope, name: metricPath({ groups, variables, name }), type, labels, value: told };
}
