/**
 * The metric groups of one task, by operator: what its functions have registered.
 *
 * Owned by the task, which reports them now and then; filled through the runtime context of each operator. Counting goes past it: a metric is a field of its own.
 */
import { type MetricGroup, MetricRegistry, type MetricSample } from '@millrace/core/metrics/metric-group';
import { RateWindow } from '@millrace/core/metrics/rate-window';
import { metricPath, type OperatorMetric, type UserMetrics } from '../protocol/user-metrics.ts';

/** Of one task. Groups that are made by key grow without end; a report does not. */
export const USER_METRICS_MAX = 1_000;
const TEXT_LENGTH_MAX = 1_000;
/** As Flink's meters. */
const RATE_WINDOW_MS = 60_000;

interface OperatorGroup {
  readonly name: string;
  readonly registry: MetricRegistry;
}

interface EngineMetrics {
  metrics(): Iterable<OperatorMetric>;
}

export class TaskMetricGroups {
  readonly #operators = new Map<string, OperatorGroup>();
  /** Of meters, by operator and path. */
  readonly #rates = new Map<string, RateWindow>();
  readonly #engines: EngineMetrics[] = [];

  /** What the engine tells of the task's operators; not in the count of the functions' metrics. */
  add(source: EngineMetrics): void {
    this.#engines.push(source);
  }

  of({ id, name }: { readonly id: string; readonly name: string }): MetricGroup {
    const known = this.#operators.get(id) ?? { name, registry: new MetricRegistry() };
    this.#operators.set(id, known);
    return known.registry;
  }

  /** What they hold now; undefined where there are none. */
  values(nowMs: number): UserMetrics | undefined {
    const metrics: OperatorMetric[] = [];
    let omitted = 0;
    for (const [operatorId, { name: operatorName, registry }] of this.#operators) {
      for (const sample of registry.samples()) {
        if (metrics.length === USER_METRICS_MAX) omitted += 1;
        else metrics.push({ operatorId, operatorName, ...bounded(sample), ...this.#rateOf(operatorId, sample, nowMs) });
      }
    }
    for (const source of this.#engines) metrics.push(...source.metrics());
    return metrics.length === 0 ? undefined : { metrics, omitted };
  }

  #rateOf(operatorId: string, sample: MetricSample, nowMs: number): { readonly ratePerSecond?: number } {
    const { value } = sample;
    if (value.kind !== 'meter') return {};
    const key = `${operatorId} ${metricPath(sample)}`;
    const rate = this.#rates.get(key) ?? new RateWindow(RATE_WINDOW_MS, nowMs, value.count);
    this.#rates.set(key, rate);
    rate.report(nowMs, value.count);
    return { ratePerSecond: rate.ratePerSecond };
  }
}

function bounded(sample: MetricSample): MetricSample {
  const { value } = sample;
  if (value.kind !== 'gauge' || typeof value.value !== 'string' || value.value.length <= TEXT_LENGTH_MAX) return sample;
  return { ...sample, value: { kind: 'gauge', value: value.value.slice(0, TEXT_LENGTH_MAX) } };
}
