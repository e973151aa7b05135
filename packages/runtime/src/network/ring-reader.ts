/**
 * Reads elements from a ring. An element that is whole in its segment is decoded in place; one that spans segments is gathered first, piece by piece as it
 * comes, so that its segments go back to the producer and a record larger than the ring passes.
 *
 * Owns the read position and the count of consumed segments. Called by one consumer task.
 *
 * R1 the position is at a header, or within the body of the one element that is being gathered.
 * R2 a segment is given back as soon as the position has left it; nothing that was decoded refers to it.
 * R3 what another attempt has published is not read.
 */
import { InvariantError } from '@millrace/core/base/errors';
import { BytesReader } from '@millrace/core/bytes/bytes-reader';
import type { Decoder } from '@millrace/core/types/type-information';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import { SEGMENT_BYTES } from '../memory/segment.ts';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import { decodeBarrier } from './barrier-format.ts';
import {
  BARRIER,
  type ChannelFlow,
  type ChannelReader,
  type DrainResult,
  type ElementHandler,
  EMPTY,
  END_OF_INPUT,
  LATENCY_MARKER,
  RECORD,
} from './channel.ts';
import { DoorbellButton } from './doorbell.ts';
import { HAS_TIMESTAMP, HEADER_BYTES, KIND_MASK, NUMBER_BYTES, PADDING } from './element-format.ts';
import { decodeLatencyMarker, type LatencyMarker } from './latency-marker.ts';
import { EMPTY_VIEWS, type MemoryViews, privateViews, sharedViews } from './memory-views.ts';
import {
  BUFFER_BYTES,
  CONSUMED,
  controlWords,
  READER_CLOSED,
  READER_EPOCH,
  type RingAttachment,
  type RingEnd,
  WAITING,
  WANTED,
  WRITER_EPOCH,
  WRITTEN,
} from './ring-control.ts';

/** Of a segment loop: there is no whole element before the limit. */
export const AT_LIMIT = -1;
/** Of a segment loop: the element at the position ends behind the limit. */
export const SPANS = -2;

/** Gathering memory up to this size is kept for the next element. */
const KEPT_BYTES = 2 * SEGMENT_BYTES;
const CLOSED = -1;

/** Opens the consumer's end for this attempt. */
export function openRingReader<T>(attachment: RingAttachment, decoder: Decoder<T>, flow: ChannelFlow, epoch: number): RingReader<T> {
  return new RingReader({ attachment, flow, attempt: epoch }, decoder);
}

export class RingReader<T> implements ChannelReader<T> {
  drained = 0;
  value = 0;
  barrier: CheckpointBarrier | undefined = undefined;
  latencyMarker: LatencyMarker | undefined = undefined;
  /** In the ring's memory. */
  position = 0;
  readonly input: BytesReader;
  readonly decoder: Decoder<T>;
  readonly flow: ChannelFlow;

  private readonly words: Int32Array;
  private readonly ring: MemoryViews;
  private readonly segments: readonly number[];
  private readonly doorbell: DoorbellButton;
  private epoch: number; // attempt + 1, as in the control words

  private bytesLeft = 0; // in segments that were left, without padding
  private index = 0; // of the segment that the position is in, in `segments`
  private segmentEnd = 0; // in the ring's memory
  private segmentStart = 0; // position of the segment in the stream, modulo 2^32
  private consumed = 0; // segments, modulo 2^32

  private gatherTag = 0; // of the element that is being gathered; 0 when none is
  private gatherBytes = 0; // its length without header
  private gathered = 0;
  private gathering: MemoryViews = EMPTY_VIEWS;

  constructor({ attachment, flow, attempt }: RingEnd, decoder: Decoder<T>) {
    this.decoder = decoder;
    this.flow = flow;
    this.words = controlWords(attachment);
    this.ring = sharedViews(attachment.memory);
    this.input = new BytesReader(EMPTY_VIEWS.bytes);
    this.input.moveTo(this.ring.bytes, this.ring.view, 0, 0);
    this.segments = attachment.segments;
    this.doorbell = new DoorbellButton(attachment.peerDoorbell);
    this.epoch = attempt + 1;
    this.moveTo(0);
    Atomics.store(this.words, CONSUMED, 0);
    Atomics.store(this.words, BUFFER_BYTES, 0);
    Atomics.store(this.words, READER_EPOCH, this.epoch); // last: from here on the writer believes the count
  }

