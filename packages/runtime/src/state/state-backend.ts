/**
 * The seam to the place where keyed state is: what a backend provides for one operator of one subtask, and what it owes to checkpoints.
 *
 * What goes into a checkpoint is the same for all of them (snapshot/entry-codec.ts), so a job may be restored on another backend than it ran on.
 *
 * B1 `freeze` is called between two elements and is over at once: what changes afterwards does not show in what the frozen states give.
 * B2 every entry is given to its sink once, by `advance` or before it changes. A sink never throws.
 * B3 what a checkpoint has under the name of a state is in it from the beginning: when it is made, or from `onLoaded` on where it was made before.
 */
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { StateBackend as JobStateBackend } from '@millrace/streaming/contract/state-backend';
import type { KeyedStateBackend } from '@millrace/streaming/contract/keyed-state';
import type { MemoryUse } from '@millrace/streaming/contract/memory-use';
import type { EntrySource } from '@millrace/streaming/contract/snapshot';
import type { KeyedTableFactory } from '@millrace/streaming/contract/state';
import type { KeyedStateSchema } from '../checkpoint/state-handles.ts';
import type { CurrentKey } from './current-key.ts';
import type { KeyGroups } from './snapshot/key-groups.ts';
import type { RestoredStates } from './snapshot/restored-states.ts';
import type { Freeze } from './value-check.ts';

/** Takes the entries of one state: the value is as snapshot/entry-codec.ts says. */
export interface KeyedSink {
  add(key: unknown, namespace: unknown, value: unknown): void;
}

/** One state as it stood at the barrier. */
export type FrozenState = EntrySource;

export interface KeyedBackend {
  readonly tables: KeyedTableFactory;
  /** Throws where the operator has no key. */
  readonly keyedState: KeyedStateBackend;
  /** The restored states have been read (B3). */
  onLoaded(): void;
  /** One frozen state for each call of `open`, in the same order. */
  freeze(open: (schema: KeyedStateSchema) => KeyedSink): readonly FrozenState[];
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
}

/** What `env.setStateBackend` takes. */
export interface StateBackend extends JobStateBackend {
  createKeyedBackend(environment: KeyedBackendEnvironment): KeyedBackend;
}
