/** A backend of Maps without cleverness: a snapshot copies everything at once. What the contract of backends asks, and no more. */
import { canonicalKey } from '@millrace/core/types/key';
import { descriptionOf } from '@millrace/core/types/types';
import type { KeyedStateSchema } from '@millrace/runtime/checkpoint/state-handles';
import { type EntryForm, tableForm } from '@millrace/runtime/state/entry-forms';
import { HeapKeyedStateBackend } from '@millrace/runtime/state/heap-keyed-state-backend';
import type { FrozenState, KeyedBackend, KeyedBackendEnvironment, KeyedSink, StateBackend } from '@millrace/runtime/state/state-backend';
import type { KeyedTable, KeyedTableFactory, RestoredTable, TableOptions } from '@millrace/streaming/contract/state';

/** What a test may plant. */
export interface ToyFaults {
  /** The copy is made when the snapshot asks for it, not when it begins. */
  readonly freezesLate?: boolean;
  readonly forgets?: (key: unknown) => boolean;
}

export function toyStateBackend(faults: ToyFaults = {}): StateBackend {
  return { name: 'toy', createKeyedBackend: (environment) => new ToyKeyedBackend(environment, faults) };
}

class ToyTable implements KeyedTable<unknown, unknown> {
  readonly values: unknown[] = [];
  readonly #keys: unknown[] = [];
  readonly #slots = new Map<unknown, number>();

  get size(): number {
    return this.#keys.length;
  }

  get capacity(): number {
    return this.#keys.length;
  }

  slotOf(key: unknown): number {
    const known = this.find(key);
    if (known >= 0) return known;
    this.#slots.set(canonicalKey(key), this.#keys.length);
    this.values.push(undefined);
    return this.#keys.push(Object.is(key, -0) ? 0 : key) - 1;
  }

  find(key: unknown): number {
    return this.#slots.get(canonicalKey(key)) ?? -1;
  }

  remove(key: unknown): boolean {
    const slot = this.find(key);
    if (slot < 0) return false;
    this.#keys.splice(slot, 1);
    this.values.splice(slot, 1);
    this.#slots.clear();
    for (const [index, each] of this.#keys.entries()) this.#slots.set(canonicalKey(each), index);
    return true;
  }

  clear(): void {
    this.values.length = 0;
    this.#keys.length = 0;
    this.#slots.clear();
  }

  touch(): void {}

  isUsed(slot: number): boolean {
    return slot < this.#keys.length;
  }

  keyAt(slot: number): unknown {
    return this.#keys[slot];
  }
}

interface ToyState {
  schema: KeyedStateSchema;
  readonly tables: Map<ToyTable, EntryForm<unknown>>;
  readonly restored: Map<number | undefined, ToyTable>;
}

class ToyKeyedBackend implements KeyedBackend, KeyedTableFactory {
  readonly tables: KeyedTableFactory = this;
  readonly #environment: KeyedBackendEnvironment;
  readonly #faults: ToyFaults;
  readonly #states = new Map<string, ToyState>();
  #fills: (() => void)[] = [];
  #keyedState: HeapKeyedStateBackend | undefined = undefined;

  constructor(environment: KeyedBackendEnvironment, faults: ToyFaults) {
    this.#environment = environment;
    this.#faults = faults;
  }

  get keyedState(): HeapKeyedStateBackend {
    const { key, currentKey, freeze, currentProcessingTime: now, restored } = this.#environment;
    this.#keyedState ??= new HeapKeyedStateBackend({ currentKey, tables: this, keyType: key?.type, freeze, now, restored });
    return this.#keyedState;
  }

  createStateTable<V>(schema: KeyedStateSchema, form: EntryForm<V>): KeyedTable<unknown, V> {
    const table = new ToyTable();
    const state: ToyState = { schema, tables: new Map([[table, form as EntryForm<unknown>]]), restored: new Map() };
    this.#states.set(`state ${String(schema.namespaceType !== undefined)} ${schema.name}`, state);
    this.#whenLoaded(() => this.#environment.restored.takeKeyed(schema, (...entry) => add(table, form as EntryForm<unknown>, entry)));
    return table as unknown as KeyedTable<unknown, V>;
  }

