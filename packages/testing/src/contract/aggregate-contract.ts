/**
 * What every aggregate function must do. Run it for one of your own: `for (const { name, run } of aggregateFunctionContract('my aggregate', …)) test(name, run)`.
 */
import assert from 'node:assert/strict';
import type { AggregateFunction } from '@millrace/streaming/contract/functions';
import type { ContractCheck } from './contract-check.ts';
import { frozen } from './frozen.ts';

export interface AggregateFunctionContract<T, ACC, R> {
  /** A new function each time. */
  readonly make: () => AggregateFunction<T, ACC, R>;
  /** Five or more, different from each other. */
  readonly records: readonly T[];
  /** Whether two results are the same; deeply equal unless set. For sums of fractions, for instance, which hang on their order in the last bits. */
  readonly isSame?: (a: R, b: R) => boolean;
}

export function aggregateFunctionContract<T, ACC, R>(
  name: string,
  contract: AggregateFunctionContract<T, ACC, R>,
): readonly ContractCheck[] {
  const check = (rule: string, run: () => void): ContractCheck => ({ name: `${name}: ${rule}`, run: async () => run() });
  const checks = [
    check('every accumulator is a new one', () => isNew(contract)),
    check('add leaves records, and results that were given out, as they are', () => leavesResults(contract)),
    check('getResult may be asked at any time and changes nothing', () => asksOften(contract)),
    check('the accumulator can be written into a checkpoint and read back', () => survives(contract)),
  ];
  if (contract.make().merge === undefined) return checks;
  return [...checks, check('merged parts give what adding all gives, however they are cut, empty ones too', () => merges(contract))];
}

function fold<T, ACC, R>(fn: AggregateFunction<T, ACC, R>, records: readonly T[]): ACC {
  let accumulator = fn.createAccumulator();
  for (const record of records) accumulator = fn.add(record, accumulator);
  return accumulator;
}

function same<T, ACC, R>({ isSame }: AggregateFunctionContract<T, ACC, R>, actual: R, expected: R, what: string): void {
  if (isSame === undefined) assert.deepEqual(actual, expected, what);
  else assert.ok(isSame(actual, expected), `${what}: ${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);
}

function isNew<T, ACC, R>(contract: AggregateFunctionContract<T, ACC, R>): void {
  const fn = contract.make();
  const empty = structuredClone(fn.getResult(fn.createAccumulator()));
  fold(fn, contract.records);
  same(contract, fn.getResult(fn.createAccumulator()), empty, 'the result of a new accumulator after another one was used');
}

function leavesResults<T, ACC, R>({ make, records }: AggregateFunctionContract<T, ACC, R>): void {
  const fn = make();
  let accumulator = fn.createAccumulator();
  const given: { readonly result: R; readonly copy: R }[] = [];
  for (const record of records) {
    accumulator = fn.add(frozen(structuredClone(record)), accumulator);
    const result = fn.getResult(accumulator);
    given.push({ result, copy: structuredClone(result) });
  }
  for (const [index, { result, copy }] of given.entries())
    assert.deepEqual(
      result,
      copy,
      `the result after record ${index + 1} was changed by a later add: getResult must give a copy of what add changes`,
    );
}

function asksOften<T, ACC, R>(contract: AggregateFunctionContract<T, ACC, R>): void {
  const fn = contract.make();
  const expected = structuredClone(fn.getResult(fold(fn, contract.records)));
  let accumulator = fn.createAccumulator();
  for (const record of contract.records) {
    accumulator = fn.add(record, accumulator);
    fn.getResult(accumulator);
    fn.getResult(accumulator);
  }
  same(contract, fn.getResult(accumulator), expected, 'asked twice after every record');
}

function survives<T, ACC, R>(contract: AggregateFunctionContract<T, ACC, R>): void {
  const fn = contract.make();
  const expected = structuredClone(fn.getResult(fold(fn, contract.records)));
  let accumulator = fn.createAccumulator();
  for (const record of contract.records) accumulator = fn.add(record, structuredClone(accumulator));
  same(contract, contract.make().getResult(structuredClone(accumulator)), expected, 'with a copy of the accumulator after every record');
}

function merges<T, ACC, R>(contract: AggregateFunctionContract<T, ACC, R>): void {
  const { records } = contract;
  const fn = contract.make();
  const merge = fn.merge as (a: ACC, b: ACC) => ACC;
  const expected = structuredClone(fn.getResult(fold(fn, records)));
  const part = (from: number, to: number) => fold(fn, records.slice(from, to));
  for (let first = 0; first <= records.length; first++) {
    for (let second = first; second <= records.length; second++) {
      const where = `cut after ${first} and ${second} of ${records.length} records`;
      const parts = () => [part(0, first), part(first, second), part(second, records.length)] as const;
      const [a, b, c] = parts();
      same(contract, fn.getResult(merge(merge(a, b), c)), expected, `${where}, the first two merged first`);
      const [d, e, f] = parts();
      same(contract, fn.getResult(merge(d, merge(e, f))), expected, `${where}, the last two merged first`);
    }
  }
}
