/**
 * The columns of sliding windows as they stood when a snapshot began. Records go on into the newest of them; before an accumulator changes, it is written.
 *
 * F1 places of a column from `bound` on came later. A place below is marked once its accumulator has been written.
 * F2 a column that no record comes to any more is never changed, also when the operator has given it up: it serves no other pane while a snapshot reads it.
 */
import type { EntrySource } from '../contract/snapshot.ts';
import type { PaneColumn } from './pane-column.ts';

export type TakeAccumulator<ACC> = (pane: number, id: number, accumulator: ACC) => void;

export class ColumnFreeze<ACC> {
  next: ColumnFreeze<ACC> | undefined;
  readonly #column: PaneColumn<ACC>;
  readonly #bound: number;
  readonly #marks: Int32Array;
  readonly #take: TakeAccumulator<ACC>;
  #cursor: number;

  constructor(column: PaneColumn<ACC>, take: TakeAccumulator<ACC>) {
    this.next = column.freezes;
    column.freezes = this;
    this.#column = column;
    this.#bound = column.size;
    this.#marks = new Int32Array((this.#bound + 31) >>> 5);
    this.#take = take;
    this.#cursor = 0;
  }

  get isDone(): boolean {
    return this.#cursor >= this.#bound;
  }

  /** True when there was something to write. */
  save(place: number): boolean {
    if (place >= this.#bound) return false;
    const bit = 1 << (place & 31);
    const word = this.#marks[place >>> 5] as number;
    if ((word & bit) !== 0) return false;
    this.#marks[place >>> 5] = word | bit;
    const { pane, ids, accumulators } = this.#column;
    this.#take(pane, ids[place] as number, accumulators[place] as ACC);
    return true;
  }

  advance(budget: number): number {
    let left = budget;
    while (left > 0 && !this.isDone) if (this.save(this.#cursor++)) left -= 1;
    return left;
  }

  release(): void {
    const column = this.#column;
    if (column.freezes === this) column.freezes = this.next;
    else for (let before = column.freezes; before !== undefined; before = before.next) if (before.next === this) before.next = this.next;
  }
}

export class FrozenColumns<ACC> implements EntrySource {
  readonly #freezes: readonly ColumnFreeze<ACC>[];
  #next = 0;

  constructor(columns: readonly PaneColumn<ACC>[], take: TakeAccumulator<ACC>) {
    this.#freezes = columns.map((column) => new ColumnFreeze(column, take));
  }

  get isDone(): boolean {
    return this.#next >= this.#freezes.length;
  }

  advance(budgetEntries: number): number {
    let left = budgetEntries;
    for (let freeze = this.#freezes[this.#next]; freeze !== undefined && left > 0; freeze = this.#freezes[this.#next]) {
      left = freeze.advance(left);
      if (!freeze.isDone) break;
      freeze.release();
      this.#next += 1;
    }
    return this.isDone ? left : 0;
  }

  release(): void {
    for (const freeze of this.#freezes) freeze.release();
    this.#next = this.#freezes.length;
  }
}
