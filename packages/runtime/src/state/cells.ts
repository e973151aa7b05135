/**
 * Where the values of one keyed state are: one cell for the current key, or for the current key in the current namespace.
 *
 * C1 a cell that is empty reads as `undefined`; `undefined` is never written.
 * C2 reading and writing without a current key is refused (`CurrentKey.get` throws).
 * C3 `forEach` visits every cell that is not empty, in an order that hangs only on what was written before; what the visitor removes at the visited key is
 *    allowed. Snapshots read through it.
 */
import type { NamespaceType } from '@millrace/streaming/contract/keyed-state';
import type { KeyedTable } from '@millrace/streaming/contract/state';
import type { CurrentKey } from './current-key.ts';

export interface Cells<V> {
  read(): V | undefined;
  write(value: V): void;
  remove(): void;
  /** Writing tells the time: also a value that has only been changed must be written. */
  readonly keepsTime?: boolean;
  forEach(visit: (key: unknown, namespace: unknown, value: V) => void): void;
}

/** Of a state outside all namespaces: the table's values are the values. */
export class KeyCells<V> implements Cells<V> {
  readonly #current: CurrentKey;
  readonly #table: KeyedTable<unknown, V>;

  constructor(current: CurrentKey, table: KeyedTable<unknown, V>) {
    this.#current = current;
    this.#table = table;
  }

  read(): V | undefined {
    const slot = this.#table.find(this.#current.get());
    return slot < 0 ? undefined : this.#table.values[slot];
  }

  write(value: V): void {
    const slot = this.#table.slotOf(this.#current.get());
    this.#table.values[slot] = value;
  }

  remove(): void {
    this.#table.remove(this.#current.get());
  }

  forEach(visit: (key: unknown, namespace: unknown, value: V) => void): void {
    for (const key of keysOf(this.#table)) {
      const slot = this.#table.find(key);
      if (slot >= 0) visit(key, undefined, this.#table.values[slot] as V);
    }
  }
}

export interface Cell<V> {
  readonly id: string | number;
  readonly namespace: unknown;
  value: V;
}

/** Most keys are in one window at a time: that one has no Map around it. */
export type CellsOfKey<V> = Cell<V> | Map<string | number, Cell<V>>;

export class NamespaceCells<V> implements Cells<V> {
  readonly #current: CurrentKey;
  readonly #table: KeyedTable<unknown, CellsOfKey<V>>;
  readonly #namespaces: NamespaceType<unknown>;
  #namespace: unknown = undefined;
  #id: string | number = 0;

  constructor(current: CurrentKey, table: KeyedTable<unknown, CellsOfKey<V>>, namespaces: NamespaceType<unknown>) {
    this.#current = current;
    this.#table = table;
    this.#namespaces = namespaces;
  }

  get namespace(): unknown {
    return this.#namespace;
  }

  at(namespace: unknown): void {
    this.#namespace = namespace;
    this.#id = this.#namespaces.idOf(namespace);
  }

  read(): V | undefined {
    const cells = this.#cellsOfKey();
    if (cells === undefined) return undefined;
    if (cells instanceof Map) return cells.get(this.#id)?.value;
    return cells.id === this.#id ? cells.value : undefined;
  }

  write(value: V): void {
    const slot = this.#table.slotOf(this.#current.get());
    const cells = this.#table.values[slot];
    const id = this.#id;
    if (cells === undefined) this.#table.values[slot] = { id, namespace: this.#namespace, value };
    else if (cells instanceof Map) this.#writeInto(cells, value);
    else if (cells.id === id) cells.value = value;
    else {
      const map = new Map([[cells.id, cells]]);
      this.#table.values[slot] = map;
      this.#writeInto(map, value);
    }
  }

  remove(): void {
    const cells = this.#cellsOfKey();
    if (cells === undefined) return;
    if (cells instanceof Map) {
      cells.delete(this.#id);
      if (cells.size === 0) this.#table.remove(this.#current.get());
    } else if (cells.id === this.#id) this.#table.remove(this.#current.get());
  }

  forEach(visit: (key: unknown, namespace: unknown, value: V) => void): void {
    for (const key of keysOf(this.#table)) {
      const slot = this.#table.find(key);
      const cells = slot < 0 ? undefined : this.#table.values[slot];
      if (cells === undefined) continue;
      if (cells instanceof Map) for (const cell of [...cells.values()]) visit(key, cell.namespace, cell.value);
      else visit(key, cells.namespace, cells.value);
    }
  }

  #writeInto(cells: Map<string | number, Cell<V>>, value: V): void {
    const known = cells.get(this.#id);
    if (known === undefined) cells.set(this.#id, { id: this.#id, namespace: this.#namespace, value });
    else known.value = value;
  }

  #cellsOfKey(): CellsOfKey<V> | undefined {
    const slot = this.#table.find(this.#current.get());
    return slot < 0 ? undefined : this.#table.values[slot];
  }
}

/** All keys at once, because a removal moves slots. */
function keysOf(table: KeyedTable<unknown, unknown>): unknown[] {
  const keys: unknown[] = [];
  for (let slot = 0; slot < table.capacity; slot++) if (table.isUsed(slot)) keys.push(table.keyAt(slot));
  return keys;
}
