// What the codec tests draw: types with values of them, undeclared values, and an equality that sees what deepEqual does not.
import fc from 'fast-check';
import type { FieldDescription, TypeDescription } from './type-information.ts';

/** Replays a run: MILLRACE_SEED=… node tools/test.mjs packages/core/dist/types. A failure prints the seed and the path to the smallest case. */
export function runs(numRuns: number): fc.Parameters<unknown> {
  return { seed: Number(process.env['MILLRACE_SEED'] ?? 20_010_101), numRuns };
}

/** A type and values of it. */
export interface Drawn {
  readonly description: TypeDescription;
  readonly values: fc.Arbitrary<unknown>;
}

const names = fc.oneof(
  fc.constantFrom(
    'id',
    'name',
    'user-id',
    '__proto__',
    'constructor',
    'value',
    'output',
    'length',
    'class',
    '0',
    '17',
    '',
    'ünï',
    'view',
    'position',
    'toString',
  ),
  fc.string({ maxLength: 5, unit: 'binary' }),
);

/** Every kind of code unit, lone surrogates too, at lengths around the borders of the ways to write. */
export const anyString: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  fc
    .tuple(fc.constantFrom(28, 29, 31, 32, 33, 249, 250, 251, 300), fc.constantFrom('a', 'é', '€', '\ud83d'))
    .map(([length, unit]) => unit.repeat(length)),
);

const wholes = (min: number, max: number) => fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max, 0, 1));
const dates = fc.oneof(fc.date(), fc.constant(new Date(Number.NaN)));
const bytes = fc.uint8Array({ maxLength: 20 });
export const bigints = fc.oneof(
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
  fc.constantFrom(0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n),
);

const SCALARS: readonly Drawn[] = [
  { description: { kind: 'string' }, values: anyString },
  { description: { kind: 'boolean' }, values: fc.boolean() },
  { description: { kind: 'byte' }, values: wholes(-128, 127) },
  { description: { kind: 'short' }, values: wholes(-32768, 32767) },
  { description: { kind: 'int' }, values: wholes(-(2 ** 31), 2 ** 31 - 1) },
  { description: { kind: 'long' }, values: wholes(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) },
  { description: { kind: 'float' }, values: fc.double() },
  { description: { kind: 'double' }, values: fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN, Infinity)) },
  { description: { kind: 'bigint' }, values: bigints },
  { description: { kind: 'date' }, values: dates },
  { description: { kind: 'bytes' }, values: bytes },
  { description: { kind: 'null' }, values: fc.constant(null) },
  { description: { kind: 'undefined' }, values: fc.constant(undefined) },
  { description: { kind: 'typed-array', element: 'Float64Array' }, values: fc.float64Array({ maxLength: 5 }) },
  { description: { kind: 'typed-array', element: 'BigInt64Array' }, values: fc.bigInt64Array({ maxLength: 5 }) },
  { description: { kind: 'literal', values: ['a', 1, true, null] }, values: fc.constantFrom('a', 1, true, null) },
  { description: { kind: 'literal', values: Array.from({ length: 300 }, (_, index) => index) }, values: fc.integer({ min: 0, max: 299 }) },
];

/** Fields of one row: no name twice. */
const rowOf = (inner: fc.Arbitrary<Drawn>): fc.Arbitrary<Drawn> =>
  fc.uniqueArray(fc.tuple(names, inner, fc.boolean()), { maxLength: 6, selector: ([name]) => name }).map((fields) => ({
    description: {
      kind: 'row',
      fields: fields.map(
        ([name, { description }, optional]): FieldDescription =>
          optional ? { name, type: description, optional } : { name, type: description },
      ),
    },
    values: fc
      .tuple(
        ...fields.map(([, { values }, optional]) => (optional ? fc.oneof(fc.constant(ABSENT), fc.constant(undefined), values) : values)),
      )
      .map((contents) =>
        objectOf(
          fields.map(([name]) => name),
          contents,
        ),
      ),
  }));

const ABSENT = Symbol('absent');

function objectOf(keys: readonly string[], contents: readonly unknown[]): object {
  const result = {};
  keys.forEach((key, index) => {
    if (contents[index] !== ABSENT)
      Object.defineProperty(result, key, { value: contents[index], enumerable: true, configurable: true, writable: true });
  });
  return result;
}

