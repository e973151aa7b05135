import { UsageError } from '@millrace/core/base/errors';
import type {
  AggregatingState,
  KeyedStateBackend,
  KeyedStateStore,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from '../contract/keyed-state.ts';
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  StateDescriptor,
  ValueStateDescriptor,
} from '../contract/state-descriptor.ts';
import type { Window } from '../window/window.ts';
import type { WindowNamespaces } from './window-namespaces.ts';

/** State of the current key in one window, for window functions. */
export class WindowStateStore<W extends Window> implements KeyedStateStore {
  window: W | undefined;
  readonly #backend: KeyedStateBackend;
  readonly #namespaces: WindowNamespaces<W>;
  readonly #merges: boolean;

  constructor(backend: KeyedStateBackend, namespaces: WindowNamespaces<W>, merges: boolean) {
    this.window = undefined;
    this.#backend = backend;
    this.#namespaces = namespaces;
    this.#merges = merges;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.#state(descriptor);
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#state(descriptor);
  }

  getMapState<N, V>(descriptor: MapStateDescriptor<N, V>): MapState<N, V> {
    return this.#state(descriptor);
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return this.#state(descriptor);
  }

  getAggregatingState<I, ACC, R>(descriptor: AggregatingStateDescriptor<I, ACC, R>): AggregatingState<I, R> {
    return this.#state(descriptor);
  }

  #state<S>(descriptor: StateDescriptor<S>): S {
    if (this.#merges)
      throw new UsageError('windowState is not there for windows that merge (sessions): they have no state of their own. Use globalState.');
    return this.#backend.getNamespacedState(descriptor, this.#namespaces).at(this.window as W);
  }
}
