/**
 * How long each split of a source has been active, paused by its alignment group, and idle. One for each source subtask; told of every change.
 *
 * A time ends where the next begins, so the three add up to what has passed since the split came. A split that is paused counts as that, whether or not it is idle.
 * Flink: the metrics `split.<id>.watermark.*` of FLIP-513.
 */
export type SplitState = 'active' | 'paused' | 'idle';

interface Times {
  state: SplitState;
  sinceMs: number;
  readonly activeMs: number;
  readonly pausedMs: number;
  readonly idleMs: number;
}

export type SplitFigures = Pick<Times, 'activeMs' | 'pausedMs' | 'idleMs'> & { readonly splitId: string };

export class SplitTimes {
  readonly #nowMs: () => number;
  readonly #splits = new Map<string, Times>();

  /** `nowMs`: monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** From here on the split is in this state; also for one that is new. */
  enter(splitId: string, state: SplitState): void {
    const before = this.#splits.get(splitId);
    if (before?.state === state) return;
    this.#splits.set(splitId, { ...this.#untilNow(before), state, sinceMs: this.#nowMs() });
  }

  remove(splitId: string): void {
    this.#splits.delete(splitId);
  }

  figures(): readonly SplitFigures[] {
    return [...this.#splits].map(([splitId, times]) => ({ splitId, ...this.#untilNow(times) }));
  }

  #untilNow(times: Times | undefined): Omit<SplitFigures, 'splitId'> {
    const { activeMs = 0, pausedMs = 0, idleMs = 0 } = times ?? {};
    const passedMs = times === undefined ? 0 : this.#nowMs() - times.sinceMs;
    return {
      activeMs: activeMs + (times?.state === 'active' ? passedMs : 0),
      pausedMs: pausedMs + (times?.state === 'paused' ? passedMs : 0),
      idleMs: idleMs + (times?.state === 'idle' ? passedMs : 0),
    };
  }
}
