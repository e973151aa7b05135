/** The source behind `readTextFile` and `FileSource`: lists files, cuts them into splits, hands those out in order and reads them by a format. */
import { UsageError } from '@millrace/core/base/errors';
import type { FileStatus } from '@millrace/core/fs/file-system';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import { compressionOf } from '@millrace/core/fs/node/compression';
import type { AnyTypeInformation } from '@millrace/core/types/type-information';
import type { MaybePromise } from '../../contract/emittable.ts';
import type { Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from '../../contract/source.ts';
import { jsonSerializer } from '../json-serializer.ts';
import { SplitQueueEnumerator, type SplitQueueState } from '../split-queue-enumerator.ts';
import type { BadRecordPolicy, Batch } from './batch.ts';
import { listFiles, type PathFilter } from './file-listing.ts';
import type { FilePart, FileSplit } from './file-split.ts';
import { PrefetchingReader } from './prefetching-reader.ts';

/** How the content of files is cut and read. */
export interface FileFormat<out T> {
  /** Of the records, where it is declared. */
  readonly type?: AnyTypeInformation | undefined;
  /** The parts of one file, in order; none where it is empty. Called by the enumerator. */
  partsOf(file: FileStatus): MaybePromise<readonly FilePart[]>;
  read(split: FileSplit, policy: BadRecordPolicy): AsyncIterable<Batch<T>>;
}

export interface FileSplitSourceOptions {
  readonly filter?: PathFilter | undefined;
  readonly policy?: BadRecordPolicy | undefined;
}

export class FileSplitSource<out T> implements Source<T, FileSplit, SplitQueueState<FileSplit>> {
  /** Absolute. */
  readonly paths: readonly string[];
  /** The format's: what `fromSource` declares. */
  readonly type: AnyTypeInformation | undefined;
  readonly #format: FileFormat<T>;
  readonly #filter: PathFilter | undefined;
  readonly #policy: BadRecordPolicy;

  constructor(paths: readonly string[], format: FileFormat<T>, options: FileSplitSourceOptions = {}) {
    if (paths.length === 0) throw new UsageError('A file source got no paths. Give a file, a directory or a glob.');
    // While the program runs, so that a relative path starts where the command was given.
    this.paths = paths.map((path) => fileSystemOf(path).resolve(path));
    this.type = format.type;
    this.#format = format;
    this.#filter = options.filter;
    this.#policy = options.policy ?? { kind: 'fail' };
  }

  getBoundedness() {
    return 'BOUNDED' as const;
  }

  createReader(context: SourceReaderContext): SourceReader<T, FileSplit> {
    const policy = this.#policy;
    return new PrefetchingReader<T, FileSplit>(context, { read: (split) => this.#format.read(split, policy), policy });
  }

  createEnumerator(context: SplitEnumeratorContext<FileSplit>) {
    return new SplitQueueEnumerator<FileSplit>(context, () => this.#splits());
  }

  restoreEnumerator(context: SplitEnumeratorContext<FileSplit>, state: SplitQueueState<FileSplit>) {
    return new SplitQueueEnumerator<FileSplit>(context, () => this.#splits(), state);
  }

  splitSerializer() {
    return jsonSerializer<FileSplit>('file split');
  }

  enumeratorStateSerializer() {
    return jsonSerializer<SplitQueueState<FileSplit>>('state of a file source');
  }

  async #splits(): Promise<FileSplit[]> {
    const splits: FileSplit[] = [];
    for (const file of await listFiles(this.paths, this.#filter)) {
      const compression = compressionOf(file.path);
      for (const part of await this.#format.partsOf(file))
        splits.push({ ...part, index: splits.length, path: file.path, compression, done: 0 });
    }
    return splits;
  }
}
