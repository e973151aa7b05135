/** For tests: everything that a snapshot would see, at once. */
import type { KeyedStateSchema } from '../checkpoint/state-handles.ts';
import type { FrozenState, KeyedSink } from './state-backend.ts';

export interface SeenEntry {
  readonly state: string;
  readonly key: unknown;
  readonly namespace: unknown;
  readonly value: unknown;
}

interface Freezable {
  freeze(open: (schema: KeyedStateSchema) => KeyedSink, checkpointId: number): readonly FrozenState[];
}

export function entriesIn(owner: Freezable): readonly SeenEntry[] {
  const seen: SeenEntry[] = [];
  const open = (schema: KeyedStateSchema): KeyedSink => ({
    add: (key, namespace, value) => seen.push({ state: schema.name, key, namespace, value }),
  });
  for (const frozen of owner.freeze(open, 1)) {
    while (!frozen.isDone) frozen.advance(7);
    frozen.release();
  }
  return seen;
}
