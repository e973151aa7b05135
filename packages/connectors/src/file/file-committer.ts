import { DataError } from '@millrace/core/base/errors';
import type { FileSystem } from '@millrace/core/fs/file-system';
import type { Committer, CommitRequest } from '@millrace/streaming/contract/sink';

/** A part that is complete and durable, waiting for its name. */
export interface PendingFile {
  readonly pending: string;
  readonly final: string;
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
        `The finished part '${pending}' (${sizeBytes} bytes) is gone, so it cannot become '${final}'. Somebody removed it while the job ran; its records are lost.`,
        {
          reason: 'file-not-found',
        },
      );
    }
    if (finished === undefined) {
      await this.#fileSystem.rename(pending, final);
      return true;
    }
    // Stopped between the new name and the removal of the old one.
    if (unfinished !== undefined) await this.#fileSystem.remove(pending);
    return false;
  }
}
