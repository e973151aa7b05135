import { descriptionOf } from '@millrace/core/types/types';
import type { KeyedSnapshot, ListSnapshot, StateInitializationContext } from '@millrace/streaming/contract/snapshot';
import { readLists } from './list-blocks.ts';
import { entriesSchema } from './operator-snapshot.ts';
import type { RestoredStates } from './restored-states.ts';

/** What an operator that keeps state by itself gets back of it. */
export class RestoredContext implements StateInitializationContext {
  readonly #restored: RestoredStates;

  constructor(restored: RestoredStates) {
    this.#restored = restored;
  }

  get isRestored(): boolean {
    return this.#restored.checkpointId !== undefined;
  }

  get restoredCheckpointId(): number | undefined {
    return this.#restored.checkpointId;
  }

  readList<T>({ name, mode, elementType, kind = 'list' }: ListSnapshot<T>): readonly T[] {
    const schema = { name, kind, mode, elementType: descriptionOf(elementType) };
    return readLists(this.#restored.takeLists(name, kind), schema) as T[];
  }

  readKeyed<K, N, V>(state: KeyedSnapshot<K, N, V>, visit: (key: K, namespace: N, value: V) => void): void {
    this.#restored.takeKeyed(entriesSchema(state), visit as (key: unknown, namespace: unknown, value: unknown) => void);
  }
}
