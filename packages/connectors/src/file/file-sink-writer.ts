/**
 * Writes one subtask's records into parts.
 *
 * Owns the parts that are open, one for each bucket, and those that are finished and wait for `prepareCommit`. Called by its sink task, one call at a time.
 *
 * W1 a part's file is made for its first record: no record, no file.
 * W2 only files that this writer made are ever removed, each by its name, and only while they are not committed.
 * W3 a part that is handed out by `prepareCommit` belongs to the committer.
 * W4 a part that a checkpoint may need is never removed: it is committed, by this writer or by the one that is restored from there.
 */
import { DataError, UsageError } from '@millrace/core/base/errors';
import type { FileSystem } from '@millrace/core/fs/file-system';
import type { CommittingSinkWriter, SinkContext, StatefulSinkWriter } from '@millrace/streaming/contract/sink';
import type { Encoder } from './encoder.ts';
import type { PendingFile } from './file-committer.ts';
import { PartFile, type PartNames } from './part-file.ts';

export interface BucketContext {
  timestamp(): number | undefined;
  currentProcessingTime(): number;
}

export type BucketAssigner<in T> = (record: T, context: BucketContext) => string;

/** A builder's choices, all made. */
export interface FileSinkSettings<in T> {
  readonly path: string;
  readonly fileSystem: FileSystem;
  readonly encoder: Encoder<T>;
  readonly bucketOf: BucketAssigner<T>;
  readonly partPrefix: string;
  readonly partSuffix: string;
  readonly partBytesMax: number;
  readonly rolloverMs: number;
  readonly inactivityMs: number;
  readonly rollsOnCheckpoint: boolean;
}

const OPEN_PARTS_MAX = 512; // each holds a file descriptor and a buffer
const AGE_CHECK_MS = 1_000;

export class FileSinkWriter<in T> implements CommittingSinkWriter<T, PendingFile>, StatefulSinkWriter<T, PendingFile> {
  readonly #settings: FileSinkSettings<T>;
  readonly #subtask: number;
  readonly #unique = crypto.randomUUID().slice(0, 8);
  readonly #parts = new Map<string, PartFile>(); // by bucket, the one opened first in front
  readonly #directories = new Set<string>();
  /** `isOurs`: no checkpoint knows of it yet. */
  #finished: { readonly file: PendingFile; readonly isOurs: boolean }[] = [];
  #partNumber = 0;
  #agesCheckedAt = 0;

  private constructor(settings: FileSinkSettings<T>, subtask: number, restored: readonly PendingFile[]) {
    this.#settings = settings;
    this.#subtask = subtask;
    this.#finished = restored.map((file) => ({ file, isOurs: false }));
  }

  /** Fails where the directory cannot be made or written, so before the first record. */
  static async open<T>(settings: FileSinkSettings<T>, subtask: number, restored: readonly PendingFile[] = []): Promise<FileSinkWriter<T>> {
    const writer = new FileSinkWriter(settings, subtask, restored);
    await writer.#checkDirectory();
    return writer;
  }

