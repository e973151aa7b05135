/**
 * State: what user functions see of it, and what the runtime gives to operators. All access is synchronous (architecture D9).
 *
 * K1 keyed state is that of the current key: the task sets it before each record and each timer. Handles stay the same for all keys.
 * K2 values pass by reference: what was stored must not be changed any more, and what was read must not be changed at all. Only the accumulator that
 *    `add` of an aggregate gets may be changed and returned.
 * K3 `undefined` is no value: a state that holds nothing reads as `undefined`, and storing it is refused.
 */
import type { Nothing } from './emittable.ts';
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  StateDescriptor,
  ValueStateDescriptor,
} from './state-descriptor.ts';

export interface State {
  /** Forgets what the current key has. */
  clear(): void;
}

export interface ValueState<in out T> extends State {
  value(): T | undefined;
  update(value: T): void;
}

export interface ReducingState<in out T> extends State {
  get(): T | undefined;
  add(value: T): void;
}

export interface AggregatingState<in I, out R> extends State {
  /** The result of what was added; undefined before the first. */
  get(): R | undefined;
  add(value: I): void;
}

export interface ListState<in out T> extends State {
  /** In the order in which they were added; empty where there is none. What is read is not seen by later `add`s. */
  get(): Iterable<T>;
  add(value: T): void;
  addAll(values: Iterable<T>): void;
  /** Puts these in place of all. */
  update(values: Iterable<T>): void;
}

/** Names are compared by value, as keys are. Iterations are in the order of first insertion and must not outlive the call they are made in. */
export interface MapState<in out N, in out V> extends State {
  get(name: N): V | undefined;
  contains(name: N): boolean;
  isEmpty(): boolean;
  entries(): Iterable<[N, V]>;
  keys(): Iterable<N>;
  values(): Iterable<V>;
  put(name: N, value: V): void;
  putAll(entries: Iterable<readonly [N, V]>): void;
  remove(name: N): void;
}

export interface ReadOnlyBroadcastState<in out N, out V> {
  get(name: N): V | undefined;
  contains(name: N): boolean;
  entries(): Iterable<readonly [N, V]>;
}

export interface BroadcastState<in out N, in out V> extends ReadOnlyBroadcastState<N, V>, State {
  put(name: N, value: V): void;
  putAll(entries: Iterable<readonly [N, V]>): void;
  remove(name: N): void;
}

export interface KeyedStateStore {
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>;
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  getMapState<N, V>(descriptor: MapStateDescriptor<N, V>): MapState<N, V>;
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>;
  getAggregatingState<I, ACC, R>(descriptor: AggregatingStateDescriptor<I, ACC, R>): AggregatingState<I, R>;
}

/** State of a subtask, without keys. */
export interface OperatorStateStore {
  /** Split evenly when the parallelism changes. */
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  /** Every subtask gets all of it when the parallelism changes. */
  getUnionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  /** The same in every subtask, if all do the same with the same broadcast records. */
  getBroadcastState<N, V>(descriptor: MapStateDescriptor<N, V>): BroadcastState<N, V>;
}

/** How namespaces, the windows of a key for instance, are told apart. */
export interface NamespaceType<in out N> {
  /** Equal exactly for equal namespaces. */
  idOf(namespace: N): string | number;
  /** As checkpoints keep it: plain data that a codec can write. Without the two methods a namespace is plain data itself. */
  plainOf?(namespace: N): unknown;
  namespaceOf?(plain: unknown): N;
}

/** One state in many namespaces, seen through one handle: that of the namespace that `at` was last called with. */
export interface NamespacedState<S, in N> {
  /** Moves the handle to a namespace of the current key. It stays there until the next call, whatever the key. */
  at(namespace: N): S;
  /**
   * Moves what the current key holds in the sources to what it holds in the target: lists are appended, reduced values reduced, accumulators merged. The sources are
   * empty afterwards; the handle stays where it is. Only for lists, reducing and aggregating states.
   */
  mergeNamespaces(target: N, sources: Iterable<N>): void;
}

/** The keyed state of one operator in one subtask. */
export interface KeyedStateBackend<K = unknown> extends KeyedStateStore {
  setCurrentKey(key: K): void;
  /** Throws where there is no key: in `open`, `close`, and after `clearCurrentKey`. */
  getCurrentKey(): K;
  /** From here on, until the next key, keyed state is refused: for calls that belong to no key. */
  clearCurrentKey(): void;
  /** State outside all namespaces; the same handle for the same name, always. */
  getPartitionedState<S>(descriptor: StateDescriptor<S>): S;
  /** A state of its own beside the one of that name outside all namespaces; the same object for the same name. */
  getNamespacedState<S, N>(descriptor: StateDescriptor<S>, namespaces: NamespaceType<N>): NamespacedState<S, N>;
  /** Visits every key that has something in the state outside all namespaces, with the handle at that key. The visitor may change it. */
  applyToAllKeys<S>(descriptor: StateDescriptor<S>, visit: (key: K, state: S) => Nothing): void;
}
