/** The pairs that one record makes, and what the user's function makes of them. */
import type { MaybePromise } from '../contract/emittable.ts';
import type { OperatorContext } from '../contract/operator.ts';
import type { OutputTag } from '../contract/output-tag.ts';
import type { SideOutputContext } from '../contract/process-context.ts';
import { iteratorOf, type TimedIterator } from './iterable-emitter.ts';
import { SideOutputs } from './side-outputs.ts';

/** Flink: `ProcessJoinFunction.Context`. */
export interface JoinedPair extends SideOutputContext {
  getLeftTimestamp(): number;
  getRightTimestamp(): number;
  /** The later one of the two, which the result carries. */
  getTimestamp(): number;
}

/** `one` returns a record or `undefined`; `many` an iterable. */
export interface PairFunction {
  readonly open?: () => MaybePromise<void>;
  readonly close?: () => MaybePromise<void>;
  readonly emits: 'one' | 'many';
  call(left: unknown, right: unknown, pair: JoinedPair): unknown;
}

/** The context of the function, one for an operator: it is about the pair under way. */
export class CurrentPair implements JoinedPair {
  leftTimestamp: number;
  rightTimestamp: number;
  readonly #sides: SideOutputs;

  constructor(context: OperatorContext) {
    this.leftTimestamp = 0;
    this.rightTimestamp = 0;
    this.#sides = new SideOutputs(context);
  }

  getLeftTimestamp(): number {
    return this.leftTimestamp;
  }

  getRightTimestamp(): number {
    return this.rightTimestamp;
  }

  getTimestamp(): number {
    return this.leftTimestamp > this.rightTimestamp ? this.leftTimestamp : this.rightTimestamp;
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    this.#sides.output(tag, value);
  }
}

/** What a record and those of the other side in its interval have to be joined by. */
export interface Match {
  readonly isLeft: boolean;
  readonly record: unknown;
  readonly timestamp: number;
  readonly others: readonly unknown[];
  readonly otherTimestamps: readonly number[];
}

/** The results of a match one by one, for where they cannot all go out at once. `enter` makes a pair the current one. */
export class PairIterator implements Iterator<unknown>, TimedIterator {
  readonly iterator = this;
  timestamp: number;
  readonly #match: Match;
  readonly #fn: PairFunction;
  readonly #enter: (match: Match, index: number) => number;
  readonly #pair: JoinedPair;
  #next: number;
  #items: Iterator<unknown> | undefined;

  constructor(match: Match, fn: PairFunction, pair: JoinedPair, enter: (match: Match, index: number) => number) {
    this.#match = match;
    this.#fn = fn;
    this.#pair = pair;
    this.#enter = enter;
    this.#next = 0;
    this.#items = undefined;
    this.timestamp = match.timestamp;
  }

  next(): IteratorResult<unknown, undefined> {
    for (;;) {
      const item = this.#items?.next();
      if (item !== undefined && item.done !== true) return item;
      this.#items = undefined;
      if (this.#next === this.#match.others.length) return { done: true, value: undefined };
      const result = this.#call();
      if (this.#fn.emits === 'many') this.#items = iteratorOf(result, 'flatApply of an interval join');
      else if (result !== undefined) return { done: false, value: result };
    }
  }

  /** Ends a generator that is suspended. */
  return(): IteratorResult<unknown, undefined> {
    this.#items?.return?.();
    this.#items = undefined;
    this.#next = this.#match.others.length;
    return { done: true, value: undefined };
  }

  #call(): unknown {
    const match = this.#match;
    const index = this.#next++;
    this.timestamp = this.#enter(match, index);
    const other = match.others[index];
    return match.isLeft ? this.#fn.call(match.record, other, this.#pair) : this.#fn.call(other, match.record, this.#pair);
  }
}
