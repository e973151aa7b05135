/** Scalars of declared types out of what files hold: JSON values, or the texts of CSV fields. */
import type { TypeDescription } from '@millrace/core/types/type-information';
import { Mismatch } from './mismatch.ts';

type Integer = 'byte' | 'short' | 'int' | 'long';

const LIMITS: Readonly<Record<Integer, readonly [number, number]>> = {
  byte: [-128, 127],
  short: [-32_768, 32_767],
  int: [-2_147_483_648, 2_147_483_647],
  long: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};
const EXPECTED: Readonly<Record<Integer, string>> = {
  byte: 'a BYTE (a whole number from -128 to 127)',
  short: 'a SHORT (a whole number from -32768 to 32767)',
  int: 'an INT (a whole number of 32 bits)',
  long: 'a LONG (a whole number within ±(2^53 - 1); declare Types.BIG_INT for greater ones)',
};
const WHOLE = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
// The forms of ISO 8601 that Date.parse takes the same way on every machine: a time without a zone would depend on it.
const INSTANT = /^[+-]?\d{4,6}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2}))?$/;

export function isInteger(kind: TypeDescription['kind']): kind is Integer {
  return kind === 'byte' || kind === 'short' || kind === 'int' || kind === 'long';
}

export function integerOf(kind: Integer, value: unknown): number {
  const [least, greatest] = LIMITS[kind];
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= greatest) return value;
  throw Mismatch.expected(EXPECTED[kind], value);
}

export function integerOfText(kind: Integer, text: string): number {
  const number = WHOLE.test(text) ? Number(text) : Number.NaN;
  const [least, greatest] = LIMITS[kind];
  if (number >= least && number <= greatest) return number;
  throw Mismatch.expected(EXPECTED[kind], text);
}

export function doubleOf(value: unknown): number {
  if (typeof value === 'number') return value;
  const number = typeof value === 'string' ? notFinite(value) : undefined;
  if (number === undefined) throw Mismatch.expected('a number', value);
  return number;
}

export function doubleOfText(text: string): number {
  const number = DECIMAL.test(text) ? Number(text) : notFinite(text);
  if (number === undefined) throw Mismatch.expected('a number', text);
  return number;
}

function notFinite(text: string): number | undefined {
  return text === 'NaN' || text === 'Infinity' || text === '-Infinity' ? Number(text) : undefined;
}

export function bigintOf(value: unknown): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && WHOLE.test(value)) return BigInt(value.replace(/^\+/, ''));
  throw Mismatch.expected('a whole number', value);
}

/** ISO 8601 text with a zone, a date alone (midnight UTC), or milliseconds since the epoch. */
export function instantOf(value: unknown): Date {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return new Date(value);
  if (typeof value === 'string') {
    const date = INSTANT.test(value) ? new Date(value.replace(' ', 'T')) : WHOLE.test(value) ? new Date(Number(value)) : undefined;
    if (date !== undefined && !Number.isNaN(date.getTime())) return date;
  }
  throw Mismatch.expected('an instant (ISO 8601 text with Z or an offset, or milliseconds since the epoch)', value);
}

export function bytesOf(value: unknown): Uint8Array {
  if (typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0) {
    return Uint8Array.from(atob(value), (char) => char.charCodeAt(0));
  }
  throw Mismatch.expected('bytes as base64 text', value);
}

export function literalOf(values: readonly unknown[], value: unknown): unknown {
  if (values.includes(value)) return value;
  throw Mismatch.expected(`one of ${values.map((each) => JSON.stringify(each)).join(', ')}`, value);
}
