// Goal: what comes out is what Array.sort gives, whatever the budget, and nothing is left: no byte and no file. Method: seeded records of many sizes against the array;
// budgets from nothing to everything.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import { createCodec } from '@millrace/core/types/codec';
import { SHAPE } from '@millrace/core/types/descriptions';
import { ExternalSorter } from './external-sorter.ts';
import { FakeMemory } from './testing-memory.ts';

interface Row {
  readonly key: number;
  readonly id: number;
  readonly text: string;
}

const byKey = (a: unknown, b: unknown) => (a as Row).key - (b as Row).key;

function randomRows(seed: number, count: number): Row[] {
  const random = seededRandom(seed);
  // Few keys, so that many are equal; some rows are larger than a block.
  return Array.from({ length: count }, (_, id) => ({
    key: random.nextInt(500),
    id,
    text: 'x'.repeat(random.nextInt(1000) === 0 ? 20_000 : random.nextInt(40)),
  }));
}

/** What `count` rows take as runs of bytes. */
function sizeOf(rows: readonly Row[]): number {
  const memory = new FakeMemory();
  const sorter = new ExternalSorter(createCodec(SHAPE), memory, byKey);
  for (const row of rows) sorter.add(row);
  sorter.sorted()[Symbol.iterator]().next();
  return memory.mostReservedBytes;
}

test('ten times the memory and more is sorted through a file, stably, within the memory', () => {
  for (let seed = 1; seed <= 2; seed += 1) {
    const rows = randomRows(seed, 150_000);
    const size = sizeOf(rows);
    const expected = [...rows].sort(byKey);
    for (const share of [1.1, 0.5, 0.1]) {
      const memory = new FakeMemory(Math.floor(size * share));
      const sorter = new ExternalSorter(createCodec(SHAPE), memory, byKey);
      for (const row of rows) sorter.add(row);
      let at = 0;
      for (const record of sorter.sorted()) {
        const { key, id, text } = record as Row;
        const wanted = expected[at++];
        assert.ok(key === wanted?.key && id === wanted.id && text === wanted.text, `seed ${seed}, share ${share}, record ${at}`);
      }
      assert.equal(at, rows.length);
      assert.equal(sorter.spilledBytes > 0, share < 1, `seed ${seed}, share ${share}: ${sorter.spilledBytes} of ${size}`);
      assert.ok(memory.mostReservedBytes <= memory.totalBytes);
      assert.equal(memory.reservedBytes, 0, 'what was read is given back');
      sorter.close();
      assert.deepEqual([memory.reservedBytes, memory.openFiles], [0, 0]);
    }
  }
});

test('a few records never become bytes', () => {
  const memory = new FakeMemory(0);
  const sorter = new ExternalSorter(createCodec(SHAPE), memory, byKey);
  for (const key of [3, 1, 2]) sorter.add({ key, id: key, text: '' });
  assert.deepEqual(
    [...sorter.sorted()].map((row) => (row as Row).key),
    [1, 2, 3],
  );
  assert.equal(memory.mostReservedBytes, 0);
});

test('closed in the middle, of adding or of reading, nothing is left', () => {
  const rows = randomRows(7, 150_000);
  for (const read of [0, 1, 1_000]) {
    const memory = new FakeMemory(1_000_000);
    const sorter = new ExternalSorter(createCodec(SHAPE), memory, byKey);
    for (const row of rows) sorter.add(row);
    assert.equal(memory.openFiles, 1);
    const iterator = sorter.sorted()[Symbol.iterator]();
    for (let taken = 0; taken < read; taken += 1) iterator.next();
    sorter.close();
    assert.deepEqual([memory.reservedBytes, memory.openFiles], [0, 0], `${read} read`);
  }
});

test('where not even one block of each run fits, the merge is refused by the memory', () => {
  const rows = randomRows(5, 150_000);
  const memory = new FakeMemory(20_000);
  const sorter = new ExternalSorter(createCodec(SHAPE), memory, byKey);
  for (const row of rows) sorter.add(row);
  assert.throws(() => [...sorter.sorted()], /are not to be had/);
  sorter.close();
  assert.deepEqual([memory.reservedBytes, memory.openFiles], [0, 0]);
});
