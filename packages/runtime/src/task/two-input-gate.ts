/**
 * The input of a task whose head has two: a gate for each, read in turns, and one watermark of both.
 *
 * Owned by its task. There is no order between the inputs; each keeps the order of its channels.
 *
 * T1 the watermark is the lesser one of the two inputs' watermarks; it never goes back.
 * T2 an input that is idle or has ended does not hold it back. While neither input is active it stays where it is. One that becomes active again counts at
 *    once: the watermark waits until that input has caught up.
 * T3 the inputs take turns of SLICE records, so that neither waits for the other's end; `flow.blocked` stops both.
 * T4 the end of both inputs is the end of the input; the task then sends MAX_WATERMARK. It passes when both have it, for one that is idle may still bring what
 *    the end of the input has made upstream.
 */
import { MAX_WATERMARK, NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { ChannelReader, ElementHandler } from '../network/channel.ts';
import { type ControlElement, QUEUED_WATERMARK, statusElement, watermarkElement } from './control-element.ts';
import type { Flow } from './flow.ts';
import { InputGate } from './input-gate.ts';
import { INPUT_EMPTY, INPUT_ENDED, INPUT_MORE, type InputResult, type TaskInput } from './task-input.ts';

/** Records of one input before the other has its turn. */
const SLICE = 128;

export interface GateInput {
  readonly readers: readonly ChannelReader<unknown>[];
  readonly handler: ElementHandler<unknown>;
}

/** What one input has said so far. */
class Input {
  readonly gate: InputGate;
  watermark = NO_TIMESTAMP;
  idle = false;
  ended = false;

  constructor({ readers, handler }: GateInput, flow: Flow, changed: () => void) {
    this.gate = new InputGate(readers, handler, flow, (element) => {
      if (element.kind === QUEUED_WATERMARK) this.watermark = element.value;
      else this.idle = element.value === 1;
      changed();
    });
  }
}

export class TwoInputGate implements TaskInput {
  readonly #inputs: readonly [Input, Input];
  readonly #flow: Flow;
  readonly #control: (element: ControlElement) => void;
  polled = 0;
  watermark = NO_TIMESTAMP;
  #idle = false;
  #next: 0 | 1 = 0;

  constructor(inputs: readonly [GateInput, GateInput], flow: Flow, control: (element: ControlElement) => void) {
    const changed = () => this.#combine();
    this.#inputs = [new Input(inputs[0], flow, changed), new Input(inputs[1], flow, changed)];
    this.#flow = flow;
    this.#control = control;
  }

  start(): void {}

  poll(budget: number): InputResult {
    let left = budget;
    let empty = 0; // turns in a row that had nothing
    while (left > 0 && empty < 2 && this.#flow.blocked === 0) {
      const taken = this.#pollOne(this.#inputs[this.#next], Math.min(left, SLICE));
      left -= taken;
      empty = taken === 0 ? empty + 1 : 0;
      this.#next = this.#next === 0 ? 1 : 0;
    }
    this.polled = budget - left;
    if (this.#inputs[0].ended && this.#inputs[1].ended) return INPUT_ENDED;
    return empty === 2 ? INPUT_EMPTY : INPUT_MORE;
  }

  elapse(): number {
    return Number.POSITIVE_INFINITY;
  }

  handleEvent(): void {}

  close(): void {
    for (const { gate } of this.#inputs) gate.close();
  }

  #pollOne(input: Input, budget: number): number {
    if (input.ended) return 0;
    const result = input.gate.poll(budget);
    if (result === INPUT_ENDED) {
      input.ended = true;
      this.#combine();
    }
    return input.gate.polled;
  }

  #combine(): void {
    const [first, second] = this.#inputs;
    if (first.ended && second.ended) return;
    const remaining = this.#inputs.filter(({ ended, watermark }) => !ended && watermark !== MAX_WATERMARK);
    const counts = remaining.filter(({ idle }) => !idle);
    const isIdle = counts.length === 0 && remaining.length > 0;
    if (this.#idle && !isIdle) this.#changeStatus(false);
    const least = isIdle ? this.watermark : Math.min(MAX_WATERMARK, ...counts.map(({ watermark }) => watermark));
    if (least > this.watermark) {
      this.watermark = least;
      this.#control(watermarkElement(least));
    }
    if (!this.#idle && isIdle) this.#changeStatus(true);
  }

  #changeStatus(idle: boolean): void {
    this.#idle = idle;
    this.#control(statusElement(idle));
  }
}
