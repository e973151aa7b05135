/**
 * What a column of a Parquet file becomes: by the declared type of its field, or by the file's own schema where nothing is declared.
 *
 * INT64 is a number that must be a safe integer, or a bigint where BIG_INT is declared. DECIMAL is exact: its unscaled digits as BIG_INT, decimal text as STRING;
 * as DOUBLE it is the nearest double. TIMESTAMP (of any unit, INT96 too) and DATE are a Date for INSTANT, milliseconds for LONG and DOUBLE; one without a
 * zone counts as UTC. Finer parts of a millisecond are cut off.
 */
import { DataError } from '@millrace/core/base/errors';
import type { TypeDescription } from '@millrace/core/types/type-information';
import type { ParquetParsers, SchemaElement } from 'hyparquet/src/types.js';
import { isUtf8, TextBytes } from '@millrace/core/fs/node/text';
import { Mismatch } from '../formats/mismatch.ts';
import { isInteger, integerOf, literalOf } from '../formats/scalars.ts';

export type ValueReader = (value: unknown) => unknown;

/** Of a leaf of the schema: what its values are, besides how they are stored. */
export type ColumnMeaning = 'plain' | 'text' | 'time' | 'decimal';

const DECIMAL_DIGITS_OF_A_DOUBLE = 15;

export function meaningOf(element: SchemaElement): ColumnMeaning {
  const { converted_type: converted, logical_type: logical, type } = element;
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') return 'decimal';
  if (type === 'INT96' || logical?.type === 'TIMESTAMP' || converted?.startsWith('TIMESTAMP') === true) return 'time';
  if (converted === 'DATE' || logical?.type === 'DATE') return 'time';
  if (converted === 'UTF8' || converted === 'ENUM' || converted === 'JSON') return 'text';
  return logical?.type === 'STRING' || logical?.type === 'ENUM' || logical?.type === 'JSON' || logical?.type === 'UUID' ? 'text' : 'plain';
}

/** The type that a column has of itself. */
export function describeColumn(element: SchemaElement): TypeDescription {
  const type = describeValue(element);
  return element.repetition_type === 'OPTIONAL' && type.kind !== 'shape' ? { kind: 'nullable', type } : type;
}

function describeValue(element: SchemaElement): TypeDescription {
  if (element.type === undefined || element.repetition_type === 'REPEATED') return { kind: 'shape' };
  const meaning = meaningOf(element);
  if (meaning === 'time') return { kind: 'date' };
  if (meaning === 'text') return { kind: 'string' };
  if (meaning === 'decimal') return (element.precision ?? 0) <= DECIMAL_DIGITS_OF_A_DOUBLE ? { kind: 'double' } : { kind: 'string' };
  switch (element.type) {
    case 'BOOLEAN':
      return { kind: 'boolean' };
    case 'INT32':
    case 'INT64':
      return { kind: 'long' };
    case 'FLOAT':
    case 'DOUBLE':
      return { kind: 'double' };
    default:
      return { kind: 'bytes' };
  }
}

/** Reads the values of one column, as the parsers below left them. Throws a `Mismatch`. */
export function valueReaderOf(description: TypeDescription, element: SchemaElement): ValueReader {
  if (description.kind === 'nullable') {
    const inner = valueReaderOf(description.type, element);
    return (value) => (value === null || value === undefined ? null : inner(value));
  }
  const read = description.kind === 'shape' ? plainValue : scalarReader(description, element);
  return (value) => {
    if (value === null || value === undefined) throw new Mismatch('the value is null; declare the field Types.nullable(…)');
    return read(value);
  };
}

