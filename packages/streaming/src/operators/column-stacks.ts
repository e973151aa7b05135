/**
 * Two stacks over the panes of all keys at once: what each key adds up to in the window, at one merge for a key and window, and three for each key of a pane, once,
 * spread evenly over the windows: there is no window at which everything is turned over (after the worst-case variant of the two-stack algorithm: Tangwongsan,
 * Hirzel and Schneider, "Low-Latency Sliding-Window Aggregation in Worst-Case Constant Time", DEBS 2017).
 *
 * The panes of the window are in three parts: the front up to below `#middle`, the turning part up to below `#turn`, the fresh part up to below `high`.
 *
 * C1 `front[id]` is the sum of the front; the panes of the front know what it is when they are gone (`PaneColumn.after`).
 * C2 `back[id]` is the sum of the turning and the fresh part, `#fresh[id]` of the fresh part alone, `#turning[id]` of the panes from `#turned` to below `#turn`.
 * C3 with the last pane of the front goes the front: the turning part, which must be turned by then, becomes the front, the fresh part begins to turn.
 * C4 undefined stands for no pane. An id of no pane has undefined everywhere.
 * C5 no two of these sums share what `merge` may change, nor with the panes; what is in `front` is never changed.
 */
import type { Accumulation } from './accumulation.ts';
import { PaneColumn, PlaceMemory } from './pane-column.ts';
import { insertSorted, lowerBound } from './sorted-numbers.ts';

/** Columns that are kept for panes to come: their arrays have the length that they need. One goes and one comes with each slide. */
const SPARES_MAX = 2;

type Sums<ACC> = (ACC | undefined)[];

export class ColumnStacks<ACC> {
  /** All panes with records, those of windows to come too. */
  readonly panes: Map<number, PaneColumn<ACC>>;
  front: Sums<ACC>;
  back: Sums<ACC>;
  high: number;
  readonly #live: number[]; // the panes of `panes`, ascending
  readonly #panesPerWindow: number;
  readonly #merge: (a: ACC, b: ACC) => ACC;
  readonly #copy: (accumulator: ACC) => ACC;
  readonly #spares: PaneColumn<ACC>[];
  readonly #placeMemory: PlaceMemory;
  #fresh: Sums<ACC>;
  #turning: Sums<ACC>;
  #middle: number;
  #turn: number;
  #turned: number;

  constructor(panesPerWindow: number, { merge, copy }: Accumulation<never, ACC, unknown>) {
    this.panes = new Map();
    this.front = [];
    this.back = [];
    this.high = 0;
    this.#live = [];
    this.#panesPerWindow = panesPerWindow;
    this.#merge = merge as (a: ACC, b: ACC) => ACC;
    this.#copy = copy;
    this.#spares = [];
    this.#placeMemory = new PlaceMemory();
    this.#fresh = [];
    this.#turning = [];
    this.#middle = 0;
    this.#turn = 0;
    this.#turned = 0;
  }

  /** The least pane; +∞ without one. */
  get first(): number {
    return this.#live.length === 0 ? Number.POSITIVE_INFINITY : (this.#live[0] as number);
  }

  /** Makes room for one more id. */
  addId(): void {
    this.front.push(undefined);
    this.back.push(undefined);
    this.#fresh.push(undefined);
    this.#turning.push(undefined);
  }

  columnOf(pane: number): PaneColumn<ACC> {
    return this.panes.get(pane) ?? this.#newColumn(pane);
  }

  #newColumn(pane: number): PaneColumn<ACC> {
    const column = this.#spares.pop() ?? new PaneColumn<ACC>(pane, this.#placeMemory);
    column.reuse(pane);
    this.panes.set(pane, column);
    insertSorted(this.#live, pane);
    return column;
  }

  /** Lets the windows begin at `pane`; only while no id has a sum. */
  restartAt(pane: number): void {
    this.#middle = pane;
    this.#turn = pane;
    this.#turned = pane;
    this.high = pane;
  }

