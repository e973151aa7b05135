// Goal: what is read is what was written, to the last sign and prototype, and generated code equals the interpreter byte for byte.
// Method: random types and values, both codecs in both directions, through memory that is always too short; damaged bytes.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isMillraceError } from '../base/errors.ts';
import { BytesReader } from '../bytes/bytes-reader.ts';
import { BytesWriter, type OverflowTarget } from '../bytes/bytes-writer.ts';
import { createCodec } from './codec.ts';
import { anyType, identical, runs, undeclared } from './codec-arbitraries.test.ts';
import type { TypeDescription } from './type-information.ts';

const SHAPE: TypeDescription = { kind: 'shape' };

/** Gives what is asked for and not a byte more, in memory shared between threads, at another offset every time. */
const stingy: OverflowTarget = {
  overflow(writer, size) {
    const bytes = new Uint8Array(new SharedArrayBuffer(writer.position + size + 3), 3);
    bytes.set(writer.bytes.subarray(0, writer.position));
    writer.moveTo(bytes, new DataView(bytes.buffer, 3), writer.position, bytes.byteLength);
  },
};

function written(
  description: TypeDescription,
  values: readonly unknown[],
  mode: 'generated' | 'interpreted',
  target?: OverflowTarget,
): Uint8Array {
  const encoder = createCodec(description, { mode }).createEncoder();
  const output = new BytesWriter(new Uint8Array(0), target);
  for (const value of values) encoder.write(value, output);
  return output.bytes.slice(0, output.position);
}

function read(description: TypeDescription, bytes: Uint8Array, count: number, mode: 'generated' | 'interpreted'): unknown[] {
  const decoder = createCodec(description, { mode }).createDecoder();
  const input = new BytesReader(bytes);
  const values = Array.from({ length: count }, () => decoder.read(input));
  assert.equal(input.remaining, 0);
  return values;
}

function assertIdentical(left: unknown, right: unknown): void {
  if (!identical(left, right)) assert.fail(`not identical:\n${show(left)}\n${show(right)}`);
}

function show(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? `${part}n` : Object.is(part, -0) ? '-0' : part === undefined ? 'undefined' : part,
  );
}

/** A row is read in the order of its schema; everything else as it was. */
function roundTrip(description: TypeDescription, values: readonly unknown[]): void {
  const generated = written(description, values, 'generated', stingy);
  const interpreted = written(description, values, 'interpreted');
  assert.deepEqual(generated, interpreted);
  const results = read(description, interpreted, values.length, 'generated');
  assertIdentical(results, read(description, generated, values.length, 'interpreted'));
  assertIdentical(results, [...values]);
}

describe('declared values', () => {
  it('are read as they were written, by either codec from the bytes of either', () => {
    fc.assert(
      fc.property(
        anyType.chain(({ description, values }) => fc.tuple(fc.constant(description), fc.array(values, { minLength: 1, maxLength: 4 }))),
        ([description, values]) => {
          const codec = createCodec(description);
          for (const value of values) codec.check(value);
          roundTrip(description, values);
        },
      ),
      runs(500),
    );
  });

  it('share nothing with their copies', () => {
    fc.assert(
      fc.property(
        anyType.chain(({ description, values }) => fc.tuple(fc.constant(description), values)),
        ([description, value]) => {
          const copy = createCodec(description).copy(value);
          assertIdentical(copy, value);
          if (typeof value === 'object' && value !== null) assert.notEqual(copy, value);
        },
      ),
      runs(300),
    );
  });

  it('have a damaged form that gives a DataError or another value, and nothing else', () => {
    fc.assert(
      fc.property(
        anyType.chain(({ description, values }) => fc.tuple(fc.constant(description), values)),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        fc.nat(),
        ([description, value], changes, cut) => readDamaged(description, written(description, [value], 'generated'), changes, cut),
      ),
      runs(500),
    );
  });
});

