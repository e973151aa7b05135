/**
 * Writes elements into a ring. Each is written straight into the segment that the cursor is in; one that does not fit into the rest of it is put together in
 * scratch memory and copied over as many segments as it takes. So records may be larger than a segment, and larger than the ring.
 *
 * W1 between calls, `output.mark = output.position` is the end of the last whole element. A `write` that throws leaves the mark there: `flush` publishes
 *    nothing of the element that failed. The channel is not to be written after that, because an encoder may have counted on bytes that are gone.
 */
import type { BytesWriter, OverflowTarget } from '@millrace/core/bytes/bytes-writer';
import type { Encoder } from '@millrace/core/types/type-information';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import { encodeBarrier } from './barrier-format.ts';
import {
  BARRIER,
  type ChannelFlow,
  type ChannelWriter,
  END_OF_INPUT,
  LATENCY_MARKER,
  RECORD,
  WATERMARK,
  WATERMARK_STATUS,
} from './channel.ts';
import { HAS_TIMESTAMP, HEADER_BYTES, NUMBER_BYTES } from './element-format.ts';
import { encodeLatencyMarker, type LatencyMarker } from './latency-marker.ts';
import type { MemoryViews } from './memory-views.ts';
import type { OverdraftOptions } from './overdraft.ts';
import type { RingAttachment, RingEnd } from './ring-control.ts';
import { RingProducer } from './ring-producer.ts';
import { moveToScratch, releaseScratch } from './scratch.ts';

/** Opens the producer's end for this attempt. The reader of the same attempt may open before or after; ends of older attempts must have ended. */
export function openRingWriter<T>(attachment: RingAttachment, encoder: Encoder<T>, flow: ChannelFlow, epoch: number): RingWriter<T> {
  return new RingWriter({ attachment, flow, attempt: epoch }, encoder);
}

export class RingWriter<T> implements ChannelWriter<T>, OverflowTarget {
  private readonly encoder: Encoder<T>;
  private readonly producer: RingProducer;
  private readonly output: BytesWriter;
  /** Where the element would have been, while it is in scratch memory. */
  private home: MemoryViews | undefined = undefined;
  private homePosition = 0;
  private homeLimit = 0;

  constructor(end: RingEnd, encoder: Encoder<T>, options: OverdraftOptions = {}) {
    this.encoder = encoder;
    this.producer = new RingProducer(end, this, options);
    this.output = this.producer.output;
  }

  get isBlocked(): boolean {
    return this.producer.isBlocked;
  }

  get poolUsage(): number {
    return this.producer.poolUsage;
  }

  get overdraftBytes(): number {
    return this.producer.overdraftBytes;
  }

  /** Generated for each edge by edge-code.ts; change both. */
  write(record: T, timestamp: number): void {
    const { output } = this;
    output.ensure(HEADER_BYTES + NUMBER_BYTES);
    const start = output.position;
    if (timestamp === NO_TIMESTAMP) {
      output.bytes[start] = RECORD;
      output.position = start + HEADER_BYTES;
    } else {
      output.bytes[start] = RECORD | HAS_TIMESTAMP;
      output.view.setFloat64(start + HEADER_BYTES, timestamp, true);
      output.position = start + (HEADER_BYTES + NUMBER_BYTES);
    }
    this.encoder.write(record, output);
    const { position } = output;
    if (this.home !== undefined || output.limit - position < HEADER_BYTES) {
      this.endElement();
      return;
    }
    output.view.setUint32(output.mark + 1, position - output.mark - HEADER_BYTES, true);
    output.mark = position;
  }

  writeWatermark(timestamp: number): void {
    this.writeNumber(WATERMARK, timestamp);
  }

  writeWatermarkStatus(idle: boolean): void {
    this.writeNumber(WATERMARK_STATUS, idle ? 1 : 0);
  }

  writeBarrier(barrier: CheckpointBarrier): void {
    this.writeBytes(BARRIER, encodeBarrier(barrier));
  }

  writeLatencyMarker(marker: LatencyMarker): void {
    this.writeBytes(LATENCY_MARKER, encodeLatencyMarker(marker));
  }

  writeEndOfInput(): void {
    const { output } = this;
    output.ensure(HEADER_BYTES);
    output.bytes[output.position] = END_OF_INPUT;
    output.position += HEADER_BYTES;
    this.endElement();
  }

  flush(): void {
    this.producer.flush();
  }

  isConsumerParked(): boolean {
    return this.producer.isConsumerParked();
  }

  tryDrain(): boolean {
    return this.producer.tryDrain();
  }

  close(): void {
    this.producer.close();
  }

  /** W2 of the bytes writer: the element goes to scratch memory, or to more of it. */
  overflow(writer: BytesWriter, size: number): void {
    if (this.home === undefined) {
      this.home = { bytes: writer.bytes, view: writer.view };
      this.homePosition = writer.mark;
      this.homeLimit = writer.limit;
    }
    moveToScratch(writer, size);
  }

  private writeBytes(kind: number, bytes: Uint8Array): void {
    const { output } = this;
    output.ensure(HEADER_BYTES + bytes.byteLength);
    output.bytes[output.position] = kind;
    output.bytes.set(bytes, output.position + HEADER_BYTES);
    output.position += HEADER_BYTES + bytes.byteLength;
    this.endElement();
  }

  private writeNumber(kind: number, value: number): void {
    const { output } = this;
    output.ensure(HEADER_BYTES + NUMBER_BYTES);
    output.bytes[output.position] = kind;
    output.view.setFloat64(output.position + HEADER_BYTES, value, true);
    output.position += HEADER_BYTES + NUMBER_BYTES;
    this.endElement();
  }

  private endElement(): void {
    const { output } = this;
    const { position, mark } = output;
    output.view.setUint32(mark + 1, position - mark - HEADER_BYTES, true);
    if (this.home !== undefined) this.bringHome(this.home);
    else {
      output.mark = position;
      if (output.limit - position < HEADER_BYTES) this.producer.nextSegment();
    }
  }

  private bringHome(home: MemoryViews): void {
    const { output } = this;
    const { bytes, position } = output;
    this.home = undefined;
    output.moveTo(home.bytes, home.view, this.homePosition, this.homeLimit);
    releaseScratch(this.producer.append(bytes, position));
  }
}
