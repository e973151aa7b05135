/**
 * Short byte strings of about one length outside the JavaScript heap, in slots that are given out again when they were released. Grows by chunks; nothing is copied.
 *
 * A free slot holds the number of the next free one in its first four bytes.
 */
const SLOTS_BITS = 12;
const SLOTS = 1 << SLOTS_BITS;
const NONE = -1;

export class TextSlab {
  readonly #slotBytes: number;
  readonly #chunks: Uint8Array[];
  readonly #words: Int32Array[];
  #free: number;
  #bound: number; // slots below were given out at least once

  /** A multiple of four. */
  constructor(slotBytes: number) {
    this.#slotBytes = slotBytes;
    this.#chunks = [];
    this.#words = [];
    this.#free = NONE;
    this.#bound = 0;
  }

  take(): number {
    const slot = this.#free;
    if (slot !== NONE) {
      this.#free = (this.#words[slot >>> SLOTS_BITS] as Int32Array)[this.startOf(slot) >>> 2] as number;
      return slot;
    }
    if ((this.#bound & (SLOTS - 1)) === 0) {
      const chunk = new Uint8Array(SLOTS * this.#slotBytes);
      this.#chunks.push(chunk);
      this.#words.push(new Int32Array(chunk.buffer));
    }
    return this.#bound++;
  }

  release(slot: number): void {
    (this.#words[slot >>> SLOTS_BITS] as Int32Array)[this.startOf(slot) >>> 2] = this.#free;
    this.#free = slot;
  }

  /** Where the bytes of a slot are: in this chunk, from `startOf(slot)`. */
  chunkOf(slot: number): Uint8Array {
    return this.#chunks[slot >>> SLOTS_BITS] as Uint8Array;
  }

  startOf(slot: number): number {
    return (slot & (SLOTS - 1)) * this.#slotBytes;
  }
}
