/** Flink's old `fold` as the aggregate function that has taken its place. */
import { UsageError } from '@millrace/core/base/errors';
import { createCodec } from '@millrace/core/types/codec';
import { descriptionOf } from '@millrace/core/types/types';
import type { AggregateFunction } from '../contract/functions.ts';

/**
 * Each key or window begins with a copy of the initial value, and what is emitted is a copy again: the folder may change and return what it was given.
 *
 * No `merge`: two accumulations that began with the same initial value cannot be joined into one.
 */
export function foldAggregate<T, ACC>(initialValue: ACC, folder: (accumulated: ACC, value: T) => ACC): AggregateFunction<T, ACC, ACC> {
  const codec = createCodec<ACC>(descriptionOf(undefined));
  const copy = (value: ACC): ACC => (typeof value === 'object' && value !== null ? codec.copy(value) : value);
  return {
    createAccumulator: () => copy(initialValue),
    add(value, accumulated) {
      const next = folder(accumulated, value);
      if (next === undefined || next instanceof Promise) throw refused(next);
      return next;
    },
    getResult: copy,
  };
}

function refused(result: unknown): UsageError {
  const seen = result === undefined ? 'undefined' : 'a promise';
  return new UsageError(`The function of fold returned ${seen}. Return the accumulated value itself, synchronously.`);
}
