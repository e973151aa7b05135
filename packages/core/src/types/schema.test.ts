// Goal: what a schema says is what the codec writes, and what it leaves open is learned. Method: zod 4 itself, and JSON Schema, against descriptions.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { createCodec } from './codec.ts';
import { describeType } from './descriptions.ts';
import { descriptionOf, type JsonSchema, type StandardSchema, Types, validatorOf } from './types.ts';

const text = (schema: StandardSchema<unknown> | JsonSchema) => describeType(descriptionOf(Types.schema(schema as StandardSchema<unknown>)));

describe('a zod schema', () => {
  const cases: [schema: z.ZodType, expected: string][] = [
    [z.string().min(1), 'STRING'],
    [z.email(), 'STRING'],
    [z.iso.datetime(), 'STRING'],
    [z.number(), 'DOUBLE'],
    [z.number().int().positive(), 'LONG'],
    [z.int(), 'LONG'],
    [z.uint32(), 'LONG'],
    [z.int32(), 'INT'],
    [z.float32(), 'FLOAT'],
    [z.bigint(), 'BIG_INT'],
    [z.boolean(), 'BOOLEAN'],
    [z.coerce.date(), 'INSTANT'],
    [z.literal(['a', 1, null]), '"a" | 1 | null'],
    [z.literal(1n), 'SHAPE'],
    [z.enum(['x', 'y']), '"x" | "y"'],
    [z.nullable(z.string()), 'STRING | NULL'],
    [z.array(z.int()), 'LIST<LONG>'],
    [z.tuple([z.string(), z.boolean()]), 'TUPLE<STRING, BOOLEAN>'],
    [z.tuple([z.string()]).rest(z.int()), 'SHAPE'],
    [z.record(z.string(), z.int()), 'RECORD<LONG>'],
    [z.map(z.string(), z.int()), 'MAP<STRING, LONG>'],
    [z.set(z.string()), 'SET<STRING>'],
    [z.union([z.string(), z.int()]), 'STRING | LONG'],
    [
      z.object({ a: z.string(), b: z.int().optional(), c: z.string().default('x'), d: z.string().nullish() }),
      'ROW<a STRING, b LONG?, c STRING, d STRING | NULL?>',
    ],
    [z.strictObject({ a: z.string().readonly() }), 'ROW<a STRING>'],
    [z.looseObject({ a: z.string() }), 'SHAPE'],
    [z.object({ n: z.string().transform((word) => word.length) }), 'ROW<n SHAPE>'],
    [z.object({ n: z.string().pipe(z.coerce.number()) }), 'ROW<n DOUBLE>'],
    [z.object({ s: z.string().catch('?') }), 'ROW<s STRING>'],
    [
      z.discriminatedUnion('t', [z.object({ t: z.literal('a') }), z.object({ t: z.literal('b'), n: z.int() })]),
      'ROW<t "a"> | ROW<t "b", n LONG>',
    ],
    [z.lazy(() => z.string()), 'STRING'],
    [z.unknown(), 'SHAPE'],
  ];
  for (const [schema, expected] of cases) it(`is ${expected}`, () => assert.equal(text(schema), expected));

  it('that refers to itself is described as far as is sensible', () => {
    interface Tree {
      name: string;
      children: Tree[];
    }
    const Tree: z.ZodType<Tree> = z.object({ name: z.string(), children: z.lazy(() => z.array(Tree)) });
    const tree: Tree = { name: 'a', children: [{ name: 'b', children: [] }] };
    const serializer = Types.schema(Tree).createSerializer();
    assert.deepEqual(serializer.deserialize(serializer.serialize(tree), 1), tree);
  });

  it('gives what it parses, and what it parses is written', () => {
    const Commit = z.object({ sha: z.string(), at: z.coerce.date(), files: z.array(z.string()).default([]), note: z.string().optional() });
    const type = Types.schema(Commit);
    const parsed = validatorOf(type)!({ sha: 'a1', at: '2001-02-03T04:05:06Z', more: 1 });
    assert.deepEqual(parsed, { sha: 'a1', at: new Date('2001-02-03T04:05:06Z'), files: [] });
    const serializer = type.createSerializer();
    assert.deepEqual(serializer.deserialize(serializer.serialize(parsed), 1), parsed);
  });

  it('refuses with the places that it found', () => {
    const validate = validatorOf(Types.schema(z.object({ sha: z.string(), files: z.array(z.string()) })))!;
    assert.throws(() => validate({ sha: 1, files: ['a', 2] }), {
      kind: 'data',
      reason: 'schema',
      message:
        'The value does not fit the zod schema: $.sha: Invalid input: expected string, received number; $.files[1]: Invalid input: expected string, received number.',
    });
  });

  it('that is asynchronous is the mistake of the author', () => {
    // What zod itself says of this it throws before a promise is seen; other vendors return one.
    const schema = { '~standard': { version: 1, vendor: 'other', validate: () => Promise.resolve({ value: 1 }) } } as const;
    assert.throws(() => validatorOf(Types.schema(schema))!(1), {
      kind: 'usage',
      message:
        'The other schema validates asynchronously, and records are validated one after another without waiting. Leave the asynchronous refinement or ' +
        'transformation out of the schema and check it in an AsyncDataStream.',
    });
  });
});

