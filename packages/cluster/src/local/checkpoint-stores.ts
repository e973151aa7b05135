/**
 * Where the checkpoints of a job are: a directory on any file system, or this process's memory. The input and output behind the coordinator's port.
 *
 * ST1 `begin` and `complete` of a store are carried out one after another; removals go on beside them, one after another too, or files that two of them share would be gone
 *    while the first is still a checkpoint; `close` waits for them.
 * ST2 what cannot be removed is reported and left (D3 of checkpoint-directory.ts).
 */
import { ConfigError, isMillraceError } from '@millrace/core/base/errors';
import type { FileSystem } from '@millrace/core/fs/file-system';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import { CheckpointDirectory, readCheckpoint, type StoredCheckpoint } from '@millrace/runtime/checkpoint/checkpoint-directory';
import { checkpointIdOf, type ListedCheckpoint, listCheckpoints } from '@millrace/runtime/checkpoint/checkpoint-list';
import type { CheckpointMetadata } from '@millrace/runtime/checkpoint/checkpoint-metadata';
import type { CheckpointLocation } from '@millrace/runtime/checkpoint/checkpoint-options';
import type { CompiledCheckpointing } from '@millrace/runtime/coordinator/checkpoints/checkpoint-settings';
import type {
  CheckpointStore,
  CheckpointStoreProvider,
  CheckpointStoreRequest,
  OpenedCheckpointStore,
  StoreOutcome,
} from '@millrace/runtime/coordinator/checkpoints/checkpoint-store';
import { describeFailure } from '@millrace/runtime/protocol/failure-description';
import { type CheckpointLock, takeCheckpointLock } from './checkpoint-lock.ts';

/** Told of what is wrong and fails nobody. */
export type CheckpointWarning = (message: string) => void;

export class CheckpointStores implements CheckpointStoreProvider {
  readonly #warn: CheckpointWarning;
  readonly #takeLock: typeof takeCheckpointLock;

  /** `takeLock`: where processes are not those of a machine. */
  constructor(warn: CheckpointWarning, takeLock = takeCheckpointLock) {
    this.#warn = warn;
    this.#takeLock = takeLock;
  }