  createTable<K, V>(
    name: string,
    keyType: Parameters<typeof descriptionOf>[0],
    valueType: Parameters<typeof descriptionOf>[0],
    options: TableOptions<V> = {},
  ) {
    const state = this.#stateOf(name, { keyType, valueType, options }, options.namespace !== undefined);
    const known = state.restored.get(options.namespace);
    state.restored.delete(options.namespace);
    return (known ?? this.#add(state, options.namespace, options)) as unknown as KeyedTable<K, V>;
  }

  restoredTables<K, V>(
    name: string,
    keyType: Parameters<typeof descriptionOf>[0],
    valueType: Parameters<typeof descriptionOf>[0],
    options: TableOptions<V> = {},
  ) {
    const state = this.#stateOf(name, { keyType, valueType, options }, undefined);
    const tables = [...state.restored].map(([namespace, table]) => ({ namespace, table: table as unknown as KeyedTable<K, V> }));
    state.restored.clear();
    return tables as readonly RestoredTable<K, V>[];
  }

  releaseTable<K, V>(name: string, table: KeyedTable<K, V>): void {
    this.#states.get(`table ${name}`)?.tables.delete(table as unknown as ToyTable);
  }

  onLoaded(): void {
    for (const fill of this.#fills) fill();
    this.#fills = [];
  }

  freeze(open: (schema: KeyedStateSchema) => KeyedSink): readonly FrozenState[] {
    return [...this.#states.values()].map(({ schema, tables }) => {
      const sink = open(schema);
      let isDone = false;
      const write = () => {
        isDone = true;
        for (const [table, form] of tables) this.#writeAll(table, form, sink);
      };
      if (this.#faults.freezesLate !== true) write();
      return {
        get isDone() {
          return isDone;
        },
        advance: (budget: number) => {
          if (!isDone) write();
          return budget;
        },
        release() {},
      };
    });
  }

  #writeAll(table: ToyTable, form: EntryForm<unknown>, sink: KeyedSink): void {
    for (let slot = 0; slot < table.capacity; slot++) {
      const key = table.keyAt(slot);
      if (this.#faults.forgets?.(key) !== true) form.entries(table.values[slot], (namespace, value) => sink.add(key, namespace, value));
    }
  }

  #stateOf<V>(
    name: string,
    made: {
      readonly keyType: Parameters<typeof descriptionOf>[0];
      readonly valueType: Parameters<typeof descriptionOf>[0];
      readonly options: TableOptions<V>;
    },
    isNamespaced: boolean | undefined,
  ): ToyState {
    const { restored } = this.#environment;
    const namespaceType = isNamespaced === true ? ({ kind: 'double' } as const) : undefined;
    const known = this.#states.get(`table ${name}`);
    if (known !== undefined) {
      if (namespaceType !== undefined && known.tables.size === 0) known.schema = { ...known.schema, namespaceType };
      return known;
    }
    const { keyType, valueType, options } = made;
    const schema: KeyedStateSchema = {
      name,
      kind: 'table',
      keyType: descriptionOf(keyType),
      namespaceType,
      valueType: descriptionOf(options.plainOf === undefined ? valueType : undefined),
    };
    const state: ToyState = { schema, tables: new Map(), restored: new Map() };
    this.#states.set(`table ${name}`, state);
    this.#whenLoaded(() => {
      const stored = restored.schemaOf(schema);
      if (stored !== undefined) state.schema = { ...schema, namespaceType: stored.namespaceType };
      restored.takeKeyed(state.schema, (key, namespace, value) => {
        const of = namespace as number | undefined;
        const known = state.restored.get(of) ?? (of === undefined ? [...state.tables.keys()][0] : undefined);
        const table = known ?? this.#add(state, of, options as TableOptions<unknown>);
        if (known === undefined) state.restored.set(of, table);
        add(table, state.tables.get(table) as EntryForm<unknown>, [key, namespace, value]);
      });
    });
    return state;
  }

  #add<V>(state: ToyState, namespace: number | undefined, options: TableOptions<V>): ToyTable {
    const table = new ToyTable();
    state.tables.set(table, tableForm(namespace, options as TableOptions<unknown>));
    return table;
  }

  #whenLoaded(fill: () => void): void {
    if (this.#environment.restored.isLoaded) fill();
    else this.#fills.push(fill);
  }
}

function add(table: ToyTable, form: EntryForm<unknown>, [key, namespace, value]: readonly [unknown, unknown, unknown]): void {
  const slot = table.slotOf(key);
  table.values[slot] = form.add(table.values[slot], namespace, value);
}
