/** The parts of the wire format that generated and interpreted codecs share: values whose length is not known before they are seen. Little endian. */
import type { BytesReader } from '../bytes/bytes-reader.ts';
import type { BytesWriter } from '../bytes/bytes-writer.ts';
import { UNDEFINED } from './layout.ts';
import { damaged, truncated } from './strings.ts';

/** A bigint is a mark, then 64 bits, or the length and bytes of its magnitude. */
const INT64 = 0;
const POSITIVE = 1;
const NEGATIVE = 2;

export function writeBigInt(value: bigint, output: BytesWriter): void {
  output.ensure(9);
  if (BigInt.asIntN(64, value) !== value) {
    writeMagnitude(value, output);
    return;
  }
  output.bytes[output.position] = INT64;
  output.view.setBigInt64(output.position + 1, value, true);
  output.position += 9;
}

function writeMagnitude(value: bigint, output: BytesWriter): void {
  const digits = (value < 0n ? -value : value).toString(16);
  const length = (digits.length + 1) >> 1;
  const padded = digits.padStart(length * 2, '0');
  output.ensure(5 + length);
  output.bytes[output.position] = value < 0n ? NEGATIVE : POSITIVE;
  output.view.setUint32(output.position + 1, length, true);
  output.position += 5;
  for (let index = 0; index < length; index++)
    output.bytes[output.position++] = Number.parseInt(padded.slice(2 * index, 2 * index + 2), 16);
}

export function readBigInt(input: BytesReader): bigint {
  const mark = readByte(input);
  if (mark === INT64) {
    const position = take(input, 8);
    return input.view.getBigInt64(position, true);
  }
  if (mark > NEGATIVE) throw damaged(input, `a bigint cannot begin with byte ${mark}`);
  const length = readLength(input, 1);
  const start = take(input, length);
  let digits = '0x0';
  for (let index = 0; index < length; index++) digits += input.bytes[start + index]!.toString(16).padStart(2, '0');
  return mark === NEGATIVE ? -BigInt(digits) : BigInt(digits);
}

/** The length in bytes, then the bytes. */
export function writeBytes(value: Uint8Array, output: BytesWriter): void {
  output.ensure(4 + value.byteLength);
  output.view.setUint32(output.position, value.byteLength, true);
  output.bytes.set(value, output.position + 4);
  output.position += 4 + value.byteLength;
}

/** A copy in memory of its own, never shared between threads. */
export function readBytes(input: BytesReader): Uint8Array {
  const length = readLength(input, 1);
  const start = take(input, length);
  return Uint8Array.prototype.slice.call(input.bytes, start, start + length);
}

export function readByte(input: BytesReader): number {
  if (input.position >= input.limit) throw truncated(input, 1);
  return input.bytes[input.position++]!;
}

export function writeByte(value: number, output: BytesWriter): void {
  output.ensure(1);
  output.bytes[output.position++] = value;
}

export function writeLength(length: number, output: BytesWriter): void {
  output.ensure(4);
  output.view.setUint32(output.position, length, true);
  output.position += 4;
}

/** A count of things that take at least `least` bytes each, so that bytes which lie about it are found out before anything is allocated. */
export function readLength(input: BytesReader, least: number): number {
  const position = take(input, 4);
  const length = input.view.getUint32(position, true);
  if (length * least > input.limit - input.position) throw truncated(input, length * least);
  return length;
}

/** Moves past `size` bytes and gives the position where they begin. */
export function take(input: BytesReader, size: number): number {
  const position = input.position;
  if (position + size > input.limit) throw truncated(input, size);
  input.position = position + size;
  return position;
}

/** The byte before a value that may be null. */
export function readNullMark(input: BytesReader): number {
  const mark = readByte(input);
  if (mark > 1) throw damaged(input, `a value that may be null cannot begin with byte ${mark}`);
  return mark;
}

/** The byte before a field that may be absent. */
export function readFieldState(input: BytesReader): number {
  const state = readByte(input);
  if (state > UNDEFINED) throw damaged(input, `an optional field cannot begin with byte ${state}`);
  return state;
}
