/**
 * Keyed state as operators see it: tables from key to value, one for each (state, namespace). Access is synchronous (architecture D9).
 *
 * A table is a set of slots in parallel arrays. `slotOf` is the one probe of a read-modify-write: it finds the key or inserts it, and the operator then works
 * on `values[slot]` directly. Slots stay where they are until the next insertion or removal (T1). A new slot's value is `undefined` (T2).
 * Keys are compared by their canonical form: −0 is 0, NaN is NaN, objects and arrays by value (T3).
 */
import type { TypeInformation } from '@millrace/core/types/type-information';

export interface KeyedTable<K, V> {
  readonly size: number;
  /** Indexed by slot; hold it no longer than until the next `slotOf` of a new key, which may replace it. So not `values[slotOf(key)]`, which reads it too early. */
  readonly values: (V | undefined)[];
  /** The slot of a key, inserted if it is not there. */
  slotOf(key: K): number;
  /** The slot of a key, or −1. */
  find(key: K): number;
  remove(key: K): boolean;
  clear(): void;
  /** The value in this slot is about to be changed in place by a way other than `slotOf` or `find`: a snapshot that is under way saves it first. */
  touch(slot: number): void;
  /** Slots below this bound may be in use: `for (slot = 0; slot < capacity; slot++) if (isUsed(slot)) …`; may be left and taken up again between insertions. */
  readonly capacity: number;
  isUsed(slot: number): boolean;
  keyAt(slot: number): K;
}

/** What one table is of. */
export interface TableOptions<in out V> {
  /** Tells the tables of one name apart (a window's index, say); part of the checkpoint. Absent where there is one table of that name. */
  readonly namespace?: number;
  /** A look-up aid that is made anew from other state: not part of checkpoints. */
  readonly isTransient?: boolean;
  /** Values that a codec cannot write as they are: their plain form in a checkpoint, and back. */
  readonly plainOf?: (value: V) => unknown;
  readonly valueOfPlain?: (plain: unknown) => V;
  /** In place of those two and of `namespace`, where a value is several entries of the checkpoint, each in a namespace of its own. */
  readonly entriesOf?: (value: V, write: (namespace: number, plain: unknown) => void) => void;
  /** The value with one more entry; undefined before the first. In any order. */
  readonly ofEntry?: (value: V | undefined, namespace: number, plain: unknown) => V;
}

export interface RestoredTable<K, V> {
  readonly namespace: number | undefined;
  readonly table: KeyedTable<K, V>;
}

export interface KeyedTableFactory {
  /**
   * `name` is unique in an operator. Tables of one name and different namespaces (windows, panes) belong to one state. Every table that was not released is part of
   * each checkpoint. While one is being written, `slotOf`, `find` and `remove` save the entry first; who keeps a value and changes it by another way calls `touch`.
   */
  createTable<K, V>(
    name: string,
    keyType: TypeInformation<K> | undefined,
    valueType: TypeInformation<V> | undefined,
    options?: TableOptions<V>,
  ): KeyedTable<K, V>;
  /** The tables that a checkpoint brought back under this name, as if they had been created; each is given once. Ask before `createTable` of that name. */
  restoredTables<K, V>(
    name: string,
    keyType: TypeInformation<K> | undefined,
    valueType: TypeInformation<V> | undefined,
    options?: Pick<TableOptions<V>, 'plainOf' | 'valueOfPlain'>,
  ): readonly RestoredTable<K, V>[];
  /** Gives up a table, whatever is in it. Its memory may serve the next `createTable` of the same name; the caller must not touch it again. */
  releaseTable<K, V>(name: string, table: KeyedTable<K, V>): void;
  /**
   * Of a table whose values nobody declared, in a job that begins with the state of another program: takes the first values that this program has for it, before they meet stored
   * ones, and throws for one that would be read wrongly beside them. Undefined where there is nothing to compare; ask after `createTable`.
   */
  storedTypeGuard?(name: string): ((value: unknown) => void) | undefined;
}
