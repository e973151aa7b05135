/**
 * The checkpoints of one job in a directory of its own, laid out as Flink's: `<directory>/<job-id>/chk-<n>/_metadata`, `shared/`, `taskowned/`.
 *
 * Owned by the checkpoint coordinator of the job: nobody else deletes here. Slots write files into `chk-<n>` and `shared`, and remove only what they wrote themselves.
 *
 * D1 a checkpoint is there exactly when its `_metadata` is: it is written under another name first and renamed.
 * D2 a file in `shared` is removed when no checkpoint that stays refers to it: with the last one that did, with the one that wrote it and was given up, or when the job
 *    begins or ends and nobody has anything to do with it. Those that are under way refer only to their own and to what the newest complete one has too.
 * D3 what cannot be removed is reported and left; it never fails a job.
 */
import { DataError } from '@millrace/core/base/errors';
import type { FileSystem } from '@millrace/core/fs/file-system';
import { type CheckpointMetadata, METADATA_FILE } from './checkpoint-metadata.ts';
import type { CheckpointLocation } from './checkpoint-options.ts';
import { decodeMetadata, encodeMetadata } from './metadata-format.ts';
import { filesOf } from './metadata-walk.ts';
import { CHECKPOINT_PREFIX, isSharedName, SHARED, sharedPrefixOf } from './shared-files.ts';

const TASK_OWNED = 'taskowned';

export interface CheckpointDirectoryOptions {
  /** Of all jobs: resolved, without a slash at its end. */
  readonly directory: string;
  readonly jobId: string;
  readonly fileSystem: FileSystem;
  readonly inlineBytesMax: number;
}

export class CheckpointDirectory {
  /** Where the handles of this job's checkpoints are relative to. */
  readonly base: string;
  readonly #fileSystem: FileSystem;
  readonly #inlineBytesMax: number;

  constructor({ directory, jobId, fileSystem, inlineBytesMax }: CheckpointDirectoryOptions) {
    this.base = `${directory}/${jobId}`;
    this.#fileSystem = fileSystem;
    this.#inlineBytesMax = inlineBytesMax;
  }

  /** Before the first checkpoint: finds out that it can be written to. */
  async prepare(): Promise<void> {
    for (const path of [this.base, `${this.base}/${SHARED}`, `${this.base}/${TASK_OWNED}`]) await this.#fileSystem.makeDirectory(path);
    await this.#probe(`${this.base}/${TASK_OWNED}/_probe`);
  }

  pathOf(checkpointId: number): string {
    return `${this.base}/${CHECKPOINT_PREFIX}${checkpointId}`;
  }

  locationOf(checkpointId: number): CheckpointLocation {
    return {
      kind: 'directory',
      base: this.base,
      exclusive: this.pathOf(checkpointId),
      shared: `${this.base}/${SHARED}`,
      inlineBytesMax: this.#inlineBytesMax,
    };
  }

  /** Before the triggers are sent. */
  async begin(checkpointId: number): Promise<CheckpointLocation> {
    await this.#fileSystem.makeDirectory(this.pathOf(checkpointId));
    return this.locationOf(checkpointId);
  }

