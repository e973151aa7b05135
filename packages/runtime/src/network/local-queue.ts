/** A queue of elements by reference: three parallel arrays that are used as a circle, which begins small and grows when it is full. Places are cleared once read. */

/** Most channels of a job with very many have little to hold. */
const FIRST_PLACES = 16;

export class LocalQueue {
  readonly capacity: number;
  /** Elements with which it is full, for who asks; it takes any number. */
  limit: number;
  tags: Uint8Array;
  numbers: Float64Array; // timestamps of records, values of control elements
  records: unknown[]; // barriers and latency markers, too
  mask: number;
  head = 0; // index of the oldest element
  count = 0;
  readerClosed = false;
  /** The limit that the reader wants, of bytes. */
  bytesMax = Number.POSITIVE_INFINITY;
  /** Of the record that was measured last. */
  recordBytes = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.limit = capacity;
    const places = Math.min(capacity, FIRST_PLACES);
    this.tags = new Uint8Array(places);
    this.numbers = new Float64Array(places);
    this.records = emptyPlaces(places);
    this.mask = places - 1;
  }

  /** @cold From 0 to 1. */
  get usage(): number {
    return Math.min(1, this.count / this.limit);
  }

  put(tag: number, number: number, record: unknown): void {
    if (this.count > this.mask) this.resize(this.tags.length * 2);
    const index = (this.head + this.count) & this.mask;
    this.tags[index] = tag;
    this.numbers[index] = number;
    this.records[index] = record;
    this.count += 1;
  }

  resize(size: number): void {
    const { tags, numbers, records, head, mask, count } = this;
    this.tags = new Uint8Array(size);
    this.numbers = new Float64Array(size);
    this.records = emptyPlaces(size);
    this.mask = size - 1;
    this.head = 0;
    for (let i = 0; i < count; i += 1) {
      const from = (head + i) & mask;
      this.tags[i] = tags[from]!;
      this.numbers[i] = numbers[from]!;
      this.records[i] = records[from];
    }
  }

  clear(): void {
    this.head = 0;
    this.count = 0;
    this.resize(Math.min(this.capacity, FIRST_PLACES));
  }
}

/** Filled, so that V8 keeps a packed array of objects whatever comes first. */
function emptyPlaces(size: number): unknown[] {
  return Array.from<unknown>({ length: size });
}
