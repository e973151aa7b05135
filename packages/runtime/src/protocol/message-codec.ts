/**
 * Control messages as text: JSON, with what JSON has not (bytes, bigint, undefined in arrays, numbers that are not finite, dates, maps, sets) in tagged objects
 * `{"$": tag, "v": …}`. Nothing in it is code, no foreign format is read (D12), and the reader is bounded in length and depth: what comes from another
 * process is distrusted.
 */
import { DataError } from '@millrace/core/base/errors';

/** Far above any honest message: the largest are batches of `executeAndCollect`. */
export const MAX_MESSAGE_CHARS = 256 * 1024 * 1024;
export const MAX_MESSAGE_DEPTH = 100;
const TAG = '$';

export function encodeMessage(message: unknown): string {
  const text = JSON.stringify(toPlain(message, 0));
  if (text.length > MAX_MESSAGE_CHARS) {
    throw new DataError(`A control message of ${text.length} characters is above the bound of ${MAX_MESSAGE_CHARS}. Send it in parts.`);
  }
  return text;
}

/** Throws a `DataError` for anything that `encodeMessage` does not write. */
export function decodeMessage(text: string): unknown {
  if (text.length > MAX_MESSAGE_CHARS) {
    throw new DataError(
      `A control message of ${text.length} characters came in; at most ${MAX_MESSAGE_CHARS} are read. Is the peer a Millrace process?`,
    );
  }
  let plain: unknown;
  try {
    plain = JSON.parse(text);
  } catch (error) {
    throw new DataError(`A control message is no JSON: ${text.slice(0, 80)}. Is the peer a Millrace process?`, { cause: error });
  }
  return fromPlain(plain, 0);
}

function toPlain(value: unknown, depth: number): unknown {
  if (depth > MAX_MESSAGE_DEPTH)
    throw new DataError(`A control message is nested deeper than ${MAX_MESSAGE_DEPTH} levels; it may hold a cycle.`);
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : tagged('number', Object.is(value, -0) ? '-0' : String(value));
    case 'bigint':
      return tagged('bigint', String(value));
    case 'undefined':
      return tagged('undefined', 0);
    case 'object':
      return value === null ? null : objectToPlain(value, depth);
    default:
      throw new DataError(`A control message holds a ${typeof value}, which cannot travel. Send plain data.`);
  }
}

function objectToPlain(value: object, depth: number): unknown {
  if (Array.isArray(value)) return value.map((item) => toPlain(item, depth + 1));
  if (value instanceof Uint8Array) return tagged('bytes', Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'));
  if (value instanceof Date) return tagged('date', toPlain(value.getTime(), depth));
  if (value instanceof Map) return tagged('map', toPlain([...value], depth));
  if (value instanceof Set) return tagged('set', toPlain([...value], depth));
  refuseClasses(value);
  const plain: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    if (key === '__proto__') throw new DataError('A control message has a field named __proto__, which no message may have.');
    if (field !== undefined) plain[key] = toPlain(field, depth + 1);
  }
  return TAG in plain ? tagged('object', plain) : plain;
}

/** Its methods and private fields would be lost without a word. */
function refuseClasses(value: object): void {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype || prototype.constructor?.name === 'Object') return;
  throw new DataError(
    `A control message holds an instance of ${prototype.constructor?.name ?? 'a class'}, which cannot travel. Send plain data.`,
  );
}

function tagged(tag: string, value: unknown): unknown {
  return { [TAG]: tag, v: value };
}

function fromPlain(plain: unknown, depth: number): unknown {
  if (typeof plain !== 'object' || plain === null) return plain;
  if (depth > MAX_MESSAGE_DEPTH) throw new DataError(`A control message came in that is nested deeper than ${MAX_MESSAGE_DEPTH} levels.`);
  if (Array.isArray(plain)) return plain.map((item) => fromPlain(item, depth + 1));
  if (Object.hasOwn(plain, TAG)) return untag(plain as { v: unknown }, depth);
  return fieldsFromPlain(plain, depth);
}

function fieldsFromPlain(plain: object, depth: number): unknown {
  if (Object.hasOwn(plain, '__proto__'))
    throw new DataError('A control message came in with a field named __proto__, which no message may have.');
  const value: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(plain)) value[key] = fromPlain(field, depth + 1);
  return value;
}

function untag(plain: { readonly [TAG]?: unknown; readonly v: unknown }, depth: number): unknown {
  const { [TAG]: tag, v } = plain;
  if (tag === 'undefined') return undefined;
  if (tag === 'object' && typeof v === 'object' && v !== null) return fieldsFromPlain(v, depth);
  if (tag === 'date') return new Date(fromPlain(v, depth) as number);
  if (typeof v === 'string') {
    if (tag === 'bytes') return new Uint8Array(Buffer.from(v, 'base64'));
    if (tag === 'number') return Number(v);
    if (tag === 'bigint' && /^-?\d{1,4096}$/.test(v)) return BigInt(v);
  }
  const items = Array.isArray(v) ? (fromPlain(v, depth) as unknown[]) : undefined;
  if (tag === 'set' && items !== undefined) return new Set(items);
  if (tag === 'map' && items?.every((item) => Array.isArray(item) && item.length === 2)) return new Map(items as [unknown, unknown][]);
  throw new DataError(`A control message holds the tag ${JSON.stringify(tag)} with ${typeof v}; it is unknown or damaged.`);
}
