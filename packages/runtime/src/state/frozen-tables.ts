import type { EntryForm } from './entry-forms.ts';
import type { HeapTable } from './heap-table.ts';
import type { ChangeSink, FrozenState, KeyedSink } from './state-backend.ts';
import type { EntryTaker, TableFreeze } from './table-freeze.ts';

type AnyTable = HeapTable<unknown, unknown>;

interface FrozenTable {
  readonly table: AnyTable;
  readonly freeze: TableFreeze<unknown, unknown>;
}

/** Keys of one table that were removed, on their way into the checkpoint. */
interface Removed {
  readonly keys: readonly unknown[];
  readonly namespace: number | undefined;
}

/** All tables of one state as they stood at the barrier, or what has changed in them. */
export class FrozenTables implements FrozenState {
  readonly #tables: FrozenTable[] = [];
  readonly #removed: Removed[] = [];
  readonly #changes: ChangeSink | undefined;
  #next = 0;
  #nextRemoved = 0;
  #nextKey = 0;

  /** `checkpointId`: of tables that track their changes. */
  constructor(tables: ReadonlyMap<AnyTable, EntryForm<unknown>>, sink: KeyedSink, checkpointId?: number) {
    this.#changes = sink.changes;
    const since = sink.changes?.since;
    for (const [table, form] of tables) {
      if (table.size > 0) this.#tables.push({ table, freeze: table.freeze(takerOf(form, sink), since) });
      if (checkpointId === undefined) continue;
      const removed = table.changes?.cut(checkpointId, since, sink.changes?.keepSince ?? checkpointId) ?? [];
      for (const keys of removed) this.#removed.push({ keys, namespace: form.namespace });
    }
  }

  get isDone(): boolean {
    return this.#next === this.#tables.length && this.#nextRemoved === this.#removed.length;
  }

  advance(budgetEntries: number): number {
    let left = budgetEntries;
    while (left > 0 && this.#next < this.#tables.length) {
      const { table, freeze } = this.#tables[this.#next] as FrozenTable;
      left = freeze.advance(left);
      if (!freeze.isDone) return 0;
      table.thaw(freeze);
      this.#next += 1;
    }
    return this.#advanceRemoved(left);
  }

  release(): void {
    for (; this.#next < this.#tables.length; this.#next++) {
      const { table, freeze } = this.#tables[this.#next] as FrozenTable;
      table.thaw(freeze);
    }
    this.#nextRemoved = this.#removed.length;
  }

  #advanceRemoved(budget: number): number {
    let left = budget;
    while (left > 0 && this.#nextRemoved < this.#removed.length) {
      const { keys, namespace } = this.#removed[this.#nextRemoved] as Removed;
      const end = Math.min(keys.length, this.#nextKey + left);
      left -= end - this.#nextKey;
      while (this.#nextKey < end) this.#changes?.remove(keys[this.#nextKey++], namespace);
      if (end < keys.length) return 0;
      this.#nextRemoved += 1;
      this.#nextKey = 0;
    }
    return left;
  }
}

/** A key that has changed and shows no entry has none any more. */
function takerOf(form: EntryForm<unknown>, sink: KeyedSink): EntryTaker<unknown, unknown> {
  const { changes } = sink;
  let current: unknown; // one closure for all keys of the table
  let hasEntry = false;
  const write = (namespace: unknown, content: unknown) => {
    hasEntry = true;
    sink.add(current, namespace, content);
  };
  if (changes?.since === undefined) {
    return (key, value) => {
      if (value === undefined) return;
      current = key;
      form.entries(value, write);
    };
  }
  return (key, value) => {
    current = key;
    hasEntry = false;
    if (value !== undefined) form.entries(value, write);
    if (!hasEntry) changes.remove(key, form.namespace);
  };
}
