/** The metrics of a task's functions and operators as its slot reports them: plain data, bounded in number and length. */
import type { MetricSample } from '@millrace/core/metrics/metric-group';

/** One metric of one operator in one subtask. */
export interface OperatorMetric extends MetricSample {
  readonly operatorId: string;
  readonly operatorName: string;
  /** Whose it is, where it is not a function's: the engine's for the operator, or for the job. */
  readonly origin?: 'operator' | 'job';
  /** Of a meter: events in a second, over the last minute. */
  readonly ratePerSecond?: number;
}

export interface UserMetrics {
  readonly metrics: readonly OperatorMetric[];
  /** How many more the functions have than are reported. */
  readonly omitted: number;
}

/** As Flink writes it: groups, their values and the name, with dots. */
export function metricPath({ groups, variables, name }: Pick<MetricSample, 'groups' | 'variables' | 'name'>): string {
  const values = new Map(variables);
  return [...groups.flatMap((group) => [group, ...(values.has(group) ? [values.get(group)] : [])]), name].join('.');
}
