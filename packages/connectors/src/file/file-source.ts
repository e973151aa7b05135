import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { BadRecord, BadRecordPolicy } from '@millrace/streaming/builtin/file/batch';
import type { PathFilter } from '@millrace/streaming/builtin/file/file-listing';
import type { MonitorSettings, OnFileChange } from '@millrace/streaming/builtin/file/file-monitor';
import { type FileFormat, FileSplitSource } from '@millrace/streaming/builtin/file/file-split-source';
import { fileFormatOf, type StreamFormat } from '@millrace/streaming/builtin/file/stream-format';
import type { OutputTag } from '@millrace/streaming/contract/output-tag';
import type { Source } from '@millrace/streaming/contract/source';
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
  /**
   * Goes on looking for files, once in each interval, and never ends. A file that has changed since is read again in full, so its records come once more; with
   * `onChange: 'append'`, for formats of lines, only the finished lines that were appended are read.
   */
  monitorContinuously(interval: DurationLike, options?: { readonly onChange?: OnFileChange }): this;
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
  #monitor: MonitorSettings | undefined;

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

  monitorContinuously(interval: DurationLike, { onChange = 'reread' }: { readonly onChange?: OnFileChange } = {}): this {
    this.#monitor = { intervalMs: Duration.from(interval).toMillis(), onChange };
    return this;
  }

  build(): FileSource<T> {
    return new FileSplitSource(this.#paths, this.#format, { filter: this.#filter, policy: this.#policy, monitor: this.#monitor });
  }
}

function policyOf(policy: OnBadRecord): BadRecordPolicy {
  if (policy === 'fail' || policy === 'skip') return { kind: policy };
  if (typeof policy === 'object' && typeof policy.sideOutput?.id === 'string') return { kind: 'route', tagId: policy.sideOutput.id };
  throw new UsageError(`onBadRecord got ${JSON.stringify(policy)}. Give 'fail', 'skip' or { sideOutput: tag }.`);
}
