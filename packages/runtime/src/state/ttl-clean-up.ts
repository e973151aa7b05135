/**
 * Takes expired values out of what a table holds for a key, and out of the table a few keys at a time. One for each state with a time to live.
 *
 * P1 what is taken out of a list makes a new list: somebody may be reading the old one. A map loses names in place.
 * P2 a value is expired from its time plus the time to live on; before that nothing here touches it.
 */
import type { KeyedTable } from '@millrace/streaming/contract/state';
import type { StateTtl } from '@millrace/streaming/contract/state-ttl';
import type { CellsOfKey } from './cells.ts';
import { NameMap } from './name-map.ts';
import { Timed } from './snapshot/entry-codec.ts';

/** Keys that are looked at with each access. Flink's number. */
const KEYS_PER_ACCESS = 5;

export class TtlClock {
  readonly ttl: StateTtl;
  readonly now: () => number;

  constructor(ttl: StateTtl, now: () => number) {
    this.ttl = ttl;
    this.now = now;
  }

  isExpired(timed: Timed<unknown>, now: number): boolean {
    return timed.time + this.ttl.ttlMs <= now;
  }

  /** What is left of a value, of a list or of a map; undefined where nothing is. The same where nothing has expired. */
  pruned<V>(content: V, now: number): V | undefined {
    if (content instanceof Timed) return this.isExpired(content, now) ? undefined : content;
    if (content instanceof NameMap) {
      for (const [name, timed] of [...content.entries()]) if (this.isExpired(timed as Timed<unknown>, now)) content.delete(name);
      return content.size === 0 ? undefined : content;
    }
    const list = content as Timed<unknown>[];
    if (!list.some((timed) => this.isExpired(timed, now))) return content;
    const live = list.filter((timed) => !this.isExpired(timed, now));
    return live.length === 0 ? undefined : (live as V);
  }

  hasExpired(content: unknown, now: number): boolean {
    if (content instanceof Timed) return this.isExpired(content, now);
    const all = content instanceof NameMap ? Array.from(content.entries(), ([, timed]) => timed) : (content as Timed<unknown>[]);
    return all.some((timed) => this.isExpired(timed as Timed<unknown>, now));
  }
}

/** Walks round a table (P2). `step` is called between two accesses, never within one: it moves slots. */
export class TtlSweep {
  readonly #table: KeyedTable<unknown, unknown>;
  readonly #clock: TtlClock;
  readonly #isNamespaced: boolean;
  #slot = 0;

  constructor(table: KeyedTable<unknown, unknown>, clock: TtlClock, isNamespaced: boolean) {
    this.#table = table;
    this.#clock = clock;
    this.#isNamespaced = isNamespaced;
  }

  step(): void {
    const table = this.#table;
    const now = this.#clock.now();
    for (let left = KEYS_PER_ACCESS; left > 0 && table.capacity > 0; left--) {
      if (this.#slot >= table.capacity) this.#slot = 0;
      const slot = this.#slot++;
      const held = table.isUsed(slot) ? table.values[slot] : undefined;
      if (held !== undefined) this.#clean(slot, held, now);
    }
  }

  #clean(slot: number, held: unknown, now: number): void {
    const table = this.#table;
    if (!this.#contentsOf(held).some((content) => this.#clock.hasExpired(content, now))) return;
    table.touch(slot);
    const left = this.#isNamespaced ? this.#prunedCells(held as CellsOfKey<unknown>, now) : this.#clock.pruned(held, now);
    if (left === undefined) table.remove(table.keyAt(slot));
    else table.values[slot] = left;
  }

  #contentsOf(held: unknown): readonly unknown[] {
    if (!this.#isNamespaced) return [held];
    const cells = held as CellsOfKey<unknown>;
    return cells instanceof Map ? Array.from(cells.values(), ({ value }) => value) : [cells.value];
  }

  #prunedCells(cells: CellsOfKey<unknown>, now: number): CellsOfKey<unknown> | undefined {
    for (const cell of cells instanceof Map ? [...cells.values()] : [cells]) {
      const left = this.#clock.pruned(cell.value, now);
      if (left !== undefined) cell.value = left;
      else if (!(cells instanceof Map)) return undefined;
      else cells.delete(cell.id);
    }
    return cells instanceof Map && cells.size === 0 ? undefined : cells;
  }
}
