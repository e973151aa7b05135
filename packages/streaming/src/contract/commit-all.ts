/** Commits what a writer prepared, again and again for those that ask for it, within a bound. */
import { TerminalError } from '@millrace/core/base/errors';
import type { CommitRequest, Committer } from './sink.ts';

const RETRIES_MAX = 10;

type Outcome = 'committed' | 'retry' | { readonly failed: unknown };

class PendingCommit<C> implements CommitRequest<C> {
  #committable: C;
  retries = 0;
  outcome: Outcome = 'committed';

  constructor(committable: C) {
    this.#committable = committable;
  }

  getCommittable(): C {
    return this.#committable;
  }

  getNumberOfRetries(): number {
    return this.retries;
  }

  signalFailedWithKnownReason(error: unknown): void {
    this.outcome = { failed: error };
  }

  signalFailedWithUnknownReason(error: unknown): void {
    this.outcome = { failed: error };
  }

  signalAlreadyCommitted(): void {
    this.outcome = 'committed';
  }

  retryLater(): void {
    this.outcome = 'retry';
  }

  updateAndRetryLater(committable: C): void {
    this.#committable = committable;
    this.outcome = 'retry';
  }
}

export async function commitAll<C>(committer: Committer<C>, committables: readonly C[]): Promise<void> {
  let open = committables.map((committable) => new PendingCommit(committable));
  while (open.length > 0) {
    for (const request of open) request.outcome = 'committed';
    await committer.commit(open);
    open = open.filter(isOpen);
    for (const request of open) {
      request.retries += 1;
      if (request.retries > RETRIES_MAX) {
        throw new TerminalError(
          `The sink's committer asked ${RETRIES_MAX} times to retry a commit. Its output is not complete; look at what it commits to.`,
        );
      }
    }
  }
}

function isOpen<C>(request: PendingCommit<C>): boolean {
  if (typeof request.outcome === 'object') {
    const { failed } = request.outcome;
    throw new TerminalError(`The sink's committer failed: ${failed instanceof Error ? failed.message : String(failed)}`, { cause: failed });
  }
  return request.outcome === 'retry';
}