describe('any other Standard Schema', () => {
  it('validates, and the shapes of what it lets through are learned', () => {
    const even = {
      '~standard': {
        version: 1,
        vendor: 'mine',
        validate: (value: unknown) =>
          Number(value) % 2 === 0 ? { value: Number(value) } : { issues: [{ message: 'odd', path: [{ key: 'a' }, 0] }] },
      },
    } as const;
    const type = Types.schema<number>(even);
    assert.equal(type.typeName, 'SHAPE');
    assert.equal(validatorOf(type)!('4'), 4);
    assert.throws(() => validatorOf(type)!(3), { message: 'The value does not fit the mine schema: $.a[0]: odd.' });
  });

  it('without a validator is a description only', () => {
    assert.equal(validatorOf(Types.schema({ '~standard': { version: 1, vendor: 'z' } })), undefined);
    assert.equal(validatorOf(undefined), undefined);
    assert.equal(validatorOf(Types.STRING), undefined);
  });
});

describe('a JSON Schema', () => {
  const cases: [schema: Record<string, unknown>, expected: string][] = [
    [{ type: 'string', minLength: 1 }, 'STRING'],
    [{ type: 'integer' }, 'LONG'],
    [{ type: 'number' }, 'DOUBLE'],
    [{ type: ['string', 'null'] }, 'STRING | NULL'],
    [{ type: 'null' }, 'NULL'],
    [{ enum: ['a', 1, null] }, '"a" | 1 | null'],
    [{ const: true }, 'true'],
    [{ anyOf: [{ type: 'string' }, { type: 'integer' }] }, 'STRING | LONG'],
    [{ type: 'array', items: { type: 'boolean' } }, 'LIST<BOOLEAN>'],
    [{ type: 'array', prefixItems: [{ type: 'string' }], items: false, minItems: 1 }, 'TUPLE<STRING>'],
    [{ type: 'object', additionalProperties: { type: 'number' } }, 'RECORD<DOUBLE>'],
    [{ type: 'object', properties: { a: { type: 'string' }, b: {} }, required: ['a'] }, 'ROW<a STRING, b SHAPE?>'],
    [{ type: 'object', properties: { a: { type: 'string' } }, additionalProperties: true }, 'SHAPE'],
    [{ $ref: '#/$defs/id', $defs: { id: { type: 'integer' } } }, 'LONG'],
    [{}, 'SHAPE'],
  ];
  for (const [schema, expected] of cases) it(`is ${expected}`, () => assert.equal(text(schema), expected));

  it('as zod writes it is what zod says', () => {
    const schema = z.object({ id: z.int(), name: z.string(), tags: z.array(z.string()), note: z.string().optional() });
    assert.equal(text(z.toJSONSchema(schema)), text(schema));
  });

  it('refers to its own parts only', () => {
    assert.throws(() => Types.schema({ $ref: 'https://example.com/id' }), {
      kind: 'usage',
      message:
        'The JSON Schema refers to https://example.com/id. Only references into the same schema (#/$defs/…) are followed: put the part that is meant into $defs.',
    });
    assert.throws(() => Types.schema({ $ref: '#/$defs/gone' }), {
      message: 'The JSON Schema refers to #/$defs/gone, which it does not contain. Correct the reference, or add the part to $defs.',
    });
  });

  it('is an object', () => {
    assert.throws(() => Types.schema('string' as never), {
      message:
        'Types.schema() takes a Standard Schema (zod, valibot, arktype …) or a JSON Schema, not string. Give one, or use Types.row({ … }).',
    });
  });
});

describe('names of types', () => {
  it('say what is in them, and how tables call it where that differs', () => {
    assert.equal(Types.LONG.typeName, 'LONG');
    assert.equal(describeType({ kind: 'long', logical: 'DECIMAL', precision: 24, scale: 3 }), 'DECIMAL(24, 3)');
    assert.deepEqual(descriptionOf(Types.LONG), { kind: 'long', logical: 'BIGINT' });
    assert.deepEqual(descriptionOf(Types.INSTANT), { kind: 'date', logical: 'TIMESTAMP_LTZ', precision: 3 });
    assert.deepEqual(descriptionOf(undefined), { kind: 'shape' });
  });

  it('are plain JSON below', () => {
    const type = Types.row({
      a: Types.optional(Types.nullable(Types.list(Types.INT))),
      b: Types.literal('x', null),
      c: Types.shape<unknown>(),
    });
    const description = descriptionOf(type);
    assert.deepEqual(JSON.parse(JSON.stringify(description)), description);
    assert.equal(createCodec(JSON.parse(JSON.stringify(description)) as typeof description).description.kind, 'row');
  });
});