  /** Makes the checkpoint complete (D1); returns its path. */
  async complete(metadata: CheckpointMetadata): Promise<string> {
    const path = this.pathOf(metadata.checkpointId);
    await writeMetadata(this.#fileSystem, path, metadata);
    return path;
  }

  /** Removes a completed checkpoint that `retained` has not, with the shared files that only it referred to. Returns what could not be removed (D3). */
  async remove(checkpoint: CheckpointMetadata, retained: readonly CheckpointMetadata[]): Promise<readonly unknown[]> {
    const failures: unknown[] = [];
    const path = this.pathOf(checkpoint.checkpointId);
    // First of all what makes it a checkpoint, so that none is left that looks whole and is not.
    await attempt(failures, () => this.#fileSystem.remove(`${path}/${METADATA_FILE}`));
    if (failures.length > 0) return failures;
    await this.#removeShared(filesOf(checkpoint), retained, failures);
    await attempt(failures, () => this.#removeOwn(path));
    return failures;
  }

  /** Of a checkpoint that was given up: what its tasks have written so far and have not removed themselves. `retained`: all that stay, for it may have been complete once. */
  async discard(checkpointId: number, retained: readonly CheckpointMetadata[]): Promise<readonly unknown[]> {
    const failures: unknown[] = [];
    await attempt(failures, async () => {
      const own = (await this.#sharedFiles()).filter((file) => file.startsWith(sharedPrefixOf(checkpointId)));
      await this.#removeShared(own, retained, failures);
    });
    await attempt(failures, () => this.#removeOwn(this.pathOf(checkpointId)));
    return failures;
  }

  /** Shared files that none of the checkpoints refers to, while nobody writes: of processes that ended before they could tell, or remove them. */
  async sweep(complete: readonly CheckpointMetadata[]): Promise<readonly unknown[]> {
    const failures: unknown[] = [];
    await attempt(failures, async () => {
      const written = (await this.#sharedFiles()).filter(isSharedName);
      await this.#removeShared(written, complete, failures);
    });
    return failures;
  }

  /** The directories of the job, where nothing is left in them. */
  async removeEmpty(): Promise<void> {
    for (const path of [`${this.base}/${SHARED}`, `${this.base}/${TASK_OWNED}`, this.base]) {
      const left = await this.#fileSystem.stat(path);
      if (left !== undefined && (await this.#fileSystem.list(path)).length === 0) await this.#fileSystem.removeDirectory(path);
    }
  }

  /** As handles name them. */
  async #sharedFiles(): Promise<readonly string[]> {
    const path = `${this.base}/${SHARED}`;
    if ((await this.#fileSystem.stat(path)) === undefined) return [];
    return (await this.#fileSystem.list(path)).map((file) => file.path.slice(this.base.length + 1));
  }

  /** D2 */
  async #removeShared(files: readonly string[], retained: readonly CheckpointMetadata[], failures: unknown[]): Promise<void> {
    const stillUsed = new Set(retained.flatMap((other) => filesOf(other)));
    const unused = files.filter((file) => file.startsWith(`${SHARED}/`) && !stillUsed.has(file));
    await forEachOf(unused, (file) => attempt(failures, () => this.#fileSystem.remove(`${this.base}/${file}`)));
  }

  async #removeOwn(path: string): Promise<void> {
    if ((await this.#fileSystem.stat(path)) === undefined) return;
    const files = (await this.#fileSystem.list(path)).filter(({ kind }) => kind === 'file');
    await forEachOf(files, ({ path: file }) => this.#fileSystem.remove(file));
    await this.#fileSystem.removeDirectory(path);
  }

  async #probe(path: string): Promise<void> {
    try {
      await this.#fileSystem.remove(path); // of a process that was killed just here
      await (await this.#fileSystem.create(path)).close();
      await this.#fileSystem.remove(path);
    } catch (error) {
      throw new DataError(
        `Checkpoints cannot be written to '${this.base}': ${error instanceof Error ? error.message : String(error)} Give a directory that this process may write to (execution.checkpointing.dir).`,
        { reason: 'checkpoint-directory', cause: error },
      );
    }
  }
}

export async function writeMetadata(fileSystem: FileSystem, directory: string, metadata: CheckpointMetadata): Promise<void> {
  const inProgress = `${directory}/${METADATA_FILE}.inprogress`;
  await fileSystem.remove(inProgress);
  const writer = await fileSystem.create(inProgress);
  try {
    await writer.write(encodeMetadata(metadata));
    await writer.sync();
  } finally {
    await writer.close();
  }
  await fileSystem.rename(inProgress, `${directory}/${METADATA_FILE}`);
}

export interface StoredCheckpoint {
  /** The directory of its `_metadata`. */
  readonly path: string;
  /** Where its relative handles begin: the job's directory, or the checkpoint's own of a savepoint. */
  readonly base: string;
  readonly metadata: CheckpointMetadata;
}

/** Of a checkpoint's directory or of its `_metadata`. Throws a `DataError` when there is none, or it is damaged. */
export async function readCheckpoint(fileSystem: FileSystem, path: string): Promise<StoredCheckpoint> {
  const resolved = fileSystem.resolve(path);
  const directory = resolved.endsWith(`/${METADATA_FILE}`) ? resolved.slice(0, -METADATA_FILE.length - 1) : resolved;
  const file = `${directory}/${METADATA_FILE}`;
  if ((await fileSystem.stat(file)) === undefined) {
    throw new DataError(
      `'${path}' is no checkpoint: there is no ${METADATA_FILE} in it. Give the directory of a checkpoint, as \`millrace checkpoints <directory>\` lists them.`,
      {
        reason: 'checkpoint-missing',
      },
    );
  }
  const metadata = decodeMetadata(await readAll(fileSystem, file), file);
  const base = metadata.kind === 'savepoint' ? directory : directory.slice(0, directory.lastIndexOf('/'));
  return { path: directory, base, metadata };
}

async function readAll(fileSystem: FileSystem, path: string): Promise<Uint8Array> {
  const file = await fileSystem.open(path);
  try {
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

/** Removals that are under way at once: a store far away answers each late, and has its limits. */
const PARALLEL_REMOVALS = 16;

async function forEachOf<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let first = 0; first < items.length; first += PARALLEL_REMOVALS)
    await Promise.all(items.slice(first, first + PARALLEL_REMOVALS).map(work));
}

async function attempt(failures: unknown[], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    failures.push(error);
  }
}
