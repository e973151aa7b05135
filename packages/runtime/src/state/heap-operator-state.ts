/** State of a subtask without keys, on its heap. One for each operator of a subtask; a name stands for one state. */
import { UsageError } from '@millrace/core/base/errors';
import { estimatedBytes } from '@millrace/core/types/estimated-size';
import type { AnyTypeInformation } from '@millrace/core/types/type-information';
import { descriptionOf } from '@millrace/core/types/types';
import type { BroadcastState, ListState, OperatorStateStore } from '@millrace/streaming/contract/keyed-state';
import type { MemoryUse } from '@millrace/streaming/contract/memory-use';
import type { ListStateDescriptor, MapStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import type { StateTtl } from '@millrace/streaming/contract/state-ttl';
import type { OperatorStateSchema } from '../checkpoint/state-handles.ts';
import type { Cells } from './cells.ts';
import { MAP_CONTENT } from './entry-forms.ts';
import { NameMap } from './name-map.ts';
import { readLists } from './snapshot/list-blocks.ts';
import type { RestoredStates } from './snapshot/restored-states.ts';
import { HeapListState, HeapMapState } from './state-handles.ts';
import { type Freeze, ValueCheck } from './value-check.ts';

/** How the state is distributed when the parallelism changes. */
export type OperatorStateMode = 'split' | 'union' | 'broadcast';

interface MadeState {
  readonly schema: OperatorStateSchema;
  readonly cell: SingleCell<unknown>;
  readonly handle: HeapListState<unknown> | HeapMapState<unknown, unknown>;
}

const ASKED_BY: Readonly<Record<OperatorStateMode, string>> = {
  split: 'getListState',
  union: 'getUnionListState',
  broadcast: 'getBroadcastState',
};

export class HeapOperatorStateStore implements OperatorStateStore {
  readonly #states = new Map<string, MadeState>();
  readonly #freeze: Freeze;
  readonly #restored: RestoredStates | undefined;
  /** Of states that were made before the restored ones had been read. */
  #fills: (() => void)[] = [];

  constructor(freeze: Freeze, restored?: RestoredStates) {
    this.#freeze = freeze;
    this.#restored = restored;
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#listOf(descriptor, 'split');
  }

  getUnionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#listOf(descriptor, 'union');
  }

  getBroadcastState<N, V>(descriptor: MapStateDescriptor<N, V>): BroadcastState<N, V> {
    refuseTtl(descriptor);
    const schema: OperatorStateSchema = {
      name: descriptor.name,
      kind: 'broadcast-map',
      mode: 'broadcast',
      nameType: descriptionOf(descriptor.keyType),
      elementType: descriptionOf(descriptor.valueType),
    };
    const handle = this.#stateOf(schema, (cell) => {
      const names = this.#check('A name', descriptor.name, descriptor.keyType);
      const values = this.#check('A value', descriptor.name, descriptor.valueType);
      return new HeapMapState(cell as Cells<NameMap<unknown, unknown>>, names, values);
    });
    return handle as unknown as BroadcastState<N, V>;
  }

  /** Every state with what it holds now: the elements of a list, the entries of a broadcast state. */
  freeze(): readonly { readonly schema: OperatorStateSchema; readonly elements: readonly unknown[] }[] {
    return [...this.#states.values()].flatMap(({ schema, cell }) => {
      const value = cell.read();
      if (value === undefined) return [];
      const elements = value instanceof NameMap ? [...value.entries()] : (value as unknown[]).slice();
      return [{ schema, elements }];
    });
  }

  onLoaded(): void {
    for (const fill of this.#fills) fill();
    this.#fills = [];
  }

  memoryUse(): readonly MemoryUse[] {
    return [...this.#states.values()].flatMap(({ schema, cell }) => {
      const value = cell.read();
      if (value === undefined) return [];
      const entries = value instanceof NameMap ? value.size : (value as unknown[]).length;
      return [{ name: `state '${schema.name}'`, entries, unit: 'elements', bytes: estimatedBytes(value) }];
    });
  }

  #listOf<T>(descriptor: ListStateDescriptor<T>, mode: OperatorStateMode): ListState<T> {
    refuseTtl(descriptor);
    const schema: OperatorStateSchema = { name: descriptor.name, kind: 'list', mode, elementType: descriptionOf(descriptor.elementType) };
    const handle = this.#stateOf(
      schema,
      (cell) => new HeapListState(cell as Cells<unknown[]>, this.#check('An element', descriptor.name, descriptor.elementType)),
    );
    return handle as unknown as ListState<T>;
  }

  #stateOf(schema: OperatorStateSchema, make: (cell: SingleCell<unknown>) => MadeState['handle']): MadeState['handle'] {
    const { name, mode } = schema;
    const known = this.#states.get(name);
    if (known !== undefined) {
      if (known.schema.mode === mode) return known.handle;
      throw new UsageError(
        `Operator state '${name}' was made by ${ASKED_BY[known.schema.mode]} and is now asked for by ${ASKED_BY[mode]}. Give each state of an operator a name of its own.`,
      );
    }
    const cell = new SingleCell<unknown>();
    const handle = make(cell);
    this.#states.set(name, { schema, cell, handle });
    this.#whenLoaded((restored) => fill(cell, schema, restored));
    return handle;
  }

  #whenLoaded(fillState: (restored: RestoredStates) => void): void {
    const restored = this.#restored;
    if (restored === undefined) return;
    if (restored.isLoaded) fillState(restored);
    else this.#fills.push(() => fillState(restored));
  }

  #check(what: string, name: string, type: AnyTypeInformation | undefined): ValueCheck {
    return new ValueCheck(`${what} of operator state '${name}'`, type, this.#freeze);
  }
}

function refuseTtl({ name, ttl }: { readonly name: string; readonly ttl: StateTtl | undefined }): void {
  if (ttl === undefined) return;
  throw new UsageError(
    `Operator state '${name}' has a time to live, which only keyed state can have. Leave out enableTimeToLive, or keep it by key.`,
  );
}

function fill(cell: SingleCell<unknown>, schema: OperatorStateSchema, restored: RestoredStates): void {
  const elements = readLists(restored.takeLists(schema.name, schema.kind), schema);
  if (elements.length === 0) return;
  cell.write(schema.kind === 'list' ? elements : MAP_CONTENT.read(elements));
}

/** The one cell of a state without keys. */
class SingleCell<V> implements Cells<V> {
  #value: V | undefined = undefined;

  read(): V | undefined {
    return this.#value;
  }

  write(value: V): void {
    this.#value = value;
  }

  remove(): void {
    this.#value = undefined;
  }

  forEach(visit: (key: unknown, namespace: unknown, value: V) => void): void {
    if (this.#value !== undefined) visit(undefined, undefined, this.#value);
  }
}
