/**
 * The enumerator of a source that goes on looking for files: one for all readers, however many there are. Flink: ContinuousFileMonitoringFunction.
 *
 * Owns what is known of each file and the splits that nobody reads yet. Called by the source coordinator, one call at a time.
 *
 * M1 what a look finds is taken over at once and in one call, so a snapshot has all of it or nothing of it.
 * M2 a file that has gone is forgotten: what is known is bounded by what is there. One that comes back is a new one.
 * M3 a file counts as changed when its size or its time of modification has changed. It is read again in full; or, where only appending is expected, from the last line
 *    that was read, as far as lines are finished. One that has become shorter is another file: read in full.
 * M4 readers that wait are told after each look that there is nothing for them, so that they do not hold the watermark back.
 */
import { isMillraceError } from '@millrace/core/base/errors';
import { Duration } from '@millrace/core/config/duration';
import type { FileStatus } from '@millrace/core/fs/file-system';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import { compressionOf } from '@millrace/core/fs/node/compression';
import type { SplitEnumerator, SplitEnumeratorContext } from '../../contract/source.ts';
import { WaitingReaders } from '../waiting-readers.ts';
import { byteRanges, type FilePart, type FileSplit } from './file-split.ts';
import type { FileFormat } from './file-split-source.ts';
import { IDLE_READER } from './prefetching-reader.ts';

/** What becomes of a file that has changed since it was read. */
export type OnFileChange = 'reread' | 'append';

export interface MonitorSettings {
  readonly intervalMs: number;
  readonly onChange: OnFileChange;
}

export interface SeenFile {
  readonly path: string;
  readonly modifiedAt: number;
  readonly size: number;
  /** How much of it was handed out, in bytes. */
  readonly position: number;
}

export interface MonitorState {
  readonly seen: readonly SeenFile[];
  readonly pending: readonly FileSplit[];
  readonly nextIndex: number;
}

export interface FileMonitorOptions extends MonitorSettings {
  readonly list: () => Promise<readonly FileStatus[]>;
  readonly format: Pick<FileFormat<unknown>, 'partsOf'>;
  readonly warn: (message: string) => void;
}

interface Look {
  readonly seen: ReadonlyMap<string, SeenFile>;
  readonly found: readonly { readonly path: string; readonly parts: readonly FilePart[] }[];
}

export class FileMonitor implements SplitEnumerator<FileSplit, MonitorState> {
  readonly #context: SplitEnumeratorContext<FileSplit>;
  readonly #options: FileMonitorOptions;
  readonly #waiting: WaitingReaders;
  #seen: ReadonlyMap<string, SeenFile>;
  #pending: FileSplit[];
  #nextIndex: number;
  #warned = false;

  constructor(context: SplitEnumeratorContext<FileSplit>, options: FileMonitorOptions, restored?: MonitorState) {
    this.#context = context;
    this.#options = options;
    this.#waiting = new WaitingReaders(context);
    this.#seen = new Map(restored?.seen.map((file) => [file.path, file]));
    this.#pending = [...(restored?.pending ?? [])];
    this.#nextIndex = restored?.nextIndex ?? 0;
  }

  start(): void {
    this.#context.callAsync(
      () => this.#look(),
      (outcome) => {
        if ('error' in outcome) throw outcome.error;
        this.#takeOver(outcome.value);
      },
      Duration.ofMillis(this.#options.intervalMs),
    );
  }

  handleSplitRequest(subtask: number): void {
    const split = this.#pending.shift();
    if (split === undefined) this.#waiting.add(subtask);
    else this.#context.assignSplit(split, subtask);
  }

  addSplitsBack(splits: readonly FileSplit[], _subtask: number): void {
    this.#pending = [...this.#pending, ...splits].sort((a, b) => a.index - b.index);
    this.#serve();
  }

  addReader(subtask: number): void {
    this.#waiting.registered(subtask);
  }

  snapshotState(): MonitorState {
    return { seen: [...this.#seen.values()], pending: this.#pending, nextIndex: this.#nextIndex };
  }

  close(): void {}

  async #look(): Promise<Look> {
    const seen = new Map<string, SeenFile>();
    const found: { path: string; parts: readonly FilePart[] }[] = [];
    for (const file of await this.#options.list()) {
      const known = this.#seen.get(file.path);
      if (known !== undefined && known.size === file.size && known.modifiedAt === file.modifiedAt) {
        seen.set(file.path, known);
        continue;
      }
      const parts = await unlessGone(() => this.#partsOf(file, known));
      if (parts === undefined) continue;
      if (parts.length > 0) found.push({ path: file.path, parts });
      const position = parts.at(-1)?.end ?? known?.position ?? 0;
      seen.set(file.path, { path: file.path, modifiedAt: file.modifiedAt, size: file.size, position });
    }
    return { seen, found };
  }

  async #partsOf(file: FileStatus, known: SeenFile | undefined): Promise<readonly FilePart[]> {
    if (this.#options.onChange === 'append' && compressionOf(file.path) === 'none') {
      const from = known === undefined || file.size < known.position ? 0 : known.position;
      if (from === 0 && known !== undefined && known.position > 0) this.#warn(file.path, 'has become shorter');
      return partsBetween(from, await endOfLines(file, from));
    }
    if (known !== undefined) this.#warn(file.path, 'has changed');
    return this.#options.format.partsOf(file);
  }

  #takeOver({ seen, found }: Look): void {
    this.#seen = seen;
    for (const { path, parts } of found) {
      for (const part of parts) this.#pending.push({ ...part, index: this.#nextIndex++, path, compression: compressionOf(path), done: 0 });
    }
    this.#serve();
    for (const subtask of this.#waiting.all) this.#context.sendEventToSourceReader(subtask, IDLE_READER);
  }

  #serve(): void {
    while (this.#pending.length > 0) {
      const subtask = this.#waiting.take();
      if (subtask === undefined) return;
      this.#context.assignSplit(this.#pending.shift() as FileSplit, subtask);
    }
  }

  #warn(path: string, what: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.warn(
      `The file '${path}' ${what} and is read again from its beginning: records that were read before come once more. This is said once; it may happen to other files.`,
    );
  }
}

async function unlessGone<R>(work: () => Promise<R>): Promise<R | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isMillraceError(error) && error.reason === 'file-not-found') return undefined; // since it was listed
    throw error;
  }
}

function partsBetween(from: number, to: number): readonly FilePart[] {
  return byteRanges(to - from, undefined).map((part) => ({ ...part, start: part.start + from, end: part.end + from }));
}

const LOOK_BACK_BYTES = 64 * 1024;
const NEWLINE = 10;

/** Behind the last newline of the file, or `from` if there is none after it: what is written at the moment is left for the next look. */
async function endOfLines(file: FileStatus, from: number): Promise<number> {
  const opened = await fileSystemOf(file.path).open(file.path);
  try {
    for (let end = file.size; end > from; end -= LOOK_BACK_BYTES) {
      const start = Math.max(from, end - LOOK_BACK_BYTES);
      const last = (await opened.read(start, end)).lastIndexOf(NEWLINE);
      if (last !== -1) return start + last + 1;
    }
    return from;
  } finally {
    await opened.close();
  }
}