function scalarReader(description: TypeDescription, element: SchemaElement): ValueReader {
  const decimal = meaningOf(element) === 'decimal' ? (element.scale ?? 0) : undefined;
  const { kind } = description;
  if (isInteger(kind)) return (value) => integerOf(kind, numberOf(value, decimal));
  switch (kind) {
    case 'float':
    case 'double':
      return (value) => numberOf(value, decimal);
    case 'bigint':
      return (value) => (decimal !== undefined ? unscaled(value) : bigintOf(value));
    case 'date':
      return (value) => new Date(numberOf(value, decimal));
    case 'string':
      return decimal === undefined ? textOf : (value) => decimalText(unscaled(value), decimal);
    case 'boolean':
      return (value) => expected(typeof value === 'boolean', 'true or false', value);
    case 'bytes':
      return (value) => expected(value instanceof Uint8Array, 'bytes', value);
    case 'literal':
      return (value) => literalOf(description.values, typeof value === 'bigint' ? numberOf(value, decimal) : value);
    case 'list': {
      const inner = valueReaderOf(description.element, element);
      return (value) => (expected(Array.isArray(value), 'a list', value) as unknown[]).map(inner);
    }
    case 'row':
      return rowReader(
        description.fields.map((field) => [field.name, valueReaderOf(field.type, { ...element, name: field.name })] as const),
      );
    default:
      throw new DataError(
        `Parquet column '${element.name}': values of the type '${kind}' are not read from Parquet. Declare another type, or leave it out.`,
      );
  }
}

function rowReader(fields: readonly (readonly [string, ValueReader])[]): ValueReader {
  return (value) => {
    const source = expected(typeof value === 'object', 'a struct', value) as Record<string, unknown>;
    return Object.fromEntries(fields.map(([name, read]) => [name, read(source[name])]));
  };
}

function expected(holds: boolean, what: string, value: unknown): unknown {
  if (!holds) throw Mismatch.expected(what, value);
  return value;
}

function textOf(value: unknown): unknown {
  return expected(typeof value === 'string', 'text', value);
}

function numberOf(value: unknown, scale: number | undefined): number {
  if (scale !== undefined) return Number(decimalText(unscaled(value), scale));
  if (typeof value === 'number') return value;
  if (typeof value !== 'bigint') throw Mismatch.expected('a number', value);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new Mismatch(`${value} is beyond ±(2^53 - 1); declare the field Types.BIG_INT`);
  return number;
}

function bigintOf(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  throw Mismatch.expected('a whole number', value);
}

/** The digits of a DECIMAL without its point: stored as an integer, or as big-endian two's complement. */
function unscaled(value: unknown): bigint {
  if (!(value instanceof Uint8Array)) return bigintOf(value);
  let digits = 0n;
  for (const byte of value) digits = (digits << 8n) | BigInt(byte);
  return BigInt.asIntN(value.byteLength * 8, digits);
}

function decimalText(digits: bigint, scale: number): string {
  if (scale <= 0) return String(digits * 10n ** BigInt(-scale));
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  return `${digits < 0n ? '-' : ''}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

/** What is nested and undeclared: its whole numbers are numbers, as those of undeclared columns are. */
function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return numberOf(value, undefined);
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plainValue(inner)]));
  }
  return value;
}

const MICROS_PER_MS = 1_000n;
const NANOS_PER_MS = 1_000_000n;
const MS_PER_DAY = 86_400_000;

/** How the decoder hands over annotated values: times as milliseconds, text checked. They run once for each entry of a dictionary. */
export const PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (millis) => (millis === undefined ? undefined : Number(millis)),
  timestampFromMicroseconds: (micros) => (micros === undefined ? undefined : floorDivide(micros, MICROS_PER_MS)),
  timestampFromNanoseconds: (nanos) => (nanos === undefined ? undefined : floorDivide(nanos, NANOS_PER_MS)),
  dateFromDays: (days) => (days === undefined ? undefined : days * MS_PER_DAY),
  stringFromBytes: utf8Of,
  jsonFromBytes: utf8Of,
};

function floorDivide(value: bigint, divisor: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return Math.floor(number / Number(divisor));
  const quotient = value / divisor;
  return Number(value % divisor < 0n ? quotient - 1n : quotient);
}

function utf8Of(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  if (!isUtf8(bytes)) throw new Mismatch('the text is not UTF-8');
  return new TextBytes(bytes).utf8(0, bytes.byteLength);
}
