/**
 * The producer's end of a ring, below the elements: which segment the cursor is in, what is published, how much credit is left, what became overdraft.
 *
 * Owns the write cursor (`output`) between elements, the written position and the overdraft. Called by the one `RingWriter` that made it.
 *
 * P1 the cursor is in a segment of the ring (not blocked), or in a private segment or nowhere (blocked). Nowhere means `position = limit = 0`.
 * P2 blocked means that all segments of the ring were entered and are full and published, and that overdraft continues the stream exactly behind them.
 *    It begins as soon as the last segment is full, before there is any overdraft, so that a task that stops at once needs none.
 * P3 at the cursor there is room for a header, or nothing at all: what is left of a segment when less fits is padding.
 * P4 what is published ends at the end of an element or of a segment.
 * P5 where the consumer wants smaller buffers, the cursor's limit in a segment of the ring is theirs and the rest becomes padding. An element that is larger has
 *    whole segments, and so has overdraft.
 */
import { BytesWriter, type OverflowTarget } from '@millrace/core/bytes/bytes-writer';
import { SEGMENT_BYTES } from '../memory/segment.ts';
import type { ChannelFlow } from './channel.ts';
import { DoorbellButton } from './doorbell.ts';
import { HEADER_BYTES, PADDING } from './element-format.ts';
import { EMPTY_VIEWS, type MemoryViews, privateViews, sharedViews } from './memory-views.ts';
import { Overdraft, type OverdraftOptions } from './overdraft.ts';
import {
  BUFFER_BYTES,
  CONSUMED,
  controlWords,
  READER_CLOSED,
  READER_EPOCH,
  type RingEnd,
  WAITING,
  WANTED,
  WRITER_CLOSED,
  WRITER_EPOCH,
  WRITTEN,
} from './ring-control.ts';

export class RingProducer {
  readonly output: BytesWriter;
  isBlocked = false;

  private readonly flow: ChannelFlow;
  private readonly words: Int32Array;
  private readonly ring: MemoryViews;
  private readonly segments: readonly number[];
  private readonly doorbell: DoorbellButton;
  private readonly epoch: number; // attempt + 1, as in the control words
  private readonly overdraft: Overdraft;

  private base = 0; // of the segment last entered, in the ring's memory
  private segmentStart = 0; // its position in the stream, modulo 2^32
  private nextIndex = 0; // of the segment that comes after it, in `segments`
  private entered = 0; // segments entered so far, modulo 2^32
  private published = 0;
  private open: MemoryViews | undefined; // the private segment that the cursor is in
  private spare: MemoryViews | undefined; // one that was copied to the ring and waits for the next time
  private spanning = false; // an element that needs whole segments is under way
  private discarding = false; // the reader has closed: what is written goes nowhere

  constructor({ attachment, flow, attempt }: RingEnd, target: OverflowTarget, options: OverdraftOptions) {
    this.flow = flow;
    this.words = controlWords(attachment);
    this.ring = sharedViews(attachment.memory);
    this.segments = attachment.segments;
    this.doorbell = new DoorbellButton(attachment.peerDoorbell);
    this.epoch = attempt + 1;
    this.overdraft = new Overdraft(options);
    this.output = new BytesWriter(EMPTY_VIEWS.bytes, target);
    Atomics.store(this.words, WRITTEN, 0);
    Atomics.store(this.words, WAITING, 0);
    Atomics.store(this.words, WRITER_EPOCH, this.epoch); // last: from here on the reader believes the words above
    this.enter(0);
    this.cursorAt(0);
  }

  isConsumerParked(): boolean {
    return this.doorbell.isParked();
  }

  /** @cold Of the ring's bytes, those that the consumer has not given back. */
  get poolUsage(): number {
    if (this.isBlocked) return 1;
    if (this.discarding) return 0;
    const written = this.segmentStart + (this.output.mark - this.base);
    return Math.max(0, (written - Math.imul(this.consumed(), SEGMENT_BYTES)) | 0) / (this.segments.length * SEGMENT_BYTES);
  }

  get overdraftBytes(): number {
    return this.overdraft.bytes + (this.isBlocked ? this.output.position : 0);
  }

  /** Publishes all whole elements that are in the ring. */
  flush(): void {
    if (!this.isBlocked && !this.discarding) this.publish((this.segmentStart + (this.output.mark - this.base)) | 0);
  }

  /** The cursor's segment is full, up to padding at most: goes on to the next one, or becomes blocked. */
  nextSegment(): void {
    const { output } = this;
    if (this.discarding) {
      output.position = 0;
    } else if (this.open !== undefined) {
      this.overdraft.push(this.open.bytes);
      this.open = undefined;
      this.cursorNowhere();
    } else {
      this.pad();
      this.publish((this.segmentStart + SEGMENT_BYTES) | 0);
      if (this.hasCredit()) {
        this.enter((this.segmentStart + SEGMENT_BYTES) | 0);
        this.cursorAt(0);
      } else this.block();
    }
    output.mark = output.position;
  }

  /** Copies an element that was put together elsewhere. True when the overdraft has kept parts of `source`, which is then not to be written again. */
  append(source: Uint8Array, size: number): boolean {
    const { output } = this;
    this.beginSpanning();
    let from = 0;
    let taken = false;
    while (from < size) {
      if (output.position === output.limit) {
        if (size - from >= SEGMENT_BYTES) {
          this.overdraft.push(source.subarray(from, from + SEGMENT_BYTES));
          from += SEGMENT_BYTES;
          taken = true;
          continue;
        }
        this.openPrivateSegment();
      }
      const piece = Math.min(output.limit - output.position, size - from);
      output.bytes.set(source.subarray(from, from + piece), output.position);
      output.position += piece;
      from += piece;
      if (output.position === output.limit) this.nextSegment();
    }
    output.mark = output.position;
    this.endSpanning();
    if (output.position !== output.limit && output.limit - output.position < HEADER_BYTES) this.nextSegment();
    return taken;
  }

