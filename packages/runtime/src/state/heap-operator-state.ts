/** State of a subtask without keys, on its heap. One for each operator of a subtask; a name stands for one state. */
import { UsageError } from '@millrace/core/base/errors';
import type { AnyTypeInformation } from '@millrace/core/types/type-information';
import type { BroadcastState, ListState, OperatorStateStore } from '@millrace/streaming/contract/keyed-state';
import type { ListStateDescriptor, MapStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import type { Cells } from './cells.ts';
import type { NameMap } from './name-map.ts';
import { HeapListState, HeapMapState } from './state-handles.ts';
import { type Freeze, ValueCheck } from './value-check.ts';

/** How the state is distributed when the parallelism changes. */
export type OperatorStateMode = 'split' | 'union' | 'broadcast';

interface MadeState {
  readonly mode: OperatorStateMode;
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

  constructor(freeze: Freeze) {
    this.#freeze = freeze;
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#listOf(descriptor, 'split');
  }

  getUnionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#listOf(descriptor, 'union');
  }

  getBroadcastState<N, V>(descriptor: MapStateDescriptor<N, V>): BroadcastState<N, V> {
    const handle = this.#stateOf(descriptor.name, 'broadcast', (cell) => {
      const names = this.#check('A name', descriptor.name, descriptor.keyType);
      const values = this.#check('A value', descriptor.name, descriptor.valueType);
      return new HeapMapState(cell as Cells<NameMap<unknown, unknown>>, names, values);
    });
    return handle as unknown as BroadcastState<N, V>;
  }

  /** Every state with what it holds, for snapshots: an array of a list, a `NameMap` of a broadcast state; undefined where it is empty. */
  forEachState(visit: (name: string, mode: OperatorStateMode, value: unknown) => void): void {
    for (const [name, { mode, cell }] of this.#states) visit(name, mode, cell.read());
  }

  #listOf<T>(descriptor: ListStateDescriptor<T>, mode: OperatorStateMode): ListState<T> {
    const handle = this.#stateOf(
      descriptor.name,
      mode,
      (cell) => new HeapListState(cell as Cells<unknown[]>, this.#check('An element', descriptor.name, descriptor.elementType)),
    );
    return handle as unknown as ListState<T>;
  }

  #stateOf(name: string, mode: OperatorStateMode, make: (cell: SingleCell<unknown>) => MadeState['handle']): MadeState['handle'] {
    const known = this.#states.get(name);
    if (known !== undefined) {
      if (known.mode === mode) return known.handle;
      throw new UsageError(
        `Operator state '${name}' was made by ${ASKED_BY[known.mode]} and is now asked for by ${ASKED_BY[mode]}. Give each state of an operator a name of its own.`,
      );
    }
    const cell = new SingleCell<unknown>();
    const handle = make(cell);
    this.#states.set(name, { mode, cell, handle });
    return handle;
  }

  #check(what: string, name: string, type: AnyTypeInformation | undefined): ValueCheck {
    return new ValueCheck(`${what} of operator state '${name}'`, type, this.#freeze);
  }
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
