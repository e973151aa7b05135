/**
 * Keyed state on the heap of the slot: makes the states of one operator in one subtask and moves them all to the current key.
 *
 * Owned by its task; called by the operator, and by user functions through the handles.
 *
 * B1 a name stands for one state outside the namespaces and one inside; asked for again with another kind or type, it is refused.
 * B2 every handle reads the one `CurrentKey`, so setting the key is one assignment however many states there are.
 */
import { UsageError } from '@millrace/core/base/errors';
import { SHAPE } from '@millrace/core/types/descriptions';
import type { AnyTypeInformation, TypeDescription, TypeInformation } from '@millrace/core/types/type-information';
import { descriptionOf } from '@millrace/core/types/types';
import type { Nothing } from '@millrace/streaming/contract/emittable';
import type {
  AggregatingState,
  KeyedStateBackend,
  ListState,
  MapState,
  NamespacedState,
  NamespaceType,
  ReducingState,
  ValueState,
} from '@millrace/streaming/contract/keyed-state';
import type { KeyedTable } from '@millrace/streaming/contract/state';
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  StateDescriptor,
  ValueStateDescriptor,
} from '@millrace/streaming/contract/state-descriptor';
import type { KeyedStateSchema } from '../checkpoint/state-handles.ts';
import { type Cells, KeyCells, NamespaceCells } from './cells.ts';
import type { CurrentKey } from './current-key.ts';
import { type ContentForm, type EntryForm, keyForm, MAP_CONTENT, namespacedForm, PLAIN_CONTENT } from './entry-forms.ts';
import { HeapAggregatingState, HeapListState, HeapMapState, HeapReducingState, HeapValueState, type Mergeable } from './state-handles.ts';
import { type Freeze, ValueCheck } from './value-check.ts';
import { mergeCells } from './merge-cells.ts';
import { NameMap } from './name-map.ts';
import { Timed } from './snapshot/entry-codec.ts';
import type { RestoredStates } from './snapshot/restored-states.ts';
import { TtlClock, TtlSweep } from './ttl-clean-up.ts';
import { TtlCells, TtlListState, TtlMapState, type TtlPorts } from './ttl-handles.ts';

type AnyDescriptor =
  | ValueStateDescriptor<unknown>
  | ListStateDescriptor<unknown>
  | MapStateDescriptor<unknown, unknown>
  | ReducingStateDescriptor<unknown>
  | AggregatingStateDescriptor<unknown, unknown, unknown>;

type Handle =
  | HeapValueState<unknown>
  | HeapListState<unknown>
  | HeapMapState<unknown, unknown>
  | HeapReducingState<unknown>
  | HeapAggregatingState<unknown, unknown, unknown>
  | TtlListState<unknown>
  | TtlMapState<unknown, unknown>;

interface MadeState {
  readonly descriptor: AnyDescriptor;
  readonly handle: Handle;
  readonly cells: Cells<unknown>;
}

interface MadeNamespacedState extends MadeState {
  readonly namespaced: NamespacedState<unknown, unknown>;
}

/** Makes the table of a state, filled with what a checkpoint has of it. */
export interface StateTables {
  createStateTable<V>(schema: KeyedStateSchema, form: EntryForm<V>): KeyedTable<unknown, V>;
}

export interface HeapKeyedStateOptions {
  readonly currentKey: CurrentKey;
  readonly tables: StateTables;
  readonly keyType: TypeInformation<unknown> | undefined;
  readonly freeze: Freeze;
  /** Processing time, for what has a time to live. */
  readonly now: () => number;
  /** What a checkpoint has; absent where none could be. */
  readonly restored?: Pick<RestoredStates, 'guardOf' | 'isLoaded'>;
}

export class HeapKeyedStateBackend implements KeyedStateBackend {
  readonly #current: CurrentKey;
  readonly #options: HeapKeyedStateOptions;
  readonly #states = new Map<string, MadeState>();
  readonly #namespacedStates = new Map<string, MadeNamespacedState>();

  constructor(options: HeapKeyedStateOptions) {
    this.#current = options.currentKey;
    this.#options = options;
  }

  setCurrentKey(key: unknown): void {
    this.#current.set(key);
  }

  getCurrentKey(): unknown {
    return this.#current.get();
  }

  clearCurrentKey(): void {
    this.#current.clear();
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.getPartitionedState(expectKind(descriptor, 'value', 'getState'));
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.getPartitionedState(expectKind(descriptor, 'list', 'getListState'));
  }