  write(record: T, context: SinkContext): Promise<void> | undefined {
    const bucket = this.#settings.bucketOf(record, context);
    const part = this.#parts.get(bucket);
    const now = context.currentProcessingTime();
    if (part === undefined || this.#isDue(part, now) || now - this.#agesCheckedAt >= AGE_CHECK_MS)
      return this.#writeAfterRolling(record, bucket, now);
    part.lastWriteAt = now;
    return part.append(this.#settings.encoder.encode(record));
  }

  async flush(endOfInput: boolean): Promise<void> {
    if (endOfInput) await this.#finishAll();
  }

  async prepareCommit(): Promise<readonly PendingFile[]> {
    if (this.#settings.rollsOnCheckpoint) await this.#finishAll();
    const finished = this.#finished;
    this.#finished = [];
    return finished.map(({ file }) => file);
  }

  async snapshotState(): Promise<readonly PendingFile[]> {
    const open: PendingFile[] = [];
    for (const part of this.#parts.values()) open.push(await part.persist());
    return open;
  }

  async close(): Promise<void> {
    for (const part of this.#parts.values()) await part.discard();
    for (const { file, isOurs } of this.#finished) if (isOurs) await this.#settings.fileSystem.remove(file.pending); // W4
    this.#parts.clear();
    this.#finished = [];
  }

  async #writeAfterRolling(record: T, bucket: string, now: number): Promise<void> {
    if (now - this.#agesCheckedAt >= AGE_CHECK_MS) {
      this.#agesCheckedAt = now;
      for (const [name, part] of this.#parts) if (this.#isDue(part, now)) await this.#finish(name, part);
    }
    const open = this.#parts.get(bucket);
    if (open !== undefined && this.#isDue(open, now)) await this.#finish(bucket, open);
    const part = this.#parts.get(bucket) ?? (await this.#openPart(record, bucket, now));
    part.lastWriteAt = now;
    await part.append(this.#settings.encoder.encode(record));
  }

  #isDue(part: PartFile, now: number): boolean {
    const { partBytesMax, rolloverMs, inactivityMs } = this.#settings;
    return part.sizeBytes >= partBytesMax || now - part.createdAt >= rolloverMs || now - part.lastWriteAt >= inactivityMs;
  }

  async #openPart(record: T, bucket: string, now: number): Promise<PartFile> {
    const [oldest] = this.#parts;
    if (this.#parts.size >= OPEN_PARTS_MAX && oldest !== undefined) await this.#finish(...oldest);
    const directory = await this.#directoryOf(bucket);
    const part = await PartFile.create(this.#settings.fileSystem, this.#namesIn(directory), now);
    this.#parts.set(bucket, part);
    const { encoder } = this.#settings;
    const beginning = encoder.begin?.(record);
    if (beginning !== undefined && beginning.length > 0) await part.append(beginning);
    return part;
  }

  #namesIn(directory: string): PartNames {
    const { partPrefix, partSuffix } = this.#settings;
    const name = `${partPrefix}-${this.#subtask}-${this.#partNumber}`;
    this.#partNumber += 1;
    return { pending: `${directory}/.${name}.inprogress.${this.#unique}`, final: `${directory}/${name}-${this.#unique}${partSuffix}` };
  }

  async #directoryOf(bucket: string): Promise<string> {
    if (bucket === '') return this.#settings.path;
    if (typeof bucket !== 'string' || bucket.startsWith('/') || bucket.split('/').some((name) => name === '..' || name === '')) {
      throw new UsageError(
        `The bucket assigner returned ${JSON.stringify(bucket)}. Return a relative path below '${this.#settings.path}', such as '2024-06-01/eu', without '..'.`,
      );
    }
    const directory = `${this.#settings.path}/${bucket}`;
    if (!this.#directories.has(directory)) await this.#settings.fileSystem.makeDirectory(directory);
    this.#directories.add(directory);
    return directory;
  }

  async #finish(bucket: string, part: PartFile): Promise<void> {
    this.#parts.delete(bucket);
    const isOurs = !part.isPersisted;
    this.#finished.push({ file: await part.finish(), isOurs });
  }

  async #finishAll(): Promise<void> {
    for (const [bucket, part] of this.#parts) await this.#finish(bucket, part);
  }

  async #checkDirectory(): Promise<void> {
    const { fileSystem, path, partPrefix } = this.#settings;
    const probe = `${path}/.${partPrefix}-${this.#subtask}.probe.${this.#unique}`;
    try {
      await fileSystem.makeDirectory(path);
      await (await fileSystem.create(probe)).close();
      await fileSystem.remove(probe);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new DataError(
        `The file sink cannot write to the directory '${path}'. ${why} Choose another directory, or make this one writable.`,
        { cause, reason: 'file-not-permitted' },
      );
    }
  }
}
