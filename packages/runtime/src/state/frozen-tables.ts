import type { EntryForm } from './entry-forms.ts';
import type { HeapTable } from './heap-table.ts';
import type { FrozenState, KeyedSink } from './state-backend.ts';
import type { TableFreeze } from './table-freeze.ts';

interface FrozenTable {
  readonly table: HeapTable<unknown, unknown>;
  readonly freeze: TableFreeze<unknown, unknown>;
}

/** All tables of one state as they stood at the barrier. */
export class FrozenTables implements FrozenState {
  readonly #tables: FrozenTable[] = [];
  #next = 0;

  constructor(tables: ReadonlyMap<HeapTable<unknown, unknown>, EntryForm<unknown>>, sink: KeyedSink) {
    for (const [table, form] of tables) {
      if (table.size === 0) continue;
      let current: unknown; // one closure for all keys of the table
      const write = (namespace: unknown, content: unknown) => sink.add(current, namespace, content);
      const freeze = table.freeze((key, value) => {
        if (value === undefined) return;
        current = key;
        form.entries(value, write);
      });
      this.#tables.push({ table, freeze });
    }
  }

  get isDone(): boolean {
    return this.#next === this.#tables.length;
  }

  advance(budgetEntries: number): number {
    let left = budgetEntries;
    while (left > 0 && !this.isDone) {
      const { table, freeze } = this.#tables[this.#next] as FrozenTable;
      left = freeze.advance(left);
      if (!freeze.isDone) return 0;
      table.thaw(freeze);
      this.#next += 1;
    }
    return left;
  }

  release(): void {
    for (; this.#next < this.#tables.length; this.#next++) {
      const { table, freeze } = this.#tables[this.#next] as FrozenTable;
      table.thaw(freeze);
    }
  }
}
