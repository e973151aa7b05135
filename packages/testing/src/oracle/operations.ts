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
