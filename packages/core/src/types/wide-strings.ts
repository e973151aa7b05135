/** Strings with code units above 255: UTF-8, and UTF-16 for what UTF-8 cannot say (a surrogate without its partner). */
import { HostBuffer } from './host-buffer.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** String.fromCharCode takes this many arguments at once without danger to the stack. */
const CHUNK = 4_096;

/** The length of the UTF-8 form in bytes, −1 if the string is not well formed. */
export function utf8Length(value: string): number {
  let length = 0;
  for (let index = 0; index < value.length; index++) {
    const unit = value.charCodeAt(index);
    if (unit < 0x80) length += 1;
    else if (unit < 0x800) length += 2;
    else if (unit < 0xd800 || unit > 0xdfff) length += 3;
    else {
      const next = unit < 0xdc00 ? value.charCodeAt(index + 1) : 0; // NaN at the end of the string
      if (!(next >= 0xdc00 && next <= 0xdfff)) return -1;
      length += 4;
      index++;
    }
  }
  return length;
}

export function writeUtf8(value: string, bytes: Uint8Array, position: number, length: number): void {
  if (HostBuffer !== undefined) HostBuffer.prototype.utf8Write.call(bytes, value, position, length);
  // encodeInto refuses shared memory in some hosts.
  else bytes.set(encoder.encode(value), position);
}

export function writeUtf16(value: string, view: DataView, position: number): void {
  for (let index = 0; index < value.length; index++) view.setUint16(position + 2 * index, value.charCodeAt(index), true);
}

export function readWide(bytes: Uint8Array, start: number, end: number, utf8: boolean): string {
  if (!utf8) return utf16Of(bytes, start, end);
  if (HostBuffer !== undefined) return HostBuffer.prototype.utf8Slice.call(bytes, start, end);
  // A TextDecoder refuses shared memory.
  return decoder.decode(bytes.buffer instanceof ArrayBuffer ? bytes.subarray(start, end) : bytes.slice(start, end));
}

/** By code units: a TextDecoder would replace the lone surrogates that this form is for. */
function utf16Of(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let from = start; from < end; from += 2 * CHUNK) {
    const units: number[] = [];
    for (let at = from; at < Math.min(end, from + 2 * CHUNK); at += 2) units.push(bytes[at]! | (bytes[at + 1]! << 8));
    text += String.fromCharCode(...units);
  }
  return text;
}
