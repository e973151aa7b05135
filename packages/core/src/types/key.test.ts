// Goal: a key's hash, and so the subtask that has its state, never changes; equal keys are one key and different keys two.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BytesWriter } from '../bytes/bytes-writer.ts';
import { writeCanonical } from './canonical.ts';
import { anyString, bigints, identical, runs } from './codec-arbitraries.test.ts';
import { keyFunctionsOf } from './key.ts';
import { defaultMaxParallelism, keyGroupOf, keyGroupRangeOf, subtaskOfKeyGroup } from './key-group.ts';
import { descriptionOf, Types } from './types.ts';

const { hash, canonical, check } = keyFunctionsOf(undefined);

interface Golden {
  readonly key: string; // an expression
  readonly bytes: string;
  readonly hash: number;
  readonly keyGroup: number; // of 128
}

/** The keys of the golden file, as it writes them. */
const KEYS: Record<string, unknown> = {
  '0': 0,
  '-0': -0,
  '1': 1,
  '-1': -1,
  '0.5': 0.5,
  '2147483648': 2147483648,
  '1700000000000': 1700000000000,
  Infinity: Infinity,
  '""': '',
  '"a"': 'a',
  '"1"': '1',
  '"word"': 'word',
  '"é"': 'é',
  '"€"': '€',
  '"😀"': '😀',
  '"\\ud800"': '\ud800',
  true: true,
  false: false,
  null: null,
  '0n': 0n,
  '1n': 1n,
  '-1n': -1n,
  '2n ** 64n': 2n ** 64n,
  'new Date(0)': new Date(0),
  'new Uint8Array([1, 2, 3])': new Uint8Array([1, 2, 3]),
  '[]': [],
  '[1, "a"]': [1, 'a'],
  '["a", 1]': ['a', 1],
  '[[1], null, undefined]': [[1], null, undefined],
  '{}': {},
  '{ b: 1, a: "x" }': { b: 1, a: 'x' },
  '{ a: "x", b: 1 }': { a: 'x', b: 1 },
  '{ auction: 5, day: "mon" }': { auction: 5, day: 'mon' },
};

function bytesOf(key: unknown): string {
  const output = new BytesWriter(new Uint8Array(8));
  writeCanonical(key, output);
  return Buffer.from(output.toBytes()).toString('hex');
}

describe('the hash of a key', () => {
  it('is what it was, with its bytes and its key group', () => {
    const golden = JSON.parse(readFileSync(new URL('../../src/types/testdata/key-hashes.json', import.meta.url), 'utf8')) as Golden[];
    const now = Object.entries(KEYS).map(
      ([key, value]): Golden => ({ key, bytes: bytesOf(value), hash: hash(value), keyGroup: keyGroupOf(hash(value), 128) }),
    );
    assert.deepEqual(now, golden);
  });

  it('hangs on the key, not on its declared type or the order of its fields', () => {
    const declared = keyFunctionsOf<unknown>(descriptionOf(Types.row({ b: Types.DOUBLE, a: Types.STRING })));
    assert.equal(declared.hash({ b: 1, a: 'x' }), hash({ a: 'x', b: 1 }));
    assert.equal(declared.canonical({ b: 1, a: 'x' }), canonical({ a: 'x', b: 1 }));
    for (const type of [Types.INT, Types.LONG, Types.DOUBLE]) assert.equal(keyFunctionsOf<unknown>(descriptionOf(type)).hash(1), hash(1));
    // After another list of names was sorted in between.
    assert.equal(hash({ z: 1, y: 2 }), hash({ y: 2, z: 1 }));
  });

  it('spreads neighbouring numbers over few channels and many', () => {
    for (const [parallelism, tolerance] of [
      [2, 0.03],
      [3, 0.03],
      [8, 0.06],
    ] as const) {
      for (const step of [1, 2, 64, 1000]) {
        const counts = Array.from({ length: parallelism }, () => 0);
        for (let key = 0; key < 20_000; key++) counts[subtaskOfKeyGroup(keyGroupOf(hash(key * step), 32_768), 32_768, parallelism)]!++;
        for (const count of counts)
          assert.ok(Math.abs((count * parallelism) / 20_000 - 1) < tolerance, `${step} over ${parallelism}: ${counts.join(' ')}`);
      }
    }
  });

  it('has few collisions among short strings', () => {
    const seen = new Set<number>();
    for (let index = 0; index < 50_000; index++) seen.add(hash(`k${index}`));
    assert.ok(seen.size > 49_990, `${seen.size} of 50000`);
  });
});

const keys: fc.Arbitrary<unknown> = fc.letrec<{ key: unknown }>((tie) => ({
  key: fc.oneof(
    { maxDepth: 2 },
    fc.oneof(
      anyString,
      fc.double({ noNaN: true }),
      fc.integer({ min: -3, max: 3 }),
      fc.boolean(),
      bigints,
      fc.constantFrom(null, '\u0000', '\u0000\u0001', 0, '0'),
    ),
    fc.array(tie('key'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), tie('key'), { noNullPrototype: true }),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 3 }),
  ),
})).key;

