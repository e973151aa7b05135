/**
 * One step of a running chain: an operator, or the place where an iterable of a flatMap waits.
 *
 * Owned by its task; read by the generated functions (`waiting`), moved by the walk (chain-walk.ts).
 *
 * S1 `waiting` is true while the step cannot take elements in order: an iterable or a watermark of it is suspended, or elements queue before it. What
 *    arrives meanwhile is queued. A waiting step holds one of `flow.blocked`.
 * S2 the queue is replayed in order, records and control elements alike, so back-pressure never moves a watermark against the records around it.
 * S3 an operator that is full and still fed, by a `Collector` that goes on beyond the credit, waits too: what comes then is in the queue, which keeps to its memory
 *    (backlog.ts), not with the operator.
 */
import type { WatermarkedOperator } from '@millrace/streaming/contract/operator';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import { Backlog, type BacklogOptions } from '../network/backlog.ts';
import type { PlannedStep } from './chain-plan.ts';
import { type ControlElement, QUEUED_RECORD, QUEUED_SECOND_RECORD } from './control-element.ts';
import type { Flow } from './flow.ts';
import type { OperatorServices } from './operator-services.ts';

export class Step {
  readonly plan: PlannedStep;
  readonly #flow: Flow;
  /** Of steps of kind operator, twoInput and sink, once it was made. */
  operator: WatermarkedOperator | undefined = undefined;
  /** Of the same steps: its state and timers. */
  services: OperatorServices | undefined = undefined;
  waiting = false;
  /** The greatest watermark that the step was shown. */
  watermark = NO_TIMESTAMP;
  /** A control element whose handling the operator has suspended; it goes on behind the step when `resume` is done. */
  pending: ControlElement | undefined = undefined;
  readonly queue: Backlog;
  /** Takes one record past the queue; set by the compiled chain. */
  enter: (record: unknown) => void = neverSet;
  /** The same for the second input of a two-input operator. */
  enterSecond: (record: unknown) => void = neverSet;
  /** Goes on with the suspended iterable of a flatMap; false when it is suspended again. Set by the compiled chain. */
  resumeItems: (() => boolean) | undefined = undefined;
  /** What a flatMap returned and the task has not emitted yet: an array from `nextItem` on, or an iterator. */
  items: readonly unknown[] | undefined = undefined;
  nextItem = 0;
  iterator: Iterator<unknown> | undefined = undefined;
  /** The record whose iterable is suspended, for messages, and its timestamp. */
  itemsOf: unknown = undefined;
  itemsTimestamp = NO_TIMESTAMP;

  constructor(plan: PlannedStep, flow: Flow, backlog?: BacklogOptions) {
    this.plan = plan;
    this.#flow = flow;
    this.queue = new Backlog(backlog);
  }

  get hasSuspendedItems(): boolean {
    return this.items !== undefined || this.iterator !== undefined;
  }

  hold(): void {
    if (this.waiting) return;
    this.waiting = true;
    this.#flow.blocked += 1;
  }

  release(): void {
    this.waiting = false;
    this.#flow.blocked -= 1;
  }

  /** Asked by the chain while `flow.blocked` is not 0 and the step does not wait: true when its operator takes nothing more, and then the step waits (S3). */
  refuses(): boolean {
    if (this.operator?.isFull !== true) return false;
    this.hold();
    return true;
  }

  /** A record that arrives while the step waits. */
  add(record: unknown, timestamp: number): void {
    this.queue.add(QUEUED_RECORD, timestamp, record);
  }

  /** The same for the second input of a two-input operator. */
  addSecond(record: unknown, timestamp: number): void {
    this.queue.add(QUEUED_SECOND_RECORD, timestamp, record);
  }

  addControl(element: ControlElement): void {
    this.queue.add(element.kind, element.value, element);
  }

  suspendArray(items: readonly unknown[], nextItem: number, record: unknown, timestamp: number): void {
    this.items = items;
    this.nextItem = nextItem;
    this.#suspend(record, timestamp);
  }

  suspendIterator(iterator: Iterator<unknown>, record: unknown, timestamp: number): void {
    this.iterator = iterator;
    this.#suspend(record, timestamp);
  }

  #suspend(record: unknown, timestamp: number): void {
    this.itemsOf = record;
    this.itemsTimestamp = timestamp;
    this.hold();
  }

  /** Ends a suspended generator, so that its `finally` runs, and forgets what waits: for failure and cancellation. */
  abandon(): void {
    const iterator = this.iterator;
    this.iterator = undefined;
    this.items = undefined;
    this.queue.clear();
    iterator?.return?.();
  }
}

function neverSet(): never {
  throw new Error('a step was entered before its chain was compiled');
}
