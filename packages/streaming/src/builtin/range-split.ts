import { UsageError } from '@millrace/core/base/errors';

/** A run of numbers, read upwards; `from` moves up in snapshots. */
export interface RangeSplit {
  readonly index: number;
  readonly from: number;
  readonly to: number; // exclusive
  /** What the reader of this split may emit of a rate that all readers share; absent: as fast as it can. */
  readonly recordsPerSecond?: number;
}

/** A multiple of the default distance of two watermarks, so that cutting the range does not move them (rule 16 of the canon). */
const UNIT = 1_000;
const RANGE_MAX = 200_000;
/** Enough that readers of unequal speed end together. */
const RANGES_AIM = 64;

/** Of the ranges that [from, to) is cut into; it depends on nothing but the length. */
export function rangeSizeOf(from: number, to: number): number {
  return Math.min(RANGE_MAX, Math.ceil((to - from) / RANGES_AIM / UNIT) * UNIT);
}

export function countRanges(from: number, to: number): number {
  return to > from ? Math.ceil((to - from) / rangeSizeOf(from, to)) : 0;
}

export function checkSafeInteger(value: number, what: string): void {
  if (!Number.isSafeInteger(value)) throw new UsageError(`${what} is ${String(value)}. Give a whole number within ±(2^53 - 1).`);
}
