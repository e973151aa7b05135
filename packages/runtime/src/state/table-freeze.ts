/**
 * One table as it stood when a snapshot began. The table goes on in the same arrays; before it changes an entry, or gives it to somebody who may, the entry is written.
 *
 * Made by its table, which tells it of every change; read piece by piece by the snapshot.
 *
 * F1 a slot below `bound` is marked when its entry has been written, or when what is in it now came later.
 * F2 *attached*, the arrays are the table's own: every slot that the table changes is marked first. *Detached*, after the table went over to other arrays, nobody
 *    changes them any more, but values are shared still: entries are then found by key.
 * F3 only the typed form is ever detached with a table that goes on: the map form grows in place, and a table that was cleared shares nothing.
 * F4 of changes alone, the stamp of a slot that is not marked is as it was: a slot is marked before it is stamped. A slot whose stamp is older is passed over.
 */
import type { TypedKeys } from './typed-keys.ts';

/** What the map form has in a free slot. */
export const FREE: unique symbol = Symbol('free slot');

/** Takes an entry over, which is to say writes it, before it returns. Never throws. */
export type EntryTaker<K, V> = (key: K, value: V) => void;

/** By table-changes.ts. */
export interface ChangedSlots {
  readonly stamps: Uint32Array;
  /** Slots with a lower stamp have not changed. */
  readonly since: number;
}

/** Slots that one advance may pass for each entry of its budget: free ones cost little, but not nothing. */
const SLOTS_PER_ENTRY = 16;

export class TableFreeze<K, V> {
  next: TableFreeze<K, V> | undefined;
  readonly #values: readonly (V | undefined)[];
  readonly #typed: TypedKeys | undefined;
  readonly #mapKeys: readonly (K | typeof FREE)[];
  readonly #bound: number;
  readonly #marks: Int32Array;
  readonly #take: EntryTaker<K, V>;
  readonly #stamps: Uint32Array | undefined;
  readonly #since: number;
  #isDetached: boolean;
  #cursor: number;

  constructor(
    values: readonly (V | undefined)[],
    keys: TypedKeys | readonly (K | typeof FREE)[],
    take: EntryTaker<K, V>,
    changed?: ChangedSlots,
  ) {
    this.next = undefined;
    this.#values = values;
    this.#typed = Array.isArray(keys) ? undefined : (keys as TypedKeys);
    this.#mapKeys = Array.isArray(keys) ? keys : [];
    this.#bound = values.length;
    this.#marks = new Int32Array((values.length + 31) >>> 5);
    this.#take = take;
    this.#stamps = changed?.stamps;
    this.#since = changed?.since ?? 0;
    this.#isDetached = false;
    this.#cursor = 0;
  }

  /** The table goes over to other arrays. */
  detach(): void {
    this.#isDetached = true;
  }

  /** The entry in this slot of the table is about to be changed. */
  touch(slot: number, key: K): void {
    if (!this.#isDetached) {
      if (slot < this.#bound) this.#save(slot);
      return;
    }
    const before = this.#typed !== undefined && typeof key === 'number' ? this.#typed.find(key) : -1;
    if (before >= 0) this.#save(before);
  }

  /** A key that the table did not have has got this slot. */
  insert(slot: number): void {
    if (!this.#isDetached && slot < this.#bound) this.#mark(slot);
  }

  /** Writes entries; what is left of the budget, 0 while there is more to do. */
  advance(budgetEntries: number): number {
    let left = budgetEntries;
    const end = Math.min(this.#bound, this.#cursor + budgetEntries * SLOTS_PER_ENTRY);
    while (this.#cursor < end && left > 0) if (this.#save(this.#cursor++)) left -= 1;
    return this.#cursor >= this.#bound ? left : 0;
  }

  get isDone(): boolean {
    return this.#cursor >= this.#bound;
  }

  /** True when there was an entry to write. */
  #save(slot: number): boolean {
    if (this.#isMarked(slot)) return false;
    this.#mark(slot);
    if (this.#stamps !== undefined && (this.#stamps[slot] as number) < this.#since) return false; // F4
    return this.#typed === undefined ? this.#takeAny(slot) : this.#takeNumber(this.#typed.at(slot), slot);
  }

  #takeAny(slot: number): boolean {
    const key = this.#mapKeys[slot] as K | typeof FREE;
    if (key === FREE) return false;
    this.#take(key, this.#values[slot] as V);
    return true;
  }

  /** On its own, so that no number is ever compared with `FREE`, for which V8 would box it. */
  #takeNumber(key: number, slot: number): boolean {
    if (Number.isNaN(key)) return false;
    this.#take(key as K, this.#values[slot] as V);
    return true;
  }

  #isMarked(slot: number): boolean {
    return (((this.#marks[slot >>> 5] as number) >>> (slot & 31)) & 1) !== 0;
  }

  #mark(slot: number): void {
    this.#marks[slot >>> 5] = (this.#marks[slot >>> 5] as number) | (1 << (slot & 31));
  }
}
