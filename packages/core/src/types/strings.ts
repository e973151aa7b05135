/**
 * Strings on the wire. The first byte is the length of a short latin1 string, or one of the marks below followed by a 32-bit length in bytes.
 * One string has one encoding, so equal strings are equal bytes: latin1 if every code unit is below 256, else UTF-8 if it is well formed, else UTF-16.
 */
import { DataError } from '../base/errors.ts';
import type { BytesReader } from '../bytes/bytes-reader.ts';
import type { BytesWriter } from '../bytes/bytes-writer.ts';
import { uncachedLatin1, writeLatin1 } from './latin1.ts';
import { cachedString, LONGEST_CACHED } from './string-cache.ts';
import { readWide, utf8Length, writeUtf8, writeUtf16 } from './wide-strings.ts';

const SHORT_MAX = 0xfa;
const LATIN1 = 0xfb;
const UTF8 = 0xfc;
const UTF16 = 0xfd;

export function writeString(value: string, output: BytesWriter): void {
  const length = value.length;
  output.ensure(length + 5);
  const start = output.position;
  const text = length <= SHORT_MAX ? start + 1 : start + 5;
  if (!writeLatin1(value, output.bytes, text)) {
    writeWide(value, output);
    return;
  }
  if (length <= SHORT_MAX) output.bytes[start] = length;
  else writeHeader(output, LATIN1, length);
  output.position = text + length;
}

/** @cold The string has a code unit above 255. */
function writeWide(value: string, output: BytesWriter): void {
  const utf8 = utf8Length(value);
  const length = utf8 < 0 ? value.length * 2 : utf8;
  output.ensure(length + 5);
  writeHeader(output, utf8 < 0 ? UTF16 : UTF8, length);
  if (utf8 < 0) writeUtf16(value, output.view, output.position + 5);
  else writeUtf8(value, output.bytes, output.position + 5, length);
  output.position += 5 + length;
}

function writeHeader(output: BytesWriter, mark: number, length: number): void {
  output.bytes[output.position] = mark;
  output.view.setUint32(output.position + 1, length, true);
}

export function readString(input: BytesReader): string {
  const start = input.position;
  if (start >= input.limit) throw truncated(input, 1);
  const length = input.bytes[start]!;
  if (length > SHORT_MAX) return readLong(input);
  const end = start + 1 + length;
  if (end > input.limit) throw truncated(input, 1 + length);
  input.position = end;
  return latin1Of(input, start + 1, length);
}

function latin1Of(input: BytesReader, start: number, length: number): string {
  if (length <= LONGEST_CACHED) return cachedString(input.bytes, input.view, start, length);
  return uncachedLatin1(input.bytes, start, start + length);
}

/** @cold */
function readLong(input: BytesReader): string {
  const start = input.position;
  if (start + 5 > input.limit) throw truncated(input, 5);
  const mark = input.bytes[start]!;
  const length = input.view.getUint32(start + 1, true);
  const end = start + 5 + length;
  if (end > input.limit) throw truncated(input, 5 + length);
  if (mark > UTF16 || (mark === UTF16 && length % 2 !== 0))
    throw damaged(input, `a string cannot begin with byte ${mark} and length ${length}`);
  input.position = end;
  return mark === LATIN1 ? latin1Of(input, start + 5, length) : readWide(input.bytes, start + 5, end, mark === UTF8);
}

/** @cold What is thrown when bytes end early, or say that more follows than there is. */
export function truncated(input: BytesReader, needed: number): DataError {
  return damaged(input, `${needed} bytes are needed where ${Math.max(0, input.limit - input.position)} are left`);
}

/** @cold */
export function damaged(input: BytesReader, what: string): DataError {
  return new DataError(`The bytes of a record are damaged at offset ${input.position}: ${what}.`, { reason: 'damaged' });
}
