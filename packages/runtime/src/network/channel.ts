/**
 * The contract of a channel's two ends, whatever carries it: the in-thread queue, the shared-memory ring, later TCP. One producer subtask, one consumer subtask,
 * elements in order, none lost, none doubled. The channel contract suite holds every kind to it.
 *
 * C1 one thread writes, one thread reads.
 * C2 the writer never refuses and never blocks: beyond the credit, elements become overdraft, `isBlocked` is true and `flow.blocked` was raised by one,
 *    until `tryDrain` has moved all of it on.
 * C3 what was written is seen by the reader after `flush` at the latest; an end that waits is woken through its slot's doorbell.
 * C4 after END_OF_INPUT nothing follows. A reader of a newer epoch drops what an older attempt left.
 */

import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { LatencyMarker } from './latency-marker.ts';

/** What stops a bulk drain. Values below 8 are element kinds in the tag byte; 0 means that the channel is empty for now. */
export const EMPTY = 0;
export const RECORD = 1; // also: the budget is used up
export const WATERMARK = 2;
export const WATERMARK_STATUS = 3; // idle or active
export const BARRIER = 4;
export const LATENCY_MARKER = 5;
export const END_OF_INPUT = 6;
export type DrainResult =
  | typeof EMPTY
  | typeof RECORD
  | typeof WATERMARK
  | typeof WATERMARK_STATUS
  | typeof BARRIER
  | typeof LATENCY_MARKER
  | typeof END_OF_INPUT;

/** Row kinds, in bits 4 and 5 of the tag byte: +I, −U, +U, −D. Bit 6 says that the record has a timestamp. */
export const INSERT = 0;
export const UPDATE_BEFORE = 1;
export const UPDATE_AFTER = 2;
export const DELETE = 3;

/** What an end needs of its task's flow (streaming/contract/operator `TaskFlow`). The two ends of a channel belong to two tasks and have two flows. */
export interface ChannelFlow {
  /** Of the record under way; set by a reader before each record. */
  timestamp: number;
  /** How many cannot take another element; a writer adds and takes away its own one. */
  blocked: number;
}

export interface ChannelWriter<in T> {
  readonly isBlocked: boolean;
  write(record: T, timestamp: number): void;
  writeWatermark(timestamp: number): void;
  writeWatermarkStatus(idle: boolean): void;
  writeBarrier(barrier: CheckpointBarrier): void;
  writeLatencyMarker(marker: LatencyMarker): void;
  writeEndOfInput(): void;
  /** Lets the reader see what was written so far. Cheap when there is nothing new. */
  flush(): void;
  /** True when the consumer's slot is parked, so that waiting for a fuller buffer would only cost latency. */
  isConsumerParked(): boolean;
  /** Moves overdraft on as far as credit allows; true when none is left, and then `flow.blocked` is lowered by one. */
  tryDrain(): boolean;
  /** The share of the channel's buffers that is full, from 0 to 1. */
  readonly poolUsage: number;
  /** Bytes that wait beyond the credit. */
  readonly overdraftBytes: number;
  /** Gives memory back, whatever is unread; for failure and cancellation. */
  close(): void;
}

/** Takes the records of a drain: the generated head of the chain. Sets nothing itself; the reader has put the timestamp into `flow`. */
export interface ElementHandler<in T> {
  processRecord(record: T): void;
}

export interface ChannelReader<out T> {
  /**
   * Hands up to `budget` records to `handler`, with `flow.timestamp` set before each, and stops early when `flow.blocked` is not 0.
   * Control elements end the drain: it returns the kind of the one it consumed, whose value is then in `value`.
   */
  drain(handler: ElementHandler<T>, budget: number): DrainResult;
  /** Records handed over by the last `drain`. */
  readonly drained: number;
  /** Of the last control element: the watermark; 1 for idle, 0 for active; the id of the barrier's checkpoint; the time of the latency marker. */
  readonly value: number;
  /** Of the last drain that ended with BARRIER. */
  readonly barrier: CheckpointBarrier | undefined;
  /** Of the last drain that ended with LATENCY_MARKER. */
  readonly latencyMarker: LatencyMarker | undefined;
  /** The share of the channel's buffers whose content has not been taken, from 0 to 1. */
  readonly poolUsage: number;
  hasData(): boolean;
  /** Bytes taken since the reader was opened; by estimate where elements pass by reference. */
  readonly bytesDrained: number;
  /** Bytes that the writer has let go and the reader has not taken. */
  readonly bytesInFlight: number;
  /** Buffers that the channel has, as `setBufferSize` counts them. */
  readonly buffers: number;
  /** How much of each buffer the writer shall use: a wish that counts from its next buffer on, and 0 for all of it. No element is too large for it. */
  setBufferSize(bytes: number): void;
  /** The kind of the next element, which stays where it is; EMPTY where there is none yet. */
  peek(): DrainResult;
  close(): void;
}
