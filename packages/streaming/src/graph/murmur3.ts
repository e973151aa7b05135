/**
 * MurmurHash3, 128 bits, x64 variant, seed 0 (Appleby; public domain), as 32 hexadecimal digits in the order in which Flink prints an operator id:
 * an operator with a uid gets the id that it has in Flink. For ids and digests, not for records: it computes with bigints.
 */
const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;
const BLOCK_BYTES = 16;
const MASK = (1n << 64n) - 1n;

export function murmur3(text: string): string {
  return murmur3OfBytes(new TextEncoder().encode(text));
}

export function murmur3OfBytes(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tailStart = bytes.length - (bytes.length % BLOCK_BYTES);
  let h1 = 0n;
  let h2 = 0n;
  for (let at = 0; at < tailStart; at += BLOCK_BYTES) {
    h1 = times(rotate(h1 ^ mixFirst(view.getBigUint64(at, true)), 27n) + h2, 5n) + 0x52dce729n;
    h2 = times(rotate(h2 ^ mixSecond(view.getBigUint64(at + 8, true)), 31n) + h1, 5n) + 0x38495ab5n;
    h1 &= MASK;
    h2 &= MASK;
  }
  h2 ^= mixSecond(tail(bytes, tailStart + 8, bytes.length));
  h1 ^= mixFirst(tail(bytes, tailStart, Math.min(bytes.length, tailStart + 8)));
  return finish(h1, h2, BigInt(bytes.length));
}

function finish(first: bigint, second: bigint, length: bigint): string {
  let h1 = first ^ length;
  let h2 = second ^ length;
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  h1 = avalanche(h1);
  h2 = avalanche(h2);
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  return littleEndianHex(h1) + littleEndianHex(h2);
}

function mixFirst(word: bigint): bigint {
  return times(rotate(times(word, C1), 31n), C2);
}

function mixSecond(word: bigint): bigint {
  return times(rotate(times(word, C2), 33n), C1);
}

function tail(bytes: Uint8Array, from: number, to: number): bigint {
  let word = 0n;
  for (let at = to - 1; at >= from; at--) word = (word << 8n) | BigInt(bytes[at] ?? 0);
  return word;
}

function times(a: bigint, b: bigint): bigint {
  return (a * b) & MASK;
}

function rotate(word: bigint, bits: bigint): bigint {
  const bounded = word & MASK;
  return ((bounded << bits) | (bounded >> (64n - bits))) & MASK;
}

function avalanche(word: bigint): bigint {
  let k = word ^ (word >> 33n);
  k = times(k, 0xff51afd7ed558ccdn);
  k ^= k >> 33n;
  k = times(k, 0xc4ceb9fe1a85ec53n);
  return k ^ (k >> 33n);
}

function littleEndianHex(word: bigint): string {
  const digits = word.toString(16).padStart(16, '0');
  return (digits.match(/../g) ?? []).reverse().join('');
}
