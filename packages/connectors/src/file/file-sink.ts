import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import { jsonSerializer } from '@millrace/streaming/builtin/json-serializer';
import type { Committer, Sink, SupportsCommitter, SupportsWriterState, WriterInitContext } from '@millrace/streaming/contract/sink';
import type { Encoder } from './encoder.ts';
import { FileCommitter, type PendingFile } from './file-committer.ts';
import { type BucketAssigner, FileSinkWriter, type FileSinkSettings } from './file-sink-writer.ts';

export interface FileSink<in T> extends Sink<T> {
  /** Absolute. */
  readonly path: string;
}

/** When a part is finished and the next one begun, besides at checkpoints and at the end of the input. */
export interface RollingPolicy {
  readonly maxPartSizeBytes?: number; // default: 128 MiB
  /** Since the part was begun. Default: none. */
  readonly rolloverInterval?: DurationLike;
  /** Since the part's last record. Default: none. Intervals are looked at when records arrive. */
  readonly inactivityInterval?: DurationLike;
  /**
   * Default: true, so that what a checkpoint holds becomes visible with it. With false a part stays open across checkpoints until another reason comes: fewer, larger
   * files. After a failure such a part ends where the checkpoint found it.
   */
  readonly rollOnCheckpoint?: boolean;
}

export interface OutputFileConfig {
  readonly partPrefix?: string; // default: part
  readonly partSuffix?: string; // default: none; such as .jsonl
}

export interface RowFormatBuilder<in out T> {
  /** The directory below the sink's path for each record; default: none, all files are in the path itself. */
  withBucketAssigner(bucket: BucketAssigner<T>): this;
  withRollingPolicy(policy: RollingPolicy): this;
  withOutputFileConfig(config: OutputFileConfig): this;
  build(): FileSink<T>;
}

/**
 * Writes records into files of a directory. A part is written under a hidden name, `.part-0-3.inprogress.5f0c…`, and gets its own, `part-0-3-5f0c…`, by a rename
 * when it is committed: at the end of a bounded job, and with checkpoints. So whoever lists the directory sees finished files only. Names are never used again,
 * and files of other runs are left alone. A subtask that got no record makes no file.
 */
export const FileSink = {
  forRowFormat<T>(path: string, encoder: Encoder<T>): RowFormatBuilder<T> {
    return new Builder(path, encoder);
  },
};

const PART_BYTES_MAX = 128 * 1024 * 1024;

class Builder<T> implements RowFormatBuilder<T> {
  #settings: FileSinkSettings<T>;

  constructor(path: string, encoder: Encoder<T>) {
    const fileSystem = fileSystemOf(path);
    this.#settings = {
      path: fileSystem.resolve(path),
      fileSystem,
      encoder,
      bucketOf: () => '',
      partPrefix: 'part',
      partSuffix: '',
      partBytesMax: PART_BYTES_MAX,
      rolloverMs: Number.POSITIVE_INFINITY,
      inactivityMs: Number.POSITIVE_INFINITY,
      rollsOnCheckpoint: true,
    };
  }

  withBucketAssigner(bucketOf: BucketAssigner<T>): this {
    this.#settings = { ...this.#settings, bucketOf };
    return this;
  }

  withRollingPolicy(policy: RollingPolicy): this {
    const partBytesMax = policy.maxPartSizeBytes ?? PART_BYTES_MAX;
    if (!(partBytesMax > 0)) throw new UsageError(`maxPartSizeBytes is ${partBytesMax}. Give a number above 0.`);
    const rolloverMs = intervalMs('rolloverInterval', policy.rolloverInterval);
    const inactivityMs = intervalMs('inactivityInterval', policy.inactivityInterval);
    const rollsOnCheckpoint = policy.rollOnCheckpoint ?? true;
    this.#settings = { ...this.#settings, partBytesMax, rolloverMs, inactivityMs, rollsOnCheckpoint };
    return this;
  }

  withOutputFileConfig(config: OutputFileConfig): this {
    const { partPrefix = 'part', partSuffix = '' } = config;
    for (const text of [partPrefix, partSuffix]) {
      if (/[/\\]/.test(text))
        throw new UsageError(`The part of a file name '${text}' has a slash. Directories come from withBucketAssigner.`);
    }
    this.#settings = { ...this.#settings, partPrefix, partSuffix };
    return this;
  }

  build(): FileSink<T> {
    return new RowFormatFileSink(this.#settings);
  }
}

function intervalMs(name: string, interval: DurationLike | undefined): number {
  if (interval === undefined) return Number.POSITIVE_INFINITY;
  const ms = Duration.from(interval).toMillis();
  if (ms <= 0) throw new UsageError(`${name} is ${ms} ms. Give a duration above 0, or leave it out.`);
  return ms;
}

class RowFormatFileSink<in T> implements FileSink<T>, SupportsCommitter<T, PendingFile>, SupportsWriterState<T, PendingFile> {
  readonly path: string;
  readonly #settings: FileSinkSettings<T>;

  constructor(settings: FileSinkSettings<T>) {
    this.path = settings.path;
    this.#settings = settings;
  }

  createWriter(context: WriterInitContext): Promise<FileSinkWriter<T>> {
    return FileSinkWriter.open(this.#settings, context.getRuntimeContext().getIndexOfThisSubtask());
  }

  /** The parts that were open when the checkpoint was taken are committed with the next one, as long as they were then. */
  restoreWriter(context: WriterInitContext, parts: readonly PendingFile[]): Promise<FileSinkWriter<T>> {
    return FileSinkWriter.open(this.#settings, context.getRuntimeContext().getIndexOfThisSubtask(), parts);
  }

  writerStateSerializer() {
    return jsonSerializer<PendingFile>('open part of a file sink');
  }

  createCommitter(): Committer<PendingFile> {
    return new FileCommitter(this.#settings.fileSystem);
  }

  committableSerializer() {
    return jsonSerializer<PendingFile>('pending file of a file sink');
  }
}
