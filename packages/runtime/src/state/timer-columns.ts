/**
 * What timers are, by their id, in columns: a timer costs no object of its own, nor does its key where that is a number or a short text (timer-keys.ts), so ten
 * million of them give the garbage collector little to walk over.
 *
 * Columns grow by chunks, so that no registration ever copies what is there. An id that is released is the next one to be given out.
 */
import { VOID_NAMESPACE } from '@millrace/streaming/contract/timers';
import { CHUNK_BITS, CHUNK_MASK, CHUNK_SIZE, emptyChunk } from './timer-chunks.ts';
import { TimerKeys } from './timer-keys.ts';

export const NONE = -1;

export class TimerColumns {
  /** Where the timer stands in the heap; of a free id: the next free one, or NONE. */
  readonly places: Int32Array[];
  readonly #times: Float64Array[];
  readonly #hashes: Int32Array[];
  readonly #keys: TimerKeys;
  /** Without chunks where all timers are in the one namespace. */
  readonly #namespaces: unknown[][];
  readonly #hasNamespaces: boolean;
  #free: number;
  #bound: number; // ids below were given out at least once

  constructor(hasNamespaces: boolean) {
    this.places = [];
    this.#times = [];
    this.#hashes = [];
    this.#keys = new TimerKeys();
    this.#namespaces = [];
    this.#hasNamespaces = hasNamespaces;
    this.#free = NONE;
    this.#bound = 0;
  }

  /** Ids below were given out at least once. */
  get idBound(): number {
    return this.#bound;
  }

  add(time: number, hash: number, key: unknown, namespace: unknown): number {
    const id = this.#take();
    const chunk = id >>> CHUNK_BITS;
    const index = id & CHUNK_MASK;
    (this.#times[chunk] as Float64Array)[index] = time;
    (this.#hashes[chunk] as Int32Array)[index] = hash;
    this.#keys.set(id, key);
    if (this.#hasNamespaces) (this.#namespaces[chunk] as unknown[])[index] = namespace;
    return id;
  }

  release(id: number): void {
    const chunk = id >>> CHUNK_BITS;
    const index = id & CHUNK_MASK;
    this.#keys.clear(id);
    if (this.#hasNamespaces) (this.#namespaces[chunk] as unknown[])[index] = undefined;
    (this.places[chunk] as Int32Array)[index] = this.#free;
    this.#free = id;
  }

  time(id: number): number {
    return (this.#times[id >>> CHUNK_BITS] as Float64Array)[id & CHUNK_MASK] as number;
  }

  hash(id: number): number {
    return (this.#hashes[id >>> CHUNK_BITS] as Int32Array)[id & CHUNK_MASK] as number;
  }

  key(id: number): unknown {
    return this.#keys.get(id);
  }

  /** Whether that is its key, for a number or a text; undefined where only `key` tells. */
  hasKey(id: number, wanted: number | string): boolean | undefined {
    return this.#keys.is(id, wanted);
  }

  namespace(id: number): unknown {
    return this.#hasNamespaces ? (this.#namespaces[id >>> CHUNK_BITS] as unknown[])[id & CHUNK_MASK] : VOID_NAMESPACE;
  }

  #take(): number {
    const id = this.#free;
    if (id !== NONE) {
      this.#free = (this.places[id >>> CHUNK_BITS] as Int32Array)[id & CHUNK_MASK] as number;
      return id;
    }
    if ((this.#bound & CHUNK_MASK) === 0) this.#grow();
    return this.#bound++;
  }

  #grow(): void {
    this.places.push(new Int32Array(CHUNK_SIZE));
    this.#times.push(new Float64Array(CHUNK_SIZE));
    this.#hashes.push(new Int32Array(CHUNK_SIZE));
    this.#keys.grow();
    if (this.#hasNamespaces) this.#namespaces.push(emptyChunk());
  }
}
