/**
 * The order of timers: a heap with four children to a node, whose times stand beside each other. Every timer knows its place, so any of them can be taken out.
 *
 * H1 the time at a place is not below that of its parent, `(place − 1) >> 2`.
 * H2 `columns.places` of the id at a place is that place.
 * H3 the heap grows by chunks; no insertion copies what is there. Chunks are kept when it shrinks: what was needed once will be needed again.
 */
import { CHUNK_BITS, CHUNK_MASK, CHUNK_SIZE } from './timer-chunks.ts';
import type { TimerColumns } from './timer-columns.ts';

export class TimerHeap {
  size: number;
  readonly #columns: TimerColumns;
  readonly #times: Float64Array[];
  readonly #ids: Int32Array[];

  constructor(columns: TimerColumns) {
    this.size = 0;
    this.#columns = columns;
    this.#times = [];
    this.#ids = [];
  }

  /** Infinity when there is none. */
  get leastTime(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.#time(0);
  }

  /** Of the timer with the least time; only when there is one. */
  get leastId(): number {
    return this.idAt(0);
  }

  idAt(place: number): number {
    return (this.#ids[place >>> CHUNK_BITS] as Int32Array)[place & CHUNK_MASK] as number;
  }

  push(id: number, time: number): void {
    if (this.size === this.#ids.length * CHUNK_SIZE) {
      this.#times.push(new Float64Array(CHUNK_SIZE));
      this.#ids.push(new Int32Array(CHUNK_SIZE));
    }
    this.size += 1;
    this.#rise(this.size - 1, id, time);
  }

  /** Takes the timer at a place out. */
  removeAt(place: number): void {
    const last = this.size - 1;
    this.size = last;
    if (place === last) return;
    const id = this.idAt(last);
    const time = this.#time(last);
    if (place > 0 && this.#time((place - 1) >>> 2) > time) this.#rise(place, id, time);
    else this.#sink(place, id, time);
  }

  #time(place: number): number {
    return (this.#times[place >>> CHUNK_BITS] as Float64Array)[place & CHUNK_MASK] as number;
  }

  #put(place: number, id: number, time: number): void {
    (this.#times[place >>> CHUNK_BITS] as Float64Array)[place & CHUNK_MASK] = time;
    (this.#ids[place >>> CHUNK_BITS] as Int32Array)[place & CHUNK_MASK] = id;
    (this.#columns.places[id >>> CHUNK_BITS] as Int32Array)[id & CHUNK_MASK] = place; // H2
  }

  #rise(from: number, id: number, time: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >>> 2;
      const timeOfParent = this.#time(parent);
      if (timeOfParent <= time) break;
      this.#put(place, this.idAt(parent), timeOfParent);
      place = parent;
    }
    this.#put(place, id, time);
  }

  #sink(from: number, id: number, time: number): void {
    let place = from;
    for (;;) {
      const first = place * 4 + 1;
      if (first >= this.size) break;
      const end = Math.min(first + 4, this.size);
      let least = first;
      let leastTime = this.#time(first);
      for (let child = first + 1; child < end; child++) {
        const timeOfChild = this.#time(child);
        if (timeOfChild < leastTime) {
          least = child;
          leastTime = timeOfChild;
        }
      }
      if (leastTime >= time) break;
      this.#put(place, this.idAt(least), leastTime);
      place = least;
    }
    this.#put(place, id, time);
  }
}
