/** What the lines of each branch must be in the end, computed plainly from the program, without the engine; and what is visible of them. */
import { type Branch, GAP_MS, LATE_BOUND_MS, type Program, SLIDE_MS, TIMER_MS, WINDOW_MS } from './program.ts';
import { recordOf, type SimRecord, type SourceSpec } from './split-source.ts';
import { OUTPUT, type World } from './world.ts';

/** Sorted, of all branches together. */
export function expectedLines(program: Program): readonly string[] {
  return program.branches.flatMap((branch) => linesOf(branch, program)).sort();
}

/** Of finished files and committed transactions, sorted. */
export function visibleLines({ disk, transactions }: World): readonly string[] {
  const files = disk.files.map(([path]) => path).filter((path) => path.startsWith(`${OUTPUT}/`) && !path.includes('/.'));
  const lines = files.flatMap((path) =>
    disk
      .textOf(path)
      .split('\n')
      .filter((line) => line !== ''),
  );
  return [...lines, ...transactions.visible].sort();
}

/** Undefined where all is as it must be; while a job runs lines may be missing. */
export function differenceOf(expected: readonly string[], visible: readonly string[], isAtEnd: boolean): string | undefined {
  const foreign = without(visible, expected);
  const missing = isAtEnd ? without(expected, visible) : [];
  if (foreign.length + missing.length === 0) return undefined;
  return `(a, b) ${missing.length} lines lost: ${shown(missing)}; ${foreign.length} doubled or foreign: ${shown(foreign)}`;
}

function recordsOf(spec: SourceSpec): SimRecord[] {
  return spec.splits.flatMap((count, split) => Array.from({ length: count }, (_, seq) => recordOf(spec, split, seq)));
}

function linesOf({ kind }: Branch, { sources, autoWatermarkRecords }: Program): string[] {
  const [first, second = first] = sources.map(recordsOf) as [SimRecord[], SimRecord[]?];
  const all = sources.flatMap(recordsOf);
  const keys = groupBy(all, ({ key }) => key);
  switch (kind) {
    case 'records':
      return all.map(({ split, seq, at }) => `${split}/${seq}/${at}`);
    case 'totals':
      return keys.map(([key, records]) => `${key} ${records.length} ${total(records)}`);
    case 'timers':
      return keys.flatMap(([key, records]) => unique(records.map(({ at }) => `${key} ${Math.floor(at / 20) * 20 + TIMER_MS}`)));
    case 'tumbling':
      return windowLines(all, WINDOW_MS, WINDOW_MS);
    case 'sliding':
      return windowLines(all, WINDOW_MS, SLIDE_MS);
    case 'session':
      return keys.flatMap(([key, records]) => sessionsOf(key, records));
    case 'join': {
      const sizes = (records: readonly SimRecord[], key: number) => records.filter((record) => record.key === key).length;
      return unique([...first, ...second].map(({ key }) => `${key} ${sizes(first, key)} ${sizes(second, key)}`));
    }
    case 'broadcast':
      return [
        `rules ${second.length} ${total(second)}`,
        ...groupBy(first, ({ key }) => key).map(([key, records]) => `${key} ${records.length}`),
      ];
    case 'late':
      return lateLines(first, autoWatermarkRecords);
  }
}

function windowLines(records: readonly SimRecord[], size: number, slide: number): string[] {
  const inWindows = records.flatMap((record) => {
    const last = Math.floor(record.at / slide) * slide;
    const starts: number[] = [];
    for (let start = last; start > record.at - size; start -= slide) starts.push(start);
    return starts.map((start) => ({ record, id: `${record.key} ${start}-${start + size}` }));
  });
  return groupBy(inWindows, ({ id }) => id).map(([id, group]) => `${id} ${group.length} ${total(group.map(({ record }) => record))}`);
}

function sessionsOf(key: number, records: readonly SimRecord[]): string[] {
  const sessions: SimRecord[][] = [];
  for (const record of records.toSorted((a, b) => a.at - b.at)) {
    const last = sessions.at(-1);
    if (last !== undefined && record.at <= (last.at(-1) as SimRecord).at + GAP_MS) last.push(record);
    else sessions.push([record]);
  }
  return sessions.map(
    (session) => `${key} ${(session[0] as SimRecord).at}-${(session.at(-1) as SimRecord).at + GAP_MS} ${session.length} ${total(session)}`,
  );
}

/** Watermarks come after fixed numbers of records, so what is late is determined. */
function lateLines(records: readonly SimRecord[], every: number): string[] {
  let watermark = Number.NEGATIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  const late: string[] = [];
  const inTime: SimRecord[] = [];
  for (const [index, record] of records.entries()) {
    const end = Math.floor(record.at / WINDOW_MS) * WINDOW_MS + WINDOW_MS;
    if (end - 1 <= watermark) late.push(`late ${record.seq}`);
    else inTime.push(record);
    greatest = Math.max(greatest, record.at);
    if ((index + 1) % every === 0) watermark = greatest - LATE_BOUND_MS - 1;
  }
  return [...late, ...windowLines(inTime, WINDOW_MS, WINDOW_MS)];
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): [K, T[]][] {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups];
}

function total(records: readonly SimRecord[]): number {
  return records.reduce((sum, { value }) => sum + value, 0);
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const left = counts.get(line) ?? 0;
    counts.set(line, left - 1);
    return left <= 0;
  });
}

function shown(lines: readonly string[]): string {
  if (lines.length === 0) return 'none';
  return lines.slice(0, 4).join(', ') + (lines.length > 4 ? ', …' : '');
}