describe('undeclared values', () => {
  it('are read as they were written, by either codec from the bytes of either', () => {
    fc.assert(
      fc.property(fc.array(undeclared, { minLength: 1, maxLength: 8 }), (values) => {
        for (const value of values) createCodec(SHAPE).check(value);
        roundTrip(SHAPE, values);
      }),
      runs(500),
    );
  });

  it('have a damaged form that gives a DataError or another value, and nothing else', () => {
    fc.assert(
      fc.property(undeclared, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(), (value, changes, cut) =>
        readDamaged(SHAPE, written(SHAPE, [value], 'generated'), changes, cut),
      ),
      runs(500),
    );
  });
});

describe('bytes from outside', () => {
  it('cannot nest until the stack ends', () => {
    const bytes = new Uint8Array(500_000).map((_, at) => [9, 1, 0, 0, 0][at % 5]!);
    for (const mode of ['generated', 'interpreted'] as const) {
      assert.throws(() => createCodec(SHAPE, { mode }).createDecoder().read(new BytesReader(bytes)), {
        kind: 'data',
        message: 'The bytes of a record are damaged at offset 2511: values are nested more than 500 levels deep.',
      });
    }
  });

  it('cannot claim more than there is', () => {
    const list: TypeDescription = { kind: 'list', element: { kind: 'boolean' } };
    assert.throws(
      () =>
        createCodec(list)
          .createDecoder()
          .read(new BytesReader(new Uint8Array(8).fill(255))),
      {
        message: 'The bytes of a record are damaged at offset 4: 4294967295 bytes are needed where 4 are left.',
      },
    );
  });
});

/** Bytes behind the limit are poison: a codec that looks there reads what is not its own. */
function readDamaged(description: TypeDescription, bytes: Uint8Array, changes: readonly (readonly [number, number])[], cut: number): void {
  for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
  const limit = changes.length > 0 ? bytes.length : cut % (bytes.length + 1);
  for (const mode of ['generated', 'interpreted'] as const) {
    const memory = new Uint8Array(bytes.length + 64).fill(0xee);
    memory.set(bytes);
    const input = new BytesReader(memory);
    input.limit = limit;
    try {
      createCodec(description, { mode }).createDecoder().read(input);
      assert.ok(input.position <= limit);
    } catch (error) {
      assert.ok(isMillraceError(error) && error.kind === 'data', String(error));
    }
  }
}

describe('the bytes', () => {
  const hex = (description: TypeDescription, ...values: unknown[]) =>
    Buffer.from(written(description, values, 'generated')).toString('hex');

  it('of a declared row: fields of fixed size, then the others', () => {
    const row: TypeDescription = {
      kind: 'row',
      fields: [
        { name: 'name', type: { kind: 'string' } },
        { name: 'id', type: { kind: 'int' } },
        { name: 'note', type: { kind: 'string' }, optional: true },
        { name: 'size', type: { kind: 'nullable', type: { kind: 'double' } } },
      ],
    };
    assert.equal(hex(row, { name: 'hé', id: 258, size: 1 }), '02010000' + '02' + '68e9' + '00' + '01' + '000000000000f03f');
    assert.equal(hex(row, { name: '€', id: -1, note: undefined, size: null }), 'ffffffff' + 'fc' + '03000000' + 'e282ac' + '02' + '00');
  });

  it('of a lone surrogate are UTF-16', () => {
    assert.equal(hex({ kind: 'string' }, 'a\ud800'), 'fd' + '04000000' + '6100' + '00d8');
  });

  it('of an undeclared object: its shape once, then its number', () => {
    const definition = '0d' + '0000' + '00' + '0200' + '04' + '776f7264' + '03' + '05' + '636f756e74' + '01';
    assert.equal(
      hex(SHAPE, { word: 'a', count: 1 }, { word: 'b', count: 2 }),
      [definition, '80', '01000000', '0161', '80', '02000000', '0162'].join(''),
    );
  });

  it('of contents of another kind: the shape again, wider, and only that field', () => {
    const wider = '0d' + '0100' + '00' + '0100' + '01' + '61' + '02';
    assert.equal(
      hex(SHAPE, { a: 1 }, { a: 0.5 }, { a: 2 }),
      '0d' +
        '0000' +
        '00' +
        '0100' +
        '01' +
        '61' +
        '01' +
        '80' +
        '01000000' +
        wider +
        '81' +
        '000000000000e03f' +
        '81' +
        '0000000000000040',
    );
  });
});

