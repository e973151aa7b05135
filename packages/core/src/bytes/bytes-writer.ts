/**
 * A cursor that generated codecs write through.
 *
 * Owns nothing: `bytes` and `view` are of one memory, which may be shared between threads. `position` and `limit` are offsets into it. Codecs call
 * `ensure(n)` before they write n bytes and then write directly; when the memory is too short the overflow target provides more (W1).
 *
 * W1 after `ensure(n)` returns, `position + n <= limit`, but `bytes`, `view` and `position` may have changed: never hold them across a call.
 * W2 what was written since `mark` moves with the cursor when the target changes memory.
 */
export interface OverflowTarget {
  /** Makes room for `size` more bytes behind the bytes from `writer.mark` to `writer.position`. */
  overflow(writer: BytesWriter, size: number): void;
}

export class BytesWriter {
  bytes: Uint8Array;
  view: DataView;
  position: number;
  limit: number;
  /** Where the element being written begins. */
  mark: number;
  readonly target: OverflowTarget;

  constructor(bytes: Uint8Array, target: OverflowTarget = growing) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = 0;
    this.limit = bytes.byteLength;
    this.mark = 0;
    this.target = target;
  }

  ensure(size: number): void {
    if (this.position + size > this.limit) this.target.overflow(this, size);
  }

  /** Moves the cursor to other memory; the caller has copied what W2 asks for. */
  moveTo(bytes: Uint8Array, view: DataView, position: number, limit: number): void {
    this.bytes = bytes;
    this.view = view;
    this.position = position;
    this.limit = limit;
  }

  /** A copy of what was written, for tests and for small values. */
  toBytes(): Uint8Array {
    return this.bytes.slice(0, this.position);
  }

  reset(): void {
    this.position = 0;
    this.mark = 0;
  }
}

/** The default: private memory that doubles. */
const growing: OverflowTarget = {
  overflow(writer, size) {
    const bytes = new Uint8Array(Math.max(writer.bytes.byteLength * 2, writer.position + size, 64));
    bytes.set(writer.bytes.subarray(0, writer.position));
    writer.moveTo(bytes, new DataView(bytes.buffer), writer.position, bytes.byteLength);
  },
};
