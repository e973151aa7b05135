/**
 * One pane of all keys: the accumulators of those that had a record in it, in the order in which they came. Keys are small whole numbers here, which the operator
 * gives out. Whatever goes through a pane as a whole goes through its arrays from front to back, which is what a processor's caches are good at.
 */
import type { ColumnFreeze } from './frozen-columns.ts';

const LEAST_PLACES = 1024;
const SPARES_MAX = 4;

export class PaneColumn<ACC> {
  pane: number;
  /** Of the arrays; what is behind it is left over from an older pane. */
  size: number;
  readonly ids: number[];
  readonly accumulators: ACC[];
  /** Parallel to `ids`, once the pane is in the front: what the key adds up to in the panes of the front behind this one. */
  readonly after: (ACC | undefined)[];
  /** Snapshots under way, the newest; they are told of a place before its accumulator changes. */
  freezes: ColumnFreeze<ACC> | undefined;
  readonly #memory: PlaceMemory;
  /** By id, where each key is, plus 1; 0 where it is not. Made when a record first comes to a pane that is not the newest of its key. */
  #places: Int32Array | undefined;

  constructor(pane: number, memory: PlaceMemory) {
    this.pane = pane;
    this.size = 0;
    this.ids = [];
    this.accumulators = [];
    this.after = [];
    this.freezes = undefined;
    this.#memory = memory;
    this.#places = undefined;
  }

  touch(place: number): void {
    for (let freeze = this.freezes; freeze !== undefined; freeze = freeze.next) freeze.save(place);
  }

  push(id: number, accumulator: ACC): number {
    const place = this.size++;
    this.accumulators[place] = accumulator;
    this.ids[place] = id;
    if (this.#places !== undefined) this.#setPlace(id, place);
    return place;
  }

  /** −1 where the key is not in the pane. */
  placeOf(id: number): number {
    const places = this.#places ?? this.#allPlaces();
    return id < places.length ? (places[id] as number) - 1 : -1;
  }

  /** No record comes to it any more. */
  close(): void {
    const places = this.#places;
    if (places === undefined) return;
    for (let place = 0; place < this.size; place++) places[this.ids[place] as number] = 0;
    this.#memory.give(places);
    this.#places = undefined;
  }

  /** Serves as an empty column of another pane; nobody reads it any more. */
  reuse(pane: number): void {
    this.close();
    this.pane = pane;
    this.size = 0;
  }

  #setPlace(id: number, place: number): void {
    let places = this.#places as Int32Array;
    if (id >= places.length) {
      const longer = this.#memory.take(id);
      longer.set(places);
      this.#places = longer;
      places = longer;
    }
    places[id] = place + 1;
  }

  /** @cold */
  #allPlaces(): Int32Array {
    this.#places = this.#memory.take(0);
    for (let place = 0; place < this.size; place++) this.#setPlace(this.ids[place] as number, place);
    return this.#places;
  }
}

/** Arrays of zeros for the places of a column; few columns have one at a time, those between the slowest channel and the fastest. */
export class PlaceMemory {
  readonly #spares: Int32Array[];
  #length: number;

  constructor() {
    this.#spares = [];
    this.#length = LEAST_PLACES;
  }

  /** With room for an id. */
  take(id: number): Int32Array {
    const spare = this.#spares.pop();
    if (spare !== undefined && id < spare.length) return spare;
    while (this.#length <= id) this.#length *= 2;
    return new Int32Array(this.#length);
  }

  /** All zeros again. */
  give(places: Int32Array): void {
    if (places.length === this.#length && this.#spares.length < SPARES_MAX) this.#spares.push(places);
  }
}
