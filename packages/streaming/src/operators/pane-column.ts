/**
 * One pane of all keys: the accumulators of those that had a record in it, in the order in which they came. Keys are small whole numbers here, which the operator
 * gives out. Whatever goes through a pane as a whole goes through its arrays from front to back, which is what a processor's caches are good at.
 */
import type { ColumnFreeze } from './frozen-columns.ts';

export class PaneColumn<ACC> {
  readonly pane: number;
  readonly ids: number[];
  readonly accumulators: ACC[];
  /** Parallel to `ids`, once the pane is in the front: what the key adds up to in the panes of the front behind this one. */
  readonly after: (ACC | undefined)[];
  /** Snapshots under way, the newest; they are told of a place before its accumulator changes. */
  freezes: ColumnFreeze<ACC> | undefined;
  /** Where each key is; made when a record first comes to a pane that is not the newest of its key. */
  #places: Map<number, number> | undefined;

  constructor(pane: number) {
    this.pane = pane;
    this.ids = [];
    this.accumulators = [];
    this.after = [];
    this.freezes = undefined;
    this.#places = undefined;
  }

  touch(place: number): void {
    for (let freeze = this.freezes; freeze !== undefined; freeze = freeze.next) freeze.save(place);
  }

  push(id: number, accumulator: ACC): number {
    this.#places?.set(id, this.ids.length);
    this.accumulators.push(accumulator);
    return this.ids.push(id) - 1;
  }

  /** −1 where the key is not in the pane. */
  placeOf(id: number): number {
    this.#places ??= this.#placesOfIds();
    return this.#places.get(id) ?? -1;
  }

  /** @cold */
  #placesOfIds(): Map<number, number> {
    return new Map(this.ids.map((id, place) => [id, place]));
  }
}
