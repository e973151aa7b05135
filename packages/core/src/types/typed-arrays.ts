import { DataError } from '../base/errors.ts';
import type { BytesReader } from '../bytes/bytes-reader.ts';
import type { BytesWriter } from '../bytes/bytes-writer.ts';
import { HostBuffer } from './host-buffer.ts';
import { damaged } from './strings.ts';
import { readByte, readBytes, writeByte, writeBytes } from './wire.ts';

export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

interface TypedArrayConstructor {
  readonly name: string;
  readonly prototype: object;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike): TypedArray;
}

/** The order is part of the wire format: add at the end only. */
const CONSTRUCTORS: readonly TypedArrayConstructor[] = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

/** Node's Buffer is a Uint8Array with methods of its own; it comes back as one where the host has it. */
const BUFFER = CONSTRUCTORS.length;

export function typedArrayConstructor(name: string): TypedArrayConstructor {
  const found = CONSTRUCTORS.find((candidate) => candidate.name === name);
  if (found === undefined)
    throw new DataError(`${name} is not a kind of typed array. Known: ${CONSTRUCTORS.map((candidate) => candidate.name).join(', ')}.`);
  return found;
}

/** The index on the wire, −1 for a view that is no typed array (DataView) or an instance of a user's subclass. */
export function typedArrayIndex(value: ArrayBufferView): number {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Uint8Array.prototype) return 0;
  if (HostBuffer !== undefined && prototype === HostBuffer.prototype) return BUFFER;
  // By name, for arrays of another realm; the tag is the built-in's own, whatever a subclass is called.
  const tag = (value as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag];
  return CONSTRUCTORS.findIndex((candidate) => candidate.name === tag && prototype.constructor?.name === tag);
}

/** The kind, the length in bytes, the bytes. The elements' byte order is the machine's: little endian on all that Node runs on. */
export function writeTypedArray(value: TypedArray, index: number, output: BytesWriter): void {
  writeByte(index, output);
  writeBytes(asBytes(value), output);
}

export function asBytes(value: TypedArray): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

export function readTypedArray(input: BytesReader): TypedArray {
  const index = readByte(input);
  if (index === BUFFER && HostBuffer !== undefined) return HostBuffer.from(readBytes(input).buffer);
  const maker = index === BUFFER ? Uint8Array : CONSTRUCTORS[index];
  if (maker === undefined) throw damaged(input, `there is no typed array of kind ${index}`);
  return readElements(maker, input);
}

/** The bytes are copied to memory of their own first, so the elements are aligned wherever they lay. */
export function readElements(maker: TypedArrayConstructor, input: BytesReader): TypedArray {
  const bytes = readBytes(input);
  if (bytes.byteLength % maker.BYTES_PER_ELEMENT !== 0) throw damaged(input, `${bytes.byteLength} bytes are no whole ${maker.name}`);
  return new maker(bytes.buffer);
}
