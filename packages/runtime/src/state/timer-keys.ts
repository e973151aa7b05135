/**
 * The keys of timers by the timer's id, outside the JavaScript heap where they are numbers or short texts: ten million strings that live long are ten million objects
 * for each full garbage collection to mark, in a pause of 200 ms; their bytes are none.
 *
 * Y1 a kind says how a key is kept: as a number; as text of that many Latin-1 characters or, from WIDE on, UTF-16 code units, in a slot of a slab; else as it came.
 * Y2 of text, `numbers` has the slot; the slab is that of the text's bytes, rounded up to eights.
 */
import { uncachedLatin1, writeLatin1 } from '@millrace/core/types/latin1';
import { TextSlab } from './text-slab.ts';
import { CHUNK_BITS, CHUNK_MASK, CHUNK_SIZE, emptyChunk } from './timer-chunks.ts';

/** Longer ones stay strings. A UUID has 36 characters. */
const TEXT_BYTES_MAX = 64;
const WIDE = 128;
const NUMBER = 254;
const AS_IT_CAME = 255;

export class TimerKeys {
  readonly #kinds: Uint8Array[];
  readonly #numbers: Float64Array[];
  /** A chunk only where one of its keys is neither number nor short text. */
  readonly #others: (unknown[] | undefined)[];
  readonly #slabs: (TextSlab | undefined)[];
  readonly #scratch: Uint8Array;

  constructor() {
    this.#kinds = [];
    this.#numbers = [];
    this.#others = [];
    this.#slabs = Array.from({ length: TEXT_BYTES_MAX / 8 + 1 }, () => undefined);
    this.#scratch = new Uint8Array(TEXT_BYTES_MAX);
  }

  grow(): void {
    this.#kinds.push(new Uint8Array(CHUNK_SIZE));
    this.#numbers.push(new Float64Array(CHUNK_SIZE));
    this.#others.push(undefined);
  }

  set(id: number, key: unknown): void {
    if (typeof key === 'number') this.#put(id, NUMBER, key);
    else if (typeof key !== 'string' || key.length > TEXT_BYTES_MAX || !this.#setText(id, key)) {
      const chunk = id >>> CHUNK_BITS;
      const others = this.#others[chunk] ?? emptyChunk();
      this.#others[chunk] = others;
      others[id & CHUNK_MASK] = key;
      this.#put(id, AS_IT_CAME, 0);
    }
  }

  get(id: number): unknown {
    const kind = this.#kindOf(id);
    if (kind === NUMBER) return this.#numberOf(id);
    if (kind === AS_IT_CAME) return this.#otherOf(id);
    const slot = this.#numberOf(id);
    const slab = this.#slabOf(bytesOf(kind));
    const bytes = slab.chunkOf(slot);
    const start = slab.startOf(slot);
    return kind < WIDE ? uncachedLatin1(bytes, start, start + kind) : wideText(bytes, start, kind - WIDE);
  }

  /** Whether the key is that number or text; without making a string. Undefined for a key that is neither: only `get` tells. */
  is(id: number, wanted: number | string): boolean | undefined {
    const kind = this.#kindOf(id);
    if (kind === AS_IT_CAME) return undefined;
    if (typeof wanted === 'number') return kind === NUMBER && this.#numberOf(id) === wanted;
    if (kind === NUMBER || wanted.length !== (kind < WIDE ? kind : kind - WIDE)) return false;
    const slot = this.#numberOf(id);
    const slab = this.#slabOf(bytesOf(kind));
    const bytes = slab.chunkOf(slot);
    const start = slab.startOf(slot);
    for (let index = 0; index < wanted.length; index++) {
      const unit = kind < WIDE ? (bytes[start + index] as number) : wideUnit(bytes, start + index * 2);
      if (wanted.charCodeAt(index) !== unit) return false;
    }
    return true;
  }

  /** A key must not live on in a free id. */
  clear(id: number): void {
    const kind = this.#kindOf(id);
    if (kind === NUMBER) return;
    if (kind === AS_IT_CAME) (this.#others[id >>> CHUNK_BITS] as unknown[])[id & CHUNK_MASK] = undefined;
    else this.#slabOf(bytesOf(kind)).release(this.#numberOf(id));
  }

  /** False where the text is too long in bytes. */
  #setText(id: number, key: string): boolean {
    const scratch = this.#scratch;
    let kind = key.length;
    if (!writeLatin1(key, scratch, 0)) {
      if (key.length * 2 > TEXT_BYTES_MAX) return false;
      kind = WIDE + key.length;
      for (let index = 0; index < key.length; index++) {
        const unit = key.charCodeAt(index);
        scratch[index * 2] = unit & 0xff;
        scratch[index * 2 + 1] = unit >>> 8;
      }
    }
    const length = bytesOf(kind);
    const slab = this.#slabOf(length);
    const slot = slab.take();
    const bytes = slab.chunkOf(slot);
    const start = slab.startOf(slot);
    for (let index = 0; index < length; index++) bytes[start + index] = scratch[index] as number;
    this.#put(id, kind, slot);
    return true;
  }

  #slabOf(bytes: number): TextSlab {
    const eights = Math.max(1, (bytes + 7) >>> 3);
    const known = this.#slabs[eights];
    if (known !== undefined) return known;
    const slab = new TextSlab(eights * 8);
    this.#slabs[eights] = slab;
    return slab;
  }

  #put(id: number, kind: number, number: number): void {
    (this.#kinds[id >>> CHUNK_BITS] as Uint8Array)[id & CHUNK_MASK] = kind;
    (this.#numbers[id >>> CHUNK_BITS] as Float64Array)[id & CHUNK_MASK] = number;
  }

  #kindOf(id: number): number {
    return (this.#kinds[id >>> CHUNK_BITS] as Uint8Array)[id & CHUNK_MASK] as number;
  }

  #numberOf(id: number): number {
    return (this.#numbers[id >>> CHUNK_BITS] as Float64Array)[id & CHUNK_MASK] as number;
  }

  #otherOf(id: number): unknown {
    return (this.#others[id >>> CHUNK_BITS] as unknown[])[id & CHUNK_MASK];
  }
}

function bytesOf(kind: number): number {
  return kind < WIDE ? kind : (kind - WIDE) * 2;
}

function wideUnit(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

function wideText(bytes: Uint8Array, start: number, units: number): string {
  const codes: number[] = [];
  for (let index = 0; index < units; index++) codes.push(wideUnit(bytes, start + index * 2));
  return String.fromCharCode(...codes);
}
