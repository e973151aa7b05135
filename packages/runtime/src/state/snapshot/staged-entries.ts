/**
 * Entries on their way into blocks, put in order by key group a few thousand at a time.
 *
 * The keys of a table come in no order of their key groups, and an encoder, a buffer and a view for each of 128 key groups do not stay in a processor's first cache
 * together: entry by entry most of the time would go into waiting for memory. A stage that fits into it makes runs of one key group out of them.
 */

/** Takes a run of entries of one key group: those at `order[from]` to `order[to - 1]`. */
export type RunTaker = (keyGroup: number, from: number, to: number) => void;

const CAPACITY = 8192;

export class StagedEntries {
  readonly keys: unknown[];
  readonly namespaces: unknown[];
  readonly values: unknown[];
  /** Places in the other arrays, in order of key groups; while `drain` runs. */
  order: Uint16Array;
  readonly #groups: number[]; // counted from `#first`
  readonly #ends: Uint32Array; // by key group: where its run ends, once it is sorted
  readonly #first: number;
  #size: number;

  constructor(firstKeyGroup: number, lastKeyGroup: number) {
    this.keys = [];
    this.namespaces = [];
    this.values = [];
    this.order = new Uint16Array(0);
    this.#groups = [];
    this.#ends = new Uint32Array(Math.max(1, lastKeyGroup - firstKeyGroup + 1));
    this.#first = firstKeyGroup;
    this.#size = 0;
  }

  get isFull(): boolean {
    return this.#size === CAPACITY;
  }

  /** Not when it is full. Values are kept as they are, so only those that nobody can change. */
  add(keyGroup: number, key: unknown, namespace: unknown, value: unknown): void {
    const place = this.#size++;
    this.keys[place] = key;
    this.namespaces[place] = namespace;
    this.values[place] = value;
    this.#groups[place] = keyGroup - this.#first;
  }

  /** Shows all entries, key group by key group, and forgets them. */
  drain(take: RunTaker): void {
    const size = this.#size;
    this.#size = 0;
    this.#sort(size);
    let from = 0;
    for (let group = 0; group < this.#ends.length; group++) {
      const to = this.#ends[group] as number;
      if (to > from) take(this.#first + group, from, to);
      from = to;
    }
  }

  /** A counting sort. */
  #sort(size: number): void {
    if (this.order.length < size) this.order = new Uint16Array(size);
    const groups = this.#groups;
    const ends = this.#ends.fill(0);
    for (let place = 0; place < size; place++) ends[groups[place] as number] = (ends[groups[place] as number] as number) + 1;
    let before = 0;
    for (let group = 0; group < ends.length; group++) {
      const count = ends[group] as number;
      ends[group] = before; // its begin, which moves up to its end
      before += count;
    }
    for (let place = 0; place < size; place++) {
      const group = groups[place] as number;
      const at = ends[group] as number;
      this.order[at] = place;
      ends[group] = at + 1;
    }
  }
}