/** The same key, by the rules and not by the code: fields in any order, 0 and −0 alike. */
function sameKey(left: unknown, right: unknown): boolean {
  return identical(normal(left), normal(right));
}

function normal(key: unknown): unknown {
  if (typeof key === 'number') return key + 0;
  if (Array.isArray(key)) return key.map(normal);
  if (typeof key !== 'object' || key === null || key instanceof Date || ArrayBuffer.isView(key)) return key;
  return [
    'fields',
    ...Object.entries(key)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, part]) => [name, normal(part)]),
  ];
}

describe('the canonical form of a key', () => {
  it('is the same exactly when the keys are, and so are the bytes; equal keys have equal hashes', () => {
    fc.assert(
      fc.property(fc.array(keys, { minLength: 2, maxLength: 8 }), (drawn) => {
        for (const left of drawn) {
          for (const right of [...drawn, structuredClone(left)]) {
            const same = sameKey(left, right);
            assert.equal(new Set([canonical(left)]).has(canonical(right)), same);
            assert.equal(bytesOf(left) === bytesOf(right), same);
            if (same) assert.equal(hash(left), hash(right));
          }
        }
      }),
      runs(400),
    );
  });

  it('is the key itself where Map can tell it', () => {
    for (const key of [1, 0.5, 'a', '', true, null, 12n]) assert.equal(canonical(key), key);
    assert.ok(Object.is(canonical(-0), 0));
  });

  it('tells strings from what looks like the canonical form of something else', () => {
    const composite = canonical([1, 'a']) as string;
    assert.notEqual(canonical(composite), composite);
    assert.notEqual(canonical('\u0000'), canonical('\u0000\u0000'));
  });
});

describe('a key that can be none', () => {
  const rest = 'Keys are numbers, strings, booleans, bigints, null, Dates, typed arrays, and arrays and plain objects of these.';
  const nan = 'NaN is not equal to itself and so identifies nothing. Let the key selector return null, or filter such records out.';
  const cases: [title: string, key: unknown, message: string][] = [
    [
      'undefined',
      undefined,
      `A key is undefined at $. ${rest} Does the key selector return the field that it means to? For records without a key, return null or filter them out.`,
    ],
    ['NaN', Number.NaN, `A key is NaN at $. ${nan}`],
    ['NaN inside', { user: 'ann', at: [0, Number.NaN] }, `A key is NaN at $.at[1]. ${nan}`],
    [
      'an invalid date',
      new Date(Number.NaN),
      'A key is an invalid Date at $. Its time is NaN, which identifies nothing. Let the key selector return null for it.',
    ],
    ['a function', { f: () => 1 }, `A key is the function f at $.f. ${rest}`],
    ['a symbol', Symbol('x'), `A key is a symbol at $. ${rest}`],
    [
      'a promise',
      Promise.resolve('a'),
      'A key is a promise at $. Key selectors are synchronous: await before keyBy, in an AsyncDataStream.',
    ],
    ['a Map', [new Map()], `A key is an instance of class Map at $[0]. ${rest}`],
  ];
  for (const [title, key, message] of cases) {
    it(`as ${title}`, () => {
      for (const use of [hash, canonical, check]) assert.throws(() => use(key), { kind: 'data', reason: 'key', message });
    });
  }

  it('is refused with the declared type', () => {
    assert.throws(
      () => keyFunctionsOf<unknown>(descriptionOf(Types.STRING)).check(undefined),
      /^DataError: A key of type STRING is undefined at \$\./,
    );
  });
});

describe('key groups', () => {
  it('are as many as Flink gives by default', () => {
    const expected = [1, 85, 86, 100, 170, 171, 1_000, 20_000, 32_768].map(defaultMaxParallelism);
    assert.deepEqual(expected, [128, 128, 256, 256, 256, 256, 2048, 32_768, 32_768]);
  });

  it('belong to exactly one subtask each, which has a range of them', () => {
    for (const maxParallelism of [1, 7, 128, 300]) {
      for (let parallelism = 1; parallelism <= Math.min(maxParallelism, 40); parallelism++) {
        for (let subtask = 0; subtask < parallelism; subtask++) {
          const { first, last } = keyGroupRangeOf(subtask, maxParallelism, parallelism);
          for (let group = 0; group < maxParallelism; group++) {
            assert.equal(subtaskOfKeyGroup(group, maxParallelism, parallelism) === subtask, group >= first && group <= last);
          }
        }
      }
    }
  });

  it('are not negative for a negative hash', () => {
    for (const hash of [-1, -(2 ** 31), 2 ** 31 - 1]) assert.ok(keyGroupOf(hash, 128) >= 0 && keyGroupOf(hash, 128) < 128);
  });
});
