// Goal: what is learned of values takes all of them, says what they are made of, and stays small. Method: values against the type in words; random values of declared types against
// the codec of what was learned; learners that are added up against one that has seen all.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { describeType, digestOf } from './descriptions.ts';
import type { TypeDescription } from './type-information.ts';
import { TypeLearner } from './type-learner.ts';

function learnedOf(...values: readonly unknown[]): TypeDescription | undefined {
  const learner = new TypeLearner();
  for (const value of values) learner.learn(value);
  return learner.learned;
}

const wordsOf = (...values: readonly unknown[]) => {
  const learned = learnedOf(...values);
  return learned === undefined ? undefined : describeType(learned);
};

describe('what is learned', () => {
  const cases: readonly (readonly [values: readonly unknown[], words: string | undefined])[] = [
    [[], undefined],
    [[1, -5], 'INT'],
    [[1, 2 ** 40], 'LONG'],
    [[1, 0.5, 2 ** 40], 'DOUBLE'],
    [[-0], 'LONG'],
    [['a', 1, true], 'INT | STRING | BOOLEAN'],
    [[null], 'NULL'],
    [[null, 'a'], 'STRING | NULL'],
    [[undefined, 'a'], 'STRING | UNDEFINED'],
    [[5n, new Date(0)], 'BIG_INT | INSTANT'],
    [[new Uint8Array(1), new Float64Array(1)], 'BYTES | Float64Array'],
    [[{ word: 'to', count: 1 }], 'ROW<word STRING, count INT>'],
    [[{ word: 'to' }, { count: 1, word: 'be' }], 'ROW<word STRING, count INT?>'],
    [[{ a: { b: [1, 'x', null] } }], 'ROW<a ROW<b LIST<INT | STRING | NULL>>>'],
    [[[]], 'LIST<SHAPE>'],
    [[{}], 'ROW<>'],
    [[new Map([['a', 1]]), new Map([['b', 0.5]])], 'MAP<STRING, DOUBLE>'],
    [[new Set(['a'])], 'SET<STRING>'],
    [[{ a: null }, { a: new Date(1) }], 'ROW<a INSTANT | NULL>'],
  ];
  for (const [values, words] of cases) it(`of ${values.length} values is ${words}`, () => assert.equal(wordsOf(...values), words));

  it('of objects that are dictionaries is that they are, in one object and in many', () => {
    const many = Array.from({ length: 80 }, (_, index) => ({ [`k${index}`]: index }));
    assert.equal(wordsOf(...many), 'RECORD<INT>');
    assert.equal(wordsOf(Object.assign({}, ...many)), 'RECORD<INT>');
  });

  it('stays small, however deep and wide the values are', () => {
    const wide = (depth: number): unknown =>
      depth === 0 ? 1 : Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`f${index}`, wide(depth - 1)]));
    assert.ok(JSON.stringify(learnedOf(wide(4))).length < 30_000);
    let deep: unknown = 1;
    for (let level = 0; level < 400; level++) deep = [deep];
    assert.equal(wordsOf(deep), 'LIST<LIST<LIST<LIST<LIST<LIST<LIST<LIST<SHAPE>>>>>>>>');
  });

  it('makes no other codec', () => {
    const learned: TypeDescription = { kind: 'shape', learned: { kind: 'int' } };
    assert.equal(digestOf({ kind: 'list', element: learned }), digestOf({ kind: 'list', element: { kind: 'shape' } }));
    const named: TypeDescription = { kind: 'row', fields: [{ name: 'learned', type: { kind: 'int' } }] };
    assert.notEqual(digestOf(named), digestOf({ kind: 'row', fields: [] }));
  });
});

it('learners that are added up come to what one would that has seen all values', () => {
  const random = seededRandom(Number(process.env['MILLRACE_SEED'] ?? 1));
  const value = (depth: number): unknown => {
    const roll = random.nextInt(depth > 3 ? 5 : 9);
    if (roll < 5) return [1, 2 ** 40, 'a', null, true][roll];
    if (roll === 5) return Array.from({ length: random.nextInt(4) }, () => value(depth + 1));
    if (roll === 6) return new Map([[value(9), value(depth + 1)]]);
    const names = ['a', 'b', 'c', 'd'].filter(() => random.nextInt(2) === 0);
    return Object.fromEntries(names.map((name) => [name, value(depth + 1)]));
  };
  for (let round = 0; round < 300; round++) {
    const parts = Array.from({ length: 3 }, () => Array.from({ length: 1 + random.nextInt(4) }, () => value(0)));
    const sum = new TypeLearner();
    for (const part of parts) sum.add(learnedOf(...part) as TypeDescription);
    assert.deepEqual(sortedFields(sum.learned), sortedFields(learnedOf(...parts.flat())), JSON.stringify(parts));
  }
});

/** The order of fields and of alternatives is that in which they occurred. */
function sortedFields(type: TypeDescription | undefined): unknown {
  return JSON.parse(JSON.stringify(type), (_name, part: unknown) =>
    Array.isArray(part) ? part.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : part,
  );
}
