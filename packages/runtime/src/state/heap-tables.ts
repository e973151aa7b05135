/**
 * Makes the tables of an operator's keyed state on the heap of its slot, fills them with what a checkpoint had, and freezes them for the next one. One for each operator
 * of a subtask.
 *
 * F1 every table that was made and not released is in `#states`, under its state; what is in `#states` is in every snapshot.
 * F2 tables that a checkpoint brought back and nobody asked for yet are there as well, so they are not lost.
 * F3 where checkpoints are incremental, every table in `#states` tracks its changes, and what a checkpoint brought back counts as unchanged since that checkpoint.
 */
import { invariant } from '@millrace/core/base/assert';
import { canonicalKey } from '@millrace/core/types/key';
import type { TypeDescription, TypeInformation } from '@millrace/core/types/type-information';
import { descriptionOf } from '@millrace/core/types/types';
import type { MemoryUse } from '@millrace/streaming/contract/memory-use';
import type { KeyedTable, KeyedTableFactory, RestoredTable, TableOptions } from '@millrace/streaming/contract/state';
import type { KeyedStateSchema } from '../checkpoint/state-handles.ts';
import { type EntryForm, tableForm } from './entry-forms.ts';
import { FrozenTables } from './frozen-tables.ts';
import { HeapTable } from './heap-table.ts';
import type { KeyGuard } from './key-guard.ts';
import { identityOf, type RestoredStates } from './snapshot/restored-states.ts';
import type { StoredTypeGuard } from './snapshot/stored-type-guard.ts';
import type { FrozenState, OpenSink } from './state-backend.ts';
import { tablesMemory } from './table-memory.ts';

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
/** Of the numbers that tell the tables of a name apart. */
const TABLE_NAMESPACE: TypeDescription = { kind: 'double' };

/** Older than every checkpoint: of entries that a checkpoint brought back. */
const UNCHANGED = 0;
/** Until the next checkpoint nothing is known. */
const UNKNOWN = Number.POSITIVE_INFINITY;

type AnyTable = HeapTable<unknown, unknown>;

interface MadeState {
  schema: KeyedStateSchema;
  /** How the entries of each of its tables are written. */
  readonly tables: Map<AnyTable, EntryForm<unknown>>;
  /** Restored, and not given to the operator yet (F2). */
  readonly restored: Map<number | undefined, AnyTable>;
  /** Tables that were in a checkpoint and were released since the one that is named. */
  dropped: { readonly mark: number; readonly namespace: number }[];
  /** The first checkpoint since which it is known what has changed, whatever the tables know. */
  knownSince: number;
}

export interface HeapTableOptions {
  readonly guard?: KeyGuard;
  /** Where the keys are those of another program. */
  readonly typeGuard?: StoredTypeGuard | undefined;
  /** Keeps track of changes. */
  readonly isIncremental?: boolean;
}

export class HeapTableFactory implements KeyedTableFactory {
  readonly #restored: RestoredStates | undefined;
  /** Another one than that of the tables that the checkpoint was made of. */
  readonly #salt: number;
  readonly #guard: KeyGuard;
  readonly #isIncremental: boolean;
  /** The last checkpoint that froze everything, or brought it back. */
  #mark: number;
  readonly #spares = new Map<string, AnyTable[]>();
  readonly #states = new Map<string, MadeState>();
  /** Of states that were made before the restored ones had been read. */
  #fills: (() => void)[] = [];

  /** What is restored is its own type. */
  #isFilling = false;

  constructor(restored?: RestoredStates, { guard, typeGuard, isIncremental = false }: HeapTableOptions = {}) {
    this.#guard = typeGuard === undefined ? guard : (key) => this.#guardBoth(key, guard, typeGuard);
    this.#restored = restored;
    this.#isIncremental = isIncremental;
    this.#mark = restored?.checkpointId ?? 0;
    this.#salt = Math.imul((restored?.checkpointId ?? -1) + 1, 0x85ebca6b);
  }

