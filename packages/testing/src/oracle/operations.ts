/** The functions of random programs: pure, shared by the job and the reference, which differ in everything around them. */
import type { OracleRecord, SlowPlan } from './program.ts';

export function mapped({ k, v }: OracleRecord, factor: number, keys: number, plus: number): OracleRecord {
  return { k: (k * factor + plus) % keys, v: v + plus };
}

export function isKept({ v }: OracleRecord, modulus: number, remainder: number): boolean {
  return v % modulus !== remainder;
}

/** Between none and three: what the record says, at most `copies`. */
export function copiesOf({ k, v }: OracleRecord, copies: number): OracleRecord[] {
  return Array.from({ length: Math.min(copies, v % 4) }, (_, copy) => ({ k: k + copy, v }));
}

export function partitionOf(key: number, partitions: number): number {
  return (key * 7 + 3) % partitions;
}

export type AggregateName = 'count' | 'sum' | 'sum-merging' | 'reduce' | 'max';

/** What the aggregates make of the values of one key. */
export function aggregated(aggregate: AggregateName, values: readonly number[]): number {
  if (aggregate === 'count') return values.length;
  return aggregate === 'max' ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0);
}

/** Of windows whose function sees every element. */
export function summed(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value + 100;
  return sum;
}

/** What an asynchronous request answers; nothing for some. */
export function answers({ k, v }: OracleRecord, many: boolean): OracleRecord[] {
  if (many) return Array.from({ length: v % 3 }, (_, copy) => ({ k, v: v + copy * 10 }));
  return v % 4 === 3 ? [] : [{ k, v: v + 7 }];
}

/** No answer of a slow request takes longer. */
export const SLOWEST_MS = 8;
export const ATTEMPTS = 3;

/** Of requests that are asked again: how many attempts fail or find nothing, as long as there are attempts. */
export const attemptsInVain = ({ v }: OracleRecord) => Math.max(0, v % 4);

/** Of those that may time out. */
export const isAnswered = ({ v }: OracleRecord) => v % 4 !== 1;

export const fallbackOf = ({ k, v }: OracleRecord): OracleRecord[] => (v % 8 === 5 ? [] : [{ k, v: v + 9000 }]);

/** Whether the answer waits for the clock, and what it is. */
export function slowAnswer(how: SlowPlan['how'], record: OracleRecord): { readonly waits: boolean; readonly results: OracleRecord[] } {
  if (how === 'times out') return { waits: !isAnswered(record), results: isAnswered(record) ? [record] : fallbackOf(record) };
  const inVain = attemptsInVain(record);
  return { waits: inVain > 0, results: inVain < ATTEMPTS ? [{ k: record.k, v: record.v + 100 * inVain }] : [] };
}

/** Of windows of a class of the user's: where they start and end. */
export function customWindows({ v }: OracleRecord, at: number, sizeMs: number): [start: number, end: number][] {
  const around = (size: number): [number, number] => [Math.floor(at / size) * size, Math.floor(at / size) * size + size];
  return v % 2 === 0 ? [around(sizeMs), around(3 * sizeMs)] : [around(sizeMs)];
}

export const bucketOf = (time: number, grainMs: number) => Math.ceil(time / grainMs) * grainMs;

export const ruleOf = (key: number) => key % 3;

export const joined = (left: OracleRecord, right: OracleRecord): OracleRecord => ({ k: left.k, v: left.v * 10 + right.v });

/** Of outer joins: what found no partner. */
export const alone = ({ k, v }: OracleRecord, isLeft: boolean): OracleRecord => ({ k, v: v + (isLeft ? 5000 : 6000) });

export function grouped(key: number, first: Iterable<OracleRecord>, second: Iterable<OracleRecord>): OracleRecord {
  const total = (records: Iterable<OracleRecord>) => summed([...records].map(({ v }) => v));
  return { k: key, v: total(first) * 1000 + total(second) };
}

/** Of connected streams, by the input. */
export const marked = ({ k, v }: OracleRecord, input: number): OracleRecord => ({ k, v: v + 1000 * (input + 1) });

/** By so much `assignTimestampsAndWatermarks` moves times; even, so that even ones stay even. */
export const SHIFT_MS = 6;

/** Of sessions whose gap is the record's to say. */
export const gapAfter = ({ v }: OracleRecord, gapMs: number) => gapMs + 2 * (v % 4);
