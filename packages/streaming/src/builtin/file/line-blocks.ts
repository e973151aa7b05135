/**
 * Cuts the content of a byte range into blocks of whole lines.
 *
 * B1 a line belongs to the range in which its first byte is: a reader that begins at `start` > 0 first passes over the line under way, and reads past `end` to
 *    finish its last line. So the ranges of a file give each line once, wherever they are cut.
 * B2 a block's bytes are views of the chunks read; only a line that spans chunks is copied.
 */
import { DataError } from '@millrace/core/base/errors';

const NEWLINE = 10;
const LINE_BYTES_MAX = 256 * 1024 * 1024; // a string of V8 cannot hold much more

export interface LineBlock {
  readonly bytes: Uint8Array;
  /** Of the first byte, in the content. */
  readonly offset: number;
}

export interface LineRange {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** Where `content` of `lineBlocks` has to begin: one byte early, to see whether a line begins at `start`. */
export function contentStart(start: number): number {
  return start > 0 ? start - 1 : 0;
}

export async function* lineBlocks(content: AsyncIterable<Uint8Array>, range: LineRange): AsyncIterable<LineBlock> {
  const cutter = new LineCutter(range);
  for await (const chunk of content) {
    yield* cutter.take(chunk);
    if (cutter.done) return;
  }
  yield* cutter.rest();
}

class LineCutter {
  done = false;
  readonly #range: LineRange;
  #offset: number; // of the next chunk
  #skipping: boolean;
  #carry: Uint8Array[] = []; // the beginning of a line whose end was not read yet
  #carryBytes = 0;

  constructor(range: LineRange) {
    this.#range = range;
    this.#offset = contentStart(range.start);
    this.#skipping = range.start > 0;
  }

  take(chunk: Uint8Array): LineBlock[] {
    const blocks: LineBlock[] = [];
    let position = this.#skip(chunk);
    if (this.#carry.length > 0 && position < chunk.byteLength) position = this.#finishCarry(chunk, position, blocks);
    if (position < chunk.byteLength) this.#wholeLines(chunk, position, blocks);
    this.#offset += chunk.byteLength;
    if (this.#carry.length === 0 && this.#offset >= this.#range.end) this.done = true;
    return blocks;
  }

  rest(): LineBlock[] {
    return this.#carry.length === 0 ? [] : [this.#joined(this.#offset)];
  }

  #skip(chunk: Uint8Array): number {
    if (!this.#skipping) return 0;
    const newline = chunk.indexOf(NEWLINE);
    if (newline === -1) return chunk.byteLength;
    this.#skipping = false;
    return newline + 1;
  }

  #finishCarry(chunk: Uint8Array, position: number, blocks: LineBlock[]): number {
    const newline = chunk.indexOf(NEWLINE, position);
    this.#keep(chunk.subarray(position, newline === -1 ? chunk.byteLength : newline + 1));
    if (newline === -1) return chunk.byteLength;
    blocks.push(this.#joined(this.#offset + newline + 1));
    return newline + 1;
  }

  #wholeLines(chunk: Uint8Array, position: number, blocks: LineBlock[]): void {
    const end = this.#range.end - this.#offset; // in this chunk, or past it
    if (position >= end) {
      this.done = true;
      return;
    }
    // The last line that begins before the range's end ends at the first newline from there on.
    const over = end <= chunk.byteLength ? chunk.indexOf(NEWLINE, end - 1) : -1;
    const last = over === -1 ? chunk.lastIndexOf(NEWLINE) : over;
    if (last >= position) blocks.push({ bytes: chunk.subarray(position, last + 1), offset: this.#offset + position });
    if (over !== -1) this.done = true;
    else if (last + 1 < chunk.byteLength) this.#keep(chunk.subarray(Math.max(position, last + 1)));
  }

  #keep(bytes: Uint8Array): void {
    this.#carry.push(bytes);
    this.#carryBytes += bytes.byteLength;
    if (this.#carryBytes > LINE_BYTES_MAX) {
      throw new DataError(
        `The file '${this.#range.path}' has a line of more than ${LINE_BYTES_MAX} bytes before byte ${this.#offset}. Lines end with a newline (\\n): check that it is a text file.`,
      );
    }
  }

  #joined(endOffset: number): LineBlock {
    const bytes = new Uint8Array(this.#carryBytes);
    let filled = 0;
    for (const part of this.#carry) {
      bytes.set(part, filled);
      filled += part.byteLength;
    }
    this.#carry = [];
    this.#carryBytes = 0;
    return { bytes, offset: endOffset - filled };
  }
}
