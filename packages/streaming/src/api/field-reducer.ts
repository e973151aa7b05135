import { UsageError } from '@millrace/core/base/errors';
import { maxByOf, maxOf, minByOf, minOf, sumOf } from '../operators/field-aggregation.ts';
import { show } from './function-checks.ts';

export type FieldAggregation = 'sum' | 'min' | 'max' | 'minBy' | 'maxBy';

/** The reducer behind `sum('count')` and its kin. Without a field the records themselves are aggregated. */
export function fieldReducer<T>(aggregation: FieldAggregation, field: PropertyKey | undefined, first = true): (a: T, b: T) => T {
  if (field !== undefined && (typeof field !== 'string' || field === '') && typeof field !== 'number') {
    throw new UsageError(`${aggregation} got ${show(field)}. Give it the name of a field, as in ${aggregation}('amount').`);
  }
  if (typeof first !== 'boolean')
    throw new UsageError(
      `${aggregation} got ${show(first)} as its second argument. Give true for the first of equals, false for the last.`,
    );
  const name = field as string | undefined;
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
