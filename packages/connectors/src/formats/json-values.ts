/**
 * Checks what `JSON.parse` gave against a declared type and makes it a value of that type. The reverse of `jsonTextOf`.
 *
 * A row has exactly the declared fields: others are dropped; one that is missing is refused, unless it is optional (it stays absent) or nullable (it is null).
 * An object that is right as it is, is returned itself.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { FieldDescription, TypeDescription } from '@millrace/core/types/type-information';
import { Mismatch } from './mismatch.ts';
import { bigintOf, bytesOf, doubleOf, instantOf, integerOf, isInteger, literalOf } from './scalars.ts';

export type JsonValueReader = (value: unknown) => unknown;

/** Throws a `Mismatch` that names the path. */
export function jsonValueReader(description: TypeDescription): JsonValueReader {
  const { kind } = description;
  if (isInteger(kind)) return (value) => integerOf(kind, value);
  switch (description.kind) {
    case 'row':
      return rowReader(description.fields);
    case 'tuple':
      return tupleReader(description.elements.map(jsonValueReader));
    case 'list':
      return listReader(jsonValueReader(description.element));
    case 'set': {
      const list = listReader(jsonValueReader(description.element));
      return (value) => new Set(list(value) as unknown[]);
    }
    case 'map':
      return mapReader(description.key, description.value);
    case 'nullable': {
      const inner = jsonValueReader(description.type);
      return (value) => (value === null ? null : inner(value));
    }
    case 'union':
      return unionReader(description.types.map(jsonValueReader));
    case 'literal':
      return (value) => literalOf(description.values, value);
    case 'typed-array':
      return typedArrayReader(description.element);
    default:
      return scalarReader(description.kind);
  }
}

/** Whether a value of the type may hold whole numbers that JSON.parse would round. */
export function holdsBigint(description: TypeDescription): boolean {
  switch (description.kind) {
    case 'bigint':
      return true;
    case 'row':
      return description.fields.some((field) => holdsBigint(field.type));
    case 'tuple':
      return description.elements.some(holdsBigint);
    case 'list':
    case 'set':
      return holdsBigint(description.element);
    case 'map':
      return holdsBigint(description.key) || holdsBigint(description.value);
    case 'nullable':
      return holdsBigint(description.type);
    case 'union':
      return description.types.some(holdsBigint);
    case 'typed-array':
      return description.element.startsWith('Big');
    default:
      return false;
  }
}

function scalarReader(kind: string): JsonValueReader {
  switch (kind) {
    case 'string':
      return (value) => {
        if (typeof value !== 'string') throw Mismatch.expected('a string', value);
        return value;
      };
    case 'boolean':
      return (value) => {
        if (typeof value !== 'boolean') throw Mismatch.expected('true or false', value);
        return value;
      };
    case 'float':
    case 'double':
      return doubleOf;
    case 'bigint':
      return bigintOf;
    case 'date':
      return instantOf;
    case 'bytes':
      return bytesOf;
    case 'null':
      return (value) => literalOf([null], value);
    case 'shape':
      return (value) => value;
    default:
      throw new UsageError(`JSON has no form for values of the type '${kind}'. Declare another type for what the lines hold.`);
  }
}

function rowReader(fields: readonly FieldDescription[]): JsonValueReader {
  const names = fields.map((field) => field.name);
  const readers = fields.map((field) => jsonValueReader(field.type));
  const absent = fields.map((field) => absenceOf(field));
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw Mismatch.expected('an object', value);
    const source = value as Record<string, unknown>;
    const row: Record<string, unknown> = {};
    let same = true;
    let found = 0;
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index] as string;
      if (!Object.hasOwn(source, name)) {
        const instead = absent[index] as Absence;
        if (instead === 'refused') throw new Mismatch('the field is missing').within(`.${name}`);
        if (instead === 'null') row[name] = null;
        same &&= instead === 'absent';
        continue;
      }
      found += 1;
      const seen = source[name];
      const read = readWithin(readers[index] as JsonValueReader, seen, name);
      row[name] = read;
      same &&= read === seen;
    }
    return same && found === Object.keys(source).length ? value : row;
  };
}

type Absence = 'refused' | 'null' | 'absent';

function absenceOf(field: FieldDescription): Absence {
  if (field.optional === true) return 'absent';
  return field.type.kind === 'nullable' ? 'null' : 'refused';
}

function readWithin(reader: JsonValueReader, value: unknown, step: string | number): unknown {
  try {
    return reader(value);
  } catch (error) {
    if (error instanceof Mismatch) error.within(typeof step === 'number' ? `[${step}]` : `.${step}`);
    throw error;
  }
}

function arrayOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw Mismatch.expected('an array', value);
  return value;
}

function tupleReader(readers: readonly JsonValueReader[]): JsonValueReader {
  return (value) => {
    const elements = arrayOf(value);
    if (elements.length !== readers.length) throw Mismatch.expected(`an array of ${readers.length} elements`, value);
    return readers.map((reader, index) => readWithin(reader, elements[index], index));
  };
}

function listReader(reader: JsonValueReader): JsonValueReader {
  return (value) => arrayOf(value).map((element, index) => readWithin(reader, element, index));
}

/** Pairs, or an object where the keys are strings. */
function mapReader(keyType: TypeDescription, valueType: TypeDescription): JsonValueReader {
  const pair = tupleReader([jsonValueReader(keyType), jsonValueReader(valueType)]);
  return (value) => {
    const isObject = keyType.kind === 'string' && typeof value === 'object' && value !== null && !Array.isArray(value);
    const pairs = isObject ? Object.entries(value) : arrayOf(value);
    return new Map(pairs.map((each, index) => readWithin(pair, each, index) as [unknown, unknown]));
  };
}

function unionReader(readers: readonly JsonValueReader[]): JsonValueReader {
  return (value) => {
    const problems: string[] = [];
    for (const reader of readers) {
      try {
        return reader(value);
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
        problems.push(error.message);
      }
    }
    throw new Mismatch(`no type of the union takes it: ${problems.join('; ')}`);
  };
}

type TypedArray =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

function typedArrayReader(name: string): JsonValueReader {
  const create = (globalThis as unknown as Record<string, { from(values: readonly unknown[]): TypedArray } | undefined>)[name];
  if (create === undefined)
    throw new UsageError(`There is no typed array of the name '${name}'. Give one that this Node knows, for example Float64Array.`);
  const element = name.startsWith('Big') ? bigintOf : doubleOf;
  return (value) => create.from(arrayOf(value).map((each, index) => readWithin(element, each, index)));
}
