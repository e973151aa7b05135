/**
 * The channel between two subtasks of one slot: a queue of records by reference, in one thread. No bytes, no credits, no wake-ups: what is written is
 * visible at once, and the slot that runs the producer is awake.
 *
 * Owns the queue and the writer's backlog: what was written beyond the queue's limit, which is overdraft.
 *
 * L1 blocked begins when the queue is full and ends (at `tryDrain`) when it is half empty, so that the producer has a run of records to write.
 * L2 the queue changes only in `put`, `drain` and `tryDrain`; a handler may write to other channels, and to this one too.
 * L3 full is what holds the limit of records, which is as many as some QUEUE_BYTES_MAX have room for, by the size of the records that were written when it was full.
 * L4 while the writer is blocked all that it writes joins the backlog; `tryDrain` moves it on. So order holds, and the reader knows nothing of it.
 */
import { invariant } from '@millrace/core/base/assert';
import { estimatedBytes } from '@millrace/core/types/estimated-size';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import { Backlog, type BacklogOptions } from './backlog.ts';
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
import { LocalQueue } from './local-queue.ts';

const DEFAULT_CAPACITY = 1024;
/** Records until the first is measured. */
const FIRST_LIMIT = 16;
const LIMIT_MIN = 2;
/** What may lie in a queue before it is full, however few records that is. */
const QUEUE_BYTES_MAX = 1024 * 1024;
/** What a queue is taken for where buffers are counted: as many as a ring has. */
const BUFFERS = 8;

export interface LocalChannel<T> {
  readonly writer: ChannelWriter<T>;
  readonly reader: ChannelReader<T>;
}

export interface LocalChannelOptions {
  /** Records, a power of two. */
  readonly capacity?: number | undefined;
  /** Where overdraft goes. */
  readonly backlog?: BacklogOptions | undefined;
  /** The edge's own (edge-channels.ts). */
  readonly Reader?: typeof LocalReader;
}

/** @cold */
export function createLocalChannel<T>(producer: ChannelFlow, consumer: ChannelFlow, options: LocalChannelOptions = {}): LocalChannel<T> {
  const { capacity = DEFAULT_CAPACITY, backlog = {}, Reader = LocalReader } = options;
  invariant(
    capacity >= 2 && (capacity & (capacity - 1)) === 0,
    () => `the capacity of a local channel is ${capacity}; it must be a power of two`,
  );
  const queue = new LocalQueue(capacity);
  queue.limit = Math.min(FIRST_LIMIT, capacity);
  return { writer: new LocalWriter<T>(queue, producer, new Backlog(backlog)), reader: new Reader<T>(queue, consumer) };
}

class LocalWriter<T> implements ChannelWriter<T> {
  isBlocked = false;
  private readonly queue: LocalQueue;
  private readonly flow: ChannelFlow;
  private readonly backlog: Backlog;

  constructor(queue: LocalQueue, flow: ChannelFlow, backlog: Backlog) {
    this.queue = queue;
    this.flow = flow;
    this.backlog = backlog;
  }

  get poolUsage(): number {
    return this.queue.usage;
  }

  get overdraftBytes(): number {
    return this.backlog.bytes;
  }

  write(record: T, timestamp: number): void {
    if (this.isBlocked) {
      this.backlog.add(RECORD, timestamp, record);
      return;
    }
    const { queue } = this;
    queue.put(RECORD, timestamp, record);
    if (queue.count >= queue.limit) this.atLimit(record);
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
    if (queue.readerClosed) this.forget();
    else this.moveOn();
    if (this.backlog.size > 0 || queue.count > queue.limit >> 1) return false;
    this.unblock();
    return true;
  }

  close(): void {
    this.unblock();
    this.backlog.clear();
  }

  private writeControl(kind: number, value: number, element?: CheckpointBarrier | LatencyMarker): void {
    const { queue } = this;
    if (this.isBlocked) this.backlog.add(kind, value, element);
    else {
      queue.put(kind, value, element);
      if (queue.count >= queue.limit) this.atLimit(undefined);
    }
  }

  /** @cold L3: goes on where records are small enough for more of them. */
  private atLimit(record: T | undefined): void {
    const { queue } = this;
    if (record !== undefined) {
      queue.recordBytes = estimatedBytes(record);
      const most = Math.floor(Math.min(QUEUE_BYTES_MAX, queue.bytesMax) / queue.recordBytes);
      queue.limit = Math.min(queue.capacity, Math.max(LIMIT_MIN, most));
    }
    if (queue.count < queue.limit) return;
    this.isBlocked = true;
    this.flow.blocked += 1;
  }

  private unblock(): void {
    if (!this.isBlocked) return;
    this.isBlocked = false;
    this.flow.blocked -= 1;
  }

  /** L4 */
  private moveOn(): void {
    const { queue, backlog } = this;
    while (queue.count < queue.limit && backlog.take()) queue.put(backlog.tag, backlog.number, backlog.value);
    backlog.value = undefined;
  }

  /** @cold The reader has closed. */
  private forget(): void {
    this.queue.clear();
    this.backlog.clear();
  }
}

export class LocalReader<T> implements ChannelReader<T> {
  drained = 0;
  bytesDrained = 0;
  readonly buffers = BUFFERS;
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
      this.bytesDrained += drained * queue.recordBytes;
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

  get poolUsage(): number {
    return this.queue.usage;
  }

  hasData(): boolean {
    return this.queue.count !== 0;
  }

  get bytesInFlight(): number {
    return this.queue.count * this.queue.recordBytes;
  }

  setBufferSize(bytes: number): void {
    this.queue.bytesMax = bytes === 0 ? Number.POSITIVE_INFINITY : bytes * BUFFERS;
  }

  close(): void {
    this.queue.readerClosed = true;
    this.queue.clear();
  }
}
