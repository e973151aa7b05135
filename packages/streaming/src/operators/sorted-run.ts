/**
 * Sorted records as bytes in blocks: in managed memory, or, once spilled, in a file of which one block at a time is in memory.
 *
 * SR1 a run is one stream of its codec, from its first block on: blocks are read in order, each of them whole records.
 * SR2 each block in memory is reserved, to the byte.
 */
import { BytesReader } from '@millrace/core/bytes/bytes-reader';
import { BytesWriter } from '@millrace/core/bytes/bytes-writer';
import type { Codec } from '@millrace/core/types/type-information';
import type { ManagedMemory, SpillStorage } from '../contract/managed-memory.ts';

/** A merge has one block of each run in memory; a read of one costs a few microseconds. */
const BLOCK_BYTES = 8 * 1024;
const FIRST_BYTES = 2 * BLOCK_BYTES;

interface Block {
  /** Undefined: in the file. */
  bytes: Uint8Array | undefined;
  readonly length: number;
  position: number;
}

export class SortedRun {
  readonly #codec: Codec<unknown>;
  readonly #memory: ManagedMemory;
  readonly #blocks: Block[] = [];
  #file: SpillStorage | undefined = undefined;

  private constructor(codec: Codec<unknown>, memory: ManagedMemory) {
    this.#codec = codec;
    this.#memory = memory;
  }

  /** Of records in order. Nothing is reserved yet: `tryReserve` or `spill` follows. */
  static write(records: readonly unknown[], codec: Codec<unknown>, memory: ManagedMemory): SortedRun {
    const run = new SortedRun(codec, memory);
    const encoder = codec.createEncoder();
    const output = new BytesWriter(new Uint8Array(FIRST_BYTES));
    for (const record of records) {
      encoder.write(record, output);
      if (output.position < BLOCK_BYTES) continue;
      run.#blocks.push({ bytes: output.toBytes(), length: output.position, position: 0 });
      output.reset();
    }
    if (output.position > 0) run.#blocks.push({ bytes: output.toBytes(), length: output.position, position: 0 });
    return run;
  }

  get lengthBytes(): number {
    return this.#blocks.reduce((sum, { length }) => sum + length, 0);
  }

  get largestBlockBytes(): number {
    return this.#blocks.reduce((largest, { length }) => Math.max(largest, length), 0);
  }

  /** False where there is not so much memory left; the run is to be spilled then. */
  tryReserve(): boolean {
    return this.#memory.tryReserve(this.lengthBytes);
  }

  spill(file: SpillStorage, wasReserved: boolean): void {
    for (const block of this.#blocks) {
      block.position = file.sizeBytes;
      file.append(block.bytes as Uint8Array);
      block.bytes = undefined;
    }
    this.#file = file;
    if (wasReserved) this.#memory.release(this.lengthBytes);
  }

  /** Reads the run once from front to back; a block is given back when it was read. */
  *read(): Generator<unknown> {
    const decoder = this.#codec.createDecoder();
    for (const block of this.#blocks) {
      const bytes = this.#load(block);
      const input = new BytesReader(bytes);
      while (input.remaining > 0) yield decoder.read(input);
      block.bytes = undefined;
      this.#memory.release(block.length);
    }
  }

  #load(block: Block): Uint8Array {
    if (block.bytes !== undefined) return block.bytes;
    this.#memory.reserve(block.length);
    const bytes = new Uint8Array(block.length);
    (this.#file as SpillStorage).read(bytes, block.position);
    block.bytes = bytes;
    return bytes;
  }
}
