/**
 * Sorts the entries of one keyed state into blocks by key group, and passes full blocks on. One for each state of a snapshot.
 *
 * K1 a block has entries of one key group only and encoders of its own, so it can be read by itself and given to any subtask. A key group may have several blocks.
 * K2 what is held back is bounded: a block is passed on at `blockBytes`, which is less the more key groups there are.
 * K3 nothing throws into the record path: what cannot be written is kept as `failure`, and the snapshot fails by it.
 * K4 a value that somebody could change is written before `add` returns; others wait in the stage. `flush` leaves nothing there.
 */
import { DataError, isMillraceError } from '@millrace/core/base/errors';
import { BytesWriter, type OverflowTarget } from '@millrace/core/bytes/bytes-writer';
import { hashKey } from '@millrace/core/types/key';
import { keyGroupOf } from '@millrace/core/types/key-group';
import type { KeyedStateBlock, KeyedStateSchema, StateBlock } from '../../checkpoint/state-handles.ts';
import { EntryCodec, type EntryEncoder } from './entry-codec.ts';
import type { KeyGroups } from './key-groups.ts';
import { SchemaLearner } from './schema-learner.ts';
import type { SnapshotOutput } from './snapshot-output.ts';
import { StagedEntries } from './staged-entries.ts';

const BLOCK_BYTES_MAX = 64 * 1024;
const BLOCK_BYTES_LEAST = 1024;
/** What the blocks of one state may hold back all together. */
const HELD_BYTES_MAX = 16 * 1024 * 1024;

/** Memory that a block begins with, before it is known whether there is much of its key group. */
const LEAST_BYTES = 512;
/** A block ends with the entry that crosses its size. */
const ROOM_BEYOND = 1024;

interface OpenBlock {
  readonly encoder: EntryEncoder;
  count: number;
  output: BytesWriter;
}

type WrittenBlock = StateBlock & { readonly keyGroup: number };

export class KeyedBlocks {
  readonly #schema: KeyedStateSchema;
  readonly #learner: SchemaLearner | undefined;
  readonly #codec: EntryCodec;
  readonly #keyGroups: KeyGroups;
  readonly #output: SnapshotOutput;
  readonly #blockBytes: number;
  /** By key group. */
  readonly #open: (OpenBlock | undefined)[];
  /** Key groups that have filled a block: the next one gets its memory at once. */
  readonly #filled = new Set<number>();
  readonly #growth: OverflowTarget = { overflow: (output, size) => this.#grow(output, size) };
  readonly #stage: StagedEntries; // K4
  readonly #written: { readonly keyGroup: number; readonly block: StateBlock }[] = [];
  #failure: unknown = undefined;

  constructor(schema: KeyedStateSchema, keyGroups: KeyGroups, output: SnapshotOutput) {
    this.#schema = schema;
    this.#learner = SchemaLearner.of(schema);
    this.#codec = new EntryCodec(schema);
    this.#keyGroups = keyGroups;
    this.#output = output;
    this.#open = Array.from({ length: keyGroups.maxParallelism }, () => undefined);
    this.#stage = new StagedEntries(keyGroups.first, keyGroups.last);
    const each = HELD_BYTES_MAX / Math.max(1, keyGroups.last - keyGroups.first + 1);
    this.#blockBytes = Math.min(BLOCK_BYTES_MAX, Math.max(BLOCK_BYTES_LEAST, each));
  }

  /** With what was learned of undeclared types so far; of blocks that were taken over it is as it was given. */
  get schema(): KeyedStateSchema {
    return this.#learner?.schema ?? this.#schema;
  }

  get failure(): unknown {
    return this.#failure;
  }

