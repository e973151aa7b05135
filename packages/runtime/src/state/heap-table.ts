/**
 * A keyed table on the heap: from key to value, in one of two forms. Implements the contract of `KeyedTable`; called by one thread.
 *
 * While all keys are numbers the *typed form* holds them in a Float64Array, open addressing with linear probing. The first key of another kind moves everything
 * to the *map form*: native Maps from the key, or from the canonical form of an object, to a slot. A table of a declared type that is no number begins there.
 *
 * H1 typed form: a slot is free exactly when its key is NaN, so NaN itself needs the map form. At most two of three slots are used.
 * H2 typed form: from the slot that a key hashes to up to the slot that holds it, no slot is free. `remove` restores this by moving keys back: no tombstones.
 * H3 map form: `mapKeys[slot]` is FREE exactly when the slot is in `freeSlots`; there are `values.length` slots.
 * H4 the value of a free slot is undefined, so that the next key to get it starts with none (T2 of the contract) and nothing is kept alive.
 * H5 `#isWatched` is true while somebody wants to know of changes: snapshots under way (`#freezes`), which are told before an entry changes or is handed out, or the
 *    next checkpoints (`#changes`), for which its slot is stamped then. It is all that a table that nobody watches looks at.
 */
import { invariant } from '@millrace/core/base/assert';
import type { KeyedTable } from '@millrace/streaming/contract/state';
import type { KeyGuard } from './key-guard.ts';
import { TableChanges } from './table-changes.ts';
import { type EntryTaker, FREE, TableFreeze } from './table-freeze.ts';
import { hashOfNumber, TypedKeys } from './typed-keys.ts';

type Primitive = string | number | boolean | bigint | null | undefined;
/** Maps an object to a primitive that is equal exactly for equal objects. */
export type CanonicalForm = (key: object) => Primitive;

const LEAST_CAPACITY = 16; // a power of two, as every capacity of the typed form

export class HeapTable<K, V> implements KeyedTable<K, V> {
  size: number;
  values: (V | undefined)[];
  readonly #canonical: CanonicalForm;
  readonly #guard: KeyGuard;
  readonly #startsTyped: boolean;
  readonly #salt: number;
  #isTyped: boolean;
  #keys: Float64Array;
  #mask: number;
  #shift: number;
  #limit: number; // the size at which the typed form grows
  #slots: Map<Primitive, number>;
  #objectSlots: Map<Primitive, number>;
  #mapKeys: (K | typeof FREE)[];
  #freeSlots: number[];
  #isWatched: boolean;
  #changes: TableChanges<K> | undefined;
  #freezes: TableFreeze<K, V> | undefined; // the newest; the others behind it

  /** `guard` is shown every key that is new to the table, and throws for one that is not this subtask's. `salt`, a whole number, is that of `hashOfNumber`. */
  constructor(startsTyped: boolean, canonical: CanonicalForm, guard?: KeyGuard, salt = 0) {
    this.size = 0;
    this.values = [];
    this.#canonical = canonical;
    this.#guard = guard;
    this.#startsTyped = startsTyped;
    this.#salt = salt;
    this.#isTyped = startsTyped;
    this.#keys = new Float64Array(0);
    this.#mask = 0;
    this.#shift = 0;
    this.#limit = 0;
    this.#slots = new Map();
    this.#objectSlots = new Map();
    this.#mapKeys = [];
    this.#freeSlots = [];
    this.#isWatched = false;
    this.#changes = undefined;
    this.#freezes = undefined;
    if (startsTyped) this.#allocate(LEAST_CAPACITY);
  }

  get capacity(): number {
    return this.values.length;
  }

