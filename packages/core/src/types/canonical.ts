/**
 * The canonical bytes of keys: equal keys give equal bytes and different keys different ones, whatever their declared types and the order of their fields.
 * A tag for each kind; numbers as 64-bit floats with −0 as 0; fields sorted by name and named; no numbers of shapes. What cannot be a key is refused before.
 */
import type { BytesWriter } from '../bytes/bytes-writer.ts';
import { ownField } from './plain.ts';
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
    default:
      writeCanonicalObject(key as object | null, output);
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
  else if (key instanceof Date) writeFloat(DATE, key.getTime(), output);
  else if (ArrayBuffer.isView(key)) {
    writeByte(BYTES, output);
    writeByte(key instanceof Uint8Array ? 0 : typedArrayIndex(key), output); // a Buffer is the Uint8Array of the same bytes
    writeBytes(asBytes(key as TypedArray), output);
  } else writeCanonicalFields(key, output);
}

function writeCanonicalArray(key: readonly unknown[], output: BytesWriter): void {
  writeByte(ARRAY, output);
  writeLength(key.length, output);
  for (let index = 0; index < key.length; index++) writeCanonical(key[index], output);
}

function writeCanonicalFields(key: object, output: BytesWriter): void {
  const names = sortedKeysOf(key);
  writeByte(OBJECT, output);
  writeLength(names.length, output);
  for (const name of names) {
    writeString(name, output);
    writeCanonical(ownField(key, name), output);
  }
}

/** By UTF-16 code units. The keys of one stream mostly have the same fields in the same order, so the last answer is kept. */
export function sortedKeysOf(key: object): readonly string[] {
  const names = Object.keys(key);
  if (sameNames(names, lastNames)) return lastSorted;
  lastNames = names;
  lastSorted = names.toSorted((left, right) => (left < right ? -1 : left > right ? 1 : 0));
  return lastSorted;
}

let lastNames: readonly string[] = [];
let lastSorted: readonly string[] = [];

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
}
