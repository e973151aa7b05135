/** How the typed form of a heap table finds its keys; and its arrays as they were, for a snapshot that outlives them. */

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

/** Spreads a number over 32 bits; the upper ones are the good ones. Whole numbers below 2^31 take the short way. */
export function hashOfNumber(key: number): number {
  const whole = key | 0;
  if (whole === key) return Math.imul(whole ^ (whole >>> 15), 0x9e3779b1);
  double[0] = key;
  const mixed = Math.imul((words[0] as number) ^ Math.imul(words[1] as number, 0x85ebca6b), 0x9e3779b1);
  return Math.imul(mixed ^ (mixed >>> 15), 0x9e3779b1);
}

/** Keys in open addressing, NaN in free slots (H1, H2 of heap-table.ts). */
export class TypedKeys {
  readonly #keys: Float64Array;
  readonly #mask: number;
  readonly #shift: number;

  constructor(keys: Float64Array, mask: number, shift: number) {
    this.#keys = keys;
    this.#mask = mask;
    this.#shift = shift;
  }

  at(slot: number): number {
    return this.#keys[slot] as number;
  }

  /** The slot of a key, or −1. */
  find(key: number): number {
    for (let slot = hashOfNumber(key) >>> this.#shift; ; slot = (slot + 1) & this.#mask) {
      const found = this.#keys[slot] as number;
      if (found === key) return slot;
      if (Number.isNaN(found)) return -1;
    }
  }
}