  getMapState<N, V>(descriptor: MapStateDescriptor<N, V>): MapState<N, V> {
    return this.getPartitionedState(expectKind(descriptor, 'map', 'getMapState'));
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return this.getPartitionedState(expectKind(descriptor, 'reducing', 'getReducingState'));
  }

  getAggregatingState<I, ACC, R>(descriptor: AggregatingStateDescriptor<I, ACC, R>): AggregatingState<I, R> {
    return this.getPartitionedState(expectKind(descriptor, 'aggregating', 'getAggregatingState'));
  }

  getPartitionedState<S>(descriptor: StateDescriptor<S>): S {
    return this.#stateOf(descriptor as unknown as AnyDescriptor).handle as S;
  }

  getNamespacedState<S, N>(descriptor: StateDescriptor<S>, namespaces: NamespaceType<N>): NamespacedState<S, N> {
    const wanted = descriptor as unknown as AnyDescriptor;
    const known = this.#namespacedStates.get(descriptor.name);
    if (known !== undefined) {
      refuseChanged(known.descriptor, wanted);
      return known.namespaced as NamespacedState<S, N>;
    }
    const clock = this.#clockOf(wanted);
    const form = namespacedForm(contentFormOf(wanted, clock), namespaces as NamespaceType<unknown>);
    const schema = this.#schemaOf(wanted, SHAPE);
    const table = this.#options.tables.createStateTable(schema, form);
    const cells = new NamespaceCells<unknown>(this.#current, table, namespaces as NamespaceType<unknown>);
    const ttl = clock === undefined ? undefined : portsOf(clock, table as KeyedTable<unknown, unknown>, true);
    const handle = this.#handleOf(wanted, schema, { all: cells, ttl });
    const namespaced: NamespacedState<unknown, unknown> = {
      at: (namespace) => {
        cells.at(namespace);
        return handle;
      },
      mergeNamespaces: (target, sources) =>
        mergeCells(descriptor.name, cells, ttl === undefined ? handle : mergingTimed(handle), { target, sources }),
    };
    this.#namespacedStates.set(descriptor.name, { descriptor: wanted, handle, cells, namespaced });
    return namespaced as NamespacedState<S, N>;
  }

  applyToAllKeys<S>(descriptor: StateDescriptor<S>, visit: (key: unknown, state: S) => Nothing): void {
    const { handle, cells } = this.#stateOf(descriptor as unknown as AnyDescriptor);
    try {
      cells.forEach((key) => {
        this.#current.set(key);
        visit(key, handle as S);
      });
    } finally {
      this.#current.clear();
    }
  }

  #stateOf(descriptor: AnyDescriptor): MadeState {
    const known = this.#states.get(descriptor.name);
    if (known !== undefined) {
      refuseChanged(known.descriptor, descriptor);
      return known;
    }
    const clock = this.#clockOf(descriptor);
    const schema = this.#schemaOf(descriptor, undefined);
    const table = this.#options.tables.createStateTable(schema, keyForm(contentFormOf(descriptor, clock)));
    const cells = new KeyCells<unknown>(this.#current, table);
    const ttl = clock === undefined ? undefined : portsOf(clock, table, false);
    const made = { descriptor, handle: this.#handleOf(descriptor, schema, { all: cells, ttl }), cells };
    this.#states.set(descriptor.name, made);
    return made;
  }

  #clockOf({ ttl }: AnyDescriptor): TtlClock | undefined {
    return ttl === undefined ? undefined : new TtlClock(ttl, this.#options.now);
  }

  #schemaOf(descriptor: AnyDescriptor, namespaceType: TypeDescription | undefined): KeyedStateSchema {
    const { name, kind } = descriptor;
    const timed = descriptor.ttl === undefined ? {} : { hasTtl: true };
    const schema: Omit<KeyedStateSchema, 'valueType'> = {
      name,
      kind,
      keyType: descriptionOf(this.#options.keyType),
      namespaceType,
      ...timed,
    };
    if (descriptor.kind !== 'map') return { ...schema, valueType: descriptionOf(typesOf(descriptor)[0]) };
    return { ...schema, nameType: descriptionOf(descriptor.keyType), valueType: descriptionOf(descriptor.valueType) };
  }

  #handleOf(descriptor: AnyDescriptor, schema: KeyedStateSchema, { all, ttl }: HandlePorts): Handle {
    const { name } = descriptor;
    const { freeze, restored } = this.#options;
    const guard = restored?.guardOf(schema, 'valueType');
    const check = (what: string, type: AnyTypeInformation | undefined) => new ValueCheck(`${what} of state '${name}'`, type, freeze, guard);
    const namesOf = (type: AnyTypeInformation | undefined) =>
      new ValueCheck(`A name of state '${name}'`, type, freeze, restored?.guardOf(schema, 'nameType'));
    const cells = ttl === undefined ? all : new TtlCells<unknown>(all as Cells<never>, ttl);
    switch (descriptor.kind) {
      case 'value':
        return new HeapValueState(cells, check('The value', descriptor.type));
      case 'list':
        if (ttl !== undefined) return new TtlListState(all as Cells<never>, check('An element', descriptor.elementType), ttl);
        return new HeapListState(cells as Cells<unknown[]>, check('An element', descriptor.elementType));
      case 'map': {
        const [names, values] = [namesOf(descriptor.keyType), check('A value', descriptor.valueType)];
        if (ttl !== undefined) return new TtlMapState(all as Cells<never>, names, values, ttl);
        return new HeapMapState(cells as Cells<never>, names, values);
      }
      case 'reducing':
        return new HeapReducingState(cells, check('The value', descriptor.type), descriptor.reducer);
      case 'aggregating':
        if (restored?.isLoaded === true) guard?.(descriptor.aggregate.createAccumulator());
        return new HeapAggregatingState(cells, check('The accumulator', descriptor.accumulatorType), descriptor.aggregate, name);
    }
  }
}

interface HandlePorts {
  readonly all: Cells<unknown>;
  readonly ttl: TtlPorts | undefined;
}

function portsOf(clock: TtlClock, table: KeyedTable<unknown, unknown>, isNamespaced: boolean): TtlPorts {
  return { clock, sweep: clock.ttl.isIncremental ? new TtlSweep(table, clock, isNamespaced) : undefined };
}

/** Values that merge have been used at the later of their times. Lists know by themselves. */
function mergingTimed(handle: Handle): object {
  if (!('merge' in handle) || handle instanceof TtlListState) return handle;
  const merge = (a: Timed<unknown>, b: Timed<unknown>) =>
    new Timed((handle as Mergeable<unknown>).merge(a.value, b.value), Math.max(a.time, b.time));
  return { merge };
}

/** B1: the same name must mean the same state, or two functions would read each other's values. */
function refuseChanged(known: AnyDescriptor, wanted: AnyDescriptor): void {
  if (known === wanted) return;
  const before = shapeOf(known);
  const after = shapeOf(wanted);
  if (before === after) return;
  throw new UsageError(
    `State '${wanted.name}' is ${before} and was asked for as ${after}. Give each state of an operator a name of its own, or one descriptor.`,
  );
}

function typesOf(descriptor: AnyDescriptor): readonly (AnyTypeInformation | undefined)[] {
  if (descriptor.kind === 'list') return [descriptor.elementType];
  if (descriptor.kind === 'map') return [descriptor.keyType, descriptor.valueType];
  return [descriptor.kind === 'aggregating' ? descriptor.accumulatorType : descriptor.type];
}

function contentFormOf({ kind }: AnyDescriptor, clock: TtlClock | undefined): ContentForm<unknown> {
  const form = kind === 'map' ? (MAP_CONTENT as ContentForm<unknown>) : PLAIN_CONTENT;
  return clock === undefined || clock.ttl.isIncremental ? form : leavingOutExpired(form, clock);
}

/** `full-snapshot`: what has expired is not written. */
function leavingOutExpired(form: ContentForm<unknown>, clock: TtlClock): ContentForm<unknown> {
  return {
    read: (content) => form.read(content),
    write: (content) => {
      const live = clock.pruned(content instanceof NameMap ? content.copy() : content, clock.now());
      return live === undefined ? undefined : form.write(live);
    },
  };
}

function shapeOf(descriptor: AnyDescriptor): string {
  return `${descriptor.kind} state of ${typesOf(descriptor)
    .map((type) => type?.typeName ?? 'learned type')
    .join(' to ')}`;
}

function expectKind<D extends { readonly kind: string }>(descriptor: D, kind: string, method: string): D {
  const seen = (descriptor as Partial<D> | undefined)?.kind;
  if (seen === kind) return descriptor;
  const found = seen === undefined ? 'no state descriptor' : `the descriptor of a ${seen} state`;
  throw new UsageError(`${method} got ${found}. Give it that of a ${kind} state.`);
}
