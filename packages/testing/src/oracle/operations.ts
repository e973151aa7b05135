/** The functions of random programs: pure, shared by the job and the reference, which differ in everything around them. */
import type { OracleRecord } from './program.ts';

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
