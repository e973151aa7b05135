/**
 * The input of a task that the network feeds: all channels of all its edges, as one union.
 *
 * Owned by its task. Drains channels round-robin, a run of records at a time, and handles what ends a run.
 *
 * I1 the gate's watermark is the minimum over the channels that are active, have not ended and have caught up with it; it never goes back.
 * I2 an idle channel does not hold the watermark back. One that becomes active again counts as soon as it has caught up with the gate.
 * I3 the gate is idle when no channel that has not ended is active.
 * I4 the end of all channels is the end of the input; the task then sends MAX_WATERMARK. A channel that has sent MAX_WATERMARK is at its end: that watermark
 *    passes the gate when all have it, idle ones too, for those may still bring what the end of the input has made upstream.
 * I5 a channel that the alignment holds is not drained; what stands behind its barrier stays where it is.
 * I6 a gate that was restored stands where it stood, and takes each channel to stand there too until it has said for itself: every task says so first thing.
 */
import { invariant } from '@millrace/core/base/assert';
import type { StateInitializationContext } from '@millrace/streaming/contract/snapshot';
import { MAX_WATERMARK, NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import {
  BARRIER,
  type ChannelReader,
  type DrainResult,
  type ElementHandler,
  EMPTY,
  END_OF_INPUT,
  LATENCY_MARKER,
  RECORD,
  WATERMARK,
  WATERMARK_STATUS,
} from '../network/channel.ts';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { LatencyMarker } from '../network/latency-marker.ts';
import type { BarrierAlignment } from './barrier-alignment.ts';
import { type ControlElement, latencyElement, statusElement, watermarkElement } from './control-element.ts';
import type { Flow } from './flow.ts';
import { readWatermarks, type SubtaskPlace, writeWatermarks } from './input-state.ts';
import { INPUT_EMPTY, INPUT_ENDED, INPUT_MORE, type InputResult, type TaskInput, type WriteInput } from './task-input.ts';

/** What one channel has said so far. */
class Channel {
  readonly reader: ChannelReader<unknown>;
  /** Its number in the alignment. */
  readonly number: number;
  watermark = NO_TIMESTAMP;
  /** The watermark is the restored gate's (I6). */
  assumed = false;
  idle = false;
  ended = false;

  constructor(reader: ChannelReader<unknown>, number: number) {
    this.reader = reader;
    this.number = number;
  }

  assume(watermark: number): void {
    this.watermark = watermark;
    this.assumed = true;
  }

  /** It speaks for itself from here on (I6). */
  speaks(): void {
    if (!this.assumed) return;
    this.assumed = false;
    this.watermark = NO_TIMESTAMP;
  }
}

export interface InputGateOptions {
  readonly readers: readonly ChannelReader<unknown>[];
  readonly handler: ElementHandler<unknown>;
  readonly flow: Flow;
  readonly control: (element: ControlElement) => void;
  readonly alignment: BarrierAlignment;
  readonly place: SubtaskPlace;
  /** The number of the first channel in the alignment. */
  readonly firstChannel?: number;
}

export class InputGate implements TaskInput {
  readonly readers: readonly ChannelReader<unknown>[];
  readonly #channels: readonly Channel[];
  readonly #handler: ElementHandler<unknown>;
  readonly #flow: Flow;
  readonly #control: (element: ControlElement) => void;
  readonly #alignment: BarrierAlignment;
  readonly #place: SubtaskPlace;
  polled = 0;
  watermark = NO_TIMESTAMP;
  #idle = false;
  #running: number; // channels that have not ended
  #next = 0; // the channel whose turn it is

  constructor(options: InputGateOptions) {
    const { readers, firstChannel = 0 } = options;
    invariant(readers.length > 0, () => 'an input gate needs at least one channel');
    this.readers = readers;
    this.#channels = readers.map((reader, index) => new Channel(reader, firstChannel + index));
    this.#running = readers.length;
    this.#handler = options.handler;
    this.#flow = options.flow;
    this.#control = options.control;
    this.#alignment = options.alignment;
    this.#place = options.place;
  }

  start(): void {}

  restore(context: StateInitializationContext): void {
    const restored = readWatermarks(context, this.#place);
    if (restored !== undefined) this.restoreWatermark(restored.watermark);
  }

  /** @cold Before the first poll (I6). */
  restoreWatermark(watermark: number): void {
    if (watermark === NO_TIMESTAMP) return;
    this.watermark = watermark;
    for (const channel of this.#channels) channel.assume(watermark);
  }

  begin(): void {
    if (this.watermark !== NO_TIMESTAMP) this.#control(watermarkElement(this.watermark));
  }

  triggerCheckpoint(barrier: CheckpointBarrier): void {
    this.#alignment.triggered(barrier);
  }

  abortCheckpoint(checkpointId: number): void {
    this.#alignment.aborted(checkpointId);
  }

  /** @cold */
  snapshot(): WriteInput {
    const { watermark } = this;
    const place = this.#place;
    return ({ context }) => {
      writeWatermarks(context, place, { watermark, inputs: [watermark] });
    };
  }

  notifyCheckpointComplete(): void {}

  poll(budget: number): InputResult {
    this.polled = 0;
    let empty = 0; // channels in a row that had nothing
    while (this.polled < budget && this.#running > 0 && this.#flow.blocked === 0) {
      if (empty === this.#channels.length) break;
      const channel = this.#channels[this.#next] as Channel;
      const before = this.polled;
      const result = channel.ended || this.#alignment.isHeld(channel.number) ? EMPTY : this.#drain(channel.reader, budget - before);
      const moved = result !== EMPTY || this.polled > before;
      empty = moved ? 0 : empty + 1;
      // A channel that has just told its watermark has its next turn after the others, so that none runs far ahead.
      this.#next = this.#next + 1 === this.#channels.length ? 0 : this.#next + 1;
      if (result !== EMPTY && result !== RECORD) this.#handleControl(channel, result);
    }
    if (this.#running === 0) return INPUT_ENDED;
    return empty === this.#channels.length ? INPUT_EMPTY : INPUT_MORE;
  }

  /** @cold */
  pollBarriers(): void {
    this.polled = 0;
    for (const channel of this.#channels) {
      if (channel.ended || this.#alignment.isHeld(channel.number) || channel.reader.peek() !== BARRIER) continue;
      if (channel.reader.drain(this.#handler, 1) === BARRIER) this.#handleControl(channel, BARRIER);
    }
  }

  #drain(reader: ChannelReader<unknown>, budget: number): DrainResult {
    try {
      return reader.drain(this.#handler, budget);
    } finally {
      this.polled += reader.drained;
    }
  }

  elapse(): number {
    return Number.POSITIVE_INFINITY;
  }

  handleEvent(): void {}

  /** @cold */
  close(): void {
    for (const { reader } of this.#channels) reader.close();
  }

  #handleControl(channel: Channel, kind: number): void {
    if (kind === BARRIER) {
      this.#alignment.arrived(channel.number, channel.reader.barrier as CheckpointBarrier);
      return;
    }
    if (kind === WATERMARK) {
      channel.speaks();
      if (channel.reader.value <= channel.watermark) return;
      channel.watermark = channel.reader.value;
    } else if (kind === WATERMARK_STATUS) {
      channel.speaks();
      channel.idle = channel.reader.value === 1;
    } else if (kind === END_OF_INPUT) {
      channel.ended = true;
      this.#running -= 1;
      this.#alignment.ended(channel.number);
      if (this.#running === 0) return;
    } else if (kind === LATENCY_MARKER) return this.#control(latencyElement(channel.reader.latencyMarker as LatencyMarker));
    this.#combine();
  }

  /** @cold */
  #combine(): void {
    let least = Number.POSITIVE_INFINITY;
    let greatestIdle = NO_TIMESTAMP;
    let active = 0;
    let remaining = 0;
    for (const channel of this.#channels) {
      if (channel.ended || channel.watermark === MAX_WATERMARK) continue;
      remaining += 1;
      if (channel.idle) greatestIdle = Math.max(greatestIdle, channel.watermark);
      else {
        active += 1;
        if (channel.watermark >= this.watermark && channel.watermark < least) least = channel.watermark;
      }
    }
    if (remaining === 0) least = MAX_WATERMARK;
    const idle = active === 0 && remaining > 0;
    if (this.#idle && !idle) this.#changeStatus(false);
    const watermark = idle ? greatestIdle : least;
    if (watermark > this.watermark && watermark !== Number.POSITIVE_INFINITY) {
      this.watermark = watermark;
      this.#control(watermarkElement(watermark));
    }
    if (!this.#idle && idle) this.#changeStatus(true);
  }

  #changeStatus(idle: boolean): void {
    this.#idle = idle;
    this.#control(statusElement(idle));
  }
}
