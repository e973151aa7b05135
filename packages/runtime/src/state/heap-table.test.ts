// Goal: a heap table is a Map. Method: random commands (seeded by fast-check) on a table and on a native Map, for numbers, strings, composite and mixed keys; the
// growth, removal and fall-over cases by themselves with many keys.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '@millrace/core/base/random';
import { canonicalKey } from '@millrace/core/types/key';
import { Types } from '@millrace/core/types/types';
import type { KeyedTable } from '@millrace/streaming/contract/state';
import { HeapTable } from './heap-table.ts';
import { hashOfNumber } from './typed-keys.ts';
import { HeapTableFactory } from './heap-tables.ts';

type Model = Map<unknown, { readonly key: unknown; value: number }>;

function entriesOf(table: KeyedTable<unknown, number>): Map<unknown, number | undefined> {
  const entries = new Map<unknown, number | undefined>();
  for (let slot = 0; slot < table.capacity; slot++)
    if (table.isUsed(slot)) entries.set(canonicalKey(table.keyAt(slot)), table.values[slot]);
  return entries;
}

function assertEqual(table: KeyedTable<unknown, number>, model: Model): void {
  assert.equal(table.size, model.size);
  assert.deepEqual(entriesOf(table), new Map([...model].map(([canonical, { value }]) => [canonical, value])));
  for (const { key } of model.values()) assert.equal(canonicalKey(table.keyAt(table.find(key))), canonicalKey(key));
}

/** `values` is read after `slotOf`, which may replace it. */
function put<K, V>(table: KeyedTable<K, V>, key: K, value: V): void {
  const slot = table.slotOf(key);
  table.values[slot] = value;
}

type Command = { readonly kind: 'add' | 'remove' | 'find'; readonly key: unknown } | { readonly kind: 'clear' };

function apply(command: Command, table: KeyedTable<unknown, number>, model: Model): void {
  if (command.kind === 'clear') {
    table.clear();
    model.clear();
    return;
  }
  const { kind, key } = command;
  const canonical = canonicalKey(key);
  const known = model.get(canonical);
  if (kind === 'find') assert.equal(table.find(key) >= 0, known !== undefined);
  else if (kind === 'remove') {
    assert.equal(table.remove(key), model.delete(canonical));
  } else {
    const slot = table.slotOf(key);
    assert.equal(table.values[slot], known?.value);
    const value = (known?.value ?? 0) + 1;
    table.values[slot] = value;
    model.set(canonical, { key, value });
  }
}

const smallNumbers = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.constantFrom(0.5, -0, 2 ** 31, -(2 ** 31), 2 ** 40, 1e300, Number.POSITIVE_INFINITY),
);
const strings = fc.constantFrom('', 'a', 'b', '0', '\u0000a', 'ü', '\ud800');
const composites = fc.oneof(
  fc.tuple(fc.integer({ min: 0, max: 3 }), strings),
  fc.record({ a: fc.integer({ min: 0, max: 3 }), b: strings }),
);
const keyKinds = {
  numbers: smallNumbers,
  strings,
  composites,
  'all kinds': fc.oneof({ arbitrary: smallNumbers, weight: 6 }, strings, composites, fc.constantFrom(null, true, 7n)),
};

for (const [name, keys] of Object.entries(keyKinds)) {
  test(`a heap table does what a Map does: ${name}`, () => {
    const command: fc.Arbitrary<Command> = fc.oneof(
      {
        arbitrary: fc.record({ kind: fc.constantFrom('add' as const, 'add' as const, 'remove' as const, 'find' as const), key: keys }),
        weight: 60,
      },
      { arbitrary: fc.constant({ kind: 'clear' as const }), weight: 1 },
    );
    const property = fc.property(fc.array(command, { maxLength: 150 }), fc.boolean(), (commands, startsTyped) => {
      const table = new HeapTable<unknown, number>(startsTyped, canonicalKey);
      const model: Model = new Map();
      for (const each of commands) apply(each, table, model);
      assertEqual(table, model);
    });
    fc.assert(property, { numRuns: Number(process.env['MILLRACE_SEEDS'] ?? 200) });
  });
}

