/**
 * The hash of keys: stable over machines and versions, because it decides which subtask has a key's state. Pinned by `testdata/key-hashes.json`.
 *
 * A leaf is hashed by the steps of MurmurHash3 (32 bits, Appleby, public domain) over the words of its content, with a seed for each kind; a composite key is
 * hashed from the hashes of its parts. Numbers and strings never become bytes for it.
 */
const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

const NUMBER_SEED = 0x6e756d62;
const STRING_SEED = 0x73747269;
const BIG_INT_SEED = 0x62696769;
const DATE_SEED = 0x64617465;
const BYTES_SEED = 0x62797465;

/** Of the values that are one of a kind. */
export const NULL_HASH = finish(0x6e756c6c, 0);
export const UNDEFINED_HASH = finish(0x756e6465, 0);
export const TRUE_HASH = finish(0x74727565, 0);
export const FALSE_HASH = finish(0x66616c73, 0);

export function mix(hash: number, word: number): number {
  let part = Math.imul(word, C1);
  part = (part << 15) | (part >>> 17);
  const mixed = hash ^ Math.imul(part, C2);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** The avalanche: every bit of the result hangs on every bit before, so that neighbouring numbers spread over two channels as over a thousand. */
export function finish(hash: number, length: number): number {
  let mixed = hash ^ length;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

const float = new Float64Array(1);
const words = new Int32Array(float.buffer); // the low word first, as on every machine that Node runs on

/** A number of 32 bits by its one word, any other by the two of its float; −0 is 0 by either. */
export function hashNumber(key: number): number {
  if ((key | 0) === key) return finish(mix(NUMBER_SEED, key), 4);
  float[0] = key;
  return finish(mix(mix(NUMBER_SEED, words[0]!), words[1]!), 8);
}

export function hashDate(key: Date): number {
  float[0] = key.getTime() + 0;
  return finish(mix(mix(DATE_SEED, words[0]!), words[1]!), 8);
}

/** By UTF-16 code units, two to a word. */
export function hashString(key: string): number {
  const length = key.length;
  let hash = STRING_SEED;
  let index = 0;
  for (; index + 1 < length; index += 2) hash = mix(hash, key.charCodeAt(index) | (key.charCodeAt(index + 1) << 16));
  if (index < length) hash = mix(hash, key.charCodeAt(index));
  return finish(hash, length);
}

export function hashBigInt(key: bigint): number {
  let hash = BIG_INT_SEED;
  let rest = key < 0n ? -key : key;
  let length = key < 0n ? 1 : 2;
  for (; rest > 0n; rest >>= 32n) {
    hash = mix(hash, Number(rest & 0xffff_ffffn) | 0);
    length += 4;
  }
  return finish(hash, length);
}

export function hashBytes(key: Uint8Array): number {
  let hash = BYTES_SEED;
  for (let index = 0; index < key.length; index++) hash = mix(hash, key[index]!);
  return finish(hash, key.length);
}

export const ARRAY_SEED = 0x61727261;
export const OBJECT_SEED = 0x6f626a65;
