import { UsageError } from '@millrace/core/base/errors';
import type { AggregateFunction } from '../contract/functions.ts';
import { averageOf } from '../operators/average.ts';
import { maxByOf, maxOf, minByOf, minOf, sumOf } from '../operators/field-aggregation.ts';
import { show } from './function-checks.ts';

export type FieldAggregation = 'sum' | 'min' | 'max' | 'minBy' | 'maxBy';

/** The reducer behind `sum('count')` and its kin. Without a field the records themselves are aggregated. */
export function fieldReducer<T>(aggregation: FieldAggregation, field: PropertyKey | undefined, first = true): (a: T, b: T) => T {
  if (typeof first !== 'boolean')
    throw new UsageError(
      `${aggregation} got ${show(first)} as its second argument. Give true for the first of equals, false for the last.`,
    );
  const name = checkedField(aggregation, field);
  switch (aggregation) {
    case 'sum':
      return sumOf(name);
    case 'min':
      return minOf(name);
    case 'max':
      return maxOf(name);
    case 'minBy':
      return minByOf(name as string, first);
    case 'maxBy':
      return maxByOf(name as string, first);
  }
}

/** The aggregate function behind `avg('amount')`. */
export function fieldAverage<T>(field: PropertyKey | undefined): AggregateFunction<T, unknown, T> {
  return averageOf<T>(checkedField('avg', field)) as AggregateFunction<T, unknown, T>;
}

function checkedField(aggregation: FieldAggregation | 'avg', field: PropertyKey | undefined): string | undefined {
  if (field !== undefined && (typeof field !== 'string' || field === '') && typeof field !== 'number') {
    throw new UsageError(`${aggregation} got ${show(field)}. Give it the name of a field, as in ${aggregation}('amount').`);
  }
  return field as string | undefined;
}
