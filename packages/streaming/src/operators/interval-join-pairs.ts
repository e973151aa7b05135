/** The pairs that one record makes, and what the user's function makes of them. */
import type { OperatorContext } from '../contract/operator.ts';
import type { OutputTag } from '../contract/output-tag.ts';
import type { SideOutputContext } from '../contract/process-context.ts';
import type { FunctionCalls } from './function-life.ts';
import { iteratorOf, type TimedIterator } from './iterable-emitter.ts';
import { SideOutputs } from './side-outputs.ts';

/** The pair of an outer join, one side of which may be missing. */
export interface OuterJoinedPair extends SideOutputContext {
  /** Undefined where that side is missing. */
  getLeftTimestamp(): number | undefined;
  getRightTimestamp(): number | undefined;
  /** What the result carries: the later one of the two; of a record alone, the first moment at which it is certain that no partner comes. */
  getTimestamp(): number;
}

/** Flink: `ProcessJoinFunction.Context`. */
export interface JoinedPair extends OuterJoinedPair {
  getLeftTimestamp(): number;
  getRightTimestamp(): number;
  /** The later one of the two, which the result carries. */
  getTimestamp(): number;
}

/** `one` returns a record or `undefined`; `many` an iterable. */
export interface PairFunction {
  /** Of a rich function. */
  readonly life?: FunctionCalls;
  readonly emits: 'one' | 'many';
  /** Of an outer join either of the two may be `undefined`. */
  call(left: unknown, right: unknown, pair: OuterJoinedPair): unknown;
}

/** The context of the function, one for an operator: it is about the pair under way. */
export class CurrentPair implements OuterJoinedPair {
  leftTimestamp: number | undefined;
  rightTimestamp: number | undefined;
  timestamp: number;
  readonly #sides: SideOutputs;

  constructor(context: OperatorContext) {
    this.leftTimestamp = 0;
    this.rightTimestamp = 0;
    this.timestamp = 0;
    this.#sides = new SideOutputs(context);
  }

  getLeftTimestamp(): number | undefined {
    return this.leftTimestamp;
  }

  getRightTimestamp(): number | undefined {
    return this.rightTimestamp;
  }

  getTimestamp(): number {
    return this.timestamp;
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    this.#sides.output(tag, value);
  }
}

/** What a record and those of the other side in its interval have to be joined by. A record alone has one other, `undefined`, without a timestamp. */
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
  readonly #pair: OuterJoinedPair;
  #next: number;
  #items: Iterator<unknown> | undefined;

  constructor(match: Match, fn: PairFunction, pair: OuterJoinedPair, enter: (match: Match, index: number) => number) {
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
