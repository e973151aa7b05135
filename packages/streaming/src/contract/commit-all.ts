/** Commits what a writer prepared, again and again for those that ask for it, within a bound. */
import { RetryableError } from '@millrace/core/base/errors';
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
    const tried = open.length;
    open = open.filter((request) => isOpen(request, tried));
    for (const request of open) {
      request.retries += 1;
      if (request.retries > RETRIES_MAX) {
        throw new RetryableError(
          `The sink's committer asked ${RETRIES_MAX} times to retry a commit. Its output is not complete; look at what it commits to.`,
        );
      }
    }
  }
}

/** What fails here may succeed after a restart, which commits it again: how often that is tried is the restart strategy's. */
function isOpen<C>({ outcome, retries }: PendingCommit<C>, tried: number): boolean {
  if (typeof outcome === 'object') {
    const { failed } = outcome;
    const times = retries === 0 ? 'once' : `${retries + 1} times`;
    throw new RetryableError(
      `The sink's committer failed with 1 of ${tried} committables, tried ${times}: ${failed instanceof Error ? failed.message : String(failed)}`,
      { cause: failed },
    );
  }
  return outcome === 'retry';
}
