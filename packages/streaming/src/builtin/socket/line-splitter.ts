/**
 * Cuts a stream of bytes at a delimiter, which may be spread over chunks. Owned by one connection.
 *
 * Text is UTF-8, checked. With the delimiter \n, a \r before it belongs to it.
 */
import { DataError } from '@millrace/core/base/errors';

const LINE_BYTES_MAX = 16 * 1024 * 1024;
const CARRIAGE_RETURN = 13;

export class LineSplitter {
  readonly #delimiter: Uint8Array;
  readonly #isNewline: boolean;
  readonly #place: string;
  readonly #text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #carry: Uint8Array = new Uint8Array(0);

  /** `place` is for messages: host and port. */
  constructor(delimiter: string, place: string) {
    this.#delimiter = new TextEncoder().encode(delimiter);
    this.#isNewline = delimiter === '\n';
    this.#place = place;
  }

  *lines(chunk: Uint8Array): Iterable<string> {
    const bytes = this.#carry.byteLength === 0 ? chunk : joined(this.#carry, chunk);
    let start = 0;
    let search = Math.max(0, this.#carry.byteLength - this.#delimiter.byteLength + 1);
    for (;;) {
      const at = this.#find(bytes, search);
      if (at === -1) break;
      yield this.#line(bytes, start, at);
      start = at + this.#delimiter.byteLength;
      search = start;
    }
    this.#carry = bytes.slice(start);
    if (this.#carry.byteLength > LINE_BYTES_MAX)
      throw new DataError(
        `${this.#place} sent ${this.#carry.byteLength} bytes without a delimiter; a line has at most ${LINE_BYTES_MAX}. Check the delimiter.`,
      );
  }

  /** What came after the last delimiter; undefined if nothing did. */
  rest(): string | undefined {
    if (this.#carry.byteLength === 0) return undefined;
    const line = this.#line(this.#carry, 0, this.#carry.byteLength);
    this.#carry = new Uint8Array(0);
    return line;
  }

  #find(bytes: Uint8Array, from: number): number {
    const delimiter = this.#delimiter;
    const [first] = delimiter as unknown as [number];
    for (let at = bytes.indexOf(first, from); at !== -1; at = bytes.indexOf(first, at + 1)) {
      if (at + delimiter.byteLength > bytes.byteLength) return -1;
      let matched = 1;
      while (matched < delimiter.byteLength && bytes[at + matched] === delimiter[matched]) matched += 1;
      if (matched === delimiter.byteLength) return at;
    }
    return -1;
  }

  #line(bytes: Uint8Array, start: number, end: number): string {
    const last = this.#isNewline && end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    try {
      return this.#text.decode(bytes.subarray(start, last));
    } catch (error) {
      throw new DataError(`${this.#place} sent a line of ${last - start} bytes that is not UTF-8. Send text as UTF-8.`, { cause: error });
    }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.byteLength + b.byteLength);
  bytes.set(a);
  bytes.set(b, a.byteLength);
  return bytes;
}
