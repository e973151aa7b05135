/** Where the time of a profile went, as lines to read: functions by the time that they took themselves, with the operator for which they ran. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CpuProfile, placeOf } from './cpu-profiler.ts';

type Node = CpuProfile['nodes'][number];

const ROWS = 20;
/** Of operators that share their code: more names would say nothing. */
const NAMES = 3;
const IDLE = '(idle)';
const PROGRAM = '(program)';
const COLLECTOR = '(garbage collector)';
/** Stands for an operator where the profiler itself is at work: that time is in no figure. */
export const PROFILER = '(profiler)';

export interface ProfileRow {
  readonly selfMs: number;
  readonly functionName: string;
  /** Those for which the function ran; several where they share their code. */
  readonly operators: readonly string[];
  readonly url: string;
  /** From 1. */
  readonly line: number;
}

export interface ProfileSummary {
  readonly totalMs: number;
  readonly idleMs: number;
  readonly collectorMs: number;
  /** By self time, the greatest first. */
  readonly rows: readonly ProfileRow[];
}

/** Operator names by the place of a function (`placeOf`), as V8 has it. */
export type OperatorsByPlace = ReadonlyMap<string, readonly string[]>;

/** `shown` has the nodes of `profile` with their frames as they are to be read. */
export function summaryOf(profile: CpuProfile, shown: CpuProfile, operators: OperatorsByPlace): ProfileSummary {
  const self = selfTimes(profile);
  const owners = ownersOf(profile.nodes, operators);
  const rows = new Map<string, { selfMs: number; readonly node: Node; readonly operators: Set<string> }>();
  let [totalMs, idleMs, collectorMs] = [0, 0, 0];
  for (const node of shown.nodes) {
    const ms = (self.get(node.id) ?? 0) / 1_000;
    const { functionName, url, lineNumber } = node.callFrame;
    if (owners.get(node.id)?.includes(PROFILER) === true) continue;
    totalMs += ms;
    if (functionName === IDLE || functionName === PROGRAM) idleMs += ms;
    else if (functionName === COLLECTOR) collectorMs += ms;
    else if (ms > 0) {
      const key = `${functionName} ${url} ${lineNumber}`;
      const row = rows.get(key) ?? { selfMs: 0, node, operators: new Set() };
      rows.set(key, row);
      row.selfMs += ms;
      for (const name of owners.get(node.id) ?? []) row.operators.add(name);
    }
  }
  return { totalMs, idleMs, collectorMs, rows: [...rows.values()].map(rowOf).sort((a, b) => b.selfMs - a.selfMs) };
}

function rowOf(row: { readonly selfMs: number; readonly node: Node; readonly operators: ReadonlySet<string> }): ProfileRow {
  const { functionName, url, lineNumber } = row.node.callFrame;
  return {
    selfMs: row.selfMs,
    functionName: functionName === '' ? '(anonymous)' : functionName,
    operators: [...row.operators],
    url,
    line: lineNumber + 1,
  };
}

/** Microseconds by node: from a sample to the next one, the function on top was at work. */
function selfTimes({ samples = [], timeDeltas = [] }: CpuProfile): ReadonlyMap<number, number> {
  const times = new Map<number, number>();
  for (const [index, id] of samples.entries()) times.set(id, (times.get(id) ?? 0) + Math.max(0, timeDeltas[index] ?? 0));
  return times;
}

/** A frame is its own operator's, or that of the nearest frame around it that has one. */
function ownersOf(nodes: readonly Node[], operators: OperatorsByPlace): ReadonlyMap<number, readonly string[]> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const children = new Set(nodes.flatMap((node) => node.children ?? []));
  const owners = new Map<number, readonly string[]>();
  const waiting = nodes.filter(({ id }) => !children.has(id)).map((node) => ({ node, around: [] as readonly string[] }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const own = operators.get(placeOf(next.node.callFrame)) ?? next.around;
    owners.set(next.node.id, own);
    for (const id of next.node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) waiting.push({ node: child, around: own });
    }
  }
  return owners;
}

/** `workingDirectory`: paths are shown as seen from there. */
export function tableText({ totalMs, idleMs, collectorMs, rows }: ProfileSummary, workingDirectory: string): string {
  const busyMs = totalMs - idleMs;
  const head = `${(totalMs / 1_000).toFixed(2)} s, of them ${percent(idleMs, totalMs)} idle and ${percent(collectorMs, totalMs)} collecting garbage`;
  const table = [
    ['self', '%', 'function', 'operator', 'where'],
    ...rows
      .slice(0, ROWS)
      .map((row) => [
        `${row.selfMs.toFixed(1)} ms`,
        percent(row.selfMs, busyMs),
        row.functionName,
        namesOf(row.operators),
        whereOf(row, workingDirectory),
      ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  const lines = table.map((cells) =>
    cells
      .map((cell, column) => (column < 2 ? cell.padStart(widths[column] ?? 0) : column < 4 ? cell.padEnd(widths[column] ?? 0) : cell))
      .join('  '),
  );
  return `${head}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function namesOf(operators: readonly string[]): string {
  if (operators.length === 0) return '-';
  return operators.length > NAMES ? `one of ${operators.length}` : operators.join(' | ');
}

function whereOf({ url, line }: ProfileRow, workingDirectory: string): string {
  if (url === '') return '(native)';
  const path = url.startsWith('file:') ? relative(workingDirectory, fileURLToPath(url.replace(/[?#].*$/, ''))) : url;
  return `${path}:${line}`;
}

function percent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : ((100 * part) / whole).toFixed(1)} %`;
}
