/**
 * An edge that leaves the task, at one subtask: its channels, and when their buffers are let go.
 *
 * Generated partitioners write records straight to `writers` and count them in `records`; control elements go to every channel here.
 */
import { DataError } from '@millrace/core/base/errors';
import type { Random } from '@millrace/core/base/random';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { ChannelWriter } from '../network/channel.ts';
import type { LatencyMarker } from '../network/latency-marker.ts';
import type { PlannedEdge } from './chain-plan.ts';
import { type ControlElement, QUEUED_BARRIER, QUEUED_LATENCY_MARKER, QUEUED_STATUS, QUEUED_WATERMARK } from './control-element.ts';

export class RecordOutput {
  readonly plan: PlannedEdge;
  readonly writers: readonly ChannelWriter<unknown>[];
  /** Of the shuffle partitioner. */
  readonly random: Random;
  /** Records since `takeRecords`: stays small, so that counting never allocates. */
  records = 0;
  watermark = NO_TIMESTAMP;
  #flushedMs = 0;
  /** By source subtask: the channel of its next latency marker. */
  readonly #markerChannels = new Map<string, number>();

  constructor(plan: PlannedEdge, writers: readonly ChannelWriter<unknown>[], random: Random) {
    this.plan = plan;
    this.writers = writers;
    this.random = random;
  }

  get isBlocked(): boolean {
    for (let channel = 0; channel < this.writers.length; channel++)
      if ((this.writers[channel] as ChannelWriter<unknown>).isBlocked) return true;
    return false;
  }

  get overdraftBytes(): number {
    let bytes = 0;
    for (const writer of this.writers) if (writer.isBlocked) bytes += writer.overdraftBytes;
    return bytes;
  }

  takeRecords(): number {
    const { records } = this;
    this.records = 0;
    return records;
  }

  writeControl(element: ControlElement): void {
    if (element.kind === QUEUED_WATERMARK) {
      if (element.value <= this.watermark) return;
      this.watermark = element.value;
      for (const writer of this.writers) writer.writeWatermark(element.value);
    } else if (element.kind === QUEUED_STATUS) for (const writer of this.writers) writer.writeWatermarkStatus(element.value === 1);
    else if (element.kind === QUEUED_BARRIER) this.#writeBarrier(element.barrier as CheckpointBarrier);
    else if (element.kind === QUEUED_LATENCY_MARKER) this.#writeLatencyMarker(element.marker as LatencyMarker);
  }

  writeEndOfInput(): void {
    for (const writer of this.writers) writer.writeEndOfInput();
    for (const writer of this.writers) writer.flush();
  }

  /** No barrier waits for a fuller buffer: the others downstream may be waiting for it. */
  #writeBarrier(barrier: CheckpointBarrier): void {
    for (const writer of this.writers) {
      writer.writeBarrier(barrier);
      writer.flush();
    }
  }

  /** To one channel, each in its turn: to all of them, markers would multiply at every exchange. The partitioner's own random numbers stay those of its records. */
  #writeLatencyMarker(marker: LatencyMarker): void {
    const source = `${marker.operatorId} ${marker.subtask}`;
    const channel = this.#markerChannels.get(source) ?? 0;
    this.#markerChannels.set(source, (channel + 1) % this.writers.length);
    this.writers[channel]?.writeLatencyMarker(marker);
  }

  /** True when no channel has overdraft left. */
  tryDrain(): boolean {
    let free = true;
    for (const writer of this.writers) if (writer.isBlocked && !writer.tryDrain()) free = false;
    return free;
  }

  /** At the end of a turn: an idle consumer never waits for a fuller buffer, and no record waits longer than the buffer timeout. */
  flushIfDue(nowMs: number): void {
    const { bufferTimeoutMs } = this.plan.edge;
    const due = bufferTimeoutMs >= 0 && nowMs - this.#flushedMs >= bufferTimeoutMs;
    if (due) this.#flushedMs = nowMs;
    for (let channel = 0; channel < this.writers.length; channel++) {
      const writer = this.writers[channel] as ChannelWriter<unknown>;
      if (due || (bufferTimeoutMs >= 0 && writer.isConsumerParked())) writer.flush();
    }
  }

  /** Before the slot parks: whoever has nothing to do keeps nothing back, unless only full buffers may leave. */
  flushBeforePark(): void {
    if (this.plan.edge.bufferTimeoutMs < 0) return;
    for (const writer of this.writers) writer.flush();
  }

  close(): void {
    for (const writer of this.writers) writer.close();
  }
}

/** @cold Refuses what a custom partitioner gave. */
export function refusePartition(partition: unknown, numPartitions: number): never {
  throw new DataError(`partitionCustom gave ${String(partition)}. Return a whole number from 0 to ${numPartitions - 1}.`);
}
