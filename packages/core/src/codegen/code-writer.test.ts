import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CodeWriter } from './code-writer.ts';
import { canGenerateCode, compile, compileApart } from './compile.ts';
import { digestOfText } from './digest.ts';
import { isIdentifier, literalKey, propertyAccess } from './identifiers.ts';

const SOURCE = { generator: 'test', name: 'sum of/things', digest: '00' };

describe('the code writer', () => {
  it('indents blocks and passes constants as arguments', () => {
    const writer = new CodeWriter();
    const limit = writer.constant('limit', 41);
    writer.block('return function addUp(value)', () => writer.line(`return value + ${limit};`), ';');
    assert.equal(writer.toString(), 'return function addUp(value) {\n  return value + limit;\n};');
    assert.equal(compile<(value: number) => number>(writer, SOURCE)(1), 42);
  });

  it('gives every name once, whatever it is asked for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a', 'a_2', 'a_3', 'a_2_', 'class', '0', 'undefined', '$'))),
        (wanted) => {
          const writer = new CodeWriter();
          const given = wanted.map((name, index) => (index % 3 === 0 ? writer.constant(name, Symbol(name)) : writer.local(name)));
          assert.equal(new Set(given).size, given.length);
          for (const name of given) assert.ok(isIdentifier(name), name);
        },
      ),
      { seed: 20_010_101, numRuns: 500 },
    );
  });

  it('hoists the same value once', () => {
    const writer = new CodeWriter();
    assert.equal(writer.constant('a', SOURCE), writer.constant('b', SOURCE));
  });

  it('is not taken inside an open block', () => {
    const writer = new CodeWriter();
    assert.throws(() => writer.block('if (true)', () => writer.toString()), { kind: 'invariant' });
  });
});

describe('names of users', () => {
  it('cannot get out of their place in the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a', '__proto__', '"]; throw 1; //', 'a-b', '0', '01', '\u2028', 'class')),
        (name) => {
          const writer = new CodeWriter();
          writer.line(`return (value) => ({ ${literalKey(name)}: ${propertyAccess('value', name)} });`);
          const copy = compile<(value: object) => object>(writer, SOURCE);
          const value = { [name]: 7 }; // a computed __proto__ is an ordinary field
          assert.deepEqual(Object.getOwnPropertyDescriptors(copy(value)), Object.getOwnPropertyDescriptors(value));
        },
      ),
      { seed: 20_010_101, numRuns: 500 },
    );
  });
});

describe('compiled text', () => {
  const boom = (text = "return function boom() { throw new Error('x'); }") => {
    const writer = new CodeWriter();
    writer.line(text);
    return writer;
  };
  const urlOf = (thrower: () => void) => {
    try {
      thrower();
    } catch (error) {
      return /millrace-generated[^:)]*/.exec((error as Error).stack ?? '')?.[0];
    }
    return undefined;
  };

  it('is kept for equal texts, with constants of its own, and has a URL that says who wrote it', () => {
    const first = urlOf(compile(boom(), SOURCE));
    assert.match(first ?? '', /^millrace-generated\/test\/sum-of-things-00-\d+\.js$/);
    assert.equal(urlOf(compile(boom(), SOURCE)), first);
    assert.notEqual(urlOf(compileApart(boom(), SOURCE)), first);
    const give = (value: number) => {
      const writer = new CodeWriter();
      writer.line(`return () => ${writer.constant('value', value)};`);
      return compile<() => number>(writer, SOURCE)();
    };
    assert.deepEqual([give(1), give(2)], [1, 2]);
  });

  it('is possible here', () => assert.equal(canGenerateCode(), true));
});

describe('digests of text', () => {
  it('are the same everywhere', () => assert.equal(digestOfText('row<a INT>'), digestOfText(['row', '<a INT>'].join(''))));
  it('tell texts apart', () => {
    const seen = new Set(Array.from({ length: 20_000 }, (_, index) => digestOfText(`${index}`)));
    assert.equal(seen.size, 20_000);
  });
});
