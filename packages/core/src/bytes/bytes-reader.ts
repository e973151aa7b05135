/**
 * A cursor that generated codecs read through. The network hands whole elements to it: an element that spans segments is gathered first, so a codec never
 * meets a gap (R1). Bytes from other processes or files are bounded by `limit`; codecs of such bytes check it and fail with a `DataError` (R2).
 */
export class BytesReader {
  bytes: Uint8Array;
  view: DataView;
  position: number;
  limit: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = 0;
    this.limit = bytes.byteLength;
  }

  moveTo(bytes: Uint8Array, view: DataView, position: number, limit: number): void {
    this.bytes = bytes;
    this.view = view;
    this.position = position;
    this.limit = limit;
  }

  get remaining(): number {
    return this.limit - this.position;
  }
}