  createTable<K, V>(
    name: string,
    keyType: TypeInformation<K> | undefined,
    valueType?: TypeInformation<V>,
    options: TableOptions<V> = {},
  ): KeyedTable<K, V> {
    if (options.isTransient === true)
      return new HeapTable<K, V>(!NEVER_NUMBERS.has(descriptionOf(keyType).kind), canonicalKey, this.#guard, this.#salt);
    const state = this.#tableState(
      name,
      { keyType, valueType, options },
      options.namespace !== undefined || options.entriesOf !== undefined,
    );
    const known = state.restored.get(options.namespace);
    if (known !== undefined) {
      state.restored.delete(options.namespace);
      return known as HeapTable<unknown, unknown> as KeyedTable<K, V>;
    }
    return this.#newTable(state, tableForm(options.namespace, options)) as HeapTable<unknown, unknown> as KeyedTable<K, V>;
  }

  restoredTables<K, V>(
    name: string,
    keyType: TypeInformation<K> | undefined,
    valueType?: TypeInformation<V>,
    options: Pick<TableOptions<V>, 'plainOf' | 'valueOfPlain'> = {},
  ): readonly RestoredTable<K, V>[] {
    invariant(this.#restored?.isLoaded !== false, () => `restored tables '${name}' were asked for before the checkpoint was read`);
    const state = this.#tableState(name, { keyType, valueType, options }, undefined);
    const tables = [...state.restored].map(([namespace, table]) => ({ namespace, table: table as AnyTable as KeyedTable<K, V> }));
    state.restored.clear();
    return tables;
  }

  releaseTable<K, V>(name: string, table: KeyedTable<K, V>): void {
    const released = table as unknown as AnyTable;
    const state = this.#states.get(`table ${name}`);
    if (state !== undefined) this.#drop(state, released);
    const spares = this.#spares.get(name) ?? [];
    this.#spares.set(name, spares);
    if (spares.length >= SPARE_TABLES) return;
    released.clear();
    spares.push(released);
  }

  /** The one table of a state that has a handle of its own. */
  createStateTable<V>(schema: KeyedStateSchema, form: EntryForm<V>): HeapTable<unknown, V> {
    const state = newState(schema);
    this.#states.set(identityOf(schema), state);
    const table = this.#newTable(state, form as EntryForm<unknown>);
    this.#whenLoaded((restored) =>
      this.#unchanged(state, () => restored.takeKeyed(schema, (...entry) => addEntry(table, form as EntryForm<unknown>, entry))),
    );
    return table as HeapTable<unknown, unknown> as HeapTable<unknown, V>;
  }

  storedTypeGuard(name: string): StoredTypeGuard | undefined {
    const state = this.#states.get(`table ${name}`);
    return state === undefined ? undefined : this.#restored?.guardOf(state.schema, 'valueType');
  }

  onLoaded(): void {
    for (const fill of this.#fills) fill();
    this.#fills = [];
  }

  freeze(open: OpenSink, checkpointId: number): readonly FrozenState[] {
    this.#mark = checkpointId;
    return [...this.#states.values()].map((state) =>
      this.#isIncremental ? freezeChanges(state, open, checkpointId) : new FrozenTables(state.tables, open(state.schema)),
    );
  }

  /** The table is in no checkpoint any more; what the last ones have of it does not count. */
  #drop(state: MadeState, table: AnyTable): void {
    const form = state.tables.get(table);
    const { changes } = table;
    if (!state.tables.delete(table) || form === undefined || changes === undefined) return;
    if (form.namespace === undefined) state.knownSince = UNKNOWN;
    else if (changes.madeAt < this.#mark) state.dropped.push({ mark: this.#mark, namespace: form.namespace });
  }

  memoryUse(): readonly MemoryUse[] {
    return [...this.#states.values()].map(({ schema, tables }) => tablesMemory(schema.name, tables.keys()));
  }

  #tableState<K, V>(
    name: string,
    made: {
      readonly keyType: TypeInformation<K> | undefined;
      readonly valueType: TypeInformation<V> | undefined;
      readonly options: TableOptions<V>;
    },
    isNamespaced: boolean | undefined,
  ): MadeState {
    const known = this.#states.get(`table ${name}`);
    if (known !== undefined) {
      // `restoredTables` found none, so it was not known yet whether there would be namespaces.
      if (isNamespaced === true && known.tables.size === 0) known.schema = { ...known.schema, namespaceType: TABLE_NAMESPACE };
      return known;
    }
    const hasPlainForm = made.options.plainOf !== undefined;
    const schema = {
      name,
      kind: 'table',
      keyType: descriptionOf(made.keyType),
      namespaceType: isNamespaced === true ? TABLE_NAMESPACE : undefined,
      valueType: descriptionOf(hasPlainForm ? undefined : made.valueType),
    } as const;
    const stored = this.#restored?.schemaOf(schema);
    const state = newState(
      isNamespaced === undefined && stored !== undefined ? { ...schema, namespaceType: stored.namespaceType } : schema,
    );
    this.#states.set(`table ${name}`, state);
    this.#whenLoaded((restored) => this.#fillTables(restored, state, made.options as TableOptions<unknown>));
    return state;
  }

  /** One table for each namespace that occurs. */
  #fillTables(restored: RestoredStates, state: MadeState, options: TableOptions<unknown>): void {
    const fill = (key: unknown, namespace: unknown, value: unknown) => {
      const of = options.ofEntry === undefined ? (namespace as number | undefined) : undefined;
      let table = state.restored.get(of) ?? this.#madeBefore(state, of);
      if (table === undefined) {
        table = this.#newTable(state, tableForm(of, options));
        state.restored.set(of, table);
      }
      addEntry(table, state.tables.get(table) as EntryForm<unknown>, [key, namespace, value]);
    };
    this.#unchanged(state, () => restored.takeKeyed(state.schema, fill));
  }

