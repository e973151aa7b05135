// Goal: results leave one by one into an outbox that is full after every few of them, none beyond its credit. Method: the operator on the bench, answers in orders from seeds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import type { ResultFuture } from './async-request.ts';
import { asyncWaitOperator } from './async-wait-operator.ts';
import { OperatorBench } from './testing-fakes.ts';

for (const isOrdered of [true, false]) {
  test(`${isOrdered ? 'ordered' : 'unordered'} results under back-pressure`, () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(seed);
      const futures: { readonly n: number; readonly future: ResultFuture<unknown> }[] = [];
      const call = {
        name: 'asyncInvoke',
        givesPromise: false,
        timeout: undefined,
        invoke: (n: unknown, future: ResultFuture<unknown>) => void futures.push({ n: n as number, future }),
      };
      const spec = {
        isOrdered,
        capacity: 100,
        timeoutMs: 1,
        retry: undefined,
        create: () => ({ call, life: {} }),
        runtimeContext: () => ({}),
      };
      const services = () => ({ schedule: () => ({ cancel() {} }) }) as never;
      const bench = new OperatorBench(asyncWaitOperator(spec), { fullEvery: 1 + random.nextInt(3), services });
      for (let n = 0; n < 20; n++) bench.record(n, n * 10);
      const completed: number[] = [];
      while (futures.length > 0) {
        const [{ n, future }] = futures.splice(random.nextInt(futures.length), 1) as [(typeof futures)[number]];
        completed.push(n);
        future.complete(Array.from({ length: n % 4 }, (_, copy) => n * 10 + copy));
        if (random.nextInt(2) === 0) bench.settle();
      }
      bench.settle();
      const order = isOrdered ? completed.toSorted((a, b) => a - b) : completed;
      const expected = order.flatMap((n) => Array.from({ length: n % 4 }, (_, copy) => ({ record: n * 10 + copy, timestamp: n * 10 })));
      assert.deepEqual(bench.log, expected, `seed ${seed}`);
      assert.equal(bench.overdraft, 0, `seed ${seed}`);
      assert.ok(bench.resumed > 3);
    }
  });
}
