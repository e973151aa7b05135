/**
 * Memory for the blocks of one snapshot, cut from few arrays. While V8 marks, each array that is made outside its heap stops the thread for 5 to 10 ms of marking:
 * with one for each of 128 key groups a snapshot of a gigabyte stood still for a second.
 *
 * Owned by the snapshot's output, and garbage with it. Pieces of one size serve again.
 */

/** The first array of a size; each further one is twice as large, up to the last. */
const FIRST_BYTES = 16 * 1024;
const LAST_BYTES = 4 * 1024 * 1024;

interface Pieces {
  readonly spares: Uint8Array[];
  array: Uint8Array;
  /** What is cut off. */
  used: number;
}

export class BlockMemory {
  readonly #bySize = new Map<number, Pieces>();

  /** Its contents are whatever they were. */
  take(bytes: number): Uint8Array {
    const pieces = this.#piecesOf(bytes);
    const spare = pieces.spares.pop();
    if (spare !== undefined) return spare;
    if (pieces.used + bytes > pieces.array.byteLength) this.#extend(pieces, bytes);
    pieces.used += bytes;
    return pieces.array.subarray(pieces.used - bytes, pieces.used);
  }

  /** For a later `take` of the same size; nobody looks at it any more. */
  give(piece: Uint8Array): void {
    this.#piecesOf(piece.byteLength).spares.push(piece);
  }

  #extend(pieces: Pieces, bytes: number): void {
    const wanted = Math.min(LAST_BYTES, Math.max(FIRST_BYTES, pieces.array.byteLength * 2));
    pieces.array = new Uint8Array(Math.max(1, Math.floor(wanted / bytes)) * bytes);
    pieces.used = 0;
  }

  #piecesOf(bytes: number): Pieces {
    const known = this.#bySize.get(bytes);
    if (known !== undefined) return known;
    const pieces = { spares: [], array: new Uint8Array(0), used: 0 };
    this.#bySize.set(bytes, pieces);
    return pieces;
  }
}
