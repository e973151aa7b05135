/** What the operators of a job keep in memory, as its metrics have said last: by what it is, over all subtasks, the largest first. */
import type { JobMetrics, MetricReading } from '../local/job-metrics.ts';

const ROWS = 20;
const MIB = 1024 * 1024;

interface Kept {
  readonly what: string;
  readonly operator: string;
  entries: number;
  bytes: number;
}

export function heapReportText({ jobName, readings }: JobMetrics): string {
  const kept = [...keptOf(readings)].filter(({ entries, bytes }) => entries > 0 || bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const head = `memory of the job '${jobName}', as last seen`;
  if (kept.length === 0) return `${head}: its operators keep nothing`;
  const rows = kept
    .slice(0, ROWS)
    .map(({ bytes, entries, what, operator }) => [`${(bytes / MIB).toFixed(1)} MiB`, String(entries), what, operator]);
  const table = [['about', 'entries', 'what', 'operator'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  const lines = table.map((cells) =>
    cells
      .map((cell, column) => (column < 2 ? cell.padStart(widths[column] ?? 0) : column === 2 ? cell.padEnd(widths[2] ?? 0) : cell))
      .join('  '),
  );
  const rest = kept.length > ROWS ? [`and ${kept.length - ROWS} more`] : [];
  return [head, ...[...lines, ...rest].map((line) => `  ${line}`)].join('\n');
}

function keptOf(readings: readonly MetricReading[]): Iterable<Kept> {
  const kept = new Map<string, Kept>();
  for (const { scope, groups, variables, name, labels, value, isUsers } of readings) {
    if (scope !== 'taskmanager_job_task_operator' || isUsers === true || groups[0] !== 'size' || typeof value !== 'number') continue;
    const what = variables[0]?.[1] ?? '';
    const key = `${labels['operator_id']} ${what}`;
    const known = kept.get(key) ?? { what, operator: labels['operator_name'] ?? '', entries: 0, bytes: 0 };
    kept.set(key, known);
    if (name === 'numEntries') known.entries += value;
    else if (name === 'estimatedBytes') known.bytes += value;
  }
  return kept.values();
}
