/** The source behind `readTextFile` and `FileSource`: lists files, cuts them into splits, hands those out in order and reads them by a format. */
import { UsageError } from '@millrace/core/base/errors';
import type { FileStatus } from '@millrace/core/fs/file-system';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import { compressionOf } from '@millrace/core/fs/node/compression';
import type { AnyTypeInformation } from '@millrace/core/types/type-information';
import type { MaybePromise } from '../../contract/emittable.ts';
import type {
  Boundedness,
  Source,
  SourceReader,
  SourceReaderContext,
  SplitEnumerator,
  SplitEnumeratorContext,
} from '../../contract/source.ts';
import { jsonSerializer } from '../json-serializer.ts';
import { SplitQueueEnumerator, type SplitQueueState } from '../split-queue-enumerator.ts';
import type { BadRecordPolicy, Batch } from './batch.ts';
import { listFiles, type PathFilter } from './file-listing.ts';
import { FileMonitor, type MonitorSettings, type MonitorState } from './file-monitor.ts';
import type { FilePart, FileSplit } from './file-split.ts';
import { PrefetchingReader } from './prefetching-reader.ts';

/** How the content of files is cut and read. */
export interface FileFormat<out T> {
  /** Of the records, where it is declared. */
  readonly type?: AnyTypeInformation | undefined;
  /** True where each line stands for itself, so that reading may begin at any line; only then can what was appended be read alone. */
  readonly linesOnly?: boolean;
  /** The parts of one file, in order; none where it is empty. Called by the enumerator. */
  partsOf(file: FileStatus): MaybePromise<readonly FilePart[]>;
  read(split: FileSplit, policy: BadRecordPolicy): AsyncIterable<Batch<T>>;
}

export interface FileSplitSourceOptions {
  readonly filter?: PathFilter | undefined;
  readonly policy?: BadRecordPolicy | undefined;
  /** Goes on looking for files; absent: looks once. */
  readonly monitor?: MonitorSettings | undefined;
}

type FileEnumeratorState = SplitQueueState<FileSplit> | MonitorState;

const READS_AGAIN =
  'a file that changes is read again in full, so its records come once more. Write each file once, under a name that begins with . until it is complete; or, where lines are appended, read only those: onChange append.';

export class FileSplitSource<out T> implements Source<T, FileSplit, FileEnumeratorState> {
  /** Absolute. */
  readonly paths: readonly string[];
  /** The format's: what `fromSource` declares. */
  readonly type: AnyTypeInformation | undefined;
  readonly #format: FileFormat<T>;
  readonly #filter: PathFilter | undefined;
  readonly #policy: BadRecordPolicy;
  readonly #monitor: MonitorSettings | undefined;

  constructor(paths: readonly string[], format: FileFormat<T>, options: FileSplitSourceOptions = {}) {
    if (paths.length === 0) throw new UsageError('A file source got no paths. Give a file, a directory or a glob.');
    // While the program runs, so that a relative path starts where the command was given.
    this.paths = paths.map((path) => fileSystemOf(path).resolve(path));
    this.type = format.type;
    this.#format = format;
    this.#filter = options.filter;
    this.#policy = options.policy ?? { kind: 'fail' };
    this.#monitor = options.monitor;
    if (options.monitor !== undefined) checkMonitor(options.monitor, format);
  }

  get submitWarnings(): readonly string[] {
    return this.#monitor?.onChange === 'reread' ? [READS_AGAIN] : [];
  }

  getBoundedness(): Boundedness {
    return this.#monitor === undefined ? 'BOUNDED' : 'CONTINUOUS_UNBOUNDED';
  }

  createReader(context: SourceReaderContext): SourceReader<T, FileSplit> {
    const policy = this.#policy;
    return new PrefetchingReader<T, FileSplit>(context, { read: (split) => this.#format.read(split, policy), policy });
  }

  createEnumerator(context: SplitEnumeratorContext<FileSplit>): SplitEnumerator<FileSplit, FileEnumeratorState> {
    return this.#enumerator(context, undefined);
  }

  restoreEnumerator(
    context: SplitEnumeratorContext<FileSplit>,
    state: FileEnumeratorState,
  ): SplitEnumerator<FileSplit, FileEnumeratorState> {
    return this.#enumerator(context, state);
  }

  splitSerializer() {
    return jsonSerializer<FileSplit>('file split');
  }

  enumeratorStateSerializer() {
    return jsonSerializer<FileEnumeratorState>('state of a file source');
  }

  #enumerator(
    context: SplitEnumeratorContext<FileSplit>,
    state: FileEnumeratorState | undefined,
  ): SplitEnumerator<FileSplit, FileEnumeratorState> {
    if (this.#monitor === undefined)
      return new SplitQueueEnumerator<FileSplit>(context, () => this.#splits(), state as SplitQueueState<FileSplit> | undefined);
    const list = () => listFiles(this.paths, this.#filter, { mayBeNone: true });
    const warn = (message: string) => console.warn(message);
    return new FileMonitor(context, { ...this.#monitor, list, format: this.#format, warn }, state as MonitorState | undefined);
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

function checkMonitor({ intervalMs, onChange }: MonitorSettings, format: FileFormat<unknown>): void {
  if (intervalMs <= 0) throw new UsageError(`A file source is to look for files every ${intervalMs} ms. Give an interval above 0.`);
  if (onChange === 'reread') return;
  if (onChange !== 'append') throw new UsageError(`onChange is ${JSON.stringify(onChange)}. Give 'reread' or 'append'.`);
  if (format.linesOnly !== true)
    throw new UsageError(
      "onChange is 'append', but the format's records do not stand in lines of their own, so what was appended cannot be read alone. Use a format of lines, or 'reread'.",
    );
}
