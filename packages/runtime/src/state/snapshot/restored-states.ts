/**
 * What a checkpoint has for one operator of one subtask: read from its streams before the operator opens, decoded when the operator asks for a state by its name.
 *
 * Owned by the services of the operator.
 *
 * R1 every state is given once. What is decoded is no longer held as bytes.
 * R2 a state that nobody asks for is not lost: its blocks go on to the next checkpoint as they are.
 * R3 a state of another kind or of types that cannot be read as those wanted is refused, with what is stored and what is wanted.
 */
import { DataError, isMillraceError } from '@millrace/core/base/errors';
import { BytesReader } from '@millrace/core/bytes/bytes-reader';
import type { TypeDescription } from '@millrace/core/types/type-information';
import type {
  KeyedStateBlock,
  KeyedStateDelta,
  KeyedStateHandle,
  KeyedStateKind,
  KeyedStateSchema,
  OperatorStateHandle,
  OperatorSubtaskState,
  StreamHandle,
} from '../../checkpoint/state-handles.ts';
import { readBlock, type StateStreamReader } from '../../checkpoint/stream-reader.ts';
import { EntryCodec } from './entry-codec.ts';
import { type EntryMigration, entryMigrationOf } from './entry-migration.ts';
import type { KeyGroups } from './key-groups.ts';
import { isLayered, LayeredState, type VisitEntry } from './layered-state.ts';
import { mergedType } from './schema-learner.ts';
import { type StoredTypeGuard, storedTypeGuard } from './stored-type-guard.ts';

/** A state as a task is restored with it. */
export interface RestoredOperator {
  readonly checkpointId: number;
  readonly state: OperatorSubtaskState;
  /** The directory that its relative handles start from. */
  readonly base?: string | undefined;
  /** The checkpoint is of this very program: what it learns of its types and what it had learned are both right. */
  readonly isOfSameProgram?: boolean;
  /** Opens a stream of the checkpoint; its reader is closed again. */
  openStream(handle: StreamHandle): Promise<StateStreamReader>;
}

/** States of these families have names of their own each: a user's state may be called as a table of the operator is. */
type Family = 'state' | 'table' | 'entries' | 'event-timers' | 'processing-timers';

export interface LoadedBlock {
  readonly keyGroup: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

export interface LoadedState {
  readonly schema: KeyedStateSchema;
  readonly blocks: readonly LoadedBlock[];
  readonly delta: LoadedDelta | undefined;
}

export type LoadedDelta = Omit<KeyedStateDelta, 'removed'> & { readonly removed: readonly LoadedBlock[] };

export interface LoadedList {
  readonly handle: OperatorStateHandle;
  readonly bytes: Uint8Array;
}

export class RestoredStates {
  readonly #restored: RestoredOperator | undefined;
  readonly #keyGroups: KeyGroups;
  readonly #now: () => number;
  readonly #keyed = new Map<string, LoadedState[]>();
  /** By identity: those of another program, for as long as the task lives. */
  readonly #stored = new Map<string, KeyedStateSchema[]>();
  #lists: LoadedList[] = [];
  #isLoaded: boolean;

