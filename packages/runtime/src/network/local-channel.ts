/**
 * The channel between two subtasks of one slot: a queue of records by reference, in one thread. No bytes, no credits, no wake-ups: what is written is
 * visible at once, and the slot that runs the producer is awake.
 *
 * Owns three parallel arrays (tags, numbers, records) that are used as a circle, and their places are cleared once read, so that a record lives no longer
 * than someone needs it. Beyond `capacity` the arrays grow; that is overdraft, and it goes back once it is drained.
 *
 * L1 blocked begins when the queue is full and ends (at `tryDrain`) when it is half empty, so that the producer has a run of records to write.
 * L2 the arrays change only in `put` and `tryDrain`; a handler may write to other channels, and to this one too.
 */
import { invariant } from '@millrace/core/base/assert';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import {
  BARRIER,
  type ChannelFlow,
  type ChannelReader,
  type ChannelWriter,
  type DrainResult,
  type ElementHandler,
  EMPTY,
  END_OF_INPUT,
  LATENCY_MARKER,
  RECORD,
  WATERMARK,
  WATERMARK_STATUS,
} from './channel.ts';
import type { LatencyMarker } from './latency-marker.ts';

const DEFAULT_CAPACITY = 1024;
/** What a record beyond the capacity is counted as: nobody knows the size of an object, and zero would hide it. */
const ESTIMATED_RECORD_BYTES = 128;

export interface LocalChannel<T> {
  readonly writer: ChannelWriter<T>;
  readonly reader: ChannelReader<T>;
}

/** @cold `capacity` is a power of two; `Reader` is the edge's own (edge-channels.ts). */
export function createLocalChannel<T>(
  producer: ChannelFlow,
  consumer: ChannelFlow,
  capacity: number = DEFAULT_CAPACITY,
  Reader: typeof LocalReader = LocalReader,
): LocalChannel<T> {
  invariant(
    capacity >= 2 && (capacity & (capacity - 1)) === 0,
    () => `the capacity of a local channel is ${capacity}; it must be a power of two`,
  );
  const queue = new LocalQueue(capacity);
  return { writer: new LocalWriter<T>(queue, producer), reader: new Reader<T>(queue, consumer) };
}

export class LocalQueue {
  readonly capacity: number;
  tags: Uint8Array;
  numbers: Float64Array; // timestamps of records, values of control elements
  records: unknown[]; // barriers and latency markers, too
  mask: number;
  head = 0; // index of the oldest element
  count = 0;
  readerClosed = false;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.tags = new Uint8Array(capacity);
    this.numbers = new Float64Array(capacity);
    this.records = emptyPlaces(capacity);
    this.mask = capacity - 1;
  }

  put(tag: number, number: number, record: unknown): void {
    if (this.count > this.mask) this.resize(this.tags.length * 2);
    const index = (this.head + this.count) & this.mask;
    this.tags[index] = tag;
    this.numbers[index] = number;
    this.records[index] = record;
    this.count += 1;
  }

  resize(size: number): void {
    const { tags, numbers, records, head, mask, count } = this;
    this.tags = new Uint8Array(size);
    this.numbers = new Float64Array(size);
    this.records = emptyPlaces(size);
    this.mask = size - 1;
    this.head = 0;
    for (let i = 0; i < count; i += 1) {
      const from = (head + i) & mask;
      this.tags[i] = tags[from]!;
      this.numbers[i] = numbers[from]!;
      this.records[i] = records[from];
    }
  }

  clear(): void {
    this.head = 0;
    this.count = 0;
    this.resize(this.capacity);
  }
}

/** Filled, so that V8 keeps a packed array of objects whatever comes first. */
function emptyPlaces(size: number): unknown[] {
  return Array.from<unknown>({ length: size });
}

class LocalWriter<T> implements ChannelWriter<T> {
  isBlocked = false;
  private readonly queue: LocalQueue;
  private readonly flow: ChannelFlow;

  constructor(queue: LocalQueue, flow: ChannelFlow) {
    this.queue = queue;
    this.flow = flow;
  }

