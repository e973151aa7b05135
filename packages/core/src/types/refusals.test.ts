// Every refusal names the place, what is there and what may be there. `check` and `write` say the same.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesWriter } from '../bytes/bytes-writer.ts';
import { createCodec } from './codec.ts';
import type { TypeDescription } from './type-information.ts';
import { descriptionOf, Types } from './types.ts';

const ALLOWED =
  'Records may hold numbers, strings, booleans, null, undefined, bigint, Date, plain objects, arrays, Map, Set and typed arrays. Make it one of these, ' +
  'for instance a plain object of the fields that matter, before it is emitted.';

function refuses(description: TypeDescription, value: unknown, message: string): void {
  for (const mode of ['generated', 'interpreted'] as const) {
    const codec = createCodec<unknown>(description, { mode });
    const expected = { kind: 'data', reason: 'refused', message };
    assert.throws(() => codec.check(value), expected);
    assert.throws(() => codec.createEncoder().write(value, new BytesWriter(new Uint8Array(8))), expected);
  }
}

class Point {
  x = 1;
}

describe('an undeclared value is refused', () => {
  const shape = descriptionOf(undefined);
  const cases: [title: string, value: unknown, place: string, seen: string][] = [
    ['as an instance of a class', { inner: { x: new Point() } }, '$.inner.x', 'an instance of class Point'],
    ['as an instance of a class that extends Map', [new (class Index extends Map {})()], '$[0]', 'an instance of class Index'],
    ['as a function', { 'on-click': function clicked() {} }, '$["on-click"]', 'the function clicked'],
    ['as a function without a name', () => 1, '$', 'a function'],
    ['as a symbol', new Map([['a', Symbol('s')]]), '$.get("a")', 'a symbol'],
    ['as a promise', { later: Promise.resolve(1) }, '$.later', 'an instance of class Promise'],
    ['as a WeakMap', new Set([new WeakMap()]), '$[0]', 'an instance of class WeakMap'],
    ['as a regular expression', { pattern: /a/ }, '$.pattern', 'an instance of class RegExp'],
    ['as an error', { failure: new RangeError('x') }, '$.failure', 'an instance of class RangeError'],
    ['as an object made from another', Object.create({ a: 1 }), '$', 'an object with a prototype of its own'],
    ['as a DataView', new DataView(new ArrayBuffer(1)), '$', 'an instance of class DataView'],
    ['as an ArrayBuffer', new ArrayBuffer(1), '$', 'an instance of class ArrayBuffer'],
    ['as a boxed number', Object(1), '$', 'an instance of class Number'],
  ];
  for (const [title, value, place, seen] of cases) {
    it(title, () => refuses(shape, value, `The value at ${place} cannot be written as SHAPE: it is ${seen}. ${ALLOWED}`));
  }

  it('when it contains itself', () => {
    const employee: Record<string, unknown> = { name: 'ann' };
    employee['boss'] = { reports: [employee] };
    refuses(
      shape,
      employee,
      'The value at $.boss.reports[0] cannot be written as SHAPE: it is an object that this one is inside of: it contains itself. ' +
        'Records are trees: leave the way back out, or refer to the other part by a key.',
    );
  });

  it('when it is nested too deep', () => {
    let list: unknown = null;
    for (let level = 0; level < 600; level++) list = { next: list };
    const start = '.next'.repeat(8);
    refuses(
      shape,
      list,
      `The value at $${start}…${start} cannot be written as SHAPE: it is nested more than 500 levels deep. Make it flat: a list of its parts, for instance.`,
    );
  });

  it('before it is written where only the check sees what would be lost', () => {
    const codec = createCodec<unknown>(shape);
    const match = 'ab'.match(/(a)(b)/);
    assert.throws(() => codec.check(match), {
      message:
        'The value at $.index cannot be written as SHAPE: it is a property of an array beside its elements. ' +
        'It would be lost: emit a copy, such as [...match] of a match of a regular expression.',
    });
    assert.throws(() => codec.check({ [Symbol('tag')]: 1 }), {
      message: `The value at $[Symbol(tag)] cannot be written as SHAPE: it is a field whose key is a symbol. ${ALLOWED}`,
    });
  });
});