  /** Takes the panes up to `to` into the window; `enter` hears of each of their ids. */
  absorb(to: number, enter: (id: number) => void): void {
    const merge = this.#merge;
    const copy = this.#copy;
    const { back } = this;
    const fresh = this.#fresh;
    for (let at = lowerBound(this.#live, this.high); at < this.#live.length && (this.#live[at] as number) <= to; at++) {
      const column = this.#paneAt(at);
      column.close();
      const { size, ids, accumulators } = column;
      for (let place = 0; place < size; place++) {
        const id = ids[place] as number;
        const accumulator = accumulators[place] as ACC;
        const backSum = back[id];
        const freshSum = fresh[id];
        back[id] = backSum === undefined ? copy(accumulator) : merge(backSum, copy(accumulator));
        fresh[id] = freshSum === undefined ? copy(accumulator) : merge(freshSum, copy(accumulator));
        enter(id);
      }
    }
    this.high = to + 1;
    if (this.#turn === this.#middle && this.high - this.#turn >= this.#panesPerWindow / 2) this.#startTurning(); // the first time: so that halves alternate
  }

  /** What an id adds up to, for emitting: never changed later. Undefined where it has no pane in the window. */
  sumOf(id: number): ACC | undefined {
    const older = this.front[id];
    const newer = this.back[id];
    if (newer === undefined) return older;
    return older === undefined ? this.#copy(newer) : this.#merge(this.#copy(older), this.#copy(newer));
  }

  /** Drops the panes below `from`, and turns a part of what must be turned later; `leave` hears of each id that a pane dropped. */
  evict(from: number, leave: (id: number) => void): void {
    while (this.first < from && this.first < this.high) {
      const pane = this.first;
      while (pane >= this.#middle) this.#advanceFront();
      this.#evictPane(this.panes.get(pane) as PaneColumn<ACC>, leave);
    }
    const windowsLeft = Math.max(1, this.#middle - from + 1);
    this.#turnDownTo(this.#turned - Math.ceil((this.#turned - this.#middle) / windowsLeft));
  }

  #evictPane(column: PaneColumn<ACC>, leave: (id: number) => void): void {
    const { front } = this;
    const { pane, size, ids, after } = column;
    for (let place = 0; place < size; place++) {
      const id = ids[place] as number;
      front[id] = after[place];
      leave(id);
    }
    this.panes.delete(pane);
    this.#live.shift();
    if (column.freezes === undefined && this.#spares.length < SPARES_MAX) this.#spares.push(column); // a snapshot under way still reads it
  }

  /** C3 */
  #advanceFront(): void {
    this.#turnDownTo(this.#middle);
    const used = this.front; // undefined everywhere: the panes of the front are gone
    this.front = this.#turning;
    this.#turning = used;
    this.#middle = this.#turn;
    this.back = this.#fresh;
    this.#startTurning();
  }

  #startTurning(): void {
    this.#fresh = Array.from<ACC | undefined>({ length: this.back.length });
    this.#turn = this.high;
    this.#turned = this.high;
  }

  #turnDownTo(pane: number): void {
    const merge = this.#merge;
    const copy = this.#copy;
    const turning = this.#turning;
    for (let at = lowerBound(this.#live, this.#turned) - 1; at >= 0 && (this.#live[at] as number) >= pane; at--) {
      const { size, ids, accumulators, after } = this.#paneAt(at);
      for (let place = 0; place < size; place++) {
        const id = ids[place] as number;
        const sum = turning[id];
        after[place] = sum;
        turning[id] = sum === undefined ? copy(accumulators[place] as ACC) : merge(copy(accumulators[place] as ACC), copy(sum));
      }
    }
    this.#turned = pane;
  }

  #paneAt(at: number): PaneColumn<ACC> {
    return this.panes.get(this.#live[at] as number) as PaneColumn<ACC>;
  }
}
