import type { AnyTypeInformation } from '@millrace/core/types/type-information';
import type { FileStatus } from '@millrace/core/fs/file-system';
import type { MaybePromise } from '../../contract/emittable.ts';
import { ArrayBatch, type Batch } from './batch.ts';
import type { FilePart, FileSplit } from './file-split.ts';
import type { FileFormat } from './file-split-source.ts';
import { contentStart, lineBlocks } from './line-blocks.ts';
import type { LineParser } from './line-decoder.ts';
import { contentOf, LineFileFormat, partsOfLines, rangeOf } from './line-file-format.ts';

/**
 * How records are read out of a stream of bytes. Extend it for a format of your own.
 *
 * A splittable format is one of lines: the source cuts files at newlines and `read` gets whole lines. A file of any other format, and a compressed one, is
 * read by one reader from beginning to end.
 */
export abstract class StreamFormat<out T> {
  abstract readonly splittable: boolean;
  /** Of the records, if it is declared: `fromSource` takes it over. */
  readonly type?: AnyTypeInformation | undefined;
  /** `content` is decompressed; `position` is the offset of its first byte in the (decompressed) file. */
  abstract read(content: AsyncIterable<Uint8Array>, position: number): AsyncIterable<T>;
}

/** A format whose records are lines, or runs of lines; the source reads such formats without a promise for each record. */
export interface LineStreamFormat<out T> extends StreamFormat<T> {
  parserFor(split: FileSplit): MaybePromise<LineParser<T>>;
}

/** The plainest format: whole files, decompressed, whatever they hold. Flink: `FileInputFormat`. */
export interface FileInputFormat<out T> {
  /** Of the records, if it is declared. */
  readonly type?: AnyTypeInformation | undefined;
  read(path: string, content: AsyncIterable<Uint8Array>): AsyncIterable<T>;
}

export function fileFormatOf<T>(format: StreamFormat<T>): FileFormat<T> {
  if ('parserFor' in format) {
    const lines = format as LineStreamFormat<T>;
    return new LineFileFormat<T>({ type: lines.type, splittable: lines.splittable, parserFor: (split) => lines.parserFor(split) });
  }
  const { type, splittable } = format;
  const content = (split: FileSplit) => (split.start === 0 && !splittable ? contentOf(split, 0) : wholeLines(split));
  return new RecordFormat({ type, splittable, read: (split) => format.read(content(split), split.start) });
}

export function wholeFileFormat<T>(format: FileInputFormat<T>): FileFormat<T> {
  const read = (split: FileSplit) => format.read(split.path, contentOf(split, 0));
  return new RecordFormat({ type: format.type, splittable: false, read });
}

const RECORDS_PER_BATCH = 256;
const RECORD_BYTES_GUESS = 256; // how much a format reads for a record is not known here

interface RecordFormatOptions<T> {
  readonly type: AnyTypeInformation | undefined;
  readonly splittable: boolean;
  readonly read: (split: FileSplit) => AsyncIterable<T>;
}

/** A format of the user's: every record may be a promise. */
class RecordFormat<out T> implements FileFormat<T> {
  readonly type: AnyTypeInformation | undefined;
  readonly linesOnly: boolean;
  readonly #read: (split: FileSplit) => AsyncIterable<T>;

  constructor({ type, splittable, read }: RecordFormatOptions<T>) {
    this.type = type;
    this.linesOnly = splittable;
    this.#read = read;
  }

  partsOf(file: FileStatus): readonly FilePart[] {
    return partsOfLines(file, this.linesOnly);
  }

  async *read(split: FileSplit): AsyncIterable<Batch<T>> {
    let batch = new ArrayBatch<T>(RECORDS_PER_BATCH * RECORD_BYTES_GUESS);
    for await (const record of this.#read(split)) {
      batch.records.push(record);
      if (batch.size < RECORDS_PER_BATCH) continue;
      yield batch;
      batch = new ArrayBatch<T>(RECORDS_PER_BATCH * RECORD_BYTES_GUESS);
    }
    if (batch.size > 0) yield batch;
  }
}

async function* wholeLines(split: FileSplit): AsyncIterable<Uint8Array> {
  for await (const block of lineBlocks(contentOf(split, contentStart(split.start)), rangeOf(split))) yield block.bytes;
}
