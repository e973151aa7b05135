/**
 * The input of the head of an iteration: the channels of its edges, and what its tail sends back.
 *
 * Owned by its task. Tells the job's `JobIterations` how far the loop is, and does what that says.
 *
 * G1 what was sent back comes first, as far as it was there when the turn began; while much of it waits, no other input is taken.
 * G2 MAX_WATERMARK is held back until the loop has ended: what goes round is not late for what stands behind the loop. Markers of iterations before this one end here.
 * G3 a marker is sent when every record that had come back by the time it was asked for has been taken.
 * G4 the loop ends when it is told to be empty, or has brought nothing for the wait time since the input ended; whichever comes first.
 */
import { invariant } from '@millrace/core/base/assert';
import { UsageError } from '@millrace/core/base/errors';
import type { IterationSettings } from '@millrace/streaming/contract/operator';
import type { StateInitializationContext } from '@millrace/streaming/contract/snapshot';
import { END_OF_TIME, FIRST_MARKER } from '@millrace/streaming/contract/timestamp';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { ChannelReader, ElementHandler } from '../network/channel.ts';
import type { IterationReport, ReaderEvent } from '../protocol/slot-messages.ts';
import { type ControlElement, QUEUED_STATUS, QUEUED_WATERMARK, statusElement, watermarkElement } from './control-element.ts';
import type { FeedbackQueue } from './feedback-queue.ts';
import type { Flow } from './flow.ts';
import { INPUT_EMPTY, INPUT_ENDED, INPUT_MORE, type InputResult, type TaskInput } from './task-input.ts';

/** Records in the queue beyond which no other input is taken. */
const WAITING_MAX = 4096;
/** Rounds after the end of the input at which a loop without a bound is warned of, once. */
export const ROUNDS_UNTIL_WARNING = 10_000;

export interface FeedbackGateParts {
  readonly name: string;
  readonly settings: IterationSettings;
  readonly queue: FeedbackQueue;
  /** Of what is sent back. */
  readonly feedback: ElementHandler<unknown>;
  readonly flow: Flow;
  /** Control elements go on behind the head. */
  readonly control: (element: ControlElement) => void;
  readonly send: (report: IterationReport) => void;
  readonly warn: (text: string) => void;
  /** The gate of the edges, which tells its own control elements. */
  gate(control: (element: ControlElement) => void): TaskInput;
}

interface Marker {
  readonly value: number;
  readonly endOfTime: boolean;
  readonly behind: number; // records that have to be taken before
}

export class FeedbackGate implements TaskInput {
  readonly #parts: FeedbackGateParts;
  readonly #gate: TaskInput;
  #phase: 'reading' | 'looping' | 'ended' = 'reading';
  #idle = false;
  #marker: Marker | undefined = undefined;
  #sentMarker: number | undefined = undefined;
  #rounds = 0;
  /** Undefined until the first look at the time after the input has ended. */
  #silentMs: number | undefined = undefined;
  polled = 0;

  constructor(parts: FeedbackGateParts) {
    this.#parts = parts;
    parts.queue.bind(parts.flow);
    this.#gate = parts.gate((element) => this.#fromEdges(element));
  }

  get readers(): readonly ChannelReader<unknown>[] {
    return this.#gate.readers ?? [];
  }

  get watermark(): number {
    return this.#gate.watermark;
  }

  start(): void {}

  restore(context: StateInitializationContext): void {
    this.#gate.restore(context);
  }

  begin(): void {
    this.#gate.begin();
  }

  triggerCheckpoint(barrier: CheckpointBarrier): void {
    this.#gate.triggerCheckpoint(barrier);
  }

  abortCheckpoint(checkpointId: number): void {
    this.#gate.abortCheckpoint(checkpointId);
  }

  /** A job that asks for checkpoints is refused before it runs; whatever else asks for one must not get one without what goes round. */
  snapshot(): never {
    throw new UsageError(
      `The iteration '${this.#parts.name}' cannot be part of a snapshot: what goes round in it would be in none. Let the job end, or cancel it.`,
      {
        reason: 'iteration',
      },
    );
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.#gate.notifyCheckpointComplete(checkpointId);
  }

