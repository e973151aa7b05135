/** What every evictor must do. Run it for one of your own: `for (const { name, run } of evictorContract('my evictor', …)) test(name, run)`. */
import assert from 'node:assert/strict';
import type { Evictor, TimestampedValue } from '@millrace/streaming/window/evictor';
import type { Window } from '@millrace/streaming/window/window';
import type { ContractCheck } from './contract-check.ts';
import { frozen } from './frozen.ts';
import type { BenchRecord } from './trigger-bench.ts';

export interface EvictorContract<T, W extends Window> {
  /** A new evictor each time, of the same kind. */
  readonly make: () => Evictor<T, W>;
  /** A window, and one that is not the same. */
  readonly windows: readonly [W, W];
  /** What the window holds, in the order in which it came. */
  readonly records: readonly BenchRecord<T>[];
}

type Method = 'evictBefore' | 'evictAfter';
type Elements<T> = readonly TimestampedValue<T>[];

export function evictorContract<T, W extends Window>(name: string, contract: EvictorContract<T, W>): readonly ContractCheck[] {
  const check = (rule: string, run: () => void): ContractCheck => ({ name: `${name}: ${rule}`, run: async () => run() });
  const methods = (['evictBefore', 'evictAfter'] as const).filter((method) => contract.make()[method] !== undefined);
  return [
    check('it has evictBefore or evictAfter', () => assert.ok(methods.length > 0)),
    ...methods.flatMap((method) => [
      check(`${method} returns elements that it was given, each once, in their order`, () => returnsGiven(contract, method)),
      check(`${method} changes neither the elements nor their list, and keeps nothing in fields`, () => keepsNothing(contract, method)),
    ]),
  ];
}

function listsOf<T, W extends Window>({ records }: EvictorContract<T, W>): readonly Elements<T>[] {
  const elements = records.map(({ value, timestamp }) => Object.freeze({ value: frozen(value), timestamp }));
  const prefixes = elements.map((_, index) => elements.slice(0, index + 1));
  // A window may be empty after evictBefore; records may have no timestamps.
  return [[], ...prefixes, elements.map(({ value }) => ({ value, timestamp: undefined }))].map((list) => Object.freeze(list));
}

function call<T, W extends Window>(evictor: Evictor<T, W>, method: Method, elements: Elements<T>, window: W): Elements<T> {
  const context = { currentProcessingTime: () => 0, currentWatermark: () => 0 };
  const kept = evictor[method]?.(elements, window, context);
  assert.ok(
    kept !== undefined && kept !== null && Symbol.iterator in Object(kept),
    `${method} returned no iterable: return the elements that stay`,
  );
  return [...kept];
}

function returnsGiven<T, W extends Window>(contract: EvictorContract<T, W>, method: Method): void {
  for (const elements of listsOf(contract)) {
    let place = -1;
    for (const element of call(contract.make(), method, elements, contract.windows[0])) {
      const found = elements.indexOf(element);
      assert.ok(found >= 0, `${method} returned an element that it was not given`);
      assert.ok(found > place, `${method} returned an element twice, or out of order`);
      place = found;
    }
  }
}

function keepsNothing<T, W extends Window>(contract: EvictorContract<T, W>, method: Method): void {
  const [window, other] = contract.windows;
  const one = contract.make();
  for (const elements of listsOf(contract)) {
    const alone = call(contract.make(), method, elements, window);
    call(one, method, elements.slice(0, 1), other);
    assert.deepEqual(call(one, method, elements, window), alone, `${elements.length} elements, beside another window`);
  }
}