  open(request: CheckpointStoreRequest, settle: (outcome: StoreOutcome<OpenedCheckpointStore>) => void): void {
    settleWith(this.#open(request).catch(asRefusal), settle);
  }

  async #open(request: CheckpointStoreRequest): Promise<OpenedCheckpointStore> {
    const { checkpointing, restorePath } = request;
    const restored = restorePath === undefined ? undefined : await readCheckpoint(fileSystemOf(restorePath), restorePath);
    const afterRestored = (restored?.metadata.checkpointId ?? 0) + 1;
    if (checkpointing?.directory !== undefined)
      return openDirectory(
        { ...request, directory: checkpointing.directory, checkpointing, restored, afterRestored, takeLock: this.#takeLock },
        this.#warn,
      );
    const store = new MemoryCheckpointStore(checkpointing?.memoryBytesMax ?? 0);
    return { store, owned: [], restored, nextCheckpointId: afterRestored };
  }
}

/** What is wrong with a place that somebody has named is theirs to set right before the job runs. */
function asRefusal(error: unknown): never {
  if (!isMillraceError(error) || error.kind !== 'data') throw error;
  throw new ConfigError(error.message, { reason: error.reason, cause: error.cause });
}

interface DirectoryRequest {
  readonly jobId: string;
  readonly jobName: string;
  readonly directory: string;
  readonly checkpointing: CompiledCheckpointing;
  readonly restored: StoredCheckpoint | undefined;
  readonly afterRestored: number;
  readonly takeLock: typeof takeCheckpointLock;
}

async function openDirectory(request: DirectoryRequest, warn: CheckpointWarning): Promise<OpenedCheckpointStore> {
  const { jobId, jobName, checkpointing, restored, afterRestored } = request;
  const fileSystem = fileSystemOf(request.directory);
  const directory = fileSystem.resolve(request.directory);
  const files = new CheckpointDirectory({ directory, jobId, fileSystem, inlineBytesMax: checkpointing.inlineBytesMax });
  await files.prepare();
  const lock = await request.takeLock(
    fileSystem,
    `${directory}/${lockName(jobName)}`,
    `The checkpoints of the job '${jobName}' in '${request.directory}'`,
  );
  try {
    return await openFiles(files, new DirectoryCheckpointStore(files, { lock, warn, fileSystem }), { fileSystem, restored, afterRestored });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function openFiles(
  files: CheckpointDirectory,
  store: DirectoryCheckpointStore,
  { fileSystem, restored, afterRestored }: Pick<DirectoryRequest, 'restored' | 'afterRestored'> & { readonly fileSystem: FileSystem },
): Promise<OpenedCheckpointStore> {
  const found = await listCheckpoints(fileSystem, files.base);
  const owned = found
    .filter((checkpoint) => checkpoint.status === 'COMPLETED')
    .sort((a, b) => a.metadata.checkpointId - b.metadata.checkpointId);
  const ids = found.map(({ path }) => checkpointIdOf(path));
  for (const { status, path } of found) if (status === 'IN_PROGRESS') store.discard(checkpointIdOf(path), owned);
  await store.sweep(found);
  const own = owned.find(({ path }) => path === restored?.path);
  return { store, owned, restored: own ?? restored, nextCheckpointId: Math.max(afterRestored, ...ids.map((id) => id + 1)) };
}

/** One name for each name of a job, whatever is in it. */
function lockName(jobName: string): string {
  return `.lock-${encodeURIComponent(jobName).slice(0, 100)}`;
}

class DirectoryCheckpointStore implements CheckpointStore {
  readonly #files: CheckpointDirectory;
  readonly #lock: CheckpointLock;
  readonly #warn: CheckpointWarning;
  readonly #fileSystem: FileSystem;
  #lastRemoval: Promise<void> = Promise.resolve();
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    files: CheckpointDirectory,
    ports: { readonly lock: CheckpointLock; readonly warn: CheckpointWarning; readonly fileSystem: FileSystem },
  ) {
    this.#files = files;
    this.#lock = ports.lock;
    this.#warn = ports.warn;
    this.#fileSystem = ports.fileSystem;
  }

  begin(checkpointId: number, settle: (outcome: StoreOutcome<CheckpointLocation>) => void): void {
    settleWith(
      this.#inOrder(() => this.#files.begin(checkpointId)),
      settle,
    );
  }

  complete(metadata: CheckpointMetadata, settle: (outcome: StoreOutcome<StoredCheckpoint>) => void): void {
    const written = this.#inOrder(async () => ({ metadata, base: this.#files.base, path: await this.#files.complete(metadata) }));
    settleWith(written, settle);
  }

  remove(checkpoint: StoredCheckpoint, retained: readonly StoredCheckpoint[]): void {
    this.#beside(() => this.#files.remove(checkpoint.metadata, metadataOf(retained)), checkpoint.path);
  }

  discard(checkpointId: number, retained: readonly StoredCheckpoint[]): void {
    this.#beside(() => this.#files.discard(checkpointId, metadataOf(retained)), this.#files.pathOf(checkpointId));
  }

  /** While no task writes. What a checkpoint that cannot be read refers to is not known: then nothing is removed. */
  async sweep(found: readonly ListedCheckpoint[]): Promise<void> {
    if (found.some(({ status }) => status === 'DAMAGED')) return;
    const complete = found.filter((checkpoint) => checkpoint.status === 'COMPLETED');
    const [failure] = await this.#files.sweep(metadataOf(complete));
    if (failure !== undefined) this.#left(this.#files.base, failure);
  }

  close(settle: () => void): void {
    const closed = this.#last
      .then(() => this.#lastRemoval)
      .then(async () => this.sweep(await listCheckpoints(this.#fileSystem, this.#files.base)))
      .then(() => this.#files.removeEmpty())
      .catch((error: unknown) => this.#left(this.#files.base, error))
      .then(() => this.#lock.release())
      .catch((error: unknown) => this.#left(this.#files.base, error));
    void closed.then(settle);
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => {});
    return mine;
  }

  #beside(removal: () => Promise<readonly unknown[]>, path: string): void {
    this.#lastRemoval = this.#lastRemoval
      .then(removal)
      .then((failures) => {
        if (failures.length > 0) this.#left(path, failures[0]);
      })
      .catch((error: unknown) => this.#left(path, error));
  }

  #left(path: string, error: unknown): void {
    this.#warn(`not everything of the checkpoint ${path} could be removed: ${describeFailure(error).message}`);
  }
}

/** What Flink shows of a checkpoint that is in nobody's file system. */
const NOT_ADDRESSABLE = '<checkpoint-not-externally-addressable>';

/** State comes with the acknowledgements and stays in them. */
class MemoryCheckpointStore implements CheckpointStore {
  readonly #location: CheckpointLocation;

  constructor(maxStateBytes: number) {
    this.#location = { kind: 'memory', maxStateBytes };
  }

  begin(_checkpointId: number, settle: (outcome: StoreOutcome<CheckpointLocation>) => void): void {
    queueMicrotask(() => settle({ ok: true, value: this.#location }));
  }

  complete(metadata: CheckpointMetadata, settle: (outcome: StoreOutcome<StoredCheckpoint>) => void): void {
    queueMicrotask(() => settle({ ok: true, value: { metadata, base: '', path: NOT_ADDRESSABLE } }));
  }

  remove(): void {}

  discard(): void {}

  close(settle: () => void): void {
    queueMicrotask(settle);
  }
}

function metadataOf(checkpoints: readonly StoredCheckpoint[]): readonly CheckpointMetadata[] {
  return checkpoints.map(({ metadata }) => metadata);
}

function settleWith<T>(work: Promise<T>, settle: (outcome: StoreOutcome<T>) => void): void {
  work.then(
    (value) => settle({ ok: true, value }),
    (error: unknown) => settle({ ok: false, failure: describeFailure(error) }),
  );
}
