/**
 * About how many bytes of memory a value takes, for reports. It looks at a bounded part of the value, whatever its size, and takes the rest to be like that: a Map of
 * a million entries costs as much to look at as one of ten. What several values share is counted for each of them.
 */

/** For maps whose fields nobody outside sees: how many entries they have, and some or all of these. */
export const MEMORY_ENTRIES: unique symbol = Symbol('millrace.memory-entries');

export interface HasMemoryEntries {
  [MEMORY_ENTRIES](): { readonly size: number; readonly entries: Iterable<readonly [unknown, unknown]> };
}

/** What V8 takes on a 64-bit machine, without compressed pointers. */
const POINTER_BYTES = 8;
const OBJECT_BYTES = 24;
const NUMBER_BYTES = 12; // between a small integer, which has its place in the pointer, and one of its own
const STRING_BYTES = 20;
const MAP_ENTRY_BYTES = 40; // with what its table has to spare
const VIEW_BYTES = 160;
const OTHER_BYTES = 32;
/** Parts of one collection that are looked at. */
const SAMPLE = 8;
const DEPTH_MAX = 6;

export function estimatedBytes(value: unknown): number {
  return estimate(value, 0);
}

/** What `count` of them take if they are like the `sample`. */
export function estimatedBytesOfMany(count: number, sample: Iterable<unknown>, max = SAMPLE): number {
  return count === 0 ? 0 : Math.round(count * meanOf(sample, max, 0));
}

function estimate(value: unknown, depth: number): number {
  switch (typeof value) {
    case 'string':
      return POINTER_BYTES + STRING_BYTES + value.length; // one byte for a character: most text is Latin
    case 'number':
      return NUMBER_BYTES;
    case 'bigint':
      return POINTER_BYTES + OTHER_BYTES;
    case 'object':
      return value === null ? POINTER_BYTES : POINTER_BYTES + ofObject(value, depth);
    default:
      return POINTER_BYTES;
  }
}

function ofObject(value: object, depth: number): number {
  if (ArrayBuffer.isView(value)) return VIEW_BYTES + value.byteLength;
  if (value instanceof ArrayBuffer) return OTHER_BYTES + value.byteLength;
  if (depth >= DEPTH_MAX) return OTHER_BYTES;
  if (Array.isArray(value)) return OBJECT_BYTES + Math.round(value.length * meanOf(spread(value), SAMPLE, depth + 1));
  if (value instanceof Map) return ofEntries(value.size, value, depth);
  if (value instanceof Set) return OBJECT_BYTES + Math.round(value.size * (MAP_ENTRY_BYTES + meanOf(value, SAMPLE, depth + 1)));
  if (MEMORY_ENTRIES in value) {
    const { size, entries } = (value as HasMemoryEntries)[MEMORY_ENTRIES]();
    return ofEntries(size, entries, depth);
  }
  return ofFields(value, depth);
}

function ofEntries(size: number, entries: Iterable<readonly [unknown, unknown]>, depth: number): number {
  let bytes = 0;
  let seen = 0;
  for (const [key, value] of entries) {
    bytes += MAP_ENTRY_BYTES + estimate(key, depth + 1) + estimate(value, depth + 1);
    seen += 1;
    if (seen === SAMPLE) break;
  }
  return OBJECT_BYTES + (seen === 0 ? 0 : Math.round((size * bytes) / seen));
}

function ofFields(value: object, depth: number): number {
  let bytes = OBJECT_BYTES;
  let seen = 0;
  const names = Object.keys(value);
  for (const name of names.slice(0, 4 * SAMPLE)) {
    bytes += estimate((value as Readonly<Record<string, unknown>>)[name], depth + 1);
    seen += 1;
  }
  return seen < names.length ? Math.round((bytes * names.length) / seen) : bytes;
}

function meanOf(sample: Iterable<unknown>, max: number, depth: number): number {
  let bytes = 0;
  let seen = 0;
  for (const value of sample) {
    bytes += estimate(value, depth);
    seen += 1;
    if (seen === max) break;
  }
  return seen === 0 ? POINTER_BYTES : bytes / seen;
}

/** Some elements from all over an array. */
function* spread(values: readonly unknown[]): Iterable<unknown> {
  const step = Math.max(1, Math.floor(values.length / SAMPLE));
  for (let index = 0; index < values.length; index += step) yield values[index];
}
