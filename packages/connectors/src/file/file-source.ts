import { UsageError } from '@millrace/core/base/errors';
import type { AnyTypeInformation } from '@millrace/core/types/type-information';
import type { FileStatus } from '@millrace/core/fs/file-system';
import { ArrayBatch, type BadRecord, type BadRecordPolicy, type Batch } from '@millrace/streaming/builtin/file/batch';
import type { PathFilter } from '@millrace/streaming/builtin/file/file-listing';
import type { FilePart, FileSplit } from '@millrace/streaming/builtin/file/file-split';
import { type FileFormat, FileSplitSource } from '@millrace/streaming/builtin/file/file-split-source';
import { contentOf, LineFileFormat, partsOfLines, rangeOf } from '@millrace/streaming/builtin/file/line-file-format';
import { contentStart, lineBlocks } from '@millrace/streaming/builtin/file/line-blocks';
import type { OutputTag } from '@millrace/streaming/contract/output-tag';
import type { Source } from '@millrace/streaming/contract/source';
import { isLineFormat, type StreamFormat } from './stream-format.ts';
import './zstd.ts';

export interface FileSource<out T> extends Source<T> {
  /** Absolute paths and globs. */
  readonly paths: readonly string[];
}

/** What becomes of input that is no record: the job fails (the default), it is passed over and counted, or it goes to a side output of the source. */
export type OnBadRecord = 'fail' | 'skip' | { readonly sideOutput: OutputTag<BadRecord> };

export interface FileSourceBuilder<out T> {
  /** Which of the files are read: a glob over their names (over whole paths, if it has a '/'), or a test of the path. */
  filter(accept: PathFilter): this;
  onBadRecord(policy: OnBadRecord): this;
  build(): FileSource<T>;
}

/** A format that is read in parts of its own, such as the row groups of Parquet. */
export interface BulkFormat<out T> extends FileFormat<T> {}

/** Reads files, directories with all below them, and globs; names that end in .gz or .zst are decompressed. */
export const FileSource = {
  forRecordStreamFormat<T>(format: StreamFormat<T>, ...paths: readonly string[]): FileSourceBuilder<T> {
    return new Builder(fileFormatOf(format), paths);
  },
  forBulkFileFormat<T>(format: BulkFormat<T>, ...paths: readonly string[]): FileSourceBuilder<T> {
    return new Builder(format, paths);
  },
};

class Builder<T> implements FileSourceBuilder<T> {
  readonly #format: FileFormat<T>;
  readonly #paths: readonly string[];
  #filter: PathFilter | undefined;
  #policy: BadRecordPolicy = { kind: 'fail' };

  constructor(format: FileFormat<T>, paths: readonly string[]) {
    this.#format = format;
    this.#paths = paths;
  }

  filter(accept: PathFilter): this {
    this.#filter = accept;
    return this;
  }

  onBadRecord(policy: OnBadRecord): this {
    this.#policy = policyOf(policy);
    return this;
  }

  build(): FileSource<T> {
    return new FileSplitSource(this.#paths, this.#format, { filter: this.#filter, policy: this.#policy });
  }
}

function policyOf(policy: OnBadRecord): BadRecordPolicy {
  if (policy === 'fail' || policy === 'skip') return { kind: policy };
  if (typeof policy === 'object' && typeof policy.sideOutput?.id === 'string') return { kind: 'route', tagId: policy.sideOutput.id };
  throw new UsageError(`onBadRecord got ${JSON.stringify(policy)}. Give 'fail', 'skip' or { sideOutput: tag }.`);
}

function fileFormatOf<T>(format: StreamFormat<T>): FileFormat<T> {
  if (!isLineFormat(format)) return new RecordStreamFormat(format);
  return new LineFileFormat<T>({ type: format.type, splittable: format.splittable, parserFor: (split) => format.parserFor(split) });
}

const RECORDS_PER_BATCH = 256;
const RECORD_BYTES_GUESS = 256; // how much a format reads for a record is not known here

/** A format of the user's: every record may be a promise. */
class RecordStreamFormat<out T> implements FileFormat<T> {
  readonly type: AnyTypeInformation | undefined;
  readonly #format: StreamFormat<T>;

  constructor(format: StreamFormat<T>) {
    this.type = format.type;
    this.#format = format;
  }

  partsOf(file: FileStatus): readonly FilePart[] {
    return partsOfLines(file, this.#format.splittable);
  }

  async *read(split: FileSplit): AsyncIterable<Batch<T>> {
    const content = split.start === 0 && !this.#format.splittable ? contentOf(split, 0) : wholeLines(split);
    let batch = new ArrayBatch<T>(RECORDS_PER_BATCH * RECORD_BYTES_GUESS);
    for await (const record of this.#format.read(content, split.start)) {
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
