/**
 * Random numbers and texts from a seed.
 *
 * Owns its state and a buffer in which texts are made. One object serves one thread.
 *
 * R1 what follows a `seed` depends on that seed alone: events can be made in any order, by any reader.
 */

const LETTERS = 26;
const FIRST_LETTER = 'a'.charCodeAt(0);
const SEPARATOR_IN = 13; // one letter in so many is a separator
const TEXT_MIN = 3;
const TEXT_MAX = 1_024;
const TWO_TO_THE_32 = 2 ** 32;
const PRICE_DECADES = 6;

/** Every pair of letters, as two bytes. */
const PAIRS = Uint16Array.from(
  { length: LETTERS * LETTERS },
  (_, index) => (FIRST_LETTER + (index % LETTERS)) | ((FIRST_LETTER + Math.floor(index / LETTERS)) << 8),
);

export class SeededRandom {
  #state = 1;
  readonly #text = Buffer.alloc(TEXT_MAX);
  readonly #letters = new Uint32Array(this.#text.buffer, this.#text.byteOffset, TEXT_MAX / 4);

  /** Neighbouring seeds give unrelated numbers. */
  seed(seed: number): void {
    const x = seed ^ Math.imul(Math.floor(seed / TWO_TO_THE_32), 0x9e3779b1);
    let h = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
    h ^= h >>> 16;
    this.#state = h === 0 ? 1 : h;
  }

  /** 32 bits; never all zero. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x;
  }

  /** A whole number from 0 to `bound` − 1; the bound is at most 2^21. */
  below(bound: number): number {
    return Math.floor(((this.next() >>> 0) / TWO_TO_THE_32) * bound);
  }

  /** Log-uniform between 100 and 10^8. */
  price(): number {
    return Math.round(Math.exp(((this.next() >>> 0) / TWO_TO_THE_32) * PRICE_DECADES * Math.LN10) * 100);
  }

  /** So many letters. */
  letters(length: number): string {
    const letters = this.#letters;
    const words = (length + 3) >>> 2;
    for (let word = 0; word < words; word += 1) {
      const bits = this.next();
      letters[word] = pair(bits & 0xffff) | (pair(bits >>> 16) << 16);
    }
    return this.#text.toString('latin1', 0, length);
  }

  /** 3 to `max` − 1 characters: letters and separators. Blanks at its ends are cut off. */
  text(max: number, separator: string): string {
    const text = this.#text;
    const length = TEXT_MIN + this.below(max - TEXT_MIN);
    const code = separator.charCodeAt(0);
    for (let index = 0; index < length; index += 1) {
      text[index] = this.below(SEPARATOR_IN) === 0 ? code : FIRST_LETTER + this.below(LETTERS);
    }
    return text.toString('latin1', 0, length).trim();
  }
}

function pair(bits: number): number {
  return PAIRS[(bits * (LETTERS * LETTERS)) >>> 16] as number;
}
