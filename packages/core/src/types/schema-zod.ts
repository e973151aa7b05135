import { SHAPE } from './descriptions.ts';
import type { FieldDescription, TypeDescription } from './type-information.ts';

/**
 * Reads the definition that a zod 4 schema carries (`schema._zod.def`), without importing zod. A description is of the schema's *output*: what `parse`
 * returns. What cannot be told from the definition (a transformation's result, a custom check) is learned from the records instead.
 */
interface ZodDefinition {
  readonly type: string;
  readonly [property: string]: unknown;
}

/** Recursive schemas cannot be described by a finite tree; below this depth the rest is learned. */
const MAX_DEPTH = 32;

export function describeZod(schema: unknown): TypeDescription {
  return describe(schema, 0);
}

function describe(schema: unknown, depth: number): TypeDescription {
  const definition = definitionOf(schema);
  if (definition === undefined || depth > MAX_DEPTH) return SHAPE;
  const arm = ARMS[definition.type];
  return arm === undefined ? SHAPE : arm(definition, depth + 1);
}

function definitionOf(schema: unknown): ZodDefinition | undefined {
  const { _zod, def } = (schema ?? {}) as { _zod?: { def?: ZodDefinition }; def?: ZodDefinition };
  const definition = _zod?.def ?? def;
  return typeof definition?.type === 'string' ? definition : undefined;
}

type Arm = (definition: ZodDefinition, depth: number) => TypeDescription;

const inner: Arm = (definition, depth) => describe(definition['innerType'], depth);

const ARMS: Record<string, Arm | undefined> = {
  string: () => ({ kind: 'string' }),
  template_literal: () => ({ kind: 'string' }),
  number: describeNumber,
  nan: () => ({ kind: 'double', logical: 'DOUBLE' }),
  int: () => ({ kind: 'long', logical: 'BIGINT' }),
  bigint: () => ({ kind: 'bigint' }),
  boolean: () => ({ kind: 'boolean' }),
  date: () => ({ kind: 'date', logical: 'TIMESTAMP_LTZ', precision: 3 }),
  null: () => ({ kind: 'null' }),
  undefined: () => ({ kind: 'undefined' }),
  void: () => ({ kind: 'undefined' }),
  literal: (definition) => literalOf(definition['values'] as readonly unknown[]),
  enum: (definition) => literalOf(enumValues(definition['entries'] as Record<string, string | number>)),
  nullable: (definition, depth) => ({ kind: 'nullable', type: inner(definition, depth) }),
  // Where a value may be undefined outside of a row's field.
  optional: (definition, depth) => ({ kind: 'union', types: [{ kind: 'undefined' }, inner(definition, depth)] }),
  exactOptional: inner,
  nonoptional: inner,
  default: inner,
  prefault: inner,
  catch: inner,
  readonly: inner,
  array: (definition, depth) => ({ kind: 'list', element: describe(definition['element'], depth) }),
  set: (definition, depth) => ({ kind: 'set', element: describe(definition['valueType'], depth) }),
  map: (definition, depth) => ({
    kind: 'map',
    key: describe(definition['keyType'], depth),
    value: describe(definition['valueType'], depth),
  }),
  record: (definition, depth) => ({ kind: 'record', value: describe(definition['valueType'], depth) }),
  tuple: (definition, depth) => {
    const items = definition['items'] as readonly unknown[];
    if (definition['rest'] || items.some(mayBeAbsent)) return SHAPE;
    return { kind: 'tuple', elements: items.map((item) => describe(item, depth)) };
  },
  union: (definition, depth) => ({
    kind: 'union',
    types: (definition['options'] as readonly unknown[]).map((option) => describe(option, depth)),
  }),
  object: describeObject,
  lazy: (definition, depth) => describe((definition['getter'] as () => unknown)(), depth),
  pipe: (definition, depth) => describe(definition['out'], depth),
};

/** `z.int()` is a number whose checks, or whose own definition, name a format. */
function describeNumber(definition: ZodDefinition): TypeDescription {
  const checks = (definition['checks'] ?? []) as readonly { readonly _zod?: { readonly def?: ZodDefinition } }[];
  const formats = [definition, ...checks.map((check) => definitionOf(check) ?? check._zod?.def)].map((part) => part?.['format']);
  if (formats.includes('int32')) return { kind: 'int', logical: 'INTEGER' };
  if (formats.includes('safeint') || formats.includes('uint32')) return { kind: 'long', logical: 'BIGINT' };
  return formats.includes('float32') ? { kind: 'float', logical: 'FLOAT' } : { kind: 'double', logical: 'DOUBLE' };
}

/** The numeric enums of TypeScript hold their values twice, as keys too. */
function enumValues(entries: Record<string, string | number>): (string | number)[] {
  const numbers = new Set(Object.values(entries).filter((value) => typeof value === 'number'));
  return Object.entries(entries)
    .filter(([key]) => !numbers.has(Number(key)))
    .map(([, value]) => value);
}

function literalOf(values: readonly unknown[]): TypeDescription {
  const plain = values.filter(
    (value): value is string | number | boolean | null => value === null || ['string', 'number', 'boolean'].includes(typeof value),
  );
  return plain.length === values.length && values.length > 0 ? { kind: 'literal', values: plain } : SHAPE;
}

/** An object that keeps fields which it does not name cannot be a row. */
function describeObject(definition: ZodDefinition, depth: number): TypeDescription {
  const catchall = definitionOf(definition['catchall']);
  if (catchall !== undefined && catchall.type !== 'never') return SHAPE;
  const shape = definition['shape'] as Record<string, unknown>;
  return { kind: 'row', fields: Object.keys(shape).map((name): FieldDescription => describeField(name, shape[name], depth)) };
}

function describeField(name: string, schema: unknown, depth: number): FieldDescription {
  if (!mayBeAbsent(schema)) return { name, type: describe(schema, depth) };
  const definition = definitionOf(schema)!;
  // The codec tells absent from undefined by itself, so the wrapper's own undefined is not described again.
  const type = definition.type === 'optional' || definition.type === 'exactOptional' ? inner(definition, depth) : describe(schema, depth);
  return { name, type, optional: true };
}

/** Whether `parse` may return the object without this field. zod says so itself (`optout`). */
function mayBeAbsent(schema: unknown): boolean {
  return (schema as { _zod?: { optout?: string } })._zod?.optout === 'optional';
}