  drain(handler: ElementHandler<T>, budget: number): DrainResult {
    this.drained = 0;
    for (;;) {
      const limit = this.readableLimit();
      if (limit <= this.position) return EMPTY;
      const result = this.gatherTag === 0 ? this.drainSegment(handler, budget, limit) : this.gather(handler, budget, limit);
      if (result === SPANS) this.beginGathering();
      const rest = this.segmentEnd - this.position;
      if (rest === 0 || (rest < HEADER_BYTES && this.gatherTag === 0)) this.leaveSegment();
      if (result >= 0) return result as DrainResult;
    }
  }

  peek(): DrainResult {
    if (this.gatherTag !== 0) return (this.gatherTag & KIND_MASK) as DrainResult;
    if (this.readableLimit() - this.position < HEADER_BYTES) return EMPTY;
    const kind = this.ring.bytes[this.position]! & KIND_MASK;
    if (kind !== PADDING) return kind as DrainResult;
    this.bytesLeft -= this.segmentEnd - this.position;
    this.leaveSegment();
    return this.peek();
  }

  get bytesDrained(): number {
    return this.bytesLeft + this.position - (this.segmentEnd - SEGMENT_BYTES);
  }

  get bytesInFlight(): number {
    if (Atomics.load(this.words, WRITER_EPOCH) !== this.epoch) return 0;
    const offset = this.position - (this.segmentEnd - SEGMENT_BYTES);
    return (Atomics.load(this.words, WRITTEN) - this.segmentStart - offset) | 0;
  }

  get buffers(): number {
    return this.segments.length;
  }

  setBufferSize(bytes: number): void {
    Atomics.store(this.words, BUFFER_BYTES, bytes);
  }

  /** @cold */
  get poolUsage(): number {
    if (Atomics.load(this.words, WRITER_EPOCH) !== this.epoch) return 0;
    const taken = this.segmentStart + (this.position - (this.segmentEnd - SEGMENT_BYTES));
    const waiting = Math.max(0, (Atomics.load(this.words, WRITTEN) - taken) | 0);
    return Math.min(1, waiting / (this.segments.length * SEGMENT_BYTES));
  }

  hasData(): boolean {
    return this.readableLimit() > this.position;
  }

  close(): void {
    if (this.epoch === CLOSED) return;
    Atomics.store(this.words, READER_CLOSED, this.epoch);
    this.epoch = CLOSED;
    this.gathering = EMPTY_VIEWS;
    this.gatherTag = 0;
    this.doorbell.ring(); // a producer that waits for credit need not any longer
  }

  /** @cold Takes what a control element says; its body is in `view` from `offset` to `end`. */
  takeControl(tag: number, view: DataView, offset: number, end: number): number {
    const kind = tag & KIND_MASK;
    if (kind === PADDING) {
      this.bytesLeft -= HEADER_BYTES + end - offset;
      return AT_LIMIT;
    }
    if (kind === BARRIER) {
      this.barrier = decodeBarrier(unshared(view, offset, end));
      this.value = this.barrier.checkpointId;
    } else if (kind === LATENCY_MARKER) {
      this.latencyMarker = decodeLatencyMarker(unshared(view, offset, end));
      this.value = this.latencyMarker.markedMs;
    } else this.value = kind === END_OF_INPUT ? 0 : view.getFloat64(offset, true);
    return kind;
  }

  /** @cold A codec that reads another number of bytes than was written would lose the position. */
  misread(end: number): InvariantError {
    return new InvariantError(
      `a decoder stopped at ${this.input.position} in a record that ends at ${end}: it is not of the type that was written`,
    );
  }

  /** How far the bytes of the position's segment are published. */
  private readableLimit(): number {
    if (Atomics.load(this.words, WRITER_EPOCH) !== this.epoch) return this.position;
    const ahead = (Atomics.load(this.words, WRITTEN) - this.segmentStart) | 0;
    return ahead >= SEGMENT_BYTES ? this.segmentEnd : this.segmentEnd - SEGMENT_BYTES + ahead;
  }

