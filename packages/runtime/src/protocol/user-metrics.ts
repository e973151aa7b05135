/** The metrics of a task's functions as its slot reports them: plain data, bounded in number and length. */
import type { MetricSample } from '@millrace/core/metrics/metric-group';

/** One metric of one operator in one subtask. */
export interface UserMetric extends MetricSample {
  readonly operatorId: string;
  readonly operatorName: string;
  /** Of a meter: events in a second, over the last minute. */
  readonly ratePerSecond?: number;
}

export interface UserMetrics {
  readonly metrics: readonly UserMetric[];
  /** How many more the task has than are reported. */
  readonly omitted: number;
}

/** As Flink writes it: groups, their values and the name, with dots. */
export function metricPath({ groups, variables, name }: Pick<MetricSample, 'groups' | 'variables' | 'name'>): string {
  const values = new Map(variables);
  return [...groups.flatMap((group) => [group, ...(values.has(group) ? [values.get(group)] : [])]), name].join('.');
}