const wrapped = (inner: fc.Arbitrary<Drawn>): fc.Arbitrary<Drawn> =>
  fc.oneof(
    rowOf(inner),
    inner.map((of): Drawn => ({ description: { kind: 'list', element: of.description }, values: fc.array(of.values, { maxLength: 4 }) })),
    inner.map(
      (of): Drawn => ({
        description: { kind: 'set', element: of.description },
        values: fc.array(of.values, { maxLength: 4 }).map((values) => new Set(values)),
      }),
    ),
    inner.map((of): Drawn => ({ description: { kind: 'nullable', type: of.description }, values: fc.option(of.values, { nil: null }) })),
    inner.map(
      (of): Drawn => ({
        description: { kind: 'record', value: of.description },
        values: fc.dictionary(names, of.values, { maxKeys: 4, noNullPrototype: true }),
      }),
    ),
    fc.tuple(inner, inner).map(
      ([key, value]): Drawn => ({
        description: { kind: 'map', key: key.description, value: value.description },
        values: fc.array(fc.tuple(key.values, value.values), { maxLength: 4 }).map((entries) => new Map(entries)),
      }),
    ),
    fc.array(inner, { maxLength: 4 }).map(
      (parts): Drawn => ({
        description: { kind: 'tuple', elements: parts.map((part) => part.description) },
        values: fc.tuple(...parts.map((part) => part.values)),
      }),
    ),
    fc.array(inner, { minLength: 1, maxLength: 4 }).map(
      (parts): Drawn => ({
        description: { kind: 'union', types: parts.map((part) => part.description) },
        // Whole numbers have no −0, and a union takes the first type that fits.
        values: fc.oneof(...parts.map((part) => part.values)).filter((value) => !hasNegativeZero(value)),
      }),
    ),
  );

export const undeclared: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      anyString,
      fc.double(),
      fc.integer(),
      fc.constantFrom(-0, Number.NaN, Infinity, null, undefined, true, false),
      bigints,
      dates,
      bytes,
    ),
    fc.oneof(
      fc.int16Array({ maxLength: 4 }),
      fc.uint8ClampedArray({ maxLength: 4 }),
      fc.float32Array({ maxLength: 4 }),
      fc.bigUint64Array({ maxLength: 3 }),
    ),
    fc.array(fc.tuple(tie('value'), fc.integer({ max: 9, min: 0 })), { maxLength: 5 }).map(sparse),
    fc
      .tuple(
        fc.uniqueArray(names, { maxLength: 5 }),
        fc.array(tie('value'), { minLength: 5, maxLength: 5 }),
        fc.integer({ min: 0, max: 9 }),
      )
      .map(([keys, contents, dice]) => {
        const plain = objectOf(keys, contents);
        return dice > 0
          ? plain
          : Object.assign(Object.create(null) as object, Object.fromEntries(Object.entries(plain).filter(([key]) => key !== '__proto__')));
      }),
    // Few keys, so that the same shape comes again with contents of other kinds.
    fc.record({ word: tie('value'), count: fc.oneof(fc.integer(), fc.double(), tie('value')) }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 3 }).map((values) => new Set(values)),
  ),
})).value;

function sparse(elements: readonly (readonly [unknown, number])[]): unknown[] {
  const result: unknown[] = [];
  for (const [value, dice] of elements) {
    if (dice === 0) result.length += 2;
    else result.push(value);
  }
  return result;
}

export const anyType: fc.Arbitrary<Drawn> = fc.oneof(
  fc.constantFrom(...SCALARS),
  rowOf(fc.constantFrom(...SCALARS)),
  wrapped(fc.oneof(fc.constantFrom(...SCALARS), fc.constant<Drawn>({ description: { kind: 'shape' }, values: undeclared }))),
  wrapped(wrapped(fc.constantFrom(...SCALARS))),
  rowOf(wrapped(rowOf(fc.constantFrom(...SCALARS)))),
);

/** The same in everything that a program could see: −0, NaN, missing elements, the order of keys, prototypes, absent against undefined. */
export function identical(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
  if (left instanceof Date) return Object.is(left.getTime(), (right as Date).getTime());
  if (left instanceof Map) return identical([...left], [...(right as Map<unknown, unknown>)]);
  if (left instanceof Set) return identical([...left], [...(right as Set<unknown>)]);
  if (ArrayBuffer.isView(left)) return identical([...(left as Uint8Array)], [...(right as Uint8Array)]);
  const keys = Reflect.ownKeys(left);
  const others = Reflect.ownKeys(right);
  if (keys.length !== others.length || keys.some((key, index) => key !== others[index])) return false;
  return keys.every((key) =>
    identical(Object.getOwnPropertyDescriptor(left, key)?.value, Object.getOwnPropertyDescriptor(right, key)?.value),
  );
}

function hasNegativeZero(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0);
  if (value instanceof Map || value instanceof Set) return [...value].some(hasNegativeZero);
  return !ArrayBuffer.isView(value) && Object.values(value).some(hasNegativeZero);
}
