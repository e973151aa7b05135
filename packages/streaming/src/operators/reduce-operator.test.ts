// Goal: the rolling reduce, and Flink's field aggregations as reducers. Method: the lines of the semantics by hand, on the operator bench.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxByOf, maxOf, minByOf, minOf, sumOf } from './field-aggregation.ts';
import { reduceOperator } from './reduce-operator.ts';
import { OperatorBench } from './testing-fakes.ts';

interface Sale {
  readonly shop: string;
  readonly amount: number;
  readonly id: number;
}

const first: Sale = { shop: 'a', amount: 5, id: 1 };
const second: Sale = { shop: 'a', amount: 3, id: 2 };
const third: Sale = { shop: 'a', amount: 5, id: 3 };

function reduced(reducer: (a: Sale, b: Sale) => Sale, records: readonly Sale[]): unknown[] {
  const bench = new OperatorBench(reduceOperator<Sale, string>({ key: { selector: (sale) => sale.shop, type: undefined }, reducer }), {
    fullEvery: 2,
  });
  for (const record of records) bench.record(record, 7);
  assert.ok(bench.log.every((sent) => 'timestamp' in sent && sent.timestamp === 7));
  return bench.log.map((sent) => ('record' in sent ? sent.record : sent));
}

test('reduce emits what a key has added up to after each record, each key for itself', () => {
  const other = { shop: 'b', amount: 1, id: 9 };
  const sums = reduced((a, b) => ({ ...a, amount: a.amount + b.amount }), [first, other, second]);
  assert.deepEqual(sums, [first, other, { ...first, amount: 8 }]);
});

test('sum, min and max keep the other fields of the first record and change no record', () => {
  assert.deepEqual(reduced(sumOf('amount'), [first, second, third]), [first, { ...first, amount: 8 }, { ...first, amount: 13 }]);
  assert.deepEqual(reduced(minOf('amount'), [first, second, third]), [first, { ...first, amount: 3 }, { ...first, amount: 3 }]);
  assert.deepEqual(reduced(maxOf('amount'), [second, first, third]), [second, { ...second, amount: 5 }, { ...second, amount: 5 }]);
  assert.deepEqual([first.amount, second.amount, third.amount], [5, 3, 5]);
});

test('a new record has its fields in the order of the first', () => {
  assert.deepEqual(Object.keys(reduced(sumOf('amount'), [first, second])[1] as object), ['shop', 'amount', 'id']);
});

test('minBy and maxBy give the record itself, of equals the first, or the last if asked', () => {
  assert.deepEqual(reduced(maxByOf('amount'), [first, second, third]), [first, first, first]);
  assert.deepEqual(reduced(maxByOf('amount', false), [first, second, third]), [first, first, third]);
  assert.deepEqual(reduced(minByOf('amount'), [first, second, third]), [first, second, second]);
  assert.deepEqual(reduced(minByOf('id', false), [first, { ...second, id: 1 }]), [first, { ...second, id: 1 }]);
});

test('plain values need no field; bigints, strings and Dates are ordered too', () => {
  assert.equal(sumOf<number>()(2, 3), 5);
  assert.equal(sumOf<bigint>()(2n, 3n), 5n);
  assert.equal(maxOf<bigint>()(2n, 3n), 3n);
  assert.equal(minOf<string>()('b', 'a'), 'a');
  assert.deepEqual(maxByOf<Date>()(new Date(1), new Date(2)), new Date(2));
  assert.ok(Number.isNaN(maxOf<number>()(1, Number.NaN)), 'NaN stands above every number');
});

const refusals: readonly (readonly [run: () => unknown, message: string])[] = [
  [
    () => sumOf('amount')({ amount: 1 }, { amount: 'x' }),
    `sum('amount') needs numbers, or bigints, and got 1 and then "x". Filter such records out, or name another field.`,
  ],
  [
    () => sumOf('amount')({ amount: 1n }, { amount: 2 }),
    `sum('amount') needs numbers, or bigints, and got 1n and then 2. Filter such records out, or name another field.`,
  ],
  [
    () => maxOf('size')({}, { size: 2 }),
    `max('size') needs numbers, bigints, strings, booleans or Dates, of one kind, and got undefined and then 2. Filter such records out, or name another field.`,
  ],
  [
    () => minByOf<unknown>()({ a: 1 }, null),
    'minBy of plain values needs numbers, bigints, strings, booleans or Dates, of one kind, and got {"a":1} and then null. Filter such records out, or name another field.',
  ],
];

for (const [run, message] of refusals) test(`refused: ${message}`, () => assert.throws(run, { kind: 'data', message }));

test('refused: a reducer that returns undefined or a promise', () => {
  assert.throws(() => reduced(() => undefined as unknown as Sale, [first, second]), {
    message: /A reducer returned undefined\. Return the reduced record itself/,
  });
  assert.throws(() => reduced((async () => first) as unknown as () => Sale, [first, second]), { message: /A reducer returned a promise/ });
});
