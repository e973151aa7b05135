import { UsageError } from '@millrace/core/base/errors';
import type { AggregateFunction } from '../contract/functions.ts';
import { foldAggregate } from '../operators/fold.ts';
import { checkPlainFunction } from './function-checks.ts';

/** What `fold` was given, as an aggregate function. */
export function folded<T, ACC>(initialValue: ACC, folder: (accumulated: ACC, value: T) => ACC): AggregateFunction<T, ACC, ACC> {
  if (initialValue === undefined) {
    throw new UsageError('fold got undefined as its initial value. Give it what the first record of each key or window is added to.');
  }
  checkPlainFunction(folder, 'fold', 'a function from what was accumulated and a record to what is accumulated then');
  return foldAggregate(initialValue, folder);
}
