/** Strings with code units above 255: UTF-8, and UTF-16 for what UTF-8 cannot say (a surrogate without its partner). */
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
  // encodeInto refuses shared memory in some hosts, so those bytes are made beside it.
  if (bytes.buffer instanceof ArrayBuffer) encoder.encodeInto(value, bytes.subarray(position, position + length));
  else bytes.set(encoder.encode(value), position);
}

export function writeUtf16(value: string, view: DataView, position: number): void {
  for (let index = 0; index < value.length; index++) view.setUint16(position + 2 * index, value.charCodeAt(index), true);
}

export function readWide(bytes: Uint8Array, start: number, end: number, utf8: boolean): string {
  const own = bytes.buffer instanceof ArrayBuffer ? bytes.subarray(start, end) : bytes.slice(start, end);
  return utf8 ? decoder.decode(own) : utf16Of(own);
}

/** By code units: a TextDecoder would replace the lone surrogates that this form is for. */
function utf16Of(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += 2 * CHUNK) {
    const units: number[] = [];
    for (let index = start; index < Math.min(bytes.length, start + 2 * CHUNK); index += 2)
      units.push(bytes[index]! | (bytes[index + 1]! << 8));
    text += String.fromCharCode(...units);
  }
  return text;
}
