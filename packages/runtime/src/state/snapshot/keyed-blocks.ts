/**
 * Sorts the entries of one keyed state into blocks by key group, and passes full blocks on. One for each state of a snapshot.
 *
 * K1 a block has entries of one key group only and encoders of its own, so it can be read by itself and given to any subtask. A key group may have several blocks.
 * K2 what is held back is bounded: a block is passed on at `blockBytes`, which is less the more key groups there are.
 * K3 nothing throws into the record path: what cannot be written is kept as `failure`, and the snapshot fails by it.
 */
import { DataError, isMillraceError } from '@millrace/core/base/errors';
import { BytesWriter } from '@millrace/core/bytes/bytes-writer';
import { hashKey } from '@millrace/core/types/key';
import { keyGroupOf } from '@millrace/core/types/key-group';
import type { KeyedStateBlock, KeyedStateSchema, StateBlock } from '../../checkpoint/state-handles.ts';
import { EntryCodec, type EntryEncoder } from './entry-codec.ts';
import type { KeyGroups } from './key-groups.ts';
import type { SnapshotOutput } from './snapshot-output.ts';

const BLOCK_BYTES_MAX = 64 * 1024;
const BLOCK_BYTES_LEAST = 1024;
/** What the blocks of one state may hold back all together. */
const HELD_BYTES_MAX = 16 * 1024 * 1024;

/** Memory that a block begins with, before it is known whether there is much of its key group. */
const LEAST_BYTES = 64;
/** A block ends with the entry that crosses its size. */
const ROOM_BEYOND = 1024;

interface OpenBlock {
  readonly encoder: EntryEncoder;
  count: number;
  output: BytesWriter;
}

type WrittenBlock = StateBlock & { readonly keyGroup: number };

export class KeyedBlocks {
  readonly schema: KeyedStateSchema;
  readonly #codec: EntryCodec;
  readonly #keyGroups: KeyGroups;
  readonly #output: SnapshotOutput;
  readonly #blockBytes: number;
  /** By key group. */
  readonly #open: (OpenBlock | undefined)[];
  /** Key groups that have filled a block: the next one gets its memory at once. */
  readonly #filled = new Set<number>();
  readonly #written: { readonly keyGroup: number; readonly block: StateBlock }[] = [];
  #failure: unknown = undefined;

  constructor(schema: KeyedStateSchema, keyGroups: KeyGroups, output: SnapshotOutput) {
    this.schema = schema;
    this.#codec = new EntryCodec(schema);
    this.#keyGroups = keyGroups;
    this.#output = output;
    this.#open = Array.from({ length: keyGroups.maxParallelism }, () => undefined);
    const each = HELD_BYTES_MAX / Math.max(1, keyGroups.last - keyGroups.first + 1);
    this.#blockBytes = Math.min(BLOCK_BYTES_MAX, Math.max(BLOCK_BYTES_LEAST, each));
  }

  get failure(): unknown {
    return this.#failure;
  }

  readonly add = (key: unknown, namespace: unknown, value: unknown): void => {
    if (this.#failure !== undefined) return;
    try {
      this.#write(key, namespace, value);
    } catch (error) {
      this.#failure = this.#failing(error); // K3
    }
  };

  /** Takes over a block that was written before, as it is. */
  addBlock(keyGroup: number, bytes: Uint8Array, count: number): void {
    this.#written.push({ keyGroup, block: this.#output.add(bytes, count) });
  }

  /** Passes on what is left. */
  flush(): void {
    for (const [keyGroup, open] of this.#open.entries()) if (open !== undefined) this.#passOn(keyGroup, open);
    this.#open.fill(undefined);
  }

  /** With the offsets they have got by now. */
  blocks(): readonly KeyedStateBlock[] {
    return this.#written.map(({ keyGroup, block }): WrittenBlock => ({ ...block, keyGroup }));
  }

  #write(key: unknown, namespace: unknown, value: unknown): void {
    const keyGroup = keyGroupOf(hashKey(key), this.#keyGroups.maxParallelism);
    const open = this.#open[keyGroup] ?? this.#begin(keyGroup);
    open.encoder.write(key, namespace, value, open.output);
    open.count += 1;
    if (open.output.position < this.#blockBytes) return;
    this.#passOn(keyGroup, open);
    this.#open[keyGroup] = undefined;
    this.#filled.add(keyGroup);
  }

  #begin(keyGroup: number): OpenBlock {
    const size = this.#filled.has(keyGroup) ? this.#blockBytes + ROOM_BEYOND : LEAST_BYTES;
    const open = { encoder: this.#codec.createEncoder(), count: 0, output: new BytesWriter(new Uint8Array(size)) };
    this.#open[keyGroup] = open;
    return open;
  }

  #passOn(keyGroup: number, { output, count }: OpenBlock): void {
    this.#written.push({ keyGroup, block: this.#output.add(output.bytes.subarray(0, output.position), count) });
  }

  #failing(error: unknown): unknown {
    if (!isMillraceError(error)) return error;
    return new DataError(`State '${this.schema.name}' cannot be written to the checkpoint: ${error.message}`, { cause: error });
  }
}
