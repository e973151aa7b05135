/** What a window holds: one accumulator, one reduced record, or every element. State of the current key in the window that `at` was last called with. */
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { KeyedStateBackend, NamespacedState, NamespaceType } from '../contract/keyed-state.ts';
import { AggregatingStateDescriptor, ListStateDescriptor, ReducingStateDescriptor } from '../contract/state-descriptor.ts';
import type { Window } from '../window/window.ts';
import type { WindowAggregation } from './window-spec.ts';

const STATE = 'window-contents'; // Flink's name of it

export interface WindowContents<T, W, V> {
  at(window: W): void;
  add(record: T, timestamp: number): void;
  /** Calls back with what the window comes to, unless it holds nothing; `window` is the one that fires, which need not be the one that `at` named. */
  evaluate(window: W, emit: (value: V) => void): void;
  clear(): void;
  /** Moves what the sources hold into the target. Stays where it is. */
  merge(target: W, sources: readonly W[]): void;
}

interface AddingState<T, V> {
  add(value: T): void;
  get(): V | undefined;
  clear(): void;
}

export function windowContents<T, ACC, V, W extends Window>(
  backend: KeyedStateBackend,
  aggregation: WindowAggregation<T, ACC, V>,
  namespaces: NamespaceType<W>,
): WindowContents<T, W, V> {
  if (aggregation.kind === 'elements') {
    const elements = backend.getNamespacedState(new ListStateDescriptor<T>(STATE, aggregation.type), namespaces);
    return new ElementContents<T, W>(elements) as unknown as WindowContents<T, W, V>;
  }
  if (aggregation.kind === 'reduce') {
    const reduced = backend.getNamespacedState(new ReducingStateDescriptor<T>(STATE, aggregation.fn, aggregation.type), namespaces);
    return new AddedContents(reduced as unknown as NamespacedState<AddingState<T, V>, W>);
  }
  const descriptor = new AggregatingStateDescriptor<T, ACC, V>(STATE, aggregation.fn, aggregation.accumulatorType as TypeInformation<ACC>);
  return new AddedContents<T, V, W>(backend.getNamespacedState(descriptor, namespaces));
}

/** One accumulator for each window, whatever comes. */
class AddedContents<T, V, W> implements WindowContents<T, W, V> {
  readonly #state: NamespacedState<AddingState<T, V>, W>;
  #here: AddingState<T, V> | undefined;

  constructor(state: NamespacedState<AddingState<T, V>, W>) {
    this.#state = state;
    this.#here = undefined;
  }

  at(window: W): void {
    this.#here = this.#state.at(window);
  }

  add(record: T): void {
    this.#here?.add(record);
  }

  evaluate(_window: W, emit: (value: V) => void): void {
    const value = this.#here?.get();
    if (value !== undefined) emit(value);
  }

  clear(): void {
    this.#here?.clear();
  }

  merge(target: W, sources: readonly W[]): void {
    this.#state.mergeNamespaces(target, sources);
  }
}

/** Every element, in the order of arrival; behind a merge, window by window. */
class ElementContents<T, W> implements WindowContents<T, W, readonly T[]> {
  readonly #state: NamespacedState<ListLike<T>, W>;
  #here: ListLike<T> | undefined;

  constructor(state: NamespacedState<ListLike<T>, W>) {
    this.#state = state;
    this.#here = undefined;
  }

  at(window: W): void {
    this.#here = this.#state.at(window);
  }

  add(record: T): void {
    this.#here?.add(record);
  }

  evaluate(_window: W, emit: (value: readonly T[]) => void): void {
    const elements = [...(this.#here?.get() ?? [])];
    if (elements.length > 0) emit(elements);
  }

  clear(): void {
    this.#here?.clear();
  }

  merge(target: W, sources: readonly W[]): void {
    this.#state.mergeNamespaces(target, sources);
  }
}

interface ListLike<T> {
  add(value: T): void;
  get(): Iterable<T>;
  clear(): void;
}
