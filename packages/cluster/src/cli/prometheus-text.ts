/**
 * Readings in the text format of Prometheus, version 0.0.4, under the names that Flink's reporter gives them: `flink_<scope>_<groups>_<name>`.
 *
 * P1 no two lines have the same name and labels, whatever users call their metrics: the first one stands. A scraper would refuse the whole page.
 * P2 all lines of a name follow each other, behind one HELP and one TYPE.
 */
import type { JobMetrics, MetricReading } from '../local/job-metrics.ts';

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const PREFIX = 'flink';

interface Family {
  type: 'counter' | 'gauge' | 'untyped';
  readonly help: string;
  /** By labels. */
  readonly lines: Map<string, number>;
}

export function prometheusText(jobs: readonly JobMetrics[]): string {
  const families = new Map<string, Family>();
  for (const { readings } of jobs) for (const reading of readings) add(families, reading);
  const text = [...families].map(([name, family]) => familyText(name, family)).join('');
  const omitted = jobs.reduce((sum, job) => sum + job.omitted, 0);
  return omitted === 0 ? text : `${text}# ${omitted} more metrics are not shown: there are too many.\n`;
}

function add(families: Map<string, Family>, reading: MetricReading): void {
  const value = typeof reading.value === 'boolean' ? Number(reading.value) : reading.value;
  if (typeof value !== 'number') return; // a text is no sample; /metrics.json has it
  const name = [PREFIX, reading.scope, ...reading.groups, reading.name].map((part) => part.replaceAll(/[^a-zA-Z0-9_:]/g, '_')).join('_');
  const help = `${[...reading.groups, reading.name].join('.')} (scope: ${reading.scope})`;
  const family: Family = families.get(name) ?? { type: reading.type, help, lines: new Map() };
  families.set(name, family);
  if (family.type !== reading.type) family.type = 'untyped'; // of one name, but of different kinds in different operators
  const labels = labelText(reading);
  if (!family.lines.has(labels)) family.lines.set(labels, value);
}

function familyText(name: string, { type, help, lines }: Family): string {
  const samples = [...lines].map(([labels, value]) => `${name}${labels} ${numberText(value)}\n`);
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n${samples.join('')}`;
}

/** Those of users that would hide another get `user_` in front. */
function labelText({ labels, variables }: MetricReading): string {
  const all = new Map(Object.entries(labels));
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