  poll(budget: number): InputResult {
    this.polled = 0;
    const { queue, flow } = this.#parts;
    this.#takeBack(Math.min(budget, queue.size));
    if (this.#phase === 'reading') return this.#readEdges(budget);
    if (flow.blocked !== 0) return INPUT_MORE;
    const moved = this.#sendMarker();
    if (this.#phase === 'ended') return INPUT_ENDED;
    return moved || queue.size > 0 ? INPUT_MORE : INPUT_EMPTY;
  }

  elapse(elapsedMs: number, unread: boolean): number {
    const { maxWaitTimeMs } = this.#parts.settings;
    if (this.#phase !== 'looping' || maxWaitTimeMs === 0) return Number.POSITIVE_INFINITY;
    this.#silentMs = unread && this.#silentMs !== undefined ? this.#silentMs + elapsedMs : 0;
    if (this.#silentMs < maxWaitTimeMs) return maxWaitTimeMs - this.#silentMs;
    this.#phase = 'ended';
    this.#parts.send({ type: 'iteration-left' });
    return 0;
  }

  handleEvent(event: ReaderEvent): void {
    if (this.#phase !== 'looping') return;
    if (event.type === 'iteration-ended') this.#phase = 'ended';
    else if (event.type === 'iteration-marker') {
      this.#marker = { value: event.marker, endOfTime: event.endOfTime, behind: this.#parts.queue.added };
    }
  }

  close(): void {
    this.#parts.queue.close();
    if (this.#phase !== 'ended') this.#parts.queue.dropped = Number.NEGATIVE_INFINITY; // failed or canceled: nobody counts what is lost
    void this.#gate.close();
  }

  #takeBack(budget: number): void {
    const { queue, feedback } = this.#parts;
    try {
      if (budget > 0) queue.drain(feedback, budget);
      else queue.drained = 0;
    } finally {
      this.polled += queue.drained;
    }
  }

  #readEdges(budget: number): InputResult {
    const { queue, flow } = this.#parts;
    if (flow.blocked !== 0 || queue.size > WAITING_MAX || this.polled >= budget) return INPUT_MORE;
    let result: InputResult;
    try {
      result = this.#gate.poll(budget - this.polled);
    } finally {
      this.polled += this.#gate.polled;
    }
    if (result !== INPUT_ENDED) return queue.size > 0 ? INPUT_MORE : result;
    invariant(queue.openSpill !== undefined, () => `the tail of the iteration '${this.#parts.name}' is not in the slot of its head`);
    this.#phase = 'looping';
    if (this.#idle) this.#parts.control(statusElement(false)); // the markers are to hold back what stands behind
    this.#parts.send({ type: 'iteration-report', marker: undefined, fedBack: queue.added });
    return INPUT_MORE;
  }

  #fromEdges(element: ControlElement): void {
    if (element.kind === QUEUED_WATERMARK && element.value >= FIRST_MARKER) return; // G2
    if (element.kind === QUEUED_STATUS) this.#idle = element.value === 1;
    this.#parts.control(element);
  }

  /** True when there was something to send, or to report. */
  #sendMarker(): boolean {
    const { queue, control, send } = this.#parts;
    if (this.#sentMarker !== undefined && queue.marker === this.#sentMarker) {
      this.#sentMarker = undefined;
      send({ type: 'iteration-report', marker: queue.marker, fedBack: queue.fedBack });
      return true;
    }
    if (this.#marker === undefined || queue.taken < this.#marker.behind) return false;
    const { value, endOfTime } = this.#marker;
    this.#marker = undefined;
    this.#countRound();
    this.#sentMarker = value;
    if (endOfTime) control(watermarkElement(END_OF_TIME));
    control(watermarkElement(value));
    return true;
  }

  #countRound(): void {
    const { queue, settings, name, warn } = this.#parts;
    this.#rounds += 1;
    const rounds = this.#rounds - 1; // the first marker finds what had come back before
    if (rounds > settings.maxRounds && queue.fedBack > 0) {
      throw new UsageError(
        `The iteration '${name}' has gone round at least ${rounds} times since its input ended, and records are still sent back: ${queue.fedBack} in the last round, ${queue.added} in all. ` +
          `Send back only what needs another round, by a filter before closeWith, or raise maxRounds, which is ${settings.maxRounds}.`,
        { reason: 'iteration' },
      );
    }
    if (rounds === ROUNDS_UNTIL_WARNING && settings.maxRounds === Number.POSITIVE_INFINITY) {
      warn(
        `The iteration '${name}' has gone round at least ${rounds} times since its input ended, and ${queue.fedBack} records were sent back in the last round. ` +
          'If it should have ended, send back only what needs another round, by a filter before closeWith; iterate(undefined, { maxRounds }) sets a bound.',
      );
    }
  }
}
