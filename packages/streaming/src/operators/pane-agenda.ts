/** What is to be done when a pane is reached: lists of things by pane, and the least pane that has one. */
import { insertSorted, lowerBound } from './sorted-numbers.ts';

const NOTHING: readonly never[] = [];

export class PaneAgenda<E> {
  readonly #entries: Map<number, E[]>;
  readonly #panes: number[]; // that have entries, ascending

  constructor() {
    this.#entries = new Map();
    this.#panes = [];
  }

  /** The least pane with an entry; +∞ without one. */
  get next(): number {
    return this.#panes.length === 0 ? Number.POSITIVE_INFINITY : (this.#panes[0] as number);
  }

  add(pane: number, entry: E): void {
    const known = this.#entries.get(pane);
    if (known !== undefined) {
      known.push(entry);
      return;
    }
    this.#entries.set(pane, [entry]);
    insertSorted(this.#panes, pane);
  }

  /** Takes out the entries of the least pane, if that is not above `limit`; an empty list otherwise. */
  takeNext(limit: number): readonly E[] {
    const pane = this.next;
    if (pane > limit) return NOTHING;
    this.#panes.splice(lowerBound(this.#panes, pane), 1);
    const entries = this.#entries.get(pane) ?? NOTHING;
    this.#entries.delete(pane);
    return entries;
  }
}
