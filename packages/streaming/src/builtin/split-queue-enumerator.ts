/**
 * Hands out splits in order, one for each request.
 *
 * Owns the queue of splits that nobody reads. Called by the source coordinator, one call at a time; requests may come before the splits are known.
 *
 * Q1 splits leave in the order of their `index`; those that come back after a failure go to where they were.
 * Q2 a request is answered with a split, or with "no more" once the splits are known and none is left.
 */
import type { MaybePromise } from '../contract/emittable.ts';
import type { SplitEnumerator, SplitEnumeratorContext } from '../contract/source.ts';
import { WaitingReaders } from './waiting-readers.ts';

export interface IndexedSplit {
  readonly index: number;
}

/** Undefined until the splits were found. */
export interface SplitQueueState<Split> {
  readonly pending: readonly Split[] | undefined;
}

export class SplitQueueEnumerator<Split extends IndexedSplit> implements SplitEnumerator<Split, SplitQueueState<Split>> {
  readonly #context: SplitEnumeratorContext<Split>;
  readonly #discover: () => MaybePromise<readonly Split[]>;
  readonly #waiting: WaitingReaders;
  #pending: Split[] | undefined;

  constructor(
    context: SplitEnumeratorContext<Split>,
    discover: () => MaybePromise<readonly Split[]>,
    restored: SplitQueueState<Split> = { pending: undefined },
  ) {
    this.#context = context;
    this.#waiting = new WaitingReaders(context);
    this.#discover = discover;
    this.#pending = restored.pending === undefined ? undefined : [...restored.pending];
  }

  start(): MaybePromise<void> {
    if (this.#pending !== undefined) return;
    const found = this.#discover();
    if ('then' in found) return found.then((splits) => this.#found(splits));
    this.#found(found as readonly Split[]);
  }

  handleSplitRequest(subtask: number): void {
    if (this.#pending === undefined) this.#waiting.add(subtask);
    else this.#answer(this.#pending, subtask);
  }

  addSplitsBack(splits: readonly Split[], _subtask: number): void {
    this.#pending = [...(this.#pending ?? []), ...splits].sort((a, b) => a.index - b.index);
  }

  addReader(subtask: number): void {
    this.#waiting.registered(subtask);
  }

  snapshotState(): SplitQueueState<Split> {
    return { pending: this.#pending };
  }

  close(): void {}

  #found(splits: readonly Split[]): void {
    this.#pending = [...splits, ...(this.#pending ?? [])].sort((a, b) => a.index - b.index);
    for (let subtask = this.#waiting.take(); subtask !== undefined; subtask = this.#waiting.take()) this.#answer(this.#pending, subtask);
  }

  #answer(pending: Split[], subtask: number): void {
    const split = pending.shift();
    if (split === undefined) this.#context.signalNoMoreSplits(subtask);
    else this.#context.assignSplit(split, subtask);
  }
}
