/**
 * The bytes of one operator's part of a checkpoint on their way to a stream, written while more is being encoded.
 *
 * Owned by the snapshot of one operator. Blocks are written in the order in which they are given, and know their offset once they are written.
 *
 * O1 at most one write is under way. What waits is bounded: above `QUEUE_BYTES_MAX` the snapshot encodes nothing more until `onRoom` is called. What is about to be
 *    changed is encoded nevertheless.
 * O2 the stream is made with the first block: an operator without state writes nothing.
 */
import { checksumOf } from '@millrace/core/fs/node/checksum';
import type { StateBlock, StreamHandle } from '../../checkpoint/state-handles.ts';
import { type StateStream, STREAM_HEADER } from '../../checkpoint/state-streams.ts';
import { BlockMemory } from './block-memory.ts';

/** How much waits for the disk at most, beyond the block that crosses it. */
const QUEUE_BYTES_MAX = 8 * 1024 * 1024;

interface MutableBlock {
  offset: number;
  readonly size: number;
  readonly count: number;
  readonly checksum: number;
}

interface QueuedBlock {
  readonly bytes: Uint8Array;
  readonly block: MutableBlock;
  /** For the next block, once this one is written. */
  readonly piece: Uint8Array | undefined;
}

export class SnapshotOutput {
  readonly memory = new BlockMemory();
  readonly #create: () => StateStream;
  readonly #onRoom: () => void;
  #stream: StateStream | undefined = undefined;
  #queue: QueuedBlock[] = [];
  #queuedBytes = 0;
  #writing: Promise<void> | undefined = undefined;
  #failure: unknown = undefined;
  #isCancelled = false;
  #bytesWritten = 0;

  constructor(create: () => StateStream, onRoom: () => void) {
    this.#create = create;
    this.#onRoom = onRoom;
  }

  get isFull(): boolean {
    return this.#queuedBytes > QUEUE_BYTES_MAX;
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Nobody may change the bytes any more. The block's offset is right once `finish` has settled. `piece`, what they are in, goes back to `memory` then. */
  add(bytes: Uint8Array, count: number, piece?: Uint8Array): StateBlock {
    const block: MutableBlock = { offset: 0, size: bytes.byteLength, count, checksum: checksumOf(bytes) };
    this.#bytesWritten += bytes.byteLength;
    if (this.#isCancelled || this.#failure !== undefined) return block;
    this.#queue.push({ bytes, block, piece });
    this.#queuedBytes += bytes.byteLength;
    this.#writing ??= this.#write();
    return block;
  }

  /** Undefined where nothing was written. */
  async finish(): Promise<StreamHandle | undefined> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    return this.#stream?.finish();
  }

  async cancel(): Promise<void> {
    this.#isCancelled = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    await this.#writing;
    await this.#stream?.discard();
  }

  async #write(): Promise<void> {
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        this.#stream ??= this.#create();
        next.block.offset = this.#stream.position;
        await this.#stream.write(next.bytes);
        if (next.piece !== undefined) this.memory.give(next.piece);
        const wasFull = this.isFull;
        this.#queuedBytes = Math.max(0, this.#queuedBytes - next.bytes.byteLength);
        if (wasFull && !this.isFull) this.#onRoom();
      }
    } catch (error) {
      this.#failure = error;
      this.#queue = [];
      this.#queuedBytes = 0;
      this.#onRoom();
    } finally {
      this.#writing = undefined;
    }
  }
}

/** Where the blocks of one state are: a stream that went inline is cut into the parts of the states, so that each travels once. */
export function partOfStream<B extends StateBlock>(
  stream: StreamHandle,
  blocks: readonly B[],
): { stream: StreamHandle; blocks: readonly B[] } {
  if (stream.kind !== 'inline') return { stream, blocks };
  const bytes = new Uint8Array(STREAM_HEADER.byteLength + blocks.reduce((sum, { size }) => sum + size, 0));
  bytes.set(STREAM_HEADER);
  let offset = STREAM_HEADER.byteLength;
  const moved = blocks.map((block) => {
    bytes.set(stream.bytes.subarray(block.offset, block.offset + block.size), offset);
    offset += block.size;
    return { ...block, offset: offset - block.size };
  });
  return { stream: { kind: 'inline', bytes }, blocks: moved };
}