  slotOf(key: K): number {
    if (typeof key !== 'number' || !this.#isTyped) return this.#mapSlotOf(key);
    const keys = this.#keys;
    const mask = this.#mask;
    let slot = hashOfNumber(key, this.#salt) >>> this.#shift;
    for (;;) {
      const found = keys[slot] as number;
      if (found === key) {
        if (this.#isWatched) this.touch(slot);
        return slot;
      }
      if (Number.isNaN(found)) return this.#insert(key, slot); // H1
      slot = (slot + 1) & mask;
    }
  }

  find(key: K): number {
    const slot = this.#peek(key);
    if (this.#isWatched && slot >= 0) this.touch(slot);
    return slot;
  }

  remove(key: K): boolean {
    const slot = this.find(key);
    if (slot < 0) return false;
    if (this.#changes !== undefined) this.#changes.removed(this.keyAt(slot), this.size);
    this.size--;
    if (this.#isTyped) this.#closeGap(slot);
    else {
      this.#slotsFor(key).delete(this.#primitive(key));
      this.#mapKeys[slot] = FREE;
      this.values[slot] = undefined;
      this.#freeSlots.push(slot);
    }
    return true;
  }

  isUsed(slot: number): boolean {
    if (!this.#isTyped) return this.#mapKeys[slot] !== FREE;
    const key = this.#keys[slot] as number;
    return !Number.isNaN(key); // H1
  }

  keyAt(slot: number): K {
    return (this.#isTyped ? this.#keys[slot] : this.#mapKeys[slot]) as K;
  }

  touch(slot: number): void {
    if (!this.#isWatched) return;
    if (this.#freezes !== undefined) this.#tellFreezes(slot); // they look at the stamp
    const changes = this.#changes;
    if (changes !== undefined) changes.stamps[slot] = changes.mark;
  }

  /** From now on it is known what has changed since the freezes of which checkpoint. Of a table that is empty. */
  trackChanges(mark: number): TableChanges<K> {
    this.#changes = new TableChanges(this.capacity, mark);
    this.#isWatched = true;
    return this.#changes;
  }

  get changes(): TableChanges<K> | undefined {
    return this.#changes;
  }

  /**
   * What is in the table now is shown to `take`, entry by entry: before it changes, or when `advance` comes to it. Until `thaw`.
   * `since`, of a table that tracks its changes: only what has changed after the freeze of that checkpoint.
   */
  freeze(take: EntryTaker<K, V>, since?: number): TableFreeze<K, V> {
    const keys = this.#isTyped ? new TypedKeys(this.#keys, { mask: this.#mask, shift: this.#shift, salt: this.#salt }) : this.#mapKeys;
    const stamps = since === undefined ? undefined : this.#changes?.stamps;
    const freeze = new TableFreeze<K, V>(this.values, keys, take, stamps && { stamps, since: since as number });
    freeze.next = this.#freezes;
    this.#freezes = freeze;
    this.#isWatched = true;
    return freeze;
  }

  thaw(freeze: TableFreeze<K, V>): void {
    if (this.#freezes === freeze) this.#freezes = freeze.next;
    else for (let before = this.#freezes; before !== undefined; before = before.next) if (before.next === freeze) before.next = freeze.next;
    this.#isWatched = this.#changes !== undefined || this.#freezes !== undefined;
  }

  /** Keeps the memory that its last contents needed, for the next ones will be like them, and gives up what is far above that. */
  clear(): void {
    const isShared = this.#freezes !== undefined;
    this.#freezes = undefined; // they keep the arrays, and what the table gets from now on is none of theirs
    this.#slots.clear();
    this.#objectSlots.clear();
    this.#mapKeys = [];
    this.#freeSlots = [];
    const wasTyped = this.#isTyped;
    this.#isTyped = this.#startsTyped;
    if (!this.#isTyped || !wasTyped) this.values = [];
    if (this.#isTyped) {
      if (wasTyped && !isShared && this.values.length <= Math.max(LEAST_CAPACITY, this.size * 8)) {
        this.#keys.fill(Number.NaN);
        this.values.fill(undefined);
      } else this.#allocate(LEAST_CAPACITY);
    }
    this.size = 0;
    this.#changes?.cleared(this.capacity);
    this.#isWatched = this.#changes !== undefined;
  }

  #peek(key: K): number {
    if (!this.#isTyped) return this.#slotsFor(key).get(this.#primitive(key)) ?? -1;
    if (typeof key !== 'number') return -1;
    const slot = this.#probe(key);
    return this.#keys[slot] === key ? slot : -1;
  }

  /** The slot of a number, or the free slot that ends its probe (H2). */
  #probe(key: number): number {
    let slot = hashOfNumber(key, this.#salt) >>> this.#shift;
    while (this.#keys[slot] !== key && this.isUsed(slot)) slot = (slot + 1) & this.#mask;
    return slot;
  }

  #insert(key: number & K, free: number): number {
    if (Number.isNaN(key)) return this.#mapSlotOf(key);
    if (this.#guard !== undefined) this.#guard(key);
    let slot = free;
    if (this.size >= this.#limit) {
      this.#grow();
      slot = this.#probe(key);
    }
    if (this.#isWatched) this.#inserted(slot);
    this.#keys[slot] = key + 0; // −0 is 0
    this.size++;
    return slot;
  }

  #allocate(capacity: number): void {
    this.#keys = new Float64Array(capacity).fill(Number.NaN);
    this.values = emptyValues(capacity);
    this.#mask = capacity - 1;
    this.#shift = 32 - Math.log2(capacity);
    this.#limit = Math.floor((capacity * 2) / 3);
  }

  /** @cold */
  #grow(): void {
    const { values } = this;
    const keys = this.#keys;
    this.#detachFreezes();
    invariant(keys.length < 2 ** 30, () => `A keyed table has ${this.size} keys and can hold no more. Use more subtasks.`);
    this.#allocate(keys.length * 2);
    const changes = this.#changes;
    const stamps = changes?.moveTo(this.capacity);
    for (let from = 0; from < keys.length; from++) {
      const key = keys[from] as number;
      if (Number.isNaN(key)) continue;
      const slot = this.#probe(key);
      this.#keys[slot] = key;
      this.values[slot] = values[from];
      if (stamps !== undefined && changes !== undefined) changes.stamps[slot] = stamps[from] as number;
    }
  }

  /** H2: moves back every key behind the gap that its probe could no longer reach. */
  #closeGap(slot: number): void {
    const keys = this.#keys;
    let gap = slot;
    for (let next = (gap + 1) & this.#mask; this.isUsed(next); next = (next + 1) & this.#mask) {
      const home = hashOfNumber(keys[next] as number, this.#salt) >>> this.#shift;
      if (((next - home) & this.#mask) < ((next - gap) & this.#mask)) continue; // its home lies behind the gap
      if (this.#freezes !== undefined) this.#tellFreezes(next);
      this.#changes?.move(next, gap);
      keys[gap] = keys[next] as number;
      this.values[gap] = this.values[next];
      gap = next;
    }
    keys[gap] = Number.NaN;
    this.values[gap] = undefined;
  }

  #mapSlotOf(key: K): number {
    if (this.#isTyped) this.#becomeMap();
    const slots = this.#slotsFor(key);
    const primitive = this.#primitive(key);
    const known = slots.get(primitive);
    if (known !== undefined) {
      if (this.#isWatched) this.touch(known);
      return known;
    }
    if (this.#guard !== undefined) this.#guard(key);
    const slot = this.#freeSlots.pop() ?? this.values.push(undefined) - 1;
    if (this.#isWatched) this.#inserted(slot);
    slots.set(primitive, slot);
    this.#mapKeys[slot] = Object.is(key, -0) ? (0 as K) : key;
    this.size++;
    return slot;
  }

  /** Objects have a map of their own: the canonical form of one may equal a string that is a key. */
  #slotsFor(key: K): Map<Primitive, number> {
    return typeof key === 'object' && key !== null ? this.#objectSlots : this.#slots;
  }

  #primitive(key: K): Primitive {
    return typeof key === 'object' && key !== null ? this.#canonical(key) : (key as Primitive);
  }

  #inserted(slot: number): void {
    for (let freeze = this.#freezes; freeze !== undefined; freeze = freeze.next) freeze.insert(slot);
    this.#changes?.inserted(slot);
  }

  #tellFreezes(slot: number): void {
    const key = this.keyAt(slot);
    for (let freeze = this.#freezes; freeze !== undefined; freeze = freeze.next) freeze.touch(slot, key);
  }

  #detachFreezes(): void {
    for (let freeze = this.#freezes; freeze !== undefined; freeze = freeze.next) freeze.detach();
  }

  #becomeMap(): void {
    const { values } = this;
    const keys = this.#keys;
    this.#detachFreezes();
    this.#isTyped = false;
    this.#keys = new Float64Array(0);
    this.values = [];
    const changes = this.#changes;
    const stamps = changes?.moveTo(keys.length);
    for (let from = 0; from < keys.length; from++) {
      const key = keys[from] as number;
      if (Number.isNaN(key)) continue;
      const slot = this.values.push(values[from]) - 1;
      this.#slots.set(key, slot);
      this.#mapKeys.push(key as K);
      if (stamps !== undefined && changes !== undefined) changes.stamps[slot] = stamps[from] as number;
    }
  }
}

/** Filled at once, so that the array never has holes, whose reading costs V8 a look at the prototypes. */
function emptyValues<V>(capacity: number): (V | undefined)[] {
  const values: (V | undefined)[] = [];
  for (let slot = 0; slot < capacity; slot++) values.push(undefined);
  return values;
}
