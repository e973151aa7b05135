/**
 * What the tail of an iteration has sent back and its head has not taken yet: a queue in the memory of the slot that both are in, and past a bound in a file.
 *
 * Owned by the slot's channels; written by the tail's task and read by the head's, in one thread.
 *
 * F1 `add` never refuses and never blocks: a loop of bounded channels could stand still, each waiting for the next.
 * F2 records keep their order. Once one was spilled, all go there until the spill is empty.
 * F3 `added` and `taken` count all records; what waits is their difference.
 * F4 after `close` what is added is counted in `dropped` and forgotten.
 */
import { type ChannelFlow, type ChannelReader, type ChannelWriter, type ElementHandler, RECORD } from '../network/channel.ts';
import { LocalQueue } from '../network/local-queue.ts';

/** Records by reference before the spill is used. */
export const FEEDBACK_RECORDS_MAX = 65_536;
const FIRST_CAPACITY = 1024;

export interface FeedbackSpill {
  readonly writer: ChannelWriter<unknown>;
  readonly reader: ChannelReader<unknown>;
}

export class FeedbackQueue {
  added = 0;
  taken = 0;
  dropped = 0;
  /** Records of the last `drain`. */
  drained = 0;
  /** The newest marker that has come to the tail, and how many records were added between it and the one before. */
  marker: number | undefined = undefined;
  fedBack = 0;
  /** How spilled records are written; set by the tail, which knows their type. The reader sets times in this flow and stops when it is blocked. */
  openSpill: ((flow: ChannelFlow) => FeedbackSpill) | undefined = undefined;
  readonly #queue = new LocalQueue(FIRST_CAPACITY);
  readonly #recordsMax: number;
  #flow: ChannelFlow | undefined = undefined;
  #spill: FeedbackSpill | undefined = undefined;
  #spilled = 0; // records in the spill
  #addedAtMarker = 0;
  #closed = false;

  constructor(recordsMax: number = FEEDBACK_RECORDS_MAX) {
    this.#recordsMax = recordsMax;
  }

  get size(): number {
    return this.added - this.taken;
  }

  /** By the head, when it is made: its own flow. */
  bind(flow: ChannelFlow): void {
    this.#flow = flow;
  }

  add(record: unknown, timestamp: number): void {
    if (this.#closed) {
      this.dropped += 1;
      return;
    }
    this.added += 1;
    if (this.#spilled === 0 && (this.#queue.count < this.#recordsMax || !this.#canSpill())) this.#queue.put(RECORD, timestamp, record);
    else this.#addToSpill(record, timestamp);
  }

  markerReached(marker: number): void {
    this.marker = marker;
    this.fedBack = this.added - this.#addedAtMarker;
    this.#addedAtMarker = this.added;
  }

  /** Hands up to `budget` records to the head; stops early where its flow is blocked. */
  drain(handler: ElementHandler<unknown>, budget: number): void {
    this.drained = 0;
    try {
      this.#drainMemory(handler, budget);
      if (this.#spilled > 0 && this.#queue.count === 0 && this.drained < budget && this.#flow?.blocked === 0) {
        this.#drainSpill(handler, budget - this.drained);
      }
    } finally {
      this.taken += this.drained;
    }
  }

  close(): void {
    this.#closed = true;
    this.dropped += this.size;
    this.#queue.clear();
    this.#spill?.writer.close();
    this.#spill?.reader.close();
    this.#spill = undefined;
    this.#spilled = 0;
  }

  #drainMemory(handler: ElementHandler<unknown>, budget: number): void {
    const flow = this.#flow as ChannelFlow;
    const queue = this.#queue;
    while (queue.count > 0 && this.drained < budget && flow.blocked === 0) {
      const { head } = queue;
      const record = queue.records[head];
      queue.records[head] = undefined;
      flow.timestamp = queue.numbers[head]!;
      queue.head = (head + 1) & queue.mask;
      queue.count -= 1;
      this.drained += 1;
      handler.processRecord(record);
    }
    if (queue.count === 0 && queue.tags.length > FIRST_CAPACITY) queue.resize(FIRST_CAPACITY);
  }

  #drainSpill(handler: ElementHandler<unknown>, budget: number): void {
    const { writer, reader } = this.#spill as FeedbackSpill;
    writer.tryDrain();
    writer.flush();
    try {
      reader.drain(handler, budget);
    } finally {
      this.drained += reader.drained;
      this.#spilled -= reader.drained;
    }
  }

  #canSpill(): boolean {
    return this.openSpill !== undefined && this.#flow !== undefined;
  }

  #addToSpill(record: unknown, timestamp: number): void {
    this.#spill ??= this.openSpill!(this.#flow!);
    this.#spill.writer.write(record, timestamp);
    this.#spilled += 1;
  }
}
