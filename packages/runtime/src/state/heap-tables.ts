/** Makes the tables of an operator's keyed state on the heap of its slot. One for each operator of a subtask. */
import { canonicalKey } from '@millrace/core/types/key';
import { descriptionOf } from '@millrace/core/types/types';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { KeyedTable, KeyedTableFactory, RestoredTable } from '@millrace/streaming/contract/state';
import { HeapTable } from './heap-table.ts';

/** Released tables kept for each name: windows come and go by ones, and a burst of them should not hold memory for ever. */
const SPARE_TABLES = 4;
/** Declared types of keys that are never numbers, whose tables need not wait for one. */
const NEVER_NUMBERS: ReadonlySet<string> = new Set([
  'string',
  'boolean',
  'bigint',
  'date',
  'bytes',
  'null',
  'undefined',
  'typed-array',
  'row',
  'tuple',
  'list',
  'set',
  'map',
]);

export class HeapTableFactory implements KeyedTableFactory {
  readonly #spares: Map<string, HeapTable<unknown, unknown>[]>;

  constructor() {
    this.#spares = new Map();
  }

  createTable<K, V>(name: string, keyType: TypeInformation<K> | undefined, _valueType?: TypeInformation<V>): KeyedTable<K, V> {
    const spare = this.#spares.get(name)?.pop();
    if (spare !== undefined) return spare as HeapTable<K, V>;
    return new HeapTable<K, V>(!NEVER_NUMBERS.has(descriptionOf(keyType).kind), canonicalKey);
  }

  restoredTables<K, V>(_name: string): readonly RestoredTable<K, V>[] {
    return [];
  }

  releaseTable<K, V>(name: string, table: KeyedTable<K, V>): void {
    const spares = this.#spares.get(name) ?? [];
    this.#spares.set(name, spares);
    if (spares.length >= SPARE_TABLES) return;
    table.clear();
    spares.push(table as HeapTable<unknown, unknown>);
  }
}
