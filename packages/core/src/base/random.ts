/** Randomness as a parameter. Seeded: the same seed gives the same numbers on every machine and version (xoshiro128**, Blackman and Vigna 2018). */
export interface Random {
  /** A number in [0, 1), in steps of 2^-32. */
  next(): number;
  /** A whole number in [0, bound); bound is at most 2^32. */
  nextInt(bound: number): number;
}

export function seededRandom(seed: number): Random {
  let [a, b, c, d] = splitMix(seed);
  const nextWord = () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11);
    return result;
  };
  return { next: () => nextWord() / 0x1_0000_0000, nextInt: (bound) => Math.floor((nextWord() / 0x1_0000_0000) * bound) };
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** Spreads one seed over the four words of state (SplitMix32), so that neighbouring seeds have nothing in common. */
function splitMix(seed: number): [number, number, number, number] {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  return [next(), next(), next(), next()];
}
