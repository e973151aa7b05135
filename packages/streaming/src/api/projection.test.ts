import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projection } from './projection.ts';

test('positions pick elements of a tuple in the order in which they are named', () => {
  assert.deepEqual(projection([2, 0])(['a', 'b', 'c']), ['c', 'a']);
  assert.deepEqual(projection([0, 0])([undefined, 1]), [undefined, undefined]);
});

test('names pick fields; what is absent stays absent, what is undefined stays undefined', () => {
  assert.deepEqual(projection(['b', 'a'])({ a: 1, b: undefined, c: 3 }), { b: undefined, a: 1 });
  assert.deepEqual(Object.keys(projection(['a', 'note'])({ a: 1 }) as object), ['a']);
});
