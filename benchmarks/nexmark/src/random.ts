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

/** What a draw of 12 bits spells: four letters, one in each byte. Drawing letters in fours costs half of drawing them in pairs, and the table fits the nearest cache. */
const WORD_BITS = 12;
const WORDS = wordTable();

const PRICE_LEAST = 100;
const PRICE_DECADES = 6;
const PRICE_STEPS = 1_024;
const PRICE_STEP = (PRICE_DECADES * Math.LN10) / PRICE_STEPS; // of the logarithm
const PRICES = Float64Array.from({ length: PRICE_STEPS }, (_, step) => PRICE_LEAST * Math.exp(step * PRICE_STEP));
const FRACTION_BITS = 22; // of 32, the others choose the step

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

  /** A whole number from 0 to `bound` − 1; the bound is at most 2^16. */
  below(bound: number): number {
    return scaled(this.next() >>> 16, bound);
  }

  /** The same for bounds up to 2^32. */
  belowGreat(bound: number): number {
    return Math.floor(((this.next() >>> 0) / TWO_TO_THE_32) * bound);
  }

  /** 100 × 10^6u rounded, for u uniform from 0 to 1: the exponential of a step's start from a table, times the first terms of its series for the rest of the step. */
  price(): number {
    const bits = this.next();
    const x = (bits & ((1 << FRACTION_BITS) - 1)) * (PRICE_STEP / (1 << FRACTION_BITS));
    const start = PRICES[bits >>> FRACTION_BITS] as number;
    return (start * (1 + x * (1 + (x / 2) * (1 + (x / 3) * (1 + x / 4)))) + 0.5) | 0;
  }

  /** So many letters. */
  letters(length: number): string {
    const letters = this.#letters;
    for (let at = 0; at << 2 < length; at += 2) {
      const bits = this.next();
      letters[at] = WORDS[bits >>> (32 - WORD_BITS)] as number;
      letters[at + 1] = WORDS[(bits >>> (32 - 2 * WORD_BITS)) & (WORDS.length - 1)] as number;
    }
    return this.#text.latin1Slice(0, length);
  }

  /** 3 to `max` − 1 characters: letters and separators. Blanks at its ends are cut off. */
  text(max: number, separator: string): string {
    const text = this.#text;
    const length = TEXT_MIN + this.below(max - TEXT_MIN);
    const code = separator.charCodeAt(0);
    for (let index = 0; index < length; index += 2) {
      const bits = this.next();
      text[index] = letterOr(code, bits & 0xffff);
      text[index + 1] = letterOr(code, bits >>> 16);
    }
    return text.latin1Slice(0, length).trim();
  }
}

/** Of 16 random bits a whole number from 0 to `bound` − 1. */
function scaled(bits: number, bound: number): number {
  return Math.imul(bits, bound) >>> 16;
}

/** Of 16 random bits: half of them choose between a letter and the separator, half the letter. */
function letterOr(separator: number, bits: number): number {
  return ((bits & 0xff) * SEPARATOR_IN) >>> 8 === 0 ? separator : FIRST_LETTER + (((bits >>> 8) * LETTERS) >>> 8);
}

function wordTable(): Uint32Array {
  const words = new Uint32Array(1 << WORD_BITS);
  let state = 1;
  for (let index = 0; index < words.length; index += 1) {
    let word = 0;
    for (let letter = 0; letter < 4; letter += 1) {
      state = (Math.imul(state, 0x19660d) + 0x3c6ef35f) >>> 0;
      word = (word << 8) | (FIRST_LETTER + scaled(state >>> 16, LETTERS));
    }
    words[index] = word;
  }
  return words;
}