test('growth, removal and clearing of a table with many numbers', () => {
  const random = seededRandom(7);
  const table = new HeapTable<unknown, number>(true, canonicalKey);
  const model: Model = new Map();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 40_000; i++) apply({ kind: 'add', key: random.nextInt(60_000) * 1024 }, table, model); // strides are hard on a hash
    for (let i = 0; i < 40_000; i++) apply({ kind: 'remove', key: random.nextInt(60_000) * 1024 }, table, model);
    assertEqual(table, model);
  }
  apply({ kind: 'clear' }, table, model);
  for (let i = 0; i < 1_000; i++) apply({ kind: 'add', key: 2 ** 32 * i + 0.25 }, table, model);
  assertEqual(table, model);
});

test('no slot changes while nothing is inserted or removed, so an iteration may rest', () => {
  const table = new HeapTable<number, string>(true, canonicalKey);
  for (let key = 0; key < 1_000; key++) put(table, key, `v${key}`);
  const seen: number[] = [];
  for (let slot = 0; slot < table.capacity; slot++) {
    if (!table.isUsed(slot)) continue;
    seen.push(table.keyAt(slot));
    table.values[table.find(999 - table.keyAt(slot))] = 'written meanwhile';
    table.slotOf(table.keyAt(slot));
  }
  assert.deepEqual(
    seen.toSorted((a, b) => a - b),
    Array.from({ length: 1_000 }, (_, key) => key),
  );
});

test('−0 is 0, in both forms, and keyAt gives 0', () => {
  for (const startsTyped of [true, false]) {
    const table = new HeapTable<number, string>(startsTyped, canonicalKey);
    const slot = table.slotOf(-0);
    assert.ok(Object.is(table.keyAt(slot), 0));
    assert.equal(table.slotOf(0), slot);
  }
});

test('a key of another kind moves the numbers over without loss; clearing starts typed again', () => {
  const table = new HeapTable<unknown, number>(true, canonicalKey);
  for (let key = 0; key < 100; key++) put(table, key, key);
  put(table, '1', -1);
  assert.equal(table.size, 101);
  for (let key = 0; key < 100; key++) assert.equal(table.values[table.find(key)], key);
  assert.equal(table.values[table.find('1')], -1);
  table.clear();
  assert.equal(table.size, 0);
  assert.equal(table.find(1), -1);
  const slot = table.slotOf(1);
  assert.equal(table.values[slot], undefined);
});

test('a removed slot keeps nothing alive and its next key starts without a value', () => {
  for (const keys of [
    [1, 2, 3],
    ['a', 'b', 'c'],
  ]) {
    const table = new HeapTable<unknown, object>(true, canonicalKey);
    for (const key of keys) put(table, key, {});
    for (const key of keys) table.remove(key);
    assert.ok(table.values.every((value) => value === undefined));
    const slot = table.slotOf(keys[0]);
    assert.equal(table.values[slot], undefined);
  }
});

test('a released table serves the next one of its name, empty', () => {
  const factory = new HeapTableFactory();
  const first = factory.createTable<number, number>('windows', Types.LONG, undefined);
  put(first, 5, 5);
  factory.releaseTable('windows', first);
  assert.notEqual(factory.createTable('other', Types.LONG, undefined), first);
  const second = factory.createTable<number, number>('windows', Types.LONG, undefined);
  assert.equal(second, first);
  assert.equal(second.size, 0);
  assert.equal(second.find(5), -1);
});

test('a table that was very large once does not stay so when it is cleared', () => {
  const table = new HeapTable<number, number>(true, canonicalKey);
  for (let key = 0; key < 10_000; key++) table.slotOf(key);
  for (let key = 10; key < 10_000; key++) table.remove(key);
  table.clear();
  assert.ok(table.capacity < 100, `${table.capacity} slots`);
});

test('a table that is filled in the order of the slots of another does not pile its keys up', () => {
  const source = new HeapTable<number, number>(true, canonicalKey);
  const keys = 100_000;
  for (let key = 0; key < keys; key++) source.slotOf(key * 3);
  const distances = [0, Math.imul(7, 0x85ebca6b)].map((salt) => {
    const filled = new HeapTable<number, number>(true, canonicalKey, undefined, salt);
    let passed = 0;
    for (let slot = 0; slot < source.capacity / 8; slot++) {
      if (!source.isUsed(slot)) continue;
      const key = source.keyAt(slot);
      const home = hashOfNumber(key, salt) >>> (32 - Math.log2(filled.capacity));
      const at = filled.slotOf(key);
      passed += (at - home + filled.capacity) % filled.capacity;
    }
    return passed / filled.size;
  });
  assert.ok((distances[1] as number) < 20, `${distances[1]} slots are passed on the average`);
  assert.ok((distances[0] as number) > 200, `${distances[0]}: with one hash for both it shows nothing`);
});
