/** How the typed form of a heap table finds its keys; and its arrays as they were, for a snapshot that outlives them. */

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

/**
 * Spreads a number over 32 bits; the upper ones are the good ones. Whole numbers below 2^31 take the short way. The salt tells tables apart that one is filled from in the order of
 * the other's slots: with one hash for both, the entries would pile up at the beginning of the one that is still growing, and each would have to pass all before it.
 */
export function hashOfNumber(key: number, salt: number): number {
  const whole = key | 0;
  if (whole === key) return Math.imul(whole ^ (whole >>> 15) ^ salt, 0x9e3779b1);
  double[0] = key;
  const mixed = Math.imul((words[0] as number) ^ Math.imul(words[1] as number, 0x85ebca6b), 0x9e3779b1);
  return Math.imul(mixed ^ (mixed >>> 15) ^ salt, 0x9e3779b1);
}

/** Keys in open addressing, NaN in free slots (H1, H2 of heap-table.ts). */
export class TypedKeys {
  readonly #keys: Float64Array;
  readonly #mask: number;
  readonly #shift: number;
  readonly #salt: number;

  constructor(keys: Float64Array, { mask, shift, salt }: { readonly mask: number; readonly shift: number; readonly salt: number }) {
    this.#keys = keys;
    this.#mask = mask;
    this.#shift = shift;
    this.#salt = salt;
  }

  at(slot: number): number {
    return this.#keys[slot] as number;
  }

  /** The slot of a key, or −1. */
  find(key: number): number {
    for (let slot = hashOfNumber(key, this.#salt) >>> this.#shift; ; slot = (slot + 1) & this.#mask) {
      const found = this.#keys[slot] as number;
      if (found === key) return slot;
      if (Number.isNaN(found)) return -1;
    }
  }
}
