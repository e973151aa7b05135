/**
 * The metrics of user functions, by group and name. Counting is an addition to a field; whoever reports reads the fields from outside (style: metrics are
 * number fields). Called by the thread of the subtask.
 *
 * G1 a name stands for one metric of a group: asked for again, the same one is given; as another kind, it is refused.
 * G2 what a gauge throws, or gives that is no number, text or truth value, is nobody's failure: the gauge has no value as long as it does.
 */
import { UsageError } from '../base/errors.ts';
import { type HistogramStatistics, HistogramWindow } from './histogram-window.ts';

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
  /** The statistics are of its last values; undefined before the first. */
  | { readonly kind: 'histogram'; readonly count: number; readonly sum: number; readonly statistics: HistogramStatistics | undefined };

type MetricVariables = readonly (readonly [name: string, value: string])[];

/** One metric as a report has it. */
export interface MetricSample {
  /** The groups around it from the outside in; of a group with a value its name alone. */
  readonly groups: readonly string[];
  /** Of the groups with a value: name and value. */
  readonly variables: MetricVariables;
  readonly name: string;
  readonly value: MetricValue;
}

/** Longer names would be cut by what they are reported to. */
const NAME_LENGTH_MAX = 255;
/** Values of a histogram that its statistics are of. */
export const HISTOGRAM_SIZE = 512;

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
  readonly #window = new HistogramWindow(HISTOGRAM_SIZE);

  update(value: number): void {
    this.#window.add(value);
  }

  read(): MetricValue {
    const { count, sum, statistics } = this.#window;
    return { kind: 'histogram', count, sum, statistics };
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
  /** Groups that are values of this one. */
  readonly #values = new Map<string, MetricRegistry>();

  addGroup(name: string, value?: string): MetricRegistry {
    const group = child(this.#groups, name, 'addGroup');
    return value === undefined ? group : child(group.#values, value, `addGroup('${name}')`);
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
    for (const groups of [this.#groups, this.#values])
      for (const [name, group] of groups) for (const [path, value] of group.entries()) yield [[name, ...path], value];
  }

  /** Every metric that has a value (G2), for a report. */
  *samples(groups: readonly string[] = [], variables: MetricVariables = []): Generator<MetricSample> {
    for (const [name, metric] of this.#metrics) {
      const value = readingOf(metric);
      if (value !== undefined) yield { groups, variables, name, value };
    }
    for (const [name, group] of this.#groups) yield* group.samples([...groups, name], variables);
    const key = groups.at(-1);
    if (key !== undefined) for (const [value, group] of this.#values) yield* group.samples(groups, [...variables, [key, value]]);
  }

  #metric(name: string, kind: Metric['kind'], make: () => Metric): Metric {
    const known = this.#metrics.get(name);
    if (known === undefined) {
      checkName(name, kind);
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

function child(groups: Map<string, MetricRegistry>, name: string, call: string): MetricRegistry {
  const known = groups.get(name);
  if (known !== undefined) return known;
  checkName(name, call);
  const made = new MetricRegistry();
  groups.set(name, made);
  return made;
}

function checkName(name: string, call: string): void {
  if (typeof name === 'string' && name !== '' && name.length <= NAME_LENGTH_MAX) return;
  const got = typeof name !== 'string' ? String(name) : name === '' ? 'an empty text' : `a text of ${name.length} characters`;
  throw new UsageError(`${call} of a metric group got ${got} as a name. Name it by a text of 1 to ${NAME_LENGTH_MAX} characters.`);
}

function readingOf(metric: Metric): MetricValue | undefined {
  if (!(metric instanceof GaugeMetric)) return metric.read();
  try {
    const read = metric.read();
    return read.kind === 'gauge' && ['number', 'string', 'boolean'].includes(typeof read.value) ? read : undefined;
  } catch {
    return undefined;
  }
}
