/**
 * Turns blocks of lines into batches of records.
 *
 * D1 text is UTF-8, checked: bytes that are not are a bad record, never silently replaced.
 * D2 a line ends with \n or \r\n; a byte order mark at the beginning of a file is no part of it.
 * D3 each line is a string of its own, so a record that is kept does not keep its neighbours alive.
 */
import { DataError, isMillraceError } from '@millrace/core/base/errors';
import { isAscii, isUtf8, TextBytes } from '@millrace/core/fs/node/text';
import { ArrayBatch, type BadRecordPolicy } from './batch.ts';
import type { LineBlock } from './line-blocks.ts';

/** A line that is no record, such as an empty one. */
export const NO_RECORD = Symbol('no record');
/** The record goes on in the next line. */
export const UNFINISHED = Symbol('unfinished');

export interface LineParser<T> {
  /** Throws what is wrong with the line; the reader adds where. A `UsageError` fails the job under every policy. */
  parse(line: string): T | typeof NO_RECORD | typeof UNFINISHED;
}

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const SHOWN_CHARS_MAX = 200;

export interface LinePlace {
  readonly path: string;
  /** Number of the first line, from 1; undefined where the split begins in the middle of the file. */
  readonly firstLine: number | undefined;
}

/** `text` only where the bytes are UTF-8. */
interface BadInput {
  readonly bytes: Uint8Array;
  readonly text?: string;
}

export class LineDecoder<T> {
  readonly #parser: LineParser<T>;
  readonly #policy: BadRecordPolicy;
  readonly #place: LinePlace;
  #lines = 0; // of the blocks before, and of this one so far
  #unfinished = ''; // lines of a record that goes on
  #unfinishedAt = 0;
  #unfinishedLines = 0;

  constructor(parser: LineParser<T>, policy: BadRecordPolicy, place: LinePlace) {
    this.#parser = parser;
    this.#policy = policy;
    this.#place = place;
  }

  /** The records of a block, up to the failure if there is one: `batch.failure`. */
  decode(block: LineBlock): ArrayBatch<T> {
    const { bytes } = block;
    const batch = new ArrayBatch<T>(bytes.byteLength);
    const text = new TextBytes(bytes);
    const ascii = isAscii(bytes);
    const valid = ascii || isUtf8(bytes);
    let start = block.offset === 0 && startsWithMark(bytes) ? 3 : 0;
    while (start < bytes.byteLength && batch.failure === undefined) {
      const newline = bytes.indexOf(NEWLINE, start);
      const next = newline === -1 ? bytes.byteLength : newline + 1;
      let end = newline === -1 ? next : newline;
      if (end > start && bytes[end - 1] === CARRIAGE_RETURN) end -= 1;
      this.#lines += 1;
      if (valid || isUtf8(bytes.subarray(start, end)))
        this.#line(ascii ? text.ascii(start, end) : text.utf8(start, end), block, start, batch);
      else
        this.#bad(
          batch,
          { bytes: new Uint8Array(bytes.subarray(start, end)) },
          block.offset + start,
          brokenUtf8(bytes.subarray(start, end)),
        );
      start = next;
    }
    return batch;
  }

  /** After the last block: a record that was never finished. */
  finish(): ArrayBatch<T> {
    const batch = new ArrayBatch<T>(0);
    if (this.#unfinishedLines > 0)
      this.#badText(batch, this.#unfinished, this.#unfinishedAt, new Error('the record is not finished at the end of the input'));
    return batch;
  }

  #line(line: string, block: LineBlock, start: number, batch: ArrayBatch<T>): void {
    const text = this.#unfinishedLines > 0 ? `${this.#unfinished}\n${line}` : line;
    const at = this.#unfinishedLines > 0 ? this.#unfinishedAt : block.offset + start;
    try {
      const record = this.#parser.parse(text);
      if (record === UNFINISHED) {
        this.#unfinished = text;
        this.#unfinishedAt = at;
        this.#unfinishedLines += 1;
        return;
      }
      if (record !== NO_RECORD) batch.records.push(record);
      this.#unfinishedLines = 0;
    } catch (error) {
      if (isMillraceError(error) && error.kind === 'usage') throw error; // the declaration does not fit the file: no line of it will do
      this.#badText(batch, text, at, error);
    }
  }

  #badText(batch: ArrayBatch<T>, text: string, position: number, cause: unknown): void {
    this.#bad(batch, { bytes: new TextEncoder().encode(text), text }, position, cause);
    this.#unfinishedLines = 0;
  }

  #bad(batch: ArrayBatch<T>, { bytes, text }: BadInput, position: number, cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const line = this.#place.firstLine === undefined ? null : this.#place.firstLine + this.#lines - 1 - this.#unfinishedLines;
    if (this.#policy.kind === 'fail') {
      const where = `'${this.#place.path}', ${line === null ? '' : `line ${line}, `}byte ${position}`;
      const shown = text === undefined ? hexOf(bytes) : text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
      const next = "Correct the input, or set onBadRecord('skip') or onBadRecord({ sideOutput: tag }) on the source.";
      batch.failure = new DataError(`${where}: ${reason}. The input there is: ${shown}\n${next}`, { cause, reason: 'bad-record' });
      return;
    }
    const record = this.#policy.kind === 'skip' ? undefined : { file: this.#place.path, position, line, bytes, reason };
    batch.bad.push({ before: batch.records.length, record });
  }
}

function startsWithMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function brokenUtf8(line: Uint8Array): Error {
  const at = firstBroken(line);
  const byte = (line[at] ?? 0).toString(16).padStart(2, '0');
  return new Error(`the line is not UTF-8: byte 0x${byte} at ${at} of the line`);
}

/** The first byte at which no valid sequence begins, or that breaks the one under way. */
function firstBroken(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.byteLength) {
    const lead = bytes[at] as number;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (!isUtf8(bytes.subarray(at, at + length))) return at;
    at += length;
  }
  return at;
}

const HEX_BYTES_MAX = 48;

function hexOf(bytes: Uint8Array): string {
  const hex = Array.from(bytes.subarray(0, HEX_BYTES_MAX), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return bytes.byteLength > HEX_BYTES_MAX ? `${hex} …` : hex;
}
