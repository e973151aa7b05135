/** Where the outputs of a source stand, as a checkpoint keeps it: a split goes on with the watermark and the count that it had (architecture D15). */
import type { TrackerState } from '@millrace/streaming/contract/watermark-tracker';

export type OutputState = TrackerState;

/** In place of a split's id: the output of the source itself. */
export const NO_SPLIT = '';

/** Outputs that a checkpoint had and the reader has not created again. */
export class RestoredOutputs {
  /** This subtask has their splits. */
  readonly #own = new Map<string, OutputState>();
  /** It may have. */
  #others: ReadonlyMap<string, OutputState> = new Map();

  restore(own: ReadonlyMap<string, OutputState>, others: ReadonlyMap<string, OutputState>): void {
    for (const [splitId, state] of own) if (splitId !== NO_SPLIT) this.#own.set(splitId, state);
    this.#others = others;
  }

  get size(): number {
    return this.#own.size;
  }

  get active(): number {
    let active = 0;
    for (const { isIdle } of this.#own.values()) if (!isIdle) active += 1;
    return active;
  }

  /** The least of those that are active; Infinity where there are none. */
  get watermark(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { isIdle, watermark } of this.#own.values()) if (!isIdle && watermark < least) least = watermark;
    return least;
  }

  take(splitId: string): OutputState | undefined {
    const state = this.#own.get(splitId) ?? this.#others.get(splitId);
    this.#own.delete(splitId);
    return state;
  }

  own(): ReadonlyMap<string, OutputState> {
    return this.#own;
  }
}
