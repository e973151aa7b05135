// Goal: what is certainly another type is a difference, told by its place; whatever may be the same is none. Method: pairs of values, learned on both sides, and of declared types.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyTypeInformation, TypeDescription } from '@millrace/core/types/type-information';
import { TypeLearner } from '@millrace/core/types/type-learner';
import { descriptionOf, Types } from '@millrace/core/types/types';
import { differencesOf } from './type-differences.ts';

function learned(...values: readonly unknown[]): TypeDescription {
  const learner = new TypeLearner();
  for (const value of values) learner.learn(value);
  return { kind: 'shape', ...(learner.learned === undefined ? {} : { learned: learner.learned }) };
}

type Case = readonly [what: string, stored: readonly unknown[], program: readonly unknown[]];

const SAME: readonly Case[] = [
  ['wider numbers, and narrower ones', [1], [0.5]],
  ['a field that was added', [{ a: 1 }], [{ a: 1, b: 'x' }]],
  ['a field that was removed', [{ a: 1, b: 'x' }], [{ a: 1 }]],
  ['another order of the fields', [{ a: 1, b: 'x' }], [{ b: 'x', a: 1 }]],
  ['null where there was something, and the other way round', [{ a: null, b: 1 }], [{ a: 1, b: null }]],
  ['undefined where there was something', [{ a: 1 }], [{ a: undefined }]],
  ['one of the kinds that occurred', [1, 'a'], ['b']],
  ['an empty list', [[]], [['a']]],
  ['an empty object', [{}], [{ a: 1 }]],
  ['other variants of one object', [{ kind: 'a', x: 1 }], [{ kind: 'b', y: 'z' }]],
  ['nothing that was learned', [], [1]],
];
for (const [what, stored, program] of SAME) {
  test(`no difference: ${what}`, () => assert.deepEqual(differencesOf(learned(...stored), learned(...program), 'value'), []));
}

const OTHER: readonly (readonly [...Case, differences: readonly string[]])[] = [
  ['scalars', [1], ['a'], ['value is stored as INT and the program has STRING']],
  ['numbers and big integers', [1], [1n], ['value is stored as INT and the program has BIG_INT']],
  [
    'each field, those inside as well',
    [{ id: 1, user: { name: 'ann', at: new Date(0) }, tags: ['a'] }],
    [{ id: '1', user: { name: 'ann', at: 5 }, tags: [1] }],
    [
      'value.id is stored as INT and the program has STRING',
      'value.user.at is stored as INSTANT and the program has INT',
      'value.tags[] is stored as STRING and the program has INT',
    ],
  ],
  ['an object and a list', [{ a: 1 }], [[1]], ['value is stored as ROW<a INT> and the program has LIST<INT>']],
  [
    'objects that have no field in common',
    [{ sum: 1 }],
    [{ total: 1 }],
    ['value is stored as an object of sum and the program has an object of total'],
  ],
  ['values of maps', [new Map([['a', 1]])], [new Map([['a', true]])], ['value.<value> is stored as INT and the program has BOOLEAN']],
];
for (const [what, stored, program, differences] of OTHER) {
  test(`a difference: ${what}`, () => assert.deepEqual(differencesOf(learned(...stored), learned(...program), 'value'), differences));
}

test('declared types are compared by what a program can do with their values', () => {
  const difference = (stored: AnyTypeInformation, program: AnyTypeInformation) =>
    differencesOf(descriptionOf(stored), descriptionOf(program), 'value').length;
  assert.equal(difference(Types.literal('a', 'b'), Types.STRING), 0);
  assert.equal(difference(Types.literal(1), Types.STRING), 1);
  assert.equal(difference(Types.tuple(Types.INT), Types.list(Types.INT)), 0);
  assert.equal(difference(Types.nullable(Types.LONG), Types.DOUBLE), 0);
  assert.equal(difference(Types.shape(), Types.DOUBLE), 0);
});
