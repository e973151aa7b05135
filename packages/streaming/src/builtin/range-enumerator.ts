/**
 * Cuts [from, to) into ranges, one for each request, so that the longest sequence costs no more memory than the shortest.
 *
 * Owns the position of the cut and the ranges that came back. Called by the source coordinator, one call at a time.
 *
 * Q1 ranges leave in the order of their `index`; those that come back after a failure leave before what is still to be cut.
 * Q2 what is cut depends on `from` and `to` alone, neither on who asks nor on restores in between.
 */
import type { SplitEnumerator, SplitEnumeratorContext } from '../contract/source.ts';
import { countRanges, type RangeSplit, rangeSizeOf } from './range-split.ts';

export interface RangeEnumeratorState {
  /** The first number that was never handed out. */
  readonly position: number;
  /** Ascending by `index`. */
  readonly returned: readonly RangeSplit[];
}

export interface NumberRange {
  readonly from: number;
  readonly to: number; // exclusive
  /** Shared by as many readers as there are ranges to read at one time. */
  readonly recordsPerSecond?: number | undefined;
}

export class RangeEnumerator implements SplitEnumerator<RangeSplit, RangeEnumeratorState> {
  readonly #context: SplitEnumeratorContext<RangeSplit>;
  readonly #range: NumberRange;
  readonly #size: number;
  #position: number;
  #returned: RangeSplit[];

  constructor(context: SplitEnumeratorContext<RangeSplit>, range: NumberRange, restored?: RangeEnumeratorState) {
    this.#context = context;
    this.#range = range;
    this.#size = rangeSizeOf(range.from, range.to);
    this.#position = restored?.position ?? range.from;
    this.#returned = [...(restored?.returned ?? [])];
  }

  start(): void {}

  handleSplitRequest(subtask: number): void {
    const split = this.#returned.shift() ?? this.#cut();
    if (split === undefined) this.#context.signalNoMoreSplits(subtask);
    else this.#context.assignSplit(split, subtask);
  }

  addSplitsBack(splits: readonly RangeSplit[], _subtask: number): void {
    this.#returned = [...this.#returned, ...splits].sort((a, b) => a.index - b.index);
  }

  addReader(_subtask: number): void {} // readers ask

  snapshotState(): RangeEnumeratorState {
    return { position: this.#position, returned: this.#returned };
  }

  close(): void {}

  #cut(): RangeSplit | undefined {
    const { from, to, recordsPerSecond: rate } = this.#range;
    const start = this.#position;
    if (start >= to) return undefined;
    this.#position = Math.min(start + this.#size, to);
    const split = { index: Math.round((start - from) / this.#size), from: start, to: this.#position };
    if (rate === undefined) return split;
    const readers = Math.max(1, Math.min(this.#context.currentParallelism(), countRanges(from, to)));
    return { ...split, recordsPerSecond: rate / readers };
  }
}
