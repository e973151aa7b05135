/**
 * What a writer wrote beyond its credit: whole segments, first in, first out, in private memory and past a cap in a spill.
 *
 * V1 each is exactly one future segment of the stream, so moving it on is one copy.
 * V2 once something is spilled, everything behind it goes there too, until the spill is empty: the order holds.
 * V3 an empty spill is closed: a channel that had one burst keeps no file.
 */
import { SEGMENT_BYTES } from '../memory/segment.ts';

/** Where overdraft goes past the cap. First in, first out; synchronous, because a writer never waits. Whoever makes it provides a file of the task's own. */
export interface SpillSink {
  /** Keeps a copy of the bytes of one segment. */
  append(segment: Uint8Array): void;
  /** Fills `target` with the oldest segment and forgets that one. */
  take(target: Uint8Array): void;
  close(): void;
}

export interface OverdraftOptions {
  /** Called when the cap is reached; without it the overdraft stays in memory, however large. */
  readonly spill?: () => SpillSink;
  /** Bytes in memory beyond which the spill is used. */
  readonly memoryCapBytes?: number;
}

const DEFAULT_MEMORY_CAP_BYTES = 16 * 1024 * 1024;

export class Overdraft {
  private segments: (Uint8Array | undefined)[] = [];
  private head = 0;
  private spill: SpillSink | undefined;
  private spilledSegments = 0;
  private readonly openSpill: (() => SpillSink) | undefined;
  private readonly memoryCapSegments: number;

  constructor(options: OverdraftOptions) {
    this.openSpill = options.spill;
    this.memoryCapSegments = Math.ceil((options.memoryCapBytes ?? DEFAULT_MEMORY_CAP_BYTES) / SEGMENT_BYTES);
  }

  get bytes(): number {
    return (this.segments.length - this.head + this.spilledSegments) * SEGMENT_BYTES;
  }

  get spilledBytes(): number {
    return this.spilledSegments * SEGMENT_BYTES;
  }

  /** Takes over `segment`; the caller writes to it no more. */
  push(segment: Uint8Array): void {
    const full = this.segments.length - this.head >= this.memoryCapSegments && this.openSpill !== undefined;
    if (!full && this.spilledSegments === 0) {
      this.segments.push(segment);
      return;
    }
    this.spill ??= this.openSpill!();
    this.spill.append(segment);
    this.spilledSegments += 1;
  }

  /** Copies the oldest segment to `target` from `position` on and drops it; false when there is none. */
  shiftInto(target: Uint8Array, position: number): boolean {
    const segment = this.segments[this.head];
    if (segment !== undefined) {
      target.set(segment, position);
      this.segments[this.head] = undefined;
      this.head += 1;
      if (this.head === this.segments.length) this.forgetMemory();
      return true;
    }
    if (this.spilledSegments === 0) return false;
    this.spill!.take(target.subarray(position, position + SEGMENT_BYTES));
    this.spilledSegments -= 1;
    if (this.spilledSegments === 0) this.closeSpill();
    return true;
  }

  clear(): void {
    this.forgetMemory();
    this.spilledSegments = 0;
    this.closeSpill();
  }

  /** V3 */
  private closeSpill(): void {
    this.spill?.close();
    this.spill = undefined;
  }

  private forgetMemory(): void {
    this.segments = [];
    this.head = 0;
  }
}
