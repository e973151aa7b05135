/**
 * Readings in the text format of Prometheus, version 0.0.4, under the names that Flink's reporter gives them: `flink_<scope>_<groups>_<name>`.
 *
 * P1 no two lines have the same name and labels, whatever users call their metrics: the first one stands. A scraper would refuse the whole page.
 * P2 all lines of a name follow each other, behind one HELP and one TYPE.
 * P3 a histogram is one summary with its count, its sum and a line for each quantile; a metric that is called as one of them is a line of the summary, or none (P1).
 */
import type { JobMetrics, MetricReading } from '../local/job-metrics.ts';

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const PREFIX = 'flink';

interface Family {
  type: 'counter' | 'gauge' | 'untyped' | 'summary';
  readonly help: string;
  /** By name and labels. */
  readonly lines: Map<string, number>;
}

export function prometheusText(jobs: readonly JobMetrics[]): string {
  const readings = jobs.flatMap((job) => job.readings);
  const summaries = new Set(readings.flatMap((reading) => (reading.summary === undefined ? [] : [nameOf(reading, reading.summary.of)])));
  const families = new Map<string, Family>();
  for (const reading of readings) add(families, reading, summaries);
  const text = [...families].map(([name, family]) => familyText(name, family)).join('');
  const omitted = jobs.reduce((sum, job) => sum + job.omitted, 0);
  return omitted === 0 ? text : `${text}# ${omitted} more metrics are not shown: there are too many.\n`;
}

function add(families: Map<string, Family>, reading: MetricReading, summaries: ReadonlySet<string>): void {
  const value = typeof reading.value === 'boolean' ? Number(reading.value) : reading.value;
  if (typeof value !== 'number') return; // a text is no sample; /metrics.json has it
  const isQuantile = reading.summary?.quantile !== undefined;
  const name = nameOf(reading, isQuantile ? reading.summary.of : reading.name);
  const [familyName, type] = familyOf(name, reading, summaries);
  const help = `${[...reading.groups, type === 'summary' && reading.summary !== undefined ? reading.summary.of : reading.name].join('.')} (scope: ${reading.scope})`;
  const family: Family = families.get(familyName) ?? { type, help, lines: new Map() };
  families.set(familyName, family);
  if (family.type !== type) family.type = 'untyped'; // of one name, but of different kinds in different operators
  const line = `${name}${labelText(reading)}`;
  if (!family.lines.has(line)) family.lines.set(line, value);
}

/** P3 */
function familyOf(name: string, reading: MetricReading, summaries: ReadonlySet<string>): readonly [name: string, type: Family['type']] {
  const summary = name.replace(/_(?:count|sum)$/, '');
  if (summaries.has(name)) return [name, 'summary'];
  return summaries.has(summary) ? [summary, 'summary'] : [name, reading.type];
}

function nameOf({ scope, groups }: MetricReading, name: string): string {
  return [PREFIX, scope, ...groups, name].map((part) => part.replaceAll(/[^a-zA-Z0-9_:]/g, '_')).join('_');
}

function familyText(name: string, { type, help, lines }: Family): string {
  const samples = [...lines].map(([line, value]) => `${line} ${numberText(value)}\n`);
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n${samples.join('')}`;
}

/** Those of users that would hide another get `user_` in front. */
function labelText({ labels, variables, summary }: MetricReading): string {
  const all = new Map(Object.entries(labels));
  if (summary?.quantile !== undefined) all.set('quantile', String(summary.quantile));
  for (const [key, value] of variables) {
    let name = key.replaceAll(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=[0-9])/, '_');
    if (name.startsWith('__')) name = `user${name}`; // two of them are Prometheus's own
    while (all.has(name)) name = `user_${name}`;
    all.set(name, value);
  }
  return `{${[...all].map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}
