// Goal: a stored type is read as another one exactly where no value is lost or guessed. Method: pairs of types with a value before and after, and pairs that are refused with the place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyTypeInformation, TypeDescription } from '@millrace/core/types/type-information';
import { descriptionOf, Types } from '@millrace/core/types/types';
import { migrationOf } from './type-migration.ts';

const row: typeof Types.row = (fields) => Types.row(fields);

type Allowed = readonly [what: string, stored: AnyTypeInformation, wanted: AnyTypeInformation, before: unknown, after: unknown];

const ALLOWED: readonly Allowed[] = [
  ['numbers are widened', Types.INT, Types.DOUBLE, 3, 3],
  ['a learned type is declared', Types.shape(), Types.STRING, 'a', 'a'],
  ['a declared type is no longer', row({ a: Types.INT }), Types.shape(), { a: 1 }, { a: 1 }],
  ['a field is added that may be absent', row({ a: Types.INT }), row({ a: Types.INT, b: Types.optional(Types.INT) }), { a: 1 }, { a: 1 }],
  [
    'a field is added that may be null',
    row({ a: Types.INT }),
    row({ b: Types.nullable(Types.STRING), a: Types.LONG }),
    { a: 1 },
    { b: null, a: 1 },
  ],
  ['a field is removed', row({ a: Types.INT, b: Types.STRING }), row({ a: Types.INT }), { a: 1, b: 'x' }, { a: 1 }],
  ['rows in lists', Types.list(row({ a: Types.INT })), Types.list(row({})), [{ a: 1 }, { a: 2 }], [{}, {}]],
  [
    'rows in maps',
    Types.map(Types.STRING, row({ a: Types.INT })),
    Types.map(Types.STRING, row({})),
    new Map([['k', { a: 1 }]]),
    new Map([['k', {}]]),
  ],
  ['rows in tuples', Types.tuple(Types.INT, row({ a: Types.INT })), Types.tuple(Types.LONG, row({})), [1, { a: 2 }], [1, {}]],
  ['a type becomes nullable', row({ a: Types.INT }), Types.nullable(row({})), { a: 1 }, {}],
  ['a literal becomes wider', Types.literal('a', 'b'), Types.literal('b', 'a', 'c'), 'a', 'a'],
  ['a literal becomes its kind', Types.literal('a', 'b'), Types.STRING, 'b', 'b'],
];

for (const [what, stored, wanted, before, after] of ALLOWED) {
  test(what, () => {
    const migration = migrationOf(descriptionOf(stored), descriptionOf(wanted));
    assert.ok(migration.isPossible);
    assert.deepEqual(migration.convert === undefined ? before : migration.convert(before), after);
  });
}

const learned = (type: AnyTypeInformation): TypeDescription => ({ kind: 'shape', learned: descriptionOf(type) });

test('what was learned says which fields come and go; values that are something else all the same are refused with their place', () => {
  const stored = learned(row({ a: Types.INT, gone: Types.STRING }));
  const migration = migrationOf(stored, descriptionOf(row({ b: Types.nullable(Types.INT), a: Types.LONG })));
  assert.ok(migration.isPossible);
  assert.deepEqual(migration.convert?.({ a: 1, gone: 'x' }), { b: null, a: 1 });
  assert.throws(() => migration.convert?.(null), /it is null/);
  assert.throws(() => migration.convert?.({ a: 'x', gone: 'x' }), /\$\.a/);
});

test('what was learned is refused where it is certainly another type, with every field', () => {
  const migration = migrationOf(
    learned(row({ a: Types.INT, b: Types.STRING })),
    descriptionOf(row({ a: Types.STRING, b: Types.INSTANT })),
    'value',
  );
  assert.ok(!migration.isPossible);
  assert.equal(
    migration.difference,
    'value.a is stored as INT and the program has STRING; value.b is stored as STRING and the program has INSTANT',
  );
});

type Refused = readonly [stored: AnyTypeInformation, wanted: AnyTypeInformation, difference: RegExp];

const REFUSED: readonly Refused[] = [
  [Types.LONG, Types.INT, /^\$ is stored as LONG and wanted as INT$/],
  [Types.STRING, Types.INT, /^\$ is stored as STRING and wanted as INT$/],
  [Types.nullable(Types.INT), Types.INT, /^\$ is stored as INT \| NULL and wanted as INT$/],
  [row({ a: Types.INT }), row({ a: Types.INT, b: Types.INT }), /^\$\.b is new and neither optional nor nullable$/],
  [row({ a: Types.optional(Types.INT) }), row({ a: Types.INT }), /^\$\.a was optional, and is wanted always$/],
  [row({ u: row({ n: Types.STRING }) }), row({ u: row({ n: Types.INT }) }), /^\$\.u\.n is stored as STRING and wanted as INT$/],
  [Types.list(Types.STRING), Types.set(Types.STRING), /^\$ is stored as LIST<STRING> and wanted as SET<STRING>$/],
  [Types.tuple(Types.INT), Types.tuple(Types.INT, Types.INT), /^\$ is stored as TUPLE/],
];

for (const [stored, wanted, difference] of REFUSED) {
  test(`refused: ${stored.typeName} as ${wanted.typeName}`, () => {
    const migration = migrationOf(descriptionOf(stored), descriptionOf(wanted));
    assert.ok(!migration.isPossible);
    assert.match(migration.difference, difference);
  });
}

test('a value that a newly declared type does not take is refused with its place', () => {
  const migration = migrationOf(descriptionOf(Types.shape()), descriptionOf(row({ a: Types.INT })));
  assert.ok(migration.isPossible);
  assert.throws(() => migration.convert?.({ a: 'x' }), /\$\.a/);
});
