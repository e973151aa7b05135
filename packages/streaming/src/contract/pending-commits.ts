/**
 * What was prepared for a commit and is not committed yet: by the checkpoint that it belongs to. Owned by the operator that commits, and called in its task's thread.
 *
 * C1 what belongs to a checkpoint is committed once that one is complete, or a later one, and not before. What came at the end of the input belongs to the next checkpoint that
 *    holds it.
 * C2 it is in every checkpoint until its commit has settled: after a failure it is committed again.
 * C3 commits come one after another, beside all other calls.
 */
import { commitAll } from './commit-all.ts';
import type { Committer } from './sink.ts';
import type { ListSnapshot, StateInitializationContext, StateSnapshotContext } from './snapshot.ts';
import type { SimpleVersionedSerializer } from '@millrace/core/types/type-information';

interface Stored {
  readonly checkpointId: number;
  readonly subtask: number;
  /** Of the committables' serializer. */
  readonly version: number;
  readonly bytes: Uint8Array;
}

export interface Prepared<C> {
  /** LAST until a checkpoint has it. */
  readonly checkpointId: number;
  /** Whose writer prepared it, from 0. */
  readonly subtask: number;
  readonly committable: C;
}

/** Of what was prepared at the end of the input. */
export const LAST = Number.MAX_SAFE_INTEGER;

export interface PendingCommitsOptions<C> {
  /** Of the list in checkpoints. */
  readonly name: string;
  readonly serializer: () => SimpleVersionedSerializer<C>;
  readonly createCommitter: () => Committer<C> | PromiseLike<Committer<C>>;
  /** After each commit. */
  readonly committed?: (prepared: readonly Prepared<C>[]) => void;
}

export class PendingCommits<C> {
  readonly #options: PendingCommitsOptions<C>;
  readonly #list: ListSnapshot<Stored>;
  #prepared: readonly Prepared<C>[] = [];
  #committer: Promise<Committer<C>> | undefined = undefined;
  #commits: Promise<void> = Promise.resolve();
  #isClosed = false;
  #onCommitted: (() => void) | undefined = undefined;

  constructor(options: PendingCommitsOptions<C>) {
    this.#options = options;
    this.#list = { name: options.name, mode: 'split', elementType: undefined };
  }

  /** C2: what the checkpoint had left; `complete` commits it. */
  initialize(context: StateInitializationContext): void {
    const stored = context.readList(this.#list);
    if (stored.length === 0) return;
    const serializer = this.#options.serializer();
    this.#prepared = stored.map(({ checkpointId, subtask, version, bytes }) => ({
      checkpointId,
      subtask,
      committable: serializer.deserialize(bytes, version),
    }));
  }

  add(prepared: readonly Prepared<C>[]): void {
    this.#prepared = [...this.#prepared, ...prepared];
  }

  /** `handedOn` is written too, although it was taken: whoever has it now has it in no checkpoint before the next. */
  write(context: StateSnapshotContext, handedOn: readonly Prepared<C>[] = []): void {
    const { checkpointId } = context;
    const belonging = (each: Prepared<C>) => (each.checkpointId === LAST ? { ...each, checkpointId } : each); // C1
    this.#prepared = this.#prepared.map(belonging);
    const written = [...handedOn.map(belonging), ...this.#prepared];
    if (written.length === 0) return;
    const serializer = this.#options.serializer();
    context.writeList(
      this.#list,
      written.map((each) => ({
        checkpointId: each.checkpointId,
        subtask: each.subtask,
        version: serializer.version,
        bytes: serializer.serialize(each.committable),
      })),
    );
  }

  /** C3. Settles when what belongs to this checkpoint and those before it has been committed. */
  complete(checkpointId: number): Promise<void> {
    this.#commits = this.#commits.then(() => this.#commit(checkpointId));
    return this.#commits;
  }

  get isCommitted(): boolean {
    return this.#prepared.length === 0;
  }

  /** Settles when nothing is left to be committed. */
  committed(): Promise<void> {
    if (this.isCommitted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onCommitted = resolve;
    });
  }

  /** Takes all that is left, for one who hands it on instead of committing it. */
  take(): readonly Prepared<C>[] {
    const taken = this.#prepared;
    this.#prepared = [];
    return taken;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const committer = await this.#committer?.catch(() => undefined); // whoever waited for it has been told
    await committer?.close();
  }

  async #commit(checkpointId: number): Promise<void> {
    const due = this.#prepared.filter((each) => each.checkpointId <= checkpointId);
    if (due.length === 0 || this.#isClosed) return;
    this.#committer ??= Promise.resolve(this.#options.createCommitter());
    const settled = new Set(due);
    await commitAll(
      await this.#committer,
      due.map(({ committable }) => committable),
    );
    this.#prepared = this.#prepared.filter((each) => !settled.has(each));
    this.#options.committed?.(due);
    if (this.isCommitted) this.#onCommitted?.();
  }
}
