/** `avg` as an aggregate function: it keeps the sum and the count, for an average cannot be reduced to one from two. */
import { DataError } from '@millrace/core/base/errors';
import type { AggregateFunction } from '../contract/functions.ts';
import { addValues } from './field-aggregation.ts';

interface Average<T> {
  /** Whose other fields the result has. */
  first: T | undefined;
  sum: number | bigint;
  count: number;
}

/**
 * The first record with the average in place of the field; without a field, of plain values, the average itself. Numbers are averaged as doubles, bigints as bigints,
 * whose remainder is cut off.
 */
export function averageOf<T>(field?: string): AggregateFunction<T, Average<T>, T> {
  const aggregation = { name: 'avg', field };
  const fieldOf = (record: T): unknown => (field === undefined ? record : (record as Readonly<Record<string, unknown>>)[field]);
  return {
    createAccumulator: () => ({ first: undefined, sum: 0, count: 0 }),
    add(record, average) {
      const value = fieldOf(record);
      if (average.count === 0) {
        average.first = record;
        average.sum = checked(value, field);
      } else average.sum = addValues(average.sum, value, aggregation);
      average.count += 1;
      return average;
    },
    getResult({ first, sum, count }) {
      const mean = typeof sum === 'bigint' ? sum / BigInt(count) : sum / count;
      if (field === undefined) return mean as T;
      const result: Record<string, unknown> = { ...(first as Record<string, unknown>) }; // keeps the order of the fields, and so the shape
      result[field] = mean;
      return result as T;
    },
    merge(a, b) {
      if (a.count === 0) return b;
      if (b.count > 0) a.sum = addValues(a.sum, b.sum, aggregation);
      a.count += b.count;
      return a;
    },
  };
}

/** The first value of a key or window, which nothing has been added to yet. */
function checked(value: unknown, field: string | undefined): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  const where = field === undefined ? 'avg of plain values' : `avg('${field}')`;
  throw new DataError(
    `${where} needs numbers, or bigints, and got a value of type ${value === null ? 'null' : typeof value}. Filter such records out, or name another field.`,
    {
      reason: 'field-aggregation',
    },
  );
}
