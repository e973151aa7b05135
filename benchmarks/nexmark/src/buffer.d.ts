// What Node's buffers can do, but its typings leave out: `toString('latin1', start, end)` without looking at an encoding's name.
export {};

declare global {
  interface Buffer {
    latin1Slice(start: number, end: number): string;
  }
}
