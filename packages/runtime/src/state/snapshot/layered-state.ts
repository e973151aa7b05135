/**
 * Reads a keyed state that a checkpoint has in layers: a base, and what had changed upon it, one above the other (`KeyedStateDelta`).
 *
 * LS1 key groups are read one after another, and in each the highest layer first: what a layer says of a key (or of a key in its namespace) counts, and no lower one is asked.
 * LS2 two layers of the same height come from different subtasks and have no key group in common.
 */
import { canonicalKey } from '@millrace/core/types/key';
import { removalSchema } from '../../checkpoint/state-handles.ts';
import { EntryCodec } from './entry-codec.ts';
import type { LoadedBlock, LoadedState } from './restored-states.ts';

export type VisitEntry = (key: unknown, namespace: unknown, value: unknown) => void;
/** Reads the entries of a block. */
export type ReadEntries = (block: LoadedBlock, codec: EntryCodec, what: string, visit: VisitEntry) => void;

interface Layer<S extends LoadedState> {
  readonly state: S;
  readonly height: number;
  readonly codec: EntryCodec;
  readonly removals: EntryCodec | undefined;
}

export class LayeredState<S extends LoadedState> {
  /** The highest first. */
  readonly #layers: readonly Layer<S>[];
  readonly #read: ReadEntries;
  readonly keyGroups: readonly number[];

  constructor(states: readonly S[], read: ReadEntries) {
    this.#layers = states.map(layerOf).sort((a, b) => b.height - a.height);
    this.#read = read;
    this.keyGroups = [...new Set(states.flatMap(({ blocks }) => blocks.map(({ keyGroup }) => keyGroup)))].sort((a, b) => a - b);
  }

  /** What there is of a key group; `visit` is told which of the states an entry comes from. */
  readGroup(keyGroup: number, visit: (state: S, key: unknown, namespace: unknown, value: unknown) => void): void {
    const settled = new SettledKeys();
    for (const { state, codec, removals } of this.#layers) {
      const { schema, blocks, delta } = state;
      const what = `state '${schema.name}'`;
      const here = new SettledKeys(); // an entry says nothing of the others of its own layer
      for (const block of blocks) {
        if (block.keyGroup !== keyGroup) continue;
        this.#read(block, codec, what, (key, namespace, value) => {
          if (!settled.has(key, namespace)) visit(state, key, namespace, value);
          if (delta !== undefined) here.add(key, namespace, delta.unit);
        });
      }
      if (delta === undefined) continue;
      for (const block of delta.removed)
        if (block.keyGroup === keyGroup)
          this.#read(block, removals as EntryCodec, `removals of ${what}`, (key, namespace) => here.add(key, namespace, delta.unit));
      const { dropped } = delta;
      if (dropped !== undefined && keyGroup >= dropped.keyGroups.first && keyGroup <= dropped.keyGroups.last) here.drop(dropped.namespaces);
      settled.addAll(here);
    }
  }
}

function layerOf<S extends LoadedState>(state: S): Layer<S> {
  const { schema, delta } = state;
  const removals = delta === undefined ? undefined : new EntryCodec(removalSchema(schema, delta.unit));
  return { state, height: delta?.layer ?? 0, codec: new EntryCodec(schema), removals };
}

/** Of which keys, of which entries and of which namespaces no lower layer is asked. */
class SettledKeys {
  readonly #keys = new Set<unknown>();
  readonly #entries = new Map<unknown, Set<unknown>>(); // by namespace
  readonly #namespaces = new Set<unknown>();

  has(key: unknown, namespace: unknown): boolean {
    if (this.#keys.size === 0 && this.#entries.size === 0 && this.#namespaces.size === 0) return false;
    if (this.#namespaces.has(namespace)) return true;
    const canonical = canonicalKey(key);
    return this.#keys.has(canonical) || this.#entries.get(namespace)?.has(canonical) === true;
  }

  add(key: unknown, namespace: unknown, unit: 'key' | 'entry'): void {
    if (unit === 'key') this.#keys.add(canonicalKey(key));
    else this.#entriesOf(namespace).add(canonicalKey(key));
  }

  drop(namespaces: readonly number[]): void {
    for (const namespace of namespaces) this.#namespaces.add(namespace);
  }

  addAll(other: SettledKeys): void {
    for (const key of other.#keys) this.#keys.add(key);
    for (const [namespace, keys] of other.#entries) for (const key of keys) this.#entriesOf(namespace).add(key);
    for (const namespace of other.#namespaces) this.#namespaces.add(namespace);
  }

  #entriesOf(namespace: unknown): Set<unknown> {
    const known = this.#entries.get(namespace);
    if (known !== undefined) return known;
    const keys = new Set<unknown>();
    this.#entries.set(namespace, keys);
    return keys;
  }
}

/** A state without layers is read as it lies there. */
export function isLayered(states: readonly LoadedState[]): boolean {
  return states.some(({ delta }) => delta !== undefined);
}