  /** What `fill` adds is as a checkpoint has it (F3). */
  #unchanged({ tables }: MadeState, fill: () => void): void {
    const mark = this.#mark;
    const markAll = (to: number) => {
      this.#mark = to;
      for (const { changes } of tables.keys()) changes?.setMark(to);
    };
    markAll(UNCHANGED);
    fill();
    markAll(mark);
  }

  /** The table of a state without namespaces may be there before the checkpoint was read. */
  #madeBefore(state: MadeState, namespace: number | undefined): AnyTable | undefined {
    return namespace === undefined ? [...state.tables.keys()][0] : undefined;
  }

  #whenLoaded(fill: (restored: RestoredStates) => void): void {
    const restored = this.#restored;
    if (restored === undefined) return;
    const filling = () => {
      this.#isFilling = true;
      fill(restored);
      this.#isFilling = false;
    };
    if (restored.isLoaded) filling();
    else this.#fills.push(filling);
  }

  #guardBoth(key: unknown, guard: KeyGuard, typeGuard: StoredTypeGuard): void {
    guard?.(key);
    if (!this.#isFilling) typeGuard(key);
  }

  #newTable(state: MadeState, form: EntryForm<unknown>): AnyTable {
    const spare = state.schema.kind === 'table' ? this.#spares.get(state.schema.name)?.pop() : undefined;
    const table =
      spare ?? new HeapTable<unknown, unknown>(!NEVER_NUMBERS.has(state.schema.keyType.kind), canonicalKey, this.#guard, this.#salt);
    state.tables.set(table, form);
    if (this.#isIncremental) table.trackChanges(this.#mark);
    return table;
  }
}

function newState(schema: KeyedStateSchema): MadeState {
  return { schema, tables: new Map(), restored: new Map(), dropped: [], knownSince: 0 };
}

/** What has changed since the checkpoint that the sink names, or everything; from now on, changes are those since this one. */
function freezeChanges(state: MadeState, open: OpenSink, checkpointId: number): FrozenState {
  const { schema, tables } = state;
  const forms = [...tables.values()];
  const unit = forms.some(({ namespace }) => namespace !== undefined) ? 'entry' : 'key';
  const knownSince = Math.max(state.knownSince, ...[...tables.keys()].map(({ changes }) => changes?.knownSince ?? UNKNOWN));
  const sink = open(schema, { unit, knownSince });
  const { since, keepSince = checkpointId } = sink.changes ?? {};
  if (since !== undefined) for (const { mark, namespace } of state.dropped) if (mark >= since) sink.changes?.drop(namespace);
  state.dropped = state.dropped.filter(({ mark }) => mark >= keepSince);
  if (state.knownSince === UNKNOWN) state.knownSince = checkpointId;
  return new FrozenTables(tables, sink, checkpointId);
}

function addEntry(table: AnyTable, form: EntryForm<unknown>, [key, namespace, value]: readonly [unknown, unknown, unknown]): void {
  const slot = table.slotOf(key);
  table.values[slot] = form.add(table.values[slot], namespace, value);
}
