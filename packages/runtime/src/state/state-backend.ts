/**
 * The seam to the place where keyed state is: what a backend provides for one operator of one subtask, and what it owes to checkpoints.
 *
 * What goes into a checkpoint is the same for all of them (snapshot/entry-codec.ts), so a job may be restored on another backend than it ran on.
 *
 * B1 `freeze` is called between two elements and is over at once: what changes afterwards does not show in what the frozen states give.
 * B2 every entry is given to its sink once, by `advance` or before it changes. A sink never throws.
 * B3 what a checkpoint has under the name of a state is in it from the beginning: when it is made, or from `onLoaded` on where it was made before.
 * B4 where changes are wanted, every key that was added, changed or removed since that checkpoint began is told: by its entries as they are now, all of them, or as removed.
 *    One that has not changed may be told as well. A backend that knows nothing of changes never names a checkpoint in `open`, and is asked for everything.
 */
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { KeyedStateBackend } from '@millrace/streaming/contract/keyed-state';
import type { MemoryUse } from '@millrace/streaming/contract/memory-use';
import type { EntrySource } from '@millrace/streaming/contract/snapshot';
import type { KeyedTableFactory } from '@millrace/streaming/contract/state';
import type { StateBackend as JobStateBackend } from '@millrace/streaming/contract/state-backend';
import type { KeyedStateSchema } from '../checkpoint/state-handles.ts';
import type { CurrentKey } from './current-key.ts';
import type { KeyGroups } from './snapshot/key-groups.ts';
import type { RestoredStates } from './snapshot/restored-states.ts';
import type { Freeze } from './value-check.ts';

/** Takes the entries of one state: the value is as snapshot/entry-codec.ts says. */
export interface KeyedSink {
  add(key: unknown, namespace: unknown, value: unknown): void;
  /** Of checkpoints that build upon each other. */
  readonly changes?: ChangeSink;
}

/** Checkpoints are called by the ids that `freeze` was given. */
export interface ChangeSink {
  /** Only what has changed since this one began is wanted; undefined: everything. */
  readonly since: number | undefined;
  /** Changes since an earlier one will not be asked for any more. */
  readonly keepSince: number;
  /** The key has nothing any more; where tables are told apart by namespaces, in this one. */
  remove(key: unknown, namespace: unknown): void;
  /** A whole table is gone; `add` may tell of another one in its place. Before the first entry only. */
  drop(namespace: number): void;
}

/** Makes the sink of a state. `unit`: what an entry or a removal stands for. `knownSince`: the first checkpoint since which its changes are known; undefined where they are not. */
export type OpenSink = (schema: KeyedStateSchema, changes?: { readonly unit: 'key' | 'entry'; readonly knownSince: number }) => KeyedSink;

/** One state as it stood at the barrier. */
export type FrozenState = EntrySource;

export interface KeyedBackend {
  readonly tables: KeyedTableFactory;
  /** Throws where the operator has no key. */
  readonly keyedState: KeyedStateBackend;
  /** The restored states have been read (B3). */
  onLoaded(): void;
  /** One frozen state for each call of `open`, in the same order. Ids ascend. */
  freeze(open: OpenSink, checkpointId: number): readonly FrozenState[];
  /** What of it is in memory, by state. */
  memoryUse?(): readonly MemoryUse[];
}

export interface KeyedBackendEnvironment {
  /** Undefined for operators without a key, which have no keyed state. */
  readonly key: { readonly type: TypeInformation<unknown> | undefined } | undefined;
  readonly currentKey: CurrentKey;
  readonly keyGroups: KeyGroups;
  readonly restored: RestoredStates;
  readonly freeze: Freeze;
  readonly currentProcessingTime: () => number;
  /** Checkpoints may build upon each other: worth keeping track of changes. */
  readonly isIncremental?: boolean;
}

/** What `env.setStateBackend` takes. */
export interface StateBackend extends JobStateBackend {
  createKeyedBackend(environment: KeyedBackendEnvironment): KeyedBackend;
}