describe('a declared value is refused', () => {
  const row = descriptionOf(
    Types.row({ id: Types.LONG, tags: Types.list(Types.STRING), by: Types.optional(Types.map(Types.STRING, Types.INT)) }),
  );
  const name = 'ROW<id LONG, tags LIST<STRING>, by MAP<STRING, INT>?>';
  const long = 'Declared is LONG, which takes whole numbers from -9007199254740991 to 9007199254740991.';

  it('as a LONG that is none', () => {
    const next = ' Declare DOUBLE, or BIG_INT for larger ones, if such values are meant.';
    refuses(row, { id: 1.5, tags: [] }, `The value at $.id cannot be written as ${name}: it is the number 1.5. ${long}${next}`);
    refuses(
      row,
      { id: 2 ** 53, tags: [] },
      `The value at $.id cannot be written as ${name}: it is the number 9007199254740992. ${long}${next}`,
    );
    refuses(row, { id: Number.NaN, tags: [] }, `The value at $.id cannot be written as ${name}: it is the number NaN. ${long}${next}`);
    refuses(row, { id: 1n, tags: [] }, `The value at $.id cannot be written as ${name}: it is the bigint 1n. ${long}`);
    refuses(row, { id: Symbol('x'), tags: [] }, `The value at $.id cannot be written as ${name}: it is a symbol. ${long}`);
  });

  it('with a field missing', () => {
    refuses(
      row,
      { id: 1 },
      `The value at $.tags cannot be written as ${name}: it is missing. Declared is LIST<STRING>. Set the field, or declare it with Types.optional() if it may be absent.`,
    );
  });

  it('in an element and in a map', () => {
    refuses(row, { id: 1, tags: ['a', null] }, `The value at $.tags[1] cannot be written as ${name}: it is null. Declared is STRING.`);
    refuses(
      row,
      { id: 1, tags: [], by: new Map([['k', 2 ** 31]]) },
      `The value at $.by.get("k") cannot be written as ${name}: it is the number 2147483648. ` +
        'Declared is INT, which takes whole numbers from -2147483648 to 2147483647. Declare DOUBLE, or BIG_INT for larger ones, if such values are meant.',
    );
  });

  it('as no row at all', () => {
    refuses(row, undefined, `The value at $ cannot be written as ${name}: it is undefined. Declared is ${name}.`);
    refuses(row, [1], `The value at $ cannot be written as ${name}: it is an array of 1. Declared is ${name}.`);
    refuses(row, new Point(), `The value at $ cannot be written as ${name}: it is an instance of class Point. Declared is ${name}.`);
  });

  it('by the check for a field that would be lost', () => {
    assert.throws(() => createCodec<unknown>(row).check({ id: 1, tags: [], more: 1 }), {
      message:
        `The value at $.more cannot be written as ${name}: it is a field that ${name} does not have. ` +
        'It would be lost. Add it to the declared row, or emit an object without it.',
    });
  });

  it('as none of the values or types of a choice', () => {
    refuses(
      descriptionOf(Types.literal('a', 1)),
      'b',
      'The value at $ cannot be written as "a" | 1: it is the string "b". Declared is "a" | 1.',
    );
    refuses(
      descriptionOf(Types.union(Types.STRING, Types.INT)),
      0.5,
      'The value at $ cannot be written as STRING | INT: it is the number 0.5. Declared is STRING | INT.',
    );
  });

  it('and a copy of it as well', () => {
    assert.throws(() => createCodec<unknown>(descriptionOf(undefined)).copy({ a: new Point() }), { reason: 'refused' });
  });
});

describe('a getter that throws', () => {
  it('throws its own error', () => {
    const value = {
      get a(): number {
        throw new RangeError('mine');
      },
    };
    for (const description of [descriptionOf(undefined), descriptionOf(Types.row({ a: Types.INT }))]) {
      assert.throws(
        () =>
          createCodec<unknown>(description)
            .createEncoder()
            .write(value, new BytesWriter(new Uint8Array(8))),
        /mine/,
      );
    }
  });
});

describe('a type that Types did not make', () => {
  it('is refused by name', () => {
    assert.throws(() => descriptionOf({ typeName: 'Mine' }), {
      kind: 'usage',
      message:
        'This type (Mine) was not made by Types, so how its values are written is unknown. Build it from Types.row, Types.schema or their kin, ' +
        'or leave the type out: the shapes of the records are then learned.',
    });
  });

  it('and so are literals and unions of nothing', () => {
    assert.throws(() => Types.literal(), {
      message: 'Types.literal() needs at least one value: a type without values describes nothing. Give it one.',
    });
    assert.throws(() => Types.literal(Number.NaN), {
      message:
        'Types.literal(NaN): a literal is a string, a finite number, a boolean or null. Use Types.DOUBLE for numbers that need not be finite.',
    });
    assert.throws(() => Types.union(), {
      message: 'Types.union() takes 1 to 256 types, not 0. Leave the type out, or make the union of fewer.',
    });
  });
});

describe('a serializer', () => {
  it('says of bytes that are not its own what is wrong', () => {
    const serializer = Types.row({ a: Types.INT }).createSerializer();
    assert.throws(() => serializer.deserialize(new Uint8Array(4), 2), {
      message:
        'A value was written by version 2 of the codec for ROW<a INT>; this one reads version 1. Read it with the version of Millrace that wrote it.',
    });
    assert.throws(() => serializer.deserialize(new Uint8Array(5), 1), {
      message:
        '1 bytes follow the value of type ROW<a INT>: the bytes are of another type, or damaged. Give the type that they were written with.',
    });
    assert.throws(() => serializer.deserialize(new Uint8Array(3), 1), {
      message: 'The bytes of a record are damaged at offset 0: 4 bytes are needed where 3 are left.',
    });
  });

  it('needs nothing beside the bytes of an undeclared value', () => {
    const serializer = Types.shape<unknown>().createSerializer();
    const value = { word: 'a', list: [{ x: 1 }, { x: null }] };
    assert.deepEqual(serializer.deserialize(serializer.serialize(value), serializer.version), value);
    assert.deepEqual(serializer.serialize(value), serializer.serialize(value));
  });
});
