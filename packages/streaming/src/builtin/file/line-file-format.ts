/** Files of lines, by a parser for one line: the format behind text, CSV and JSON lines. */
import type { FileStatus } from '@millrace/core/fs/file-system';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import { compressionOf, decompress } from '@millrace/core/fs/node/compression';
import type { AnyTypeInformation } from '@millrace/core/types/type-information';
import { type DataError, isMillraceError } from '@millrace/core/base/errors';
import type { MaybePromise } from '../../contract/emittable.ts';
import type { BadRecordPolicy, Batch } from './batch.ts';
import { byteRanges, type FilePart, type FileSplit } from './file-split.ts';
import type { FileFormat } from './file-split-source.ts';
import { contentStart, lineBlocks } from './line-blocks.ts';
import { LineDecoder, type LineParser } from './line-decoder.ts';

export interface LineFormatOptions<T> {
  /** A parser of its own for each split, which may look at the file's beginning first. */
  readonly parserFor: (split: FileSplit) => MaybePromise<LineParser<T>>;
  /** False where a record may go over several lines. */
  readonly splittable: boolean;
  readonly splitBytes?: number | undefined;
  readonly type?: AnyTypeInformation | undefined;
}

export class LineFileFormat<out T> implements FileFormat<T> {
  readonly type: AnyTypeInformation | undefined;
  readonly #options: LineFormatOptions<T>;

  constructor(options: LineFormatOptions<T>) {
    this.type = options.type;
    this.#options = options;
  }

  get linesOnly(): boolean {
    return this.#options.splittable;
  }

  partsOf(file: FileStatus): readonly FilePart[] {
    return partsOfLines(file, this.#options.splittable, this.#options.splitBytes);
  }

  async *read(split: FileSplit, policy: BadRecordPolicy): AsyncIterable<Batch<T>> {
    const parser = await this.#options.parserFor(split);
    const place = { path: split.path, firstLine: split.start === 0 ? 1 : undefined };
    const decoder = new LineDecoder(parser, policy, place);
    for await (const block of lineBlocks(contentOf(split, contentStart(split.start)), rangeOf(split))) {
      const batch = decoder.decode(block);
      yield batch;
      if (batch.failure !== undefined) throw await withLineNumber(batch.failure, split, policy, parser);
    }
    const last = decoder.finish();
    yield last;
    if (last.failure !== undefined) throw last.failure;
  }
}

/** A compressed file is one part. An empty one has none. */
export function partsOfLines(file: FileStatus, splittable: boolean, splitBytes?: number): readonly FilePart[] {
  if (file.size === 0) return [];
  const whole = !splittable || compressionOf(file.path) !== 'none';
  return byteRanges(file.size, whole ? file.size : splitBytes);
}

/** The file's content from `start`, decompressed. */
export function contentOf(split: FileSplit, start: number): AsyncIterable<Uint8Array> {
  const content = fileSystemOf(split.path).stream(split.path, split.compression === 'none' ? start : 0);
  return decompress(split.compression, split.path, content);
}

/** The bytes of a compressed file say nothing about those of its content. */
export function rangeOf(split: FileSplit): { path: string; start: number; end: number } {
  return { path: split.path, start: split.start, end: split.compression === 'none' ? split.end : Number.POSITIVE_INFINITY };
}

/** A reader in the middle of a file knows no line numbers; the message has one all the same, as the file is then read again up to the failure. */
async function withLineNumber<T>(failure: DataError, split: FileSplit, policy: BadRecordPolicy, parser: LineParser<T>): Promise<DataError> {
  if (split.start === 0) return failure;
  let lines = 1;
  let last = 0;
  for await (const chunk of fileSystemOf(split.path).stream(split.path, 0, split.start)) {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
    last = chunk[chunk.byteLength - 1] ?? last;
  }
  const decoder = new LineDecoder(parser, policy, { path: split.path, firstLine: last === 10 ? lines : lines + 1 });
  for await (const block of lineBlocks(contentOf(split, contentStart(split.start)), rangeOf(split))) {
    const { failure: numbered } = decoder.decode(block);
    if (numbered !== undefined && isMillraceError(numbered)) return numbered;
  }
  return failure;
}
