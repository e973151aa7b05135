/**
 * The timers of one queue as they stood when a snapshot began. The queue goes on; before it gives up a timer, that one is written.
 *
 * F1 an id below `bound` is marked when its timer has been written, or when what it stands for now came later. The columns of an id that is not marked are as they were.
 */
export interface TimerView {
  /** Ids below were given out at least once. */
  readonly idBound: number;
  isUsed(id: number): boolean;
}

/** Free ids cost little, but not nothing. */
const IDS_PER_ENTRY = 16;

export class TimerFreeze {
  next: TimerFreeze | undefined;
  readonly #view: TimerView;
  readonly #bound: number;
  readonly #marks: Int32Array;
  readonly #write: (id: number) => void;
  #cursor: number;

  /** `write` never throws. */
  constructor(view: TimerView, write: (id: number) => void) {
    this.next = undefined;
    this.#view = view;
    this.#bound = view.idBound;
    this.#marks = new Int32Array((view.idBound + 31) >>> 5);
    this.#write = write;
    this.#cursor = 0;
  }

  get isDone(): boolean {
    return this.#cursor >= this.#bound;
  }

  /** The timer of this id is about to go. */
  release(id: number): void {
    if (id < this.#bound) this.#save(id);
  }

  /** This id stands for a new timer. */
  insert(id: number): void {
    if (id < this.#bound) this.#mark(id);
  }

  /** Writes timers; what is left of the budget, 0 while there is more to do. */
  advance(budgetEntries: number): number {
    let left = budgetEntries;
    const end = Math.min(this.#bound, this.#cursor + budgetEntries * IDS_PER_ENTRY);
    while (this.#cursor < end && left > 0) if (this.#save(this.#cursor++)) left -= 1;
    return this.isDone ? left : 0;
  }

  #save(id: number): boolean {
    if ((((this.#marks[id >>> 5] as number) >>> (id & 31)) & 1) !== 0) return false;
    this.#mark(id);
    if (!this.#view.isUsed(id)) return false;
    this.#write(id);
    return true;
  }

  #mark(id: number): void {
    this.#marks[id >>> 5] = (this.#marks[id >>> 5] as number) | (1 << (id & 31));
  }
}
