/**
 * The canonical bytes of keys: equal keys give equal bytes and different keys different ones, whatever their declared types and the order of their fields.
 * A tag for each kind; numbers as 64-bit floats with −0 as 0; fields sorted by name and named; no numbers of shapes. What cannot be a key throws what `refused` makes.
 */
import type { BytesWriter } from '../bytes/bytes-writer.ts';
import { hashString } from './key-hash.ts';
import { isPlain, ownField } from './plain.ts';
import { refused } from './refusal.ts';
import { writeString } from './strings.ts';
import { asBytes, type TypedArray, typedArrayIndex } from './typed-arrays.ts';
import { writeBigInt, writeByte, writeBytes, writeLength } from './wire.ts';

const NULL = 1;
const UNDEFINED = 2;
const FALSE = 3;
const TRUE = 4;
const NUMBER = 5;
const STRING = 6;
const BIG_INT = 7;
const DATE = 8;
const BYTES = 9;
const ARRAY = 10;
const OBJECT = 11;

export function writeCanonical(key: unknown, output: BytesWriter): void {
  switch (typeof key) {
    case 'number':
      if (Number.isNaN(key)) throw refused();
      writeFloat(NUMBER, key, output);
      return;
    case 'string':
      writeByte(STRING, output);
      writeString(key, output);
      return;
    case 'boolean':
      writeByte(key ? TRUE : FALSE, output);
      return;
    case 'bigint':
      writeByte(BIG_INT, output);
      writeBigInt(key, output);
      return;
    case 'undefined':
      writeByte(UNDEFINED, output);
      return;
    case 'object':
      writeCanonicalObject(key, output);
      return;
    default:
      throw refused();
  }
}

function writeFloat(tag: number, value: number, output: BytesWriter): void {
  output.ensure(9);
  output.bytes[output.position] = tag;
  output.view.setFloat64(output.position + 1, value + 0, true);
  output.position += 9;
}

function writeCanonicalObject(key: object | null, output: BytesWriter): void {
  if (key === null) writeByte(NULL, output);
  else if (Array.isArray(key)) writeCanonicalArray(key, output);
  else if (key.constructor === Object || isPlain(key)) writeCanonicalFields(key, output);
  else if (Object.getPrototypeOf(key) === Date.prototype) writeFloat(DATE, timeOf(key as Date), output);
  else writeView(key, output);
}

function timeOf(key: Date): number {
  const time = key.getTime();
  if (Number.isNaN(time)) throw refused();
  return time;
}

function writeView(key: object, output: BytesWriter): void {
  const index = ArrayBuffer.isView(key) ? typedArrayIndex(key) : -1;
  if (index < 0) throw refused();
  writeByte(BYTES, output);
  writeByte(key instanceof Uint8Array ? 0 : index, output); // a Buffer is the Uint8Array of the same bytes
  writeBytes(asBytes(key as TypedArray), output);
}

function writeCanonicalArray(key: readonly unknown[], output: BytesWriter): void {
  writeByte(ARRAY, output);
  writeLength(key.length, output);
  for (let index = 0; index < key.length; index++) writeCanonical(key[index], output);
}

function writeCanonicalFields(key: object, output: BytesWriter): void {
  const names = keyShapeOf(key).sorted;
  writeByte(OBJECT, output);
  writeLength(names.length, output);
  for (const name of names) {
    writeString(name, output);
    writeCanonical(ownField(key, name), output);
  }
}

/** The fields of keys of one shape. */
export interface KeyShape {
  readonly names: readonly string[]; // in the key's own order
  readonly sorted: readonly string[]; // by UTF-16 code units
  readonly hashes: readonly number[]; // of the sorted names
}

/** The keys of one stream mostly have the same fields in the same order, so the last answer is kept. */
let last: KeyShape = { names: [], sorted: [], hashes: [] };

export function keyShapeOf(key: object): KeyShape {
  const names = last.names;
  let index = 0;
  for (const name in key) if (name !== names[index++]) return learn(key);
  return index === names.length ? last : learn(key);
}

function learn(key: object): KeyShape {
  const names = Object.keys(key);
  const sorted = names.toSorted((left, right) => (left < right ? -1 : left > right ? 1 : 0));
  last = { names, sorted, hashes: sorted.map(hashString) };
  return last;
}