describe('shapes', () => {
  it('past the bound are written as maps, after one warning for the codec', () => {
    const warnings: string[] = [];
    const codec = createCodec<Record<string, number>>(SHAPE, { maxShapes: 3, onWarning: (text) => warnings.push(text) });
    const values = Array.from({ length: 20 }, (_, index) => ({ [`key${index}`]: index }));
    for (const encoder of [codec.createEncoder(), codec.createEncoder()]) {
      const output = new BytesWriter(new Uint8Array(16));
      for (const value of values) encoder.write(value, output);
      const decoder = codec.createDecoder();
      const input = new BytesReader(output.toBytes());
      for (const value of values) assertIdentical(decoder.read(input), value);
    }
    assert.deepEqual(warnings, [
      'Records of type SHAPE have more than 3 different lists of fields. Objects with further ones are written field by field, which is slower. ' +
        'If they are dictionaries, use a Map; if they are records, give them the same fields in the same order or declare their type.',
    ]);
  });

  it('are as many as their tags can number, and more', () => {
    const values = Array.from({ length: 300 }, (_, index) => ({ [`key${index}`]: index, inner: { [`x${index}`]: 'y' } }));
    for (const mode of ['generated', 'interpreted'] as const) {
      const codec = createCodec(SHAPE, { maxShapes: 1_000, mode });
      const output = new BytesWriter(new Uint8Array(16));
      const encoder = codec.createEncoder();
      for (const value of [...values, ...values]) encoder.write(value, output);
      const decoder = codec.createDecoder();
      const input = new BytesReader(output.toBytes());
      for (const value of [...values, ...values]) assertIdentical(decoder.read(input), value);
    }
  });

  it('that widen again and again come to an end', () => {
    const values = Array.from({ length: 40 }, (_, round) =>
      Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`f${index}`, index === round ? null : 1])),
    );
    roundTrip(SHAPE, values);
  });

  it('take every kind of content that they had before', () => {
    const values = Array.from({ length: 100 }, (_, index) => ({ a: [1, 'x', 0.5, null][index % 4] }));
    roundTrip(SHAPE, values);
    const bytes = written(SHAPE, values, 'generated');
    assert.equal(bytes.filter((byte, at) => byte === 13 && bytes[at + 6] === 1 && bytes[at + 7] === 97).length, 2); // definitions: of numbers, of anything
    roundTrip(SHAPE, [{ a: 1 }, { a: -0 }, { a: 0 }, { a: 2 ** 31 }]);
  });

  it('have nothing to do with what an object inherits', () => {
    const value = JSON.parse('{"__proto__": {"polluted": 1}, "a": 2}') as object;
    roundTrip(SHAPE, [value, value]);
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  });

  it('keep Buffers Buffers, and copy what they are views of', () => {
    const value = { buffer: Buffer.from('abc'), view: new Uint16Array(new Uint8Array([9, 9, 1, 2, 3, 4]).buffer, 2, 2) };
    roundTrip(SHAPE, [value]);
    assertIdentical(createCodec<typeof value>(SHAPE).copy(value), value);
  });

  it('go on after a value was refused', () => {
    const codec = createCodec<unknown>(SHAPE);
    const encoder = codec.createEncoder();
    let deep: unknown = () => 1;
    for (let level = 0; level < 400; level++) deep = [deep];
    for (let attempt = 0; attempt < 3; attempt++)
      assert.throws(() => encoder.write(deep, new BytesWriter(new Uint8Array(8))), { reason: 'refused' });
    encoder.write([[1]], new BytesWriter(new Uint8Array(8)));
  });
});
