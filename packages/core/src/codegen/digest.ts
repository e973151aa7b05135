/**
 * A digest of text that is the same on every machine: 64 bits as 16 hexadecimal digits. Not against attackers; it tells descriptions and generated texts
 * apart. Two MurmurHash3 (Appleby, public domain) runs of 32 bits over the UTF-16 code units.
 */
export function digestOfText(text: string): string {
  return hex(run(text, 0x9747b28c)) + hex(run(text, 0x3c6ef372));
}

function run(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index++) {
    let word = Math.imul(text.charCodeAt(index), 0xcc9e2d51);
    word = (word << 15) | (word >>> 17);
    hash ^= Math.imul(word, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  hash ^= text.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
