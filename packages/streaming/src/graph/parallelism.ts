import { UsageError } from '@millrace/core/base/errors';

/** The most key groups that there can be, and so the greatest parallelism. */
export const MAX_MAX_PARALLELISM = 32_768;
const LEAST_DEFAULT = 128;

/** Flink's formula: half as much again, rounded up to a power of two, from 128 to 32768. */
export function defaultMaxParallelism(parallelism: number): number {
  const wanted = 2 ** Math.ceil(Math.log2(parallelism + Math.floor(parallelism / 2)));
  return Math.min(Math.max(wanted, LEAST_DEFAULT), MAX_MAX_PARALLELISM);
}

/** `where` is the call, for the message: `env.setParallelism`. */
export function checkParallelism(parallelism: number, where: string): number {
  if (!Number.isInteger(parallelism) || parallelism < 1 || parallelism > MAX_MAX_PARALLELISM) {
    throw new UsageError(`${where} got ${show(parallelism)}. Give a whole number from 1 to ${MAX_MAX_PARALLELISM}.`);
  }
  return parallelism;
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