  private leaveSegment(): void {
    this.consumed = (this.consumed + 1) | 0;
    this.bytesLeft += SEGMENT_BYTES;
    this.moveTo(this.index + 1 === this.segments.length ? 0 : this.index + 1);
    this.segmentStart = (this.segmentStart + SEGMENT_BYTES) | 0;
    Atomics.store(this.words, CONSUMED, this.consumed);
    if (Atomics.load(this.words, WAITING) === 0 || ((this.consumed - Atomics.load(this.words, WANTED)) | 0) < 0) return;
    if (Atomics.compareExchange(this.words, WAITING, 1, 0) === 1) this.doorbell.ring();
  }

  private moveTo(index: number): void {
    this.index = index;
    this.position = this.segments[index]! * SEGMENT_BYTES;
    this.segmentEnd = this.position + SEGMENT_BYTES;
  }

  private beginGathering(): void {
    this.gatherTag = this.ring.bytes[this.position]!;
    this.gatherBytes = this.ring.view.getUint32(this.position + 1, true);
    this.gathered = 0;
    if (this.gathering.bytes.byteLength < this.gatherBytes) this.gathering = privateViews(Math.max(this.gatherBytes, NUMBER_BYTES));
    this.position += HEADER_BYTES;
  }

  private gather(handler: ElementHandler<T>, budget: number, limit: number): number {
    const piece = Math.min(limit - this.position, this.gatherBytes - this.gathered);
    this.gathering.bytes.set(this.ring.bytes.subarray(this.position, this.position + piece), this.gathered);
    this.gathered += piece;
    this.position += piece;
    return this.gathered === this.gatherBytes ? this.finishGathering(handler, budget) : AT_LIMIT;
  }

  private finishGathering(handler: ElementHandler<T>, budget: number): number {
    const { gathering, gatherTag: tag, flow } = this;
    this.gatherTag = 0;
    if ((tag & KIND_MASK) !== RECORD) return this.takeControl(tag, gathering.view, 0, this.gatherBytes);
    const stamped = (tag & HAS_TIMESTAMP) !== 0;
    flow.timestamp = stamped ? gathering.view.getFloat64(0, true) : NO_TIMESTAMP;
    const record = this.decodeGathered(stamped ? NUMBER_BYTES : 0);
    if (gathering.bytes.byteLength > KEPT_BYTES) this.gathering = EMPTY_VIEWS;
    this.drained += 1;
    handler.processRecord(record);
    return flow.blocked !== 0 || this.drained >= budget ? RECORD : AT_LIMIT;
  }

  private decodeGathered(start: number): T {
    const { input, gathering, ring } = this;
    input.moveTo(gathering.bytes, gathering.view, start, this.gatherBytes);
    const record = this.decoder.read(input);
    if (input.position !== this.gatherBytes) throw this.misread(this.gatherBytes);
    input.moveTo(ring.bytes, ring.view, 0, 0);
    return record;
  }

  /** The hot loop: the elements that are whole between the position and `limit`. Generated for each edge by edge-code.ts; change both. */
  protected drainSegment(handler: ElementHandler<T>, budget: number, limit: number): number {
    const { input, flow, decoder } = this;
    const { bytes, view } = input;
    let position = this.position;
    let drained = this.drained;
    let result = AT_LIMIT;
    try {
      while (limit - position >= HEADER_BYTES) {
        const tag = bytes[position]!;
        const body = position + HEADER_BYTES;
        const end = body + view.getUint32(position + 1, true);
        if (end > limit || (tag & KIND_MASK) !== RECORD) {
          result = end > limit ? SPANS : this.takeControl(tag, view, body, end);
          if (result !== SPANS) position = end;
          break;
        }
        if ((tag & HAS_TIMESTAMP) === 0) {
          flow.timestamp = NO_TIMESTAMP;
          input.position = body;
        } else {
          flow.timestamp = view.getFloat64(body, true);
          input.position = body + NUMBER_BYTES;
        }
        input.limit = end;
        const record = decoder.read(input);
        if (input.position !== end) throw this.misread(end);
        position = end;
        drained += 1;
        handler.processRecord(record);
        if (flow.blocked !== 0 || drained >= budget) {
          result = RECORD;
          break;
        }
      }
    } finally {
      this.position = position;
      this.drained = drained;
    }
    return result;
  }
}

/** @cold */
function unshared(view: DataView, offset: number, end: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, end - offset).slice();
}