  get overdraftBytes(): number {
    return Math.max(0, this.queue.count - this.queue.capacity) * ESTIMATED_RECORD_BYTES;
  }

  write(record: T, timestamp: number): void {
    const { queue } = this;
    queue.put(RECORD, timestamp, record);
    if (queue.count >= queue.capacity) this.block();
  }

  writeWatermark(timestamp: number): void {
    this.writeControl(WATERMARK, timestamp);
  }

  writeWatermarkStatus(idle: boolean): void {
    this.writeControl(WATERMARK_STATUS, idle ? 1 : 0);
  }

  writeBarrier(barrier: CheckpointBarrier): void {
    this.writeControl(BARRIER, barrier.checkpointId, barrier);
  }

  writeLatencyMarker(marker: LatencyMarker): void {
    this.writeControl(LATENCY_MARKER, marker.markedMs, marker);
  }

  writeEndOfInput(): void {
    this.writeControl(END_OF_INPUT, 0);
  }

  flush(): void {}

  /** The consumer is in the slot that runs right now. */
  isConsumerParked(): boolean {
    return false;
  }

  tryDrain(): boolean {
    const { queue } = this;
    if (!this.isBlocked) return true;
    if (queue.readerClosed) queue.clear();
    if (queue.count > queue.capacity >> 1) return false;
    if (queue.tags.length > queue.capacity) queue.resize(queue.capacity);
    this.isBlocked = false;
    this.flow.blocked -= 1;
    return true;
  }

  close(): void {
    if (this.isBlocked) this.flow.blocked -= 1;
    this.isBlocked = false;
  }

  private writeControl(kind: number, value: number, element?: CheckpointBarrier | LatencyMarker): void {
    const { queue } = this;
    queue.put(kind, value, element);
    if (queue.count >= queue.capacity) this.block();
  }

  private block(): void {
    if (this.isBlocked) return;
    this.isBlocked = true;
    this.flow.blocked += 1;
  }
}

export class LocalReader<T> implements ChannelReader<T> {
  drained = 0;
  value = 0;
  barrier: CheckpointBarrier | undefined = undefined;
  latencyMarker: LatencyMarker | undefined = undefined;
  private readonly queue: LocalQueue;
  private readonly flow: ChannelFlow;

  constructor(queue: LocalQueue, flow: ChannelFlow) {
    this.queue = queue;
    this.flow = flow;
  }

  /** Generated for each edge by edge-code.ts; change both. */
  drain(handler: ElementHandler<T>, budget: number): DrainResult {
    const { queue, flow } = this;
    let drained = 0;
    let result: DrainResult = EMPTY;
    try {
      while (queue.count !== 0) {
        const { head } = queue;
        const tag = queue.tags[head]!;
        queue.head = (head + 1) & queue.mask;
        queue.count -= 1;
        if (tag !== RECORD) {
          this.takeControl(tag, head);
          result = tag as DrainResult;
          break;
        }
        const record = queue.records[head] as T;
        queue.records[head] = undefined;
        flow.timestamp = queue.numbers[head]!;
        drained += 1;
        handler.processRecord(record);
        if (flow.blocked !== 0 || drained >= budget) {
          result = RECORD;
          break;
        }
      }
    } finally {
      this.drained = drained; // the record that was refused, too: it has come in
    }
    return result;
  }

  /** @cold `index`: where the element was in the queue. */
  takeControl(tag: number, index: number): void {
    const { queue } = this;
    this.value = queue.numbers[index]!;
    if (tag === BARRIER) this.barrier = queue.records[index] as CheckpointBarrier;
    else if (tag === LATENCY_MARKER) this.latencyMarker = queue.records[index] as LatencyMarker;
    else return;
    queue.records[index] = undefined;
  }

  peek(): DrainResult {
    const { queue } = this;
    return queue.count === 0 ? EMPTY : (queue.tags[queue.head] as DrainResult);
  }

  hasData(): boolean {
    return this.queue.count !== 0;
  }

  close(): void {
    this.queue.readerClosed = true;
    this.queue.clear();
  }
}
