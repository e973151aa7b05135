import { DataError } from '@millrace/core/base/errors';
import type { FileSystem } from '@millrace/core/fs/file-system';
import type { Committer, CommitRequest } from '@millrace/streaming/contract/sink';

/** A part that is complete and durable, waiting for its name. */
export interface PendingFile {
  readonly pending: string;
  readonly final: string;
  /** What is behind these bytes was written after the checkpoint that the part comes from, by a process that is gone: it is left out. */
  readonly sizeBytes: number;
}

/** Gives finished parts their names. A commit that is repeated does nothing: names are unique, so a final name that exists is this part's own. */
export class FileCommitter implements Committer<PendingFile> {
  readonly #fileSystem: FileSystem;

  constructor(fileSystem: FileSystem) {
    this.#fileSystem = fileSystem;
  }

  async commit(requests: readonly CommitRequest<PendingFile>[]): Promise<void> {
    for (const request of requests) {
      if (!(await this.#commit(request.getCommittable()))) request.signalAlreadyCommitted();
    }
  }

  close(): void {}

  /** False when it was done before. */
  async #commit({ pending, final, sizeBytes }: PendingFile): Promise<boolean> {
    const finished = await this.#fileSystem.stat(final);
    const unfinished = await this.#fileSystem.stat(pending);
    if (finished === undefined && unfinished === undefined) {
      throw new DataError(
        `The finished part '${pending}' (${sizeBytes} bytes) is gone, so it cannot become '${final}'. Somebody removed it while the job ran; its records are lost. Restore an older checkpoint to write them again, and keep others out of the directory.`,
        {
          reason: 'file-not-found',
        },
      );
    }
    if (finished === undefined) {
      await this.#give(final, pending, { sizeBytes, found: unfinished?.size ?? 0 });
      return true;
    }
    // Stopped between the new name and the removal of the old one.
    if (unfinished !== undefined) await this.#fileSystem.remove(pending);
    return false;
  }

  async #give(final: string, pending: string, { sizeBytes, found }: { readonly sizeBytes: number; readonly found: number }): Promise<void> {
    if (found < sizeBytes) throw tooShort(pending, sizeBytes, found);
    if (found === sizeBytes) return this.#fileSystem.rename(pending, final);
    const cut = `${pending}.cut`;
    await this.#fileSystem.remove(cut); // of a commit that was interrupted
    await this.#copy(pending, cut, sizeBytes);
    await this.#fileSystem.rename(cut, final);
    await this.#fileSystem.remove(pending);
  }

  async #copy(from: string, to: string, sizeBytes: number): Promise<void> {
    const writer = await this.#fileSystem.create(to);
    try {
      for await (const chunk of this.#fileSystem.stream(from, 0, sizeBytes)) await writer.write(chunk);
      await writer.sync();
    } finally {
      await writer.close();
    }
  }
}

function tooShort(pending: string, sizeBytes: number, found: number): DataError {
  return new DataError(
    `The part '${pending}' has ${found} bytes, and the checkpoint has recorded ${sizeBytes}: somebody has changed it, or the disk has lost what it said was durable. Its records are lost. Restore an older checkpoint to write them again.`,
    { reason: 'file-io' },
  );
}
