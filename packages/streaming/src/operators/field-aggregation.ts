/**
 * Flink's `sum`, `min`, `max`, `minBy` and `maxBy` as reducers. The first three give the first record with one field replaced; the last two a whole record.
 * Without a field they are for streams of plain values.
 */
import { DataError } from '@millrace/core/base/errors';

type Reducer<T> = (reduced: T, record: T) => T;
/** Joins what the field was with what it is in the next record. */
type Join = (before: unknown, now: unknown) => unknown;

export function sumOf<T>(field?: string): Reducer<T> {
  return fieldReducer(field, (before, now) => addValues(before, now, { name: 'sum', field }));
}

export function minOf<T>(field?: string): Reducer<T> {
  return fieldReducer(field, (before, now) => (compareValues(before, now, { name: 'min', field }) <= 0 ? before : now));
}

export function maxOf<T>(field?: string): Reducer<T> {
  return fieldReducer(field, (before, now) => (compareValues(before, now, { name: 'max', field }) >= 0 ? before : now));
}

/** The record with the least value; of equal ones the first, or with `first` false the last. */
export function minByOf<T>(field?: string, first = true): Reducer<T> {
  return recordReducer(field, first, (before, now) => compareValues(before, now, { name: 'minBy', field }));
}

/** The record with the greatest value; of equal ones the first, or with `first` false the last. */
export function maxByOf<T>(field?: string, first = true): Reducer<T> {
  return recordReducer(field, first, (before, now) => -compareValues(before, now, { name: 'maxBy', field }));
}

function fieldReducer<T>(field: string | undefined, join: Join): Reducer<T> {
  if (field === undefined) return join as Reducer<T>;
  return (reduced, record) => {
    const before = (reduced as Row)[field];
    const after = join(before, (record as Row)[field]);
    if (after === before) return reduced;
    const next = { ...(reduced as Row) }; // records are never changed; the copy keeps the order of the fields, and so the shape
    next[field] = after;
    return next as T;
  };
}

/** `order` is below 0 where the record before stays, above 0 where the next one replaces it. */
function recordReducer<T>(field: string | undefined, first: boolean, order: (before: unknown, now: unknown) => number): Reducer<T> {
  const limit = first ? 0 : -1;
  if (field === undefined) return (reduced, record) => (order(reduced, record) > limit ? record : reduced);
  return (reduced, record) => (order((reduced as Row)[field], (record as Row)[field]) > limit ? record : reduced);
}

type Row = Record<string, unknown>;

export interface Aggregation {
  readonly name: string;
  readonly field: string | undefined;
}

export function addValues(before: unknown, now: unknown, aggregation: Aggregation): number | bigint {
  if (typeof before === 'number' && typeof now === 'number') return before + now;
  if (typeof before === 'bigint' && typeof now === 'bigint') return before + now;
  throw refused(aggregation, 'numbers, or bigints', before, now);
}

export function compareValues(before: unknown, now: unknown, aggregation: Aggregation): number {
  if (typeof before === 'number' && typeof now === 'number') return compareNumbers(before, now);
  if (isOrdered(before) && isOrdered(now) && typeof before === typeof now) return before < now ? -1 : before > now ? 1 : 0;
  throw refused(aggregation, 'numbers, bigints, strings, booleans or Dates, of one kind', before, now);
}

/** NaN stands above every number, as in Flink. */
function compareNumbers(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return a === b ? 0 : Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

function isOrdered(value: unknown): value is string | bigint {
  return typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean' || value instanceof Date;
}

function refused({ name, field }: Aggregation, allowed: string, before: unknown, now: unknown): DataError {
  const where = field === undefined ? `${name} of plain values` : `${name}('${field}')`;
  return new DataError(
    `${where} needs ${allowed}, and got ${shown(before)} and then ${shown(now)}. Filter such records out, or name another field.`,
    { reason: 'field-aggregation' },
  );
}

const LONGEST = 60; // characters of a value in a message

function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  const text =
    (typeof value === 'object' && value !== null ? safeJson(value) : typeof value === 'string' ? JSON.stringify(value) : String(value)) ??
    '';
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function safeJson(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
