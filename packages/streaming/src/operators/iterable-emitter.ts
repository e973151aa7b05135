/**
 * Emits what a function returned as an iterable, element by element and lazily: under back-pressure the iterator is suspended (O2 of the operator contract).
 *
 * Owned by one operator, which calls `resume` from its own, and `close` from its own.
 *
 * E1 each element leaves at the timestamp that the iterable was given with.
 * E2 iterables that come while one is suspended wait behind it, so that elements leave in the order of `emit`.
 * E3 while something is suspended the emitter holds one of `flow.blocked`.
 */
import { DataError } from '@millrace/core/base/errors';
import type { Output, TaskFlow } from '../contract/operator.ts';

/** What is emitted element by element. The timestamp is read after each `next`, which may change it. */
export interface TimedIterator {
  readonly iterator: Iterator<unknown>;
  readonly timestamp: number;
}

export class IterableEmitter {
  readonly #flow: TaskFlow;
  readonly #output: Output<unknown>;
  /** The call whose result it is, for messages: `flatMap of connected streams`. */
  readonly #where: string;
  readonly #waiting: TimedIterator[];
  #holds: boolean;

  constructor(flow: TaskFlow, output: Output<unknown>, where: string) {
    this.#flow = flow;
    this.#output = output;
    this.#where = where;
    this.#waiting = [];
    this.#holds = false;
  }

  /** Emits what a function returned, at `flow.timestamp`. What does not go out now goes out in `resume`. */
  emit(items: unknown): void {
    const { timestamp } = this.#flow;
    const iterator = iteratorOf(items, this.#where);
    if (iterator !== undefined) this.emitAll({ iterator, timestamp });
  }

  emitAll(elements: TimedIterator): void {
    if (this.#holds) this.#waiting.push(elements);
    else if (!this.#drain(elements)) this.suspend(elements);
  }

  /** Keeps the elements for `resume`: what is left where the caller has met a full output itself. */
  suspend(elements: TimedIterator): void {
    this.#waiting.unshift(elements);
    this.#holds = true;
    this.#flow.blocked += 1;
  }

  get isSuspended(): boolean {
    return this.#holds;
  }

  /** As `resume` of an operator (O5). */
  resume(): boolean {
    if (!this.#holds) return true;
    if (this.#flow.blocked > 1) return false;
    this.#holds = false;
    this.#flow.blocked -= 1;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (this.#drain(next)) continue;
      this.suspend(next);
      return false;
    }
    return true;
  }

  /** Ends suspended generators, so that their `finally` runs. */
  close(): void {
    for (const { iterator } of this.#waiting.splice(0)) iterator.return?.();
  }

  #drain(elements: TimedIterator): boolean {
    const { iterator } = elements;
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      this.#flow.timestamp = elements.timestamp;
      this.#output.collect(next.value);
      if (this.#flow.blocked !== 0) return false;
    }
    return true;
  }
}

/** The iterator of what a function returned; undefined where there is nothing to emit. `where` is the call, for the message. */
export function iteratorOf(items: unknown, where: string): Iterator<unknown> | undefined {
  if (items === undefined) return undefined;
  const iterable = items as Partial<Iterable<unknown>> | null;
  if (typeof items === 'object' && typeof iterable?.[Symbol.iterator] === 'function') return iterable[Symbol.iterator]?.();
  throw new DataError(`${where} returned ${seenOf(items)}. Return an iterable: an array, a Set, or what a generator gives.`);
}

function seenOf(items: unknown): string {
  if (typeof items === 'string') return `the string ${JSON.stringify(items.slice(0, 40))}, which would be emitted letter by letter`;
  if (items === null) return 'null';
  if (typeof items !== 'object') return `a value of type ${typeof items}`;
  return typeof (items as { then?: unknown }).then === 'function' ? 'a promise' : 'an object that is no iterable';
}
