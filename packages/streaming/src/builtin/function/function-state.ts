/**
 * Operator state of a function that runs in a source or a sink: lists by name, carried in bytes by what the source or sink itself is snapshotted as.
 *
 * A list that was restored stays bytes until the function asks for it, because only then its type is known; one that is never asked for is carried on.
 */
import { UsageError } from '@millrace/core/base/errors';
import { Types } from '@millrace/core/types/types';
import type { SimpleVersionedSerializer } from '@millrace/core/types/type-information';
import type { BroadcastState, ListState, OperatorStateStore } from '../../contract/keyed-state.ts';
import type { ListStateDescriptor } from '../../contract/state-descriptor.ts';

export interface SavedList {
  readonly name: string;
  readonly elements: readonly Uint8Array[];
}

/** As a type of states that have lists in them. */
export const SAVED_LIST = Types.row({ name: Types.STRING, elements: Types.list(Types.BYTES) });

export function savedListSerializer(): SimpleVersionedSerializer<SavedList> {
  return SAVED_LIST.createSerializer() as unknown as SimpleVersionedSerializer<SavedList>;
}

interface OpenList {
  readonly list: FunctionList<unknown>;
  readonly serializer: SimpleVersionedSerializer<unknown>;
}

export class FunctionState implements OperatorStateStore {
  readonly #open = new Map<string, OpenList>();
  readonly #saved = new Map<string, Uint8Array[]>();

  /** Lists of one name, of several subtasks before, become one. */
  constructor(saved: readonly SavedList[]) {
    for (const { name, elements } of saved) this.#saved.set(name, [...(this.#saved.get(name) ?? []), ...elements]);
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    const { name } = descriptor;
    const open = this.#open.get(name);
    if (open !== undefined) return open.list as unknown as ListState<T>;
    const serializer = (descriptor.elementType ?? Types.shape<T>()).createSerializer();
    const list = new FunctionList<T>(
      name,
      (this.#saved.get(name) ?? []).map((bytes) => serializer.deserialize(bytes, serializer.version)),
    );
    this.#saved.delete(name);
    this.#open.set(name, { list: list as unknown as FunctionList<unknown>, serializer: serializer as SimpleVersionedSerializer<unknown> });
    return list;
  }

  getUnionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    throw refused('getUnionListState', descriptor.name);
  }

  getBroadcastState<N, V>(descriptor: { readonly name: string }): BroadcastState<N, V> {
    throw refused('getBroadcastState', descriptor.name);
  }

  save(): readonly SavedList[] {
    const opened = [...this.#open].map(([name, { list, serializer }]) => ({
      name,
      elements: [...list.get()].map((element) => serializer.serialize(element)),
    }));
    return [...opened, ...[...this.#saved].map(([name, elements]) => ({ name, elements }))];
  }
}

function refused(call: string, name: string): UsageError {
  return new UsageError(
    `${call} was asked for state '${name}' of a source or sink function, which has list state only. Use getListState, or write a split source, whose enumerator has state for all readers.`,
  );
}

class FunctionList<T> implements ListState<T> {
  readonly #name: string;
  #elements: T[];

  constructor(name: string, elements: T[]) {
    this.#name = name;
    this.#elements = elements;
  }

  get(): Iterable<T> {
    return this.#elements.slice();
  }

  add(value: T): void {
    if (value === undefined)
      throw new UsageError(`An element of operator state '${this.#name}' is undefined, which is no value. Use null, or add nothing.`);
    this.#elements.push(value);
  }

  addAll(values: Iterable<T>): void {
    for (const value of [...values]) this.add(value);
  }

  update(values: Iterable<T>): void {
    const given = [...values];
    this.#elements = [];
    this.addAll(given);
  }

  clear(): void {
    this.#elements = [];
  }
}
