/**
 * What an operator gives to a checkpoint, and what it gets back from one.
 *
 * Most operators need nothing of this: keyed state, operator state, timers and the tables of `KeyedTableFactory` are snapshotted and restored by their task. Here
 * is the way for what an operator keeps otherwise. A name is unique among the states of an operator, and stays the same between versions of Millrace.
 *
 * C1 `snapshotState` is called between two elements, when the barrier has reached the operator and nothing of it is suspended. What it reads then is the snapshot; what
 *    comes later belongs to the next one.
 * C2 what the context is given is written, or copied, before the call returns; where the operator returns a promise, before that settles. The record path does not wait for it.
 * C3 `initializeState` is called before `open`. What was restored is handed over once.
 */
import type { TypeInformation } from '@millrace/core/types/type-information';

/** How the elements of a list are given out when the parallelism has changed: split evenly in order, all to everyone, or one subtask's (all had the same). */
export type ListDistribution = 'split' | 'union' | 'broadcast';

export interface ListSnapshot<in out T> {
  readonly name: string;
  readonly mode: ListDistribution;
  readonly elementType: TypeInformation<T> | undefined;
  /** What those who look into a checkpoint take the elements for; `list` if it is absent. */
  readonly kind?: 'list' | 'reader-splits';
}

/** Entries of keys; what one operator writes so, another may read as tables, and the other way round. `N` is plain data, or undefined where there are no namespaces. */
export interface KeyedSnapshot<in out K, in out N, in out V> {
  readonly name: string;
  readonly keyType: TypeInformation<K> | undefined;
  readonly namespaceType: TypeInformation<N> | undefined;
  readonly valueType: TypeInformation<V> | undefined;
}

/** Gives entries piece by piece, while records go on: each as it was when the snapshot began, at the latest just before it changes. */
export interface EntrySource {
  /** Gives up to so many; returns what is left of the budget, 0 while there is more to come. */
  advance(budgetEntries: number): number;
  readonly isDone: boolean;
  /** Nobody needs the rest; or there is none. */
  release(): void;
}

export interface StateSnapshotContext {
  readonly checkpointId: number;
  /** When the checkpoint was triggered, milliseconds since the epoch. */
  readonly checkpointTimestamp: number;
  writeList<T>(state: ListSnapshot<T>, elements: Iterable<T>): void;
  /** Gives a function that writes one entry. An entry may be written for every (key, namespace) once. */
  writeKeyed<K, N, V>(state: KeyedSnapshot<K, N, V>): (key: K, namespace: N, value: V) => void;
  /** The same for what would take too long at once. The function that `from` gets never throws. */
  writeKeyedLater<K, N, V>(state: KeyedSnapshot<K, N, V>, from: (write: (key: K, namespace: N, value: V) => void) => EntrySource): void;
}

export interface StateInitializationContext {
  readonly isRestored: boolean;
  readonly restoredCheckpointId: number | undefined;
  /** In the order in which they were written, those of lower subtasks first; empty where there is none. */
  readList<T>(state: ListSnapshot<T>): readonly T[];
  /** Those of this subtask's key groups, in no order. */
  readKeyed<K, N, V>(state: KeyedSnapshot<K, N, V>, visit: (key: K, namespace: N, value: V) => void): void;
}