  readonly add = (key: unknown, namespace: unknown, value: unknown): void => {
    if (this.#failure !== undefined) return;
    try {
      const keyGroup = keyGroupOf(hashKey(key), this.#keyGroups.maxParallelism);
      if (typeof value === 'object') this.#write(keyGroup, key, namespace, value);
      else this.#put(keyGroup, key, namespace, value);
    } catch (error) {
      this.#failure = this.#failing(error); // K3
    }
  };

  /** Takes over a block that was written before, as it is. */
  addBlock(keyGroup: number, bytes: Uint8Array, count: number): void {
    this.#written.push({ keyGroup, block: this.#output.add(bytes, count) });
  }

  /** Passes on what is left, if there was no `failure`. */
  flush(): void {
    this.#drain();
    if (this.#failure !== undefined) return;
    for (const [keyGroup, open] of this.#open.entries()) if (open !== undefined) this.#passOn(keyGroup, open);
    this.#open.fill(undefined);
  }

  /** With the offsets they have got by now. */
  blocks(): readonly KeyedStateBlock[] {
    return this.#written.map(({ keyGroup, block }): WrittenBlock => ({ ...block, keyGroup }));
  }

  #put(keyGroup: number, key: unknown, namespace: unknown, value: unknown): void {
    if (this.#stage.isFull) this.#drain();
    this.#stage.add(keyGroup, key, namespace, value);
  }

  #drain(): void {
    try {
      this.#stage.drain(this.#writeRun);
    } catch (error) {
      this.#failure = this.#failing(error); // K3
    }
  }

  readonly #writeRun = (keyGroup: number, from: number, to: number): void => {
    const { order, keys, namespaces, values } = this.#stage;
    for (let next = from; next < to; next++) {
      const place = order[next] as number;
      this.#write(keyGroup, keys[place], namespaces[place], values[place]);
    }
  };

  #write(keyGroup: number, key: unknown, namespace: unknown, value: unknown): void {
    const open = this.#open[keyGroup] ?? this.#begin(keyGroup);
    open.encoder.write(key, namespace, value, open.output);
    this.#learner?.entry(key, namespace, value);
    open.count += 1;
    if (open.output.position < this.#blockBytes) return;
    this.#passOn(keyGroup, open);
    this.#open[keyGroup] = undefined;
    this.#filled.add(keyGroup);
  }

  #begin(keyGroup: number): OpenBlock {
    const size = this.#filled.has(keyGroup) ? this.#blockBytes + ROOM_BEYOND : LEAST_BYTES;
    const output = new BytesWriter(this.#output.memory.take(size), this.#growth);
    const open = { encoder: this.#codec.createEncoder(), count: 0, output };
    this.#open[keyGroup] = open;
    return open;
  }

  /** To the size of a block at once, for there is much of the key group; an entry that is larger gets what it needs. */
  #grow(output: BytesWriter, size: number): void {
    const { bytes, position } = output;
    const needed = position + size;
    const blockBytes = this.#blockBytes + ROOM_BEYOND;
    const memory = needed <= blockBytes ? this.#output.memory.take(blockBytes) : new Uint8Array(Math.max(needed, bytes.byteLength * 2));
    memory.set(bytes.subarray(0, position));
    output.moveTo(memory, new DataView(memory.buffer, memory.byteOffset, memory.byteLength), position, memory.byteLength);
    if (isPiece(bytes, blockBytes)) this.#output.memory.give(bytes);
  }

  #passOn(keyGroup: number, { output, count }: OpenBlock): void {
    const { bytes, position } = output;
    const piece = isPiece(bytes, this.#blockBytes + ROOM_BEYOND) ? bytes : undefined;
    this.#written.push({ keyGroup, block: this.#output.add(bytes.subarray(0, position), count, piece) });
  }

  #failing(error: unknown): unknown {
    if (!isMillraceError(error)) return error;
    return new DataError(`State '${this.#schema.name}' cannot be written to the checkpoint: ${error.message}`, { cause: error });
  }
}

/** And not made for a large entry, which may be of any size above. */
function isPiece({ byteLength }: Uint8Array, blockBytes: number): boolean {
  return byteLength <= blockBytes;
}
