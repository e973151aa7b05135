/** Managed memory for tests of operators: a budget, and files that are arrays. */
import type { ManagedMemory, SpillStorage } from '../contract/managed-memory.ts';

export class FakeMemory implements ManagedMemory {
  readonly totalBytes: number;
  reservedBytes = 0;
  openFiles = 0;
  mostReservedBytes = 0;

  constructor(totalBytes = Number.POSITIVE_INFINITY) {
    this.totalBytes = totalBytes;
  }

  get availableBytes(): number {
    return this.totalBytes - this.reservedBytes;
  }

  tryReserve(bytes: number): boolean {
    if (bytes > this.availableBytes) return false;
    this.reservedBytes += bytes;
    this.mostReservedBytes = Math.max(this.mostReservedBytes, this.reservedBytes);
    return true;
  }

  reserve(bytes: number): void {
    if (!this.tryReserve(bytes)) throw new Error(`${bytes} bytes are not to be had of ${this.availableBytes}`);
  }

  release(bytes: number): void {
    if (bytes > this.reservedBytes) throw new Error(`${bytes} bytes are given back of ${this.reservedBytes}`);
    this.reservedBytes -= bytes;
  }

  openSpill(): SpillStorage {
    let stored = new Uint8Array(1024);
    let sizeBytes = 0;
    this.openFiles += 1;
    return {
      get sizeBytes() {
        return sizeBytes;
      },
      append: (bytes) => {
        if (sizeBytes + bytes.byteLength > stored.byteLength) {
          const larger = new Uint8Array(2 * (sizeBytes + bytes.byteLength));
          larger.set(stored);
          stored = larger;
        }
        stored.set(bytes, sizeBytes);
        sizeBytes += bytes.byteLength;
      },
      read: (target, position) => target.set(stored.subarray(position, position + target.byteLength)),
      close: () => {
        this.openFiles -= 1;
      },
    };
  }
}
