/** An aggregate function or a reducer in one form, as window operators use it. */
import { UsageError } from '@millrace/core/base/errors';
import { createCodec } from '@millrace/core/types/codec';
import { descriptionOf } from '@millrace/core/types/types';
import type { WindowAggregation } from './window-spec.ts';

export interface Accumulation<T, ACC, V> {
  readonly createAccumulator: (first: T) => ACC;
  /** May change and return the accumulator. */
  readonly add: (value: T, accumulator: ACC) => ACC;
  readonly getResult: (accumulator: ACC) => V;
  /** May change and return either argument; undefined where the user gave none. */
  readonly merge: ((a: ACC, b: ACC) => ACC) | undefined;
  /** Shares nothing with its argument that `add` or `merge` may change. */
  readonly copy: (accumulator: ACC) => ACC;
}

export function accumulationOf<T, ACC, V>(aggregation: WindowAggregation<T, ACC, V>): Accumulation<T, ACC, V> {
  if (aggregation.kind === 'aggregate') {
    const { fn } = aggregation;
    const codec = createCodec<ACC>(descriptionOf(aggregation.accumulatorType));
    // taken out once: a look-up by name in objects of many users' shapes is the slowest part of a cheap aggregate
    const { createAccumulator, add, getResult, merge } = fn;
    return {
      createAccumulator: (first) => refuseNone(add.call(fn, first, createAccumulator.call(fn))),
      add: (value, accumulator) => add.call(fn, value, accumulator),
      getResult: (accumulator) => getResult.call(fn, accumulator),
      merge: merge === undefined ? undefined : (a, b) => merge.call(fn, a, b),
      copy: (accumulator) => (typeof accumulator === 'object' ? codec.copy(accumulator) : accumulator),
    };
  }
  if (aggregation.kind === 'elements') return listing<T>() as unknown as Accumulation<T, ACC, V>;
  // a reducer's accumulator is a record, and records are never changed: nothing to copy (rule O4 of the operator contract)
  const { fn } = aggregation;
  const reduction: Accumulation<T, T, T> = {
    createAccumulator: (first) => first,
    add: (value, reduced) => fn(reduced, value),
    getResult: (reduced) => reduced,
    merge: fn,
    copy: (reduced) => reduced,
  };
  return reduction as unknown as Accumulation<T, ACC, V>;
}

/** Every element. A result is a copy, which later elements do not reach. */
function listing<T>(): Accumulation<T, T[], readonly T[]> {
  return {
    createAccumulator: (first) => [first],
    add: (value, elements) => {
      elements.push(value);
      return elements;
    },
    getResult: (elements) => elements.slice(),
    merge: undefined, // panes are in order of time, elements in order of arrival
    copy: (elements) => elements.slice(),
  };
}

/** Looked at when an accumulator begins, not at every record: an asynchronous or forgetful `add` shows itself at once. */
function refuseNone<ACC>(accumulator: ACC): ACC {
  if (accumulator === undefined) throw new UsageError('add of an aggregate function returned undefined. Return the accumulator.');
  if (accumulator instanceof Promise) {
    throw new UsageError('An aggregate function returned a promise as accumulator. Make createAccumulator and add synchronous.');
  }
  return accumulator;
}
