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
 * T5 one alignment spans the channels of both inputs; a gate that was restored stands where it stood (I6 of input-gate.ts).
 */
import type { StateInitializationContext } from '@millrace/streaming/contract/snapshot';
import { MAX_WATERMARK, NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { ChannelReader, ElementHandler } from '../network/channel.ts';
import type { BarrierAlignment } from './barrier-alignment.ts';
import { type ControlElement, QUEUED_LATENCY_MARKER, QUEUED_WATERMARK, statusElement, watermarkElement } from './control-element.ts';
import type { Flow } from './flow.ts';
import { InputGate, type InputGateOptions } from './input-gate.ts';
import { readWatermarks, type SubtaskPlace, writeWatermarks } from './input-state.ts';
import { INPUT_EMPTY, INPUT_ENDED, INPUT_MORE, type InputResult, type TaskInput, type WriteInput } from './task-input.ts';

/** Records of one input before the other has its turn. */
const SLICE = 128;

export interface GateInput {
  readonly readers: readonly ChannelReader<unknown>[];
  readonly handler: ElementHandler<unknown>;
}

export interface TwoInputGateOptions {
  readonly inputs: readonly [GateInput, GateInput];
  readonly flow: Flow;
  readonly control: (element: ControlElement) => void;
  /** Of the channels of the first input, then of the second. */
  readonly alignment: BarrierAlignment;
  readonly place: SubtaskPlace;
}

/** What one input has said so far. */
class Input {
  readonly gate: InputGate;
  watermark = NO_TIMESTAMP;
  idle = false;
  ended = false;

  /** `pass`: takes what is not for both inputs together. */
  constructor(options: Omit<InputGateOptions, 'control'>, changed: () => void, pass: (element: ControlElement) => void) {
    const control = (element: ControlElement) => {
      if (element.kind === QUEUED_LATENCY_MARKER) return pass(element);
      if (element.kind === QUEUED_WATERMARK) this.watermark = element.value;
      else this.idle = element.value === 1;
      changed();
    };
    this.gate = new InputGate({ ...options, control });
  }
}

export class TwoInputGate implements TaskInput {
  readonly readers: readonly ChannelReader<unknown>[];
  readonly #inputs: readonly [Input, Input];
  readonly #flow: Flow;
  readonly #control: (element: ControlElement) => void;
  readonly #alignment: BarrierAlignment;
  readonly #place: SubtaskPlace;
  polled = 0;
  watermark = NO_TIMESTAMP;
  #idle = false;
  #next: 0 | 1 = 0;

  constructor({ inputs, flow, control, alignment, place }: TwoInputGateOptions) {
    const changed = () => this.#combine();
    const inputOf = (index: 0 | 1, firstChannel: number) => {
      const { readers, handler } = inputs[index];
      return new Input({ readers, handler, flow, alignment, place, firstChannel }, changed, control);
    };
    this.readers = inputs.flatMap(({ readers }) => readers);
    this.#inputs = [inputOf(0, 0), inputOf(1, inputs[0].readers.length)];
    this.#flow = flow;
    this.#control = control;
    this.#alignment = alignment;
    this.#place = place;
  }

  start(): void {}

  restore(context: StateInitializationContext): void {
    const restored = readWatermarks(context, this.#place);
    if (restored === undefined) return;
    this.watermark = restored.watermark;
    for (const [index, input] of this.#inputs.entries()) {
      input.watermark = restored.inputs[index] ?? NO_TIMESTAMP;
      input.gate.restoreWatermark(input.watermark);
    }
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

  snapshot(): WriteInput {
    const { watermark } = this;
    const inputs = this.#inputs.map((input) => input.watermark);
    return ({ context }) => {
      writeWatermarks(context, this.#place, { watermark, inputs });
    };
  }

  notifyCheckpointComplete(): void {}

  poll(budget: number): InputResult {
    let left = budget;
    let empty = 0; // turns in a row that had nothing
    while (left > 0 && empty < 2 && this.#flow.blocked === 0) {
      const { passed } = this.#alignment;
      const taken = this.#pollOne(this.#inputs[this.#next], Math.min(left, SLICE));
      left -= taken;
      empty = taken === 0 && passed === this.#alignment.passed ? empty + 1 : 0; // a checkpoint that passes frees channels of both
      this.#next = this.#next === 0 ? 1 : 0;
    }
    this.polled = budget - left;
    if (this.#inputs[0].ended && this.#inputs[1].ended) return INPUT_ENDED;
    return empty === 2 ? INPUT_EMPTY : INPUT_MORE;
  }

  pollBarriers(): void {
    for (const { gate } of this.#inputs) gate.pollBarriers();
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
