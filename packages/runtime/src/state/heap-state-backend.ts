/** The backend `hashmap`: keyed state on the heap of the slot. */
import { UsageError } from '@millrace/core/base/errors';
import type { MemoryUse } from '@millrace/streaming/contract/memory-use';
import { descriptionOf } from '@millrace/core/types/types';
import { HeapKeyedStateBackend } from './heap-keyed-state-backend.ts';
import { HeapTableFactory } from './heap-tables.ts';
import { keyGuard } from './key-guard.ts';
import type { FrozenState, KeyedBackend, KeyedBackendEnvironment, OpenSink, StateBackend } from './state-backend.ts';

export const HASHMAP_STATE_BACKEND: StateBackend = {
  name: 'hashmap',
  createKeyedBackend: (environment) => new HeapKeyedBackend(environment),
};

class HeapKeyedBackend implements KeyedBackend {
  readonly tables: HeapTableFactory;
  readonly #environment: KeyedBackendEnvironment;
  #keyedState: HeapKeyedStateBackend | undefined = undefined;

  constructor(environment: KeyedBackendEnvironment) {
    this.#environment = environment;
    const { restored, keyGroups, key, isIncremental = false } = environment;
    const typeGuard = restored.keyGuardOf(descriptionOf(key?.type));
    this.tables = new HeapTableFactory(restored, { guard: keyGuard(keyGroups), typeGuard, isIncremental });
  }

  get keyedState(): HeapKeyedStateBackend {
    this.#keyedState ??= this.#create();
    return this.#keyedState;
  }

  onLoaded(): void {
    this.tables.onLoaded();
  }

  freeze(open: OpenSink, checkpointId: number): readonly FrozenState[] {
    return this.tables.freeze(open, checkpointId);
  }

  memoryUse(): readonly MemoryUse[] {
    return this.tables.memoryUse();
  }

  #create(): HeapKeyedStateBackend {
    const { key, currentKey, freeze, currentProcessingTime: now, restored } = this.#environment;
    if (key === undefined) throw new UsageError('Keyed state needs a key, and this operator has none. Call keyBy(…) before it.');
    return new HeapKeyedStateBackend({ currentKey, tables: this.tables, keyType: key.type, freeze, now, restored });
  }
}
