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
 */
import { invariant } from '@millrace/core/base/assert';
import { MAX_WATERMARK, NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import {
  type ChannelReader,
  type DrainResult,
  type ElementHandler,
  EMPTY,
  END_OF_INPUT,
  RECORD,
  WATERMARK,
  WATERMARK_STATUS,
} from '../network/channel.ts';
import { type ControlElement, statusElement, watermarkElement } from './control-element.ts';
import type { Flow } from './flow.ts';
import { INPUT_EMPTY, INPUT_ENDED, INPUT_MORE, type InputResult, type TaskInput } from './task-input.ts';

/** What one channel has said so far. */
class Channel {
  readonly reader: ChannelReader<unknown>;
  watermark = NO_TIMESTAMP;
  idle = false;
  ended = false;

  constructor(reader: ChannelReader<unknown>) {
    this.reader = reader;
  }
}

export class InputGate implements TaskInput {
  readonly #channels: readonly Channel[];
  readonly #handler: ElementHandler<unknown>;
  readonly #flow: Flow;
  readonly #control: (element: ControlElement) => void;
  polled = 0;
  watermark = NO_TIMESTAMP;
  #idle = false;
  #running: number; // channels that have not ended
  #next = 0; // the channel whose turn it is

  constructor(
    readers: readonly ChannelReader<unknown>[],
    handler: ElementHandler<unknown>,
    flow: Flow,
    control: (element: ControlElement) => void,
  ) {
    invariant(readers.length > 0, () => 'an input gate needs at least one channel');
    this.#channels = readers.map((reader) => new Channel(reader));
    this.#running = readers.length;
    this.#handler = handler;
    this.#flow = flow;
    this.#control = control;
  }

  start(): void {}

  poll(budget: number): InputResult {
    this.polled = 0;
    let empty = 0; // channels in a row that had nothing
    while (this.polled < budget && this.#running > 0 && this.#flow.blocked === 0) {
      if (empty === this.#channels.length) break;
      const channel = this.#channels[this.#next] as Channel;
      const before = this.polled;
      const result = channel.ended ? EMPTY : this.#drain(channel.reader, budget - before);
      const moved = result !== EMPTY || this.polled > before;
      empty = moved ? 0 : empty + 1;
      // A channel that has just told its watermark has its next turn after the others, so that none runs far ahead.
      this.#next = this.#next + 1 === this.#channels.length ? 0 : this.#next + 1;
      if (result !== EMPTY && result !== RECORD) this.#handleControl(channel, result);
    }
    if (this.#running === 0) return INPUT_ENDED;
    return empty === this.#channels.length ? INPUT_EMPTY : INPUT_MORE;
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
    if (kind === WATERMARK) {
      if (channel.reader.value <= channel.watermark) return;
      channel.watermark = channel.reader.value;
    } else if (kind === WATERMARK_STATUS) channel.idle = channel.reader.value === 1;
    else if (kind === END_OF_INPUT) {
      channel.ended = true;
      this.#running -= 1;
      if (this.#running === 0) return;
    } else return; // barriers and latency markers: nobody sends them yet
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
