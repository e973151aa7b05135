import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { didYouMean, editDistance, nearest } from './nearest.ts';

test('counts insertions, deletions, replacements and swaps of neighbours', () => {
  const distances = [
    editDistance('kitten', 'sitting'),
    editDistance('', 'abc'),
    editDistance('paralellism', 'parallelism'),
    editDistance('ab', 'ba'),
  ];
  assert.deepEqual(distances, [3, 3, 1, 1]);
});

test('is a symmetric distance: 0 for equals alone', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (left, right) => {
      assert.equal(editDistance(left, right), editDistance(right, left));
      assert.equal(editDistance(left, right) === 0, left === right);
    }),
  );
});

test('names what was meant, and nothing where nothing is near', () => {
  const keys = ['parallelism.default', 'taskmanager.numberOfTaskSlots', 'pipeline.max-parallelism'];
  assert.equal(nearest('paralelism.default', keys), 'parallelism.default');
  assert.equal(nearest('taskmanager.numberoftaskslots', keys), 'taskmanager.numberOfTaskSlots');
  assert.equal(nearest('web.port', keys), undefined);
  assert.equal(nearest('x', ['a', 'b']), undefined);
});

test('a message suggests a name where one is near, and says nothing where none is', () => {
  assert.equal(didYouMean('cuonts', ['counts', 'totals']), " Did you mean 'counts'?");
  assert.equal(didYouMean('rules', ['counts', 'totals']), '');
});
