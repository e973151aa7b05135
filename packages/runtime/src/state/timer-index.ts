/**
 * Finds timers by what they are: a hash table of ids that never stops to rehash all of it. Extendible hashing: the upper bits of a hash choose a bucket, and a bucket
 * that is full becomes two, so the work of one insertion is bounded by the size of a bucket.
 *
 * I1 `directory` has 2^depth entries; a bucket of depth d is in 2^(depth − d) neighbouring ones, those whose upper d bits are the bucket's.
 * I2 in a bucket: open addressing by the lower bits, an entry being the hash and the id + 1, 0 for a free one; no free entry lies between where a hash belongs and
 *    where it is. At most half of a bucket is in use.
 */
const LEAST_SLOTS = 16;
/** The work of a split, and so of the slowest insertion, hangs on this: some tenths of a millisecond. */
const BUCKET_SLOTS_MAX = 4096;
/** Beyond it hashes agree in so many bits that splitting does not help: buckets grow instead. */
const DEPTH_MAX = 20;

class Bucket {
  readonly depth: number;
  size: number;
  /** Pairs of a hash and an id + 1. */
  entries: Int32Array;

  constructor(depth: number, slots: number) {
    this.depth = depth;
    this.size = 0;
    this.entries = new Int32Array(slots * 2);
  }

  get mask(): number {
    return (this.entries.length >>> 1) - 1;
  }

  insert(hash: number, id: number): void {
    const { entries, mask } = this;
    let slot = hash & mask;
    while (entries[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
    entries[slot * 2] = hash;
    entries[slot * 2 + 1] = id + 1;
    this.size += 1;
  }

  remove(hash: number, id: number): void {
    const { entries, mask } = this;
    let gap = hash & mask;
    while (entries[gap * 2 + 1] !== id + 1) gap = (gap + 1) & mask;
    for (let next = (gap + 1) & mask; entries[next * 2 + 1] !== 0; next = (next + 1) & mask) {
      const home = (entries[next * 2] as number) & mask;
      if (((next - home) & mask) < ((next - gap) & mask)) continue; // it belongs behind the gap
      entries[gap * 2] = entries[next * 2] as number;
      entries[gap * 2 + 1] = entries[next * 2 + 1] as number;
      gap = next;
    }
    entries[gap * 2 + 1] = 0;
    this.size -= 1;
  }

  grow(): void {
    const { entries } = this;
    this.entries = new Int32Array(entries.length * 2);
    this.size = 0;
    for (let at = 0; at < entries.length; at += 2) {
      const id = entries[at + 1] as number;
      if (id !== 0) this.insert(entries[at] as number, id - 1);
    }
  }
}

export class TimerIndex {
  #directory: Bucket[];
  #depth: number;

  constructor() {
    this.#directory = [new Bucket(0, LEAST_SLOTS)];
    this.#depth = 0;
  }

  /** The first timer of that hash that `matches`, or −1. */
  find(hash: number, matches: (id: number) => boolean): number {
    const { entries, mask } = this.#bucketOf(hash);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = (entries[slot * 2 + 1] as number) - 1;
      if (id < 0) return -1;
      if (entries[slot * 2] === hash && matches(id)) return id;
    }
  }

  insert(hash: number, id: number): void {
    let bucket = this.#bucketOf(hash);
    while (bucket.size * 4 >= bucket.entries.length) {
      if (bucket.entries.length < BUCKET_SLOTS_MAX * 2 || bucket.depth >= DEPTH_MAX) bucket.grow();
      else this.#split(bucket, hash);
      bucket = this.#bucketOf(hash);
    }
    bucket.insert(hash, id);
  }

  remove(hash: number, id: number): void {
    this.#bucketOf(hash).remove(hash, id);
  }

  #bucketOf(hash: number): Bucket {
    return this.#directory[this.#prefix(hash)] as Bucket;
  }

  /** The upper `depth` bits; a shift by 32 would be none. */
  #prefix(hash: number): number {
    return this.#depth === 0 ? 0 : hash >>> (32 - this.#depth);
  }

  #split(bucket: Bucket, hash: number): void {
    if (bucket.depth === this.#depth) this.#doubleDirectory();
    const depth = bucket.depth + 1;
    const low = new Bucket(depth, BUCKET_SLOTS_MAX);
    const high = new Bucket(depth, BUCKET_SLOTS_MAX);
    const { entries } = bucket;
    for (let at = 0; at < entries.length; at += 2) {
      const id = entries[at + 1] as number;
      const hashOfId = entries[at] as number;
      if (id !== 0) (((hashOfId >>> (32 - depth)) & 1) === 0 ? low : high).insert(hashOfId, id - 1);
    }
    const span = 1 << (this.#depth - bucket.depth); // I1
    const first = this.#prefix(hash) & -span;
    for (let index = first; index < first + span; index++) this.#directory[index] = index < first + span / 2 ? low : high;
  }

  #doubleDirectory(): void {
    const doubled: Bucket[] = [];
    for (const bucket of this.#directory) doubled.push(bucket, bucket);
    this.#directory = doubled;
    this.#depth += 1;
  }
}