  /** Moves overdraft into segments that came free; true when not blocked any more. */
  tryDrain(): boolean {
    if (!this.isBlocked) return true;
    if (Atomics.load(this.words, READER_CLOSED) === this.epoch) return this.discard();
    while (this.hasCredit() || this.askForCredit()) {
      this.enter((this.segmentStart + SEGMENT_BYTES) | 0);
      if (!this.overdraft.shiftInto(this.ring.bytes, this.base)) {
        this.returnToRing();
        return true;
      }
      this.publish((this.segmentStart + SEGMENT_BYTES) | 0);
    }
    return false;
  }

  /** Gives up overdraft; what was not published is lost. */
  close(): void {
    this.unblock();
    this.overdraft.clear();
    this.open = undefined;
    this.cursorNowhere();
    Atomics.store(this.words, WRITER_CLOSED, this.epoch);
  }

  private publish(position: number): void {
    if (position === this.published) return;
    this.published = position;
    Atomics.store(this.words, WRITTEN, position);
    this.doorbell.ring();
  }

  /** A reader that has not come yet has consumed nothing; what an older one has consumed does not count. */
  private hasCredit(): boolean {
    return ((this.entered - this.consumed()) | 0) < this.segments.length;
  }

  private consumed(): number {
    return Atomics.load(this.words, READER_EPOCH) === this.epoch ? Atomics.load(this.words, CONSUMED) : 0;
  }

  /**
   * Asks the consumer to ring once half of the ring is free: one wake-up for many segments. All entered segments are full (P2), so the consumer gets there.
   * Looks at the credit again afterwards, because it may have come back before the consumer could see the wish.
   */
  private askForCredit(): boolean {
    const wanted = (this.segments.length + 1) >> 1;
    Atomics.store(this.words, WANTED, (this.entered - this.segments.length + wanted) | 0);
    Atomics.store(this.words, WAITING, 1);
    return this.hasCredit();
  }

  private enter(segmentStart: number): void {
    this.base = this.segments[this.nextIndex]! * SEGMENT_BYTES;
    this.segmentStart = segmentStart;
    this.nextIndex = this.nextIndex + 1 === this.segments.length ? 0 : this.nextIndex + 1;
    this.entered = (this.entered + 1) | 0;
  }

  private cursorAt(offset: number): void {
    this.output.moveTo(this.ring.bytes, this.ring.view, this.base + offset, this.base + Math.max(this.bufferBytes(), offset));
    this.output.mark = this.output.position;
  }

  /** P5: at least room for a header. */
  private bufferBytes(): number {
    if (this.spanning || Atomics.load(this.words, READER_EPOCH) !== this.epoch) return SEGMENT_BYTES;
    const wanted = Atomics.load(this.words, BUFFER_BYTES);
    return wanted === 0 ? SEGMENT_BYTES : Math.min(SEGMENT_BYTES, Math.max(wanted, HEADER_BYTES));
  }

  /** P5: from a segment's begin on where buffers are small, so that they stay small. */
  private beginSpanning(): void {
    const { output, base } = this;
    this.spanning = true;
    if (this.isBlocked || this.discarding || output.limit === base + SEGMENT_BYTES) return;
    if (output.position > base) this.nextSegment();
    else output.limit = base + SEGMENT_BYTES;
  }

  private endSpanning(): void {
    const { output } = this;
    this.spanning = false;
    if (this.isBlocked || this.discarding) return;
    output.limit = Math.max(output.position, Math.min(output.limit, this.base + this.bufferBytes()));
    if (output.position === output.limit && output.position > this.base) this.nextSegment();
  }

  private pad(): void {
    const { output } = this;
    const rest = this.base + SEGMENT_BYTES - output.position;
    if (rest < HEADER_BYTES) return;
    output.bytes[output.position] = PADDING;
    output.view.setUint32(output.position + 1, rest - HEADER_BYTES, true);
  }

  private cursorNowhere(): void {
    this.output.moveTo(EMPTY_VIEWS.bytes, EMPTY_VIEWS.view, 0, 0);
    this.output.mark = 0;
  }

  private block(): void {
    this.isBlocked = true;
    this.flow.blocked += 1;
    this.cursorNowhere();
  }

  private unblock(): void {
    if (!this.isBlocked) return;
    this.isBlocked = false;
    this.flow.blocked -= 1;
    Atomics.store(this.words, WAITING, 0);
  }

  private openPrivateSegment(): void {
    this.open = this.spare ?? privateViews(SEGMENT_BYTES);
    this.spare = undefined;
    this.output.moveTo(this.open.bytes, this.open.view, 0, SEGMENT_BYTES);
  }

  /** The segment just entered goes on where the private one, if any, was left. */
  private returnToRing(): void {
    const written = this.output.position;
    if (this.open !== undefined) {
      this.ring.bytes.set(this.open.bytes.subarray(0, written), this.base);
      this.spare = this.open; // a producer that is often blocked would make one each time
      this.open = undefined;
    }
    this.cursorAt(written);
    this.unblock();
    this.flush();
  }

  private discard(): boolean {
    this.overdraft.clear();
    this.openPrivateSegment();
    this.output.mark = 0;
    this.discarding = true;
    this.unblock();
    return true;
  }
}
