import type { SplitEnumeratorContext } from '../contract/source.ts';

/**
 * For an enumerator that assigns splits by itself, without waiting to be asked: gives each split to the reader that has the fewest, what it came back with after a
 * restore included. Where readers ask (`handleSplitRequest`), whoever is free gets the next, and nothing needs to be counted.
 *
 * Owned by the enumerator, which calls `readerRegistered` in its `addReader` and `assign` for each split once all readers are there.
 */
export class SplitBalancer<Split> {
  readonly #context: SplitEnumeratorContext<Split>;
  readonly #counts = new Map<number, number>();

  constructor(context: SplitEnumeratorContext<Split>) {
    this.#context = context;
  }

  /** Also after a failure: from here on it has what it came back with. */
  readerRegistered(subtask: number): void {
    this.#counts.set(subtask, this.#context.registeredReaders().get(subtask)?.reportedSplits.length ?? 0);
  }

  /** True when as many readers have registered as there are. */
  get isComplete(): boolean {
    return this.#counts.size === this.#context.currentParallelism();
  }

  /** Returns the subtask that got it: of those with the fewest, the lowest. */
  assign(split: Split): number {
    let chosen = -1;
    for (const [subtask, count] of this.#counts) {
      const least = this.#counts.get(chosen);
      if (least === undefined || count < least || (count === least && subtask < chosen)) chosen = subtask;
    }
    this.#counts.set(chosen, (this.#counts.get(chosen) ?? 0) + 1);
    this.#context.assignSplit(split, chosen);
    return chosen;
  }

  /** A reader has read a split to its end. */
  finished(subtask: number): void {
    this.#counts.set(subtask, Math.max(0, (this.#counts.get(subtask) ?? 0) - 1));
  }
}
