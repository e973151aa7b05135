/**
 * Carries control elements (watermarks, their status, barriers, the end) through the chain, step by step behind the records, and takes up again what was suspended.
 *
 * W1 a control element reaches a step after every record that was emitted before it, and an operator's own emissions for it leave before it goes on.
 * W2 at a step that waits, the element joins the step's queue and the walk goes on beside it; what is behind that step sees it when the queue gets there.
 * W2a a barrier passes an operator with `delaysWatermarks` at once, whatever that has in flight: its state is what is in flight.
 * W2b it passes an operator that a watermark makes fire very many timers, between two of them. The rest fires after a restore, when the watermark is shown again.
 * W2c a latency marker is shown to no operator: it passes each that takes elements, and whoever listens hears that it has come there.
 * W3 suspended steps are resumed from the leaves up, each only when everything behind it is free.
 */
import type { MaybePromise } from '@millrace/streaming/contract/emittable';
import { isMarker, MAX_WATERMARK, NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { LatencyMarker } from '../network/latency-marker.ts';
import type { ChainParts } from './compiled-chain.ts';
import {
  type ControlElement,
  QUEUED_BARRIER,
  QUEUED_FINISH,
  QUEUED_LATENCY_MARKER,
  QUEUED_RECORD,
  QUEUED_SECOND_RECORD,
  QUEUED_WATERMARK,
} from './control-element.ts';
import type { Flow } from './flow.ts';
import type { RecordOutput } from './record-output.ts';
import type { Step } from './step.ts';

export interface WalkListener {
  /** A barrier has reached an operator. */
  readonly snapshot: (step: Step, barrier: CheckpointBarrier) => void;
  /** A latency marker has reached a step. */
  readonly mark: (step: Step, marker: LatencyMarker) => void;
}

/** An operator's code that the walk has called, or waits for. */
export interface WalkCall {
  readonly step: Step;
  readonly name: string; // `close()`
}

interface Stop {
  readonly step: Step | undefined;
  readonly output: RecordOutput | undefined;
  readonly end: number;
}

export class ChainWalk {
  readonly #flow: Flow;
  readonly #stops: readonly Stop[];
  /** Where each step stands in the walk, by its index in the chain. */
  readonly #places: readonly number[];
  /** Steps that may be suspended, leaves first. */
  readonly #resumable: readonly Step[];
  /** Operators and sinks in the order of the walk. */
  readonly operators: readonly Step[];
  readonly #locate: (error: unknown, place: number) => Error;
  /** Whether the job has iterations, and so watermarks that are markers. */
  readonly #markers: boolean;
  readonly #listener: WalkListener;
  /** The step whose code was called beside the path of records, and may be at work: for whoever looks at the stack. */
  shown: Step | undefined = undefined;
  /** The call whose promise has not settled; calls of one task come one after another. */
  waitsFor: WalkCall | undefined = undefined;

  constructor({ plan, flow, steps, outputs, locate, hasIterations }: ChainParts, listener: WalkListener) {
    this.#markers = hasIterations;
    this.#flow = flow;
    this.#listener = listener;
    this.#locate = (error, place) => locate(error, place);
    this.#stops = plan.walk.map((entry) => ({
      step: entry.step && steps[entry.step.index],
      output: entry.edge && outputs[entry.edge.index],
      end: entry.end,
    }));
    this.#places = steps.map((step) => this.#stops.findIndex((stop) => stop.step === step));
    this.#resumable = this.#stops.flatMap(({ step }) => (step !== undefined && isResumable(step) ? [step] : [])).reverse();
    this.operators = this.#stops.flatMap(({ step }) => (step?.operator !== undefined ? [step] : []));
  }

  /** Sends an element from the input through the whole chain. A source's own step has no operator and lets it pass. */
  fromInput(element: ControlElement): void {
    this.#walk(element, 0, this.#stops.length);
  }

  /** Sends an element to everything behind a step that made it. */
  behind(stepIndex: number, element: ControlElement): void {
    const place = this.#places[stepIndex] as number;
    this.#walk(element, place + 1, (this.#stops[place] as Stop).end);
  }

  /** True when nothing in the chain waits any more. */
  resumeAll(): boolean {
    if (this.#isBlocked(0, this.#stops.length)) return false;
    for (const step of this.#resumable) if (!this.#resume(step)) return false;
    return this.#flow.blocked === 0;
  }

  /** Reads what a checkpoint has for one step. */
  async load(step: Step): Promise<void> {
    try {
      await step.services?.load();
    } catch (error) {
      throw this.#locate(error, step.plan.index);
    }
  }

  /** Waits for one operator; what it throws says whose it is. */
  async open(step: Step): Promise<void> {
    const { operator, services } = step;
    const context = services?.initializationContext;
    if (context !== undefined) await this.#called(step, 'initializeState()', () => operator?.initializeState?.(context));
    await this.#called(step, 'open()', () => operator?.open?.());
  }

  flush(step: Step): Promise<void> {
    return this.#called(step, 'flush()', () => step.operator?.flush?.());
  }

  settle(step: Step): Promise<void> {
    return this.#called(step, 'last commit', () => step.operator?.settle?.());
  }

  close(step: Step): Promise<void> {
    return this.#called(step, 'close()', () => step.operator?.close?.());
  }

  /** Waits for code of a step, which is known while it takes (`waitsFor`). */
  during(step: Step, name: string, action: () => MaybePromise<void>): MaybePromise<void> {
    const call = { step, name };
    const over = () => {
      if (this.waitsFor === call) this.waitsFor = undefined;
    };
    this.waitsFor = call;
    let result: MaybePromise<void>;
    try {
      result = action();
    } catch (error) {
      over();
      throw error;
    }
    if (typeof result?.then !== 'function') return over();
    return result.then(over, (error: unknown) => {
      over();
      throw error;
    });
  }

  async #called(step: Step, name: string, action: () => MaybePromise<void>): Promise<void> {
    try {
      await this.during(step, name, action);
    } catch (error) {
      throw this.#locate(error, step.plan.index);
    }
  }

  /** Of all operators together. */
  get numLateRecordsDropped(): number {
    let dropped = 0;
    for (const { operator } of this.operators) dropped += operator?.numLateRecordsDropped ?? 0;
    return dropped;
  }

  get caresForIdleness(): boolean {
    return this.operators.some(({ operator }) => operator?.idle !== undefined);
  }

  /** The task has had nothing to read; returns when the first operator wants to hear of it again. */
  idle(elapsedMs: number): number {
    let againMs = Number.POSITIVE_INFINITY;
    for (const step of this.operators) {
      if (step.operator?.idle === undefined) continue;
      againMs = Math.min(
        againMs,
        this.#named(step, () => step.operator?.idle?.(elapsedMs) ?? againMs),
      );
    }
    return againMs;
  }

  #named<R>(step: Step, action: () => R): R {
    const before = this.shown;
    this.shown = step;
    try {
      const result = action();
      this.shown = before;
      return result;
    } catch (error) {
      throw this.#locate(error, step.plan.index);
    }
  }

  #walk(element: ControlElement, from: number, to: number): void {
    let place = from;
    while (place < to) {
      const stop = this.#stops[place] as Stop;
      if (stop.output !== undefined) stop.output.writeControl(element);
      place = stop.step === undefined || this.#offer(stop.step, element) ? place + 1 : stop.end;
    }
  }

  /** True when the element may go on behind the step. */
  #offer(step: Step, element: ControlElement): boolean {
    if (element.kind === QUEUED_BARRIER && this.#letsBarrierPass(step)) return this.#show(step, element);
    if (!step.waiting && this.#isSuspended(step)) step.hold();
    if (!step.waiting) return this.#show(step, element);
    step.addControl(element);
    return false;
  }

  /** W2a, W2b */
  #letsBarrierPass(step: Step): boolean {
    return step.waiting ? isBetweenTimers(step) : step.operator?.delaysWatermarks === true;
  }

  /** Whether the head would let a barrier pass although it takes no record (W2b). */
  get takesBarriers(): boolean {
    const head = this.#stops[0]?.step;
    return head !== undefined && isBetweenTimers(head);
  }

  /** Whether the operator has suspended an emission of its own accord, in `processElement` (O6). */
  #isSuspended(step: Step): boolean {
    return this.#flow.blocked !== 0 && step.operator?.resume !== undefined && !step.operator.resume();
  }

  #show(step: Step, element: ControlElement): boolean {
    const { operator } = step;
    if (element.kind === QUEUED_WATERMARK) {
      if (element.value <= step.watermark) return false; // never back
      step.watermark = element.value;
      const marks = this.#markers && isMarker(element.value);
      if (marks && operator?.delaysWatermarks !== true) return this.#showMarker(step, element.value);
      if (!marks && operator?.ownsWatermarks === true && element.value !== MAX_WATERMARK) return false;
      const passes = this.#named(step, () => operator?.processWatermark?.(element.value) ?? true);
      if (!passes && operator?.delaysWatermarks === true && element.value !== MAX_WATERMARK) return false;
      return this.#went(step, element, passes);
    }
    if (element.kind === QUEUED_FINISH) {
      step.services?.quiesce();
      return this.#went(
        step,
        element,
        this.#named(step, () => operator?.finish?.() ?? true),
      );
    }
    if (element.kind === QUEUED_BARRIER) {
      if (operator !== undefined) this.#named(step, () => this.#listener.snapshot(step, element.barrier as CheckpointBarrier));
      return true;
    }
    if (element.kind === QUEUED_LATENCY_MARKER) {
      this.#listener.mark(step, element.marker as LatencyMarker);
      return true;
    }
    if (operator?.delaysWatermarks === true) return operator.processWatermarkStatus?.(element.value === 1) ?? true;
    return operator?.ownsWatermarks !== true;
  }

  /** Every marker goes on at once, for no operator has anything to emit at it. */
  #showMarker({ operator }: Step, marker: number): boolean {
    operator?.processMarker?.(marker);
    return true;
  }

  #went(step: Step, element: ControlElement, done: boolean): boolean {
    if (done) return true;
    step.pending = element;
    step.hold();
    return false;
  }

  /** True when the step is free afterwards and nothing behind it blocks. */
  #resume(step: Step): boolean {
    if (!this.#resumeOwn(step)) return false;
    const { pending } = step;
    if (pending !== undefined) {
      step.pending = undefined;
      if (!this.#unhindered(step, () => this.behind(step.plan.index, pending))) return false;
    }
    const replay = () => this.#replay(step);
    while (step.queue.take()) if (!this.#unhindered(step, replay)) return false;
    if (step.waiting) step.release();
    return true;
  }

  #resumeOwn(step: Step): boolean {
    if (step.resumeItems !== undefined) return !step.hasSuspendedItems || this.#unhindered(step, step.resumeItems);
    const { operator } = step;
    if (operator?.resume === undefined) return true;
    const flow = this.#flow;
    const before = flow.blocked;
    flow.blocked = 1; // O5
    const done = this.#named(step, () => operator.resume?.() ?? true);
    flow.blocked += before - 1;
    return done && !this.#isBlockedBehind(step);
  }

  /** Runs an action with no block in sight but those that it meets itself; true when it met none. */
  #unhindered(step: Step, action: () => unknown): boolean {
    const flow = this.#flow;
    const before = flow.blocked;
    flow.blocked = 0;
    action();
    const met = flow.blocked;
    flow.blocked += before;
    return met === 0 && !step.hasSuspendedItems && step.pending === undefined;
  }

  /** What was taken from the queue last. */
  #replay(step: Step): void {
    const { tag, number, value } = step.queue;
    step.queue.value = undefined;
    if (tag === QUEUED_RECORD) {
      this.#flow.timestamp = number;
      step.enter(value);
    } else if (tag === QUEUED_SECOND_RECORD) {
      this.#flow.timestamp = number;
      step.enterSecond(value);
    } else if (this.#show(step, value as ControlElement)) this.behind(step.plan.index, value as ControlElement);
  }

  #isBlockedBehind(step: Step): boolean {
    const place = this.#places[step.plan.index] as number;
    return this.#isBlocked(place + 1, (this.#stops[place] as Stop).end) || this.#waits(place + 1, (this.#stops[place] as Stop).end);
  }

  #isBlocked(from: number, to: number): boolean {
    for (let place = from; place < to; place++) {
      const { output, step } = this.#stops[place] as Stop;
      if (output?.isBlocked === true || step?.operator?.isBlocked === true) return true;
    }
    return false;
  }

  #waits(from: number, to: number): boolean {
    for (let place = from; place < to; place++) if ((this.#stops[place] as Stop).step?.waiting === true) return true;
    return false;
  }

  /** The watermark at the head, or of the input where there is none yet. */
  get watermark(): number {
    return this.#stops[0]?.step?.watermark ?? NO_TIMESTAMP;
  }
}

function isBetweenTimers({ waiting, queue, pending, services }: Step): boolean {
  return waiting && queue.size === 0 && pending?.kind === QUEUED_WATERMARK && services?.isBetweenTimers === true;
}

function isResumable(step: Step): boolean {
  const { kind } = step.plan.logic;
  return kind === 'flatMap' || kind === 'operator' || kind === 'twoInput' || kind === 'sink';
}
