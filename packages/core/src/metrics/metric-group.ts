/**
 * The metrics of user functions, by group and name. Counting is an addition to a field; whoever reports reads the fields from outside (style: metrics are
 * number fields). Called by the thread of the subtask.
 *
 * G1 a name stands for one metric of a group: asked for again, the same one is given; as another kind, it is refused.
 */
import { UsageError } from '../base/errors.ts';

export interface Counter {
  inc(by?: number): void;
  getCount(): number;
}

export interface Meter {
  markEvent(events?: number): void;
}

export interface Histogram {
  update(value: number): void;
}

export type GaugeValue = number | string | boolean;

export interface MetricGroup {
  /** A group below this one; with a value, a pair of them, as Flink's labels. */
  addGroup(name: string, value?: string): MetricGroup;
  counter(name: string): Counter;
  meter(name: string): Meter;
  histogram(name: string): Histogram;
  gauge(name: string, read: () => GaugeValue): void;
}

/** What a metric is at the moment. Of a meter, all its events; rates are made by who reads twice. */
export type MetricValue =
  | { readonly kind: 'counter' | 'meter'; readonly count: number }
  | { readonly kind: 'gauge'; readonly value: GaugeValue }
  | { readonly kind: 'histogram'; readonly count: number; readonly sum: number; readonly min: number; readonly max: number };

class CountingMetric implements Counter, Meter {
  readonly kind: 'counter' | 'meter';
  count = 0;

  constructor(kind: 'counter' | 'meter') {
    this.kind = kind;
  }

  inc(by = 1): void {
    this.count += by;
  }

  markEvent(events = 1): void {
    this.count += events;
  }

  getCount(): number {
    return this.count;
  }

  read(): MetricValue {
    return { kind: this.kind, count: this.count };
  }
}

class HistogramMetric implements Histogram {
  readonly kind = 'histogram';
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;

  update(value: number): void {
    this.count += 1;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  read(): MetricValue {
    const { count, sum, min, max } = this;
    return { kind: 'histogram', count, sum, min, max };
  }
}

class GaugeMetric {
  readonly kind = 'gauge';
  readonly #read: () => GaugeValue;

  constructor(read: () => GaugeValue) {
    this.#read = read;
  }

  read(): MetricValue {
    return { kind: 'gauge', value: this.#read() };
  }
}

type Metric = CountingMetric | HistogramMetric | GaugeMetric;

export class MetricRegistry implements MetricGroup {
  readonly #metrics = new Map<string, Metric>();
  readonly #groups = new Map<string, MetricRegistry>();

  addGroup(name: string, value?: string): MetricRegistry {
    const group = this.#groups.get(name) ?? new MetricRegistry();
    this.#groups.set(name, group);
    return value === undefined ? group : group.addGroup(value);
  }

  counter(name: string): Counter {
    return this.#metric(name, 'counter', () => new CountingMetric('counter')) as CountingMetric;
  }

  meter(name: string): Meter {
    return this.#metric(name, 'meter', () => new CountingMetric('meter')) as CountingMetric;
  }

  histogram(name: string): Histogram {
    return this.#metric(name, 'histogram', () => new HistogramMetric()) as HistogramMetric;
  }

  gauge(name: string, read: () => GaugeValue): void {
    this.#metric(name, 'gauge', () => new GaugeMetric(read));
  }

  /** Every metric with its path, groups before names. */
  *entries(): Generator<readonly [path: readonly string[], value: MetricValue]> {
    for (const [name, metric] of this.#metrics) yield [[name], metric.read()];
    for (const [name, group] of this.#groups) for (const [path, value] of group.entries()) yield [[name, ...path], value];
  }

  #metric(name: string, kind: Metric['kind'], make: () => Metric): Metric {
    const known = this.#metrics.get(name);
    if (known === undefined) {
      const made = make();
      this.#metrics.set(name, made);
      return made;
    }
    if (known.kind !== kind)
      throw new UsageError(
        `Metric '${name}' is a ${known.kind} and was asked for as a ${kind}. Give each metric of a group a name of its own.`,
      );
    return known;
  }
}