  /** `now` is processing time. */
  constructor(restored: RestoredOperator | undefined, keyGroups: KeyGroups, now: () => number) {
    this.#restored = restored;
    this.#keyGroups = keyGroups;
    this.#now = now;
    this.#isLoaded = restored === undefined;
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  get checkpointId(): number | undefined {
    return this.#restored?.checkpointId;
  }

  get base(): string | undefined {
    return this.#restored?.base;
  }

  /** The handles of a state, whether it was taken or not. */
  handlesOf(identity: string): readonly KeyedStateHandle[] {
    return this.#restored?.state.keyed.filter(({ schema }) => identityOf(schema) === identity) ?? [];
  }

  async load(): Promise<void> {
    if (this.#restored === undefined || this.#isLoaded) return;
    const streams = new Map<string | StreamHandle, StateStreamReader>();
    const open = async (handle: StreamHandle): Promise<StateStreamReader> => {
      const id = handle.kind === 'inline' ? handle : handle.path;
      const known = streams.get(id);
      if (known !== undefined) return known;
      const reader = await (this.#restored as RestoredOperator).openStream(handle);
      streams.set(id, reader);
      return reader;
    };
    try {
      for (const handle of this.#restored.state.keyed) await this.#loadKeyed(handle, open);
      for (const handle of this.#restored.state.operator) {
        this.#lists.push({ handle, bytes: await readBlock(await open(handle.stream), handle.block) });
      }
    } finally {
      for (const reader of streams.values()) await reader.close();
    }
    this.#isLoaded = true;
  }

  /** As which a state is stored that was not taken yet; its kind is one of the same family. */
  schemaOf(wanted: KeyedStateSchema): KeyedStateSchema | undefined {
    return this.#keyed.get(identityOf(wanted))?.[0]?.schema;
  }

  /**
   * Compares the first values that the program has for an undeclared part of a state with what is stored; undefined where there is nothing to compare. `wanted` is as for
   * `takeKeyed`.
   */
  guardOf(wanted: KeyedStateSchema, part: 'nameType' | 'valueType'): StoredTypeGuard | undefined {
    if (!this.#isOfOther || wanted[part]?.kind !== 'shape') return undefined;
    const stored = () => this.#typeOf(this.#stored.get(identityOf(wanted)) ?? [], part);
    return storedTypeGuard(`State '${wanted.name}'`, PART_NAMES[part], stored);
  }

  /** The same for the keys of an operator. */
  keyGuardOf(keyType: TypeDescription): StoredTypeGuard | undefined {
    if (!this.#isOfOther || keyType.kind !== 'shape') return undefined;
    return storedTypeGuard('The keyed state of this operator', 'key', () => this.#typeOf([...this.#stored.values()].flat(), 'keyType'));
  }

  get #isOfOther(): boolean {
    return this.#restored !== undefined && this.#restored.isOfSameProgram !== true;
  }

  #typeOf(schemas: readonly KeyedStateSchema[], part: 'keyType' | 'nameType' | 'valueType'): TypeDescription | undefined {
    const types = schemas.map((schema) => schema[part]).filter((type) => type !== undefined);
    return types.length === 0 ? undefined : mergedType(types);
  }

  /** Shows every entry of a state as the wanted schema has it (R1, R3). False where there is none. */
  takeKeyed(wanted: KeyedStateSchema, visit: (key: unknown, namespace: unknown, value: unknown) => void): boolean {
    const identity = identityOf(wanted);
    const loaded = this.#keyed.get(identity);
    if (loaded === undefined) return false;
    const now = this.#now();
    const migrations = loaded.map(({ schema }) => entryMigrationOf(schema, wanted, now)); // all are refused before one is taken
    this.#keyed.delete(identity);
    if (isLayered(loaded)) decodeLayers(loaded, migrations, visit);
    else for (const [index, state] of loaded.entries()) decode(state, migrations[index], visit);
    return true;
  }

  /** Those of a name and kind, lower subtasks first. */
  takeLists(name: string, kind: OperatorStateHandle['schema']['kind']): readonly LoadedList[] {
    const taken = this.#lists.filter(({ handle }) => handle.schema.name === name && handle.schema.kind === kind);
    this.#lists = this.#lists.filter((list) => !taken.includes(list));
    return taken;
  }

  /** R2; what belongs to one state together. */
  get untakenKeyed(): readonly (readonly LoadedState[])[] {
    return [...this.#keyed.values()];
  }

  get untakenLists(): readonly LoadedList[] {
    return this.#lists;
  }

  async #loadKeyed(handle: KeyedStateHandle, open: (handle: StreamHandle) => Promise<StateStreamReader>): Promise<void> {
    const { schema, stream, delta } = handle;
    const mine = this.#mine(handle.blocks);
    const removed = this.#mine(delta?.removed ?? []);
    if (mine.length === 0 && removed.length === 0 && delta?.dropped === undefined) return;
    const reader = await open(stream);
    const blocks = await readBlocks(reader, mine);
    const identity = identityOf(schema);
    const known = this.#keyed.get(identity) ?? [];
    known.push({ schema, blocks, delta: delta === undefined ? undefined : { ...delta, removed: await readBlocks(reader, removed) } });
    this.#keyed.set(identity, known);
    if (this.#isOfOther) this.#stored.set(identity, [...(this.#stored.get(identity) ?? []), schema]);
  }

  #mine(blocks: readonly KeyedStateBlock[]): readonly KeyedStateBlock[] {
    const { first, last } = this.#keyGroups;
    return blocks.filter(({ keyGroup }) => keyGroup >= first && keyGroup <= last);
  }
}

const PART_NAMES = { nameType: 'name', valueType: 'value' } as const;

function familyOf(kind: KeyedStateKind): Family {
  switch (kind) {
    case 'table':
    case 'entries':
    case 'event-timers':
    case 'processing-timers':
      return kind;
    default:
      return 'state';
  }
}

/** Two states of an operator are one exactly when this is equal. */
export function identityOf({ kind, name, namespaceType }: KeyedStateSchema): string {
  const family = familyOf(kind);
  const isNamespaced = family === 'state' && namespaceType !== undefined;
  return `${family}${isNamespaced ? '*' : ''} ${name}`;
}

async function readBlocks(reader: StateStreamReader, blocks: readonly KeyedStateBlock[]): Promise<readonly LoadedBlock[]> {
  const loaded: LoadedBlock[] = [];
  for (const block of blocks) loaded.push({ keyGroup: block.keyGroup, count: block.count, bytes: await readBlock(reader, block) });
  return loaded;
}

function decode({ schema, blocks }: LoadedState, convert: EntryMigration | undefined, visit: VisitEntry): void {
  const codec = new EntryCodec(schema);
  for (const block of blocks) readEntries(block, codec, `state '${schema.name}'`, converted(convert, visit));
}

function decodeLayers(loaded: readonly LoadedState[], migrations: readonly (EntryMigration | undefined)[], visit: VisitEntry): void {
  const visits = new Map(loaded.map((state, index) => [state, converted(migrations[index], visit)]));
  const layers = new LayeredState(loaded, readEntries);
  for (const keyGroup of layers.keyGroups)
    layers.readGroup(keyGroup, (state, key, namespace, value) => visits.get(state)?.(key, namespace, value));
}

function converted(convert: EntryMigration | undefined, visit: VisitEntry): VisitEntry {
  if (convert === undefined) return visit;
  return (key, namespace, value) => visit(convert.key(key), convert.namespace(namespace), convert.value(value));
}

/** The entries of a block, as they were written. */
export function readEntries(block: LoadedBlock, codec: EntryCodec, what: string, visit: VisitEntry): void {
  const decoder = codec.createDecoder();
  readAll(block.bytes, block.count, what, (input) => {
    decoder.read(input);
    visit(decoder.key, decoder.namespace, decoder.value);
  });
}

/** Reads as many elements as a block has, and sees that nothing is left. */
export function readAll(bytes: Uint8Array, count: number, what: string, read: (input: BytesReader) => void): void {
  const input = new BytesReader(bytes);
  try {
    for (let left = count; left > 0; left--) read(input);
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    throw new DataError(`A block of ${what} cannot be read from the checkpoint: ${error.message}`, { cause: error });
  }
  if (input.remaining === 0) return;
  throw new DataError(
    `${input.remaining} bytes follow the ${count} entries of a block of ${what}: the checkpoint was written by another version. Restore it with that one.`,
  );
}
