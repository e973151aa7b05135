/**
 * What the firings of a window operator emit, in their order, never more than the output takes (O2 of the operator contract).
 *
 * Owned by one window operator, whose `resume` calls `resume` here. State never waits for it: what is given here shares nothing with a window that goes on.
 *
 * U1 while something waits, or the output is full, what comes is put behind it. That is bounded by the windows of one record or timer.
 * U2 while something waits one of `flow.blocked` is held.
 * U3 each record leaves at the timestamp that it was given with.
 */
import { DataError } from '@millrace/core/base/errors';
import type { Output, TaskFlow } from '../contract/operator.ts';

interface Waiting {
  readonly items: Iterator<unknown>;
  readonly timestamp: number;
}

export class WindowOutput {
  readonly #flow: TaskFlow;
  readonly #output: Output<unknown>;
  readonly #waiting: Waiting[];
  #isHolding: boolean;

  constructor(flow: TaskFlow, output: Output<unknown>) {
    this.#flow = flow;
    this.#output = output;
    this.#waiting = [];
    this.#isHolding = false;
  }

  get isSuspended(): boolean {
    return this.#isHolding;
  }

  record(record: unknown, timestamp: number): void {
    if (this.#flow.blocked !== 0) {
      this.#wait([record][Symbol.iterator](), timestamp);
      return;
    }
    this.#flow.timestamp = timestamp;
    this.#output.collect(record);
  }

  /** Element by element and lazily: a generator is not asked for more than the output takes. */
  items(items: unknown, timestamp: number): void {
    const iterator = iteratorOf(items);
    if (iterator === undefined) return;
    if (this.#flow.blocked !== 0 || !this.#drain(iterator, timestamp, 0)) this.#wait(iterator, timestamp);
  }

  /** As `resume` of an operator (O5). True when nothing waits. */
  resume(): boolean {
    if (!this.#isHolding) return true;
    this.#isHolding = false;
    this.#flow.blocked -= 1;
    const before = this.#flow.blocked; // what others of this operator hold
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#drain(next.items, next.timestamp, before)) {
        this.#hold();
        return false;
      }
      this.#waiting.shift();
    }
    return true;
  }

  /** Ends suspended generators, so that their `finally` runs. */
  close(): void {
    for (const { items } of this.#waiting.splice(0)) items.return?.();
  }

  #wait(items: Iterator<unknown>, timestamp: number): void {
    this.#waiting.push({ items, timestamp });
    this.#hold();
  }

  #hold(): void {
    if (this.#isHolding) return;
    this.#isHolding = true;
    this.#flow.blocked += 1;
  }

  /** True when the iterator has ended. */
  #drain(items: Iterator<unknown>, timestamp: number, before: number): boolean {
    while (this.#flow.blocked === before) {
      const next = items.next();
      if (next.done === true) return true;
      this.#flow.timestamp = timestamp;
      this.#output.collect(refuseNone(next.value));
    }
    return false;
  }
}

function refuseNone(item: unknown): unknown {
  if (item === undefined) throw new DataError('flatApply yielded undefined, which is no record. Leave it out of the iterable.');
  return item;
}

function iteratorOf(items: unknown): Iterator<unknown> | undefined {
  if (items === undefined) return undefined;
  const iterable = items as Partial<Iterable<unknown>> | null;
  if (typeof items === 'object' && typeof iterable?.[Symbol.iterator] === 'function') return iterable[Symbol.iterator]?.();
  const seen =
    typeof items === 'string'
      ? 'a string, which would be emitted letter by letter'
      : items === null
        ? 'null'
        : `a value of type ${typeof items}`;
  throw new DataError(`flatApply returned ${seen}. Return an iterable: an array, a Set, or what a generator gives.`);
}
