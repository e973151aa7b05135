/**
 * Accumulators: values that every subtask adds to and that the whole job shares in the end. Flink: "Accumulators & Counters".
 *
 * A function registers one by name in `open`; those of one name are merged over all operators and subtasks, which must all mean the same type by it. The merged value is
 * shown while the job runs and is part of its result. An accumulator is no state: it starts anew with each attempt.
 */
import { UsageError } from '@millrace/core/base/errors';
import { createCodec } from '@millrace/core/types/codec';
import { descriptionOf } from '@millrace/core/types/types';
import { accumulatorResult, type AccumulatorType, type AccumulatorValue, mergeAccumulators } from './accumulator-values.ts';

/** One of your own has these methods; its result is the list of the local values of all subtasks, which must be plain data. */
export interface Accumulator<in out V> {
  add(value: V): void;
  getLocalValue(): unknown;
  merge(other: Accumulator<V>): void;
}

/** Any of them, whatever is added to it. */
export interface AnyAccumulator {
  add(value: never): void;
  getLocalValue(): unknown;
  merge(other: never): void;
}

/** What Millrace's own have in common: a state that can travel, and the rules of accumulator-values.ts. */
abstract class PlainAccumulator<V, S> implements Accumulator<V> {
  abstract readonly type: AccumulatorType;
  protected state: S;

  constructor(state: S) {
    this.state = state;
  }

  abstract add(value: V): void;
  abstract getLocalValue(): unknown;
  /** Forgets what was added here. */
  abstract resetLocal(): void;

  merge(other: Accumulator<V>): void {
    const { type } = other as Partial<PlainAccumulator<V, S>>;
    if (!(other instanceof PlainAccumulator) || type !== this.type) {
      throw new UsageError(`merge of a ${this.type} got ${type ?? 'something else'}. Give it another ${this.type}.`);
    }
    this.state = mergeAccumulators(this.toValue(), other.toValue()).value as S;
  }

  /** Internal: as it travels. */
  toValue(): AccumulatorValue {
    return { type: this.type, value: this.state };
  }

  protected result(): unknown {
    return accumulatorResult(this.toValue());
  }

  protected checkWhole(value: number): void {
    if (!Number.isSafeInteger(value)) throw new UsageError(`${this.type}.add got ${String(value)}. Give it a whole number.`);
  }

  protected checkNumber(value: number): void {
    if (typeof value !== 'number') throw new UsageError(`${this.type}.add got a value of type ${typeof value}. Give it a number.`);
  }
}

abstract class Counter extends PlainAccumulator<number, number> {
  constructor(value = 0) {
    super(value);
  }

  add(value: number): void {
    this.checkWhole(value);
    this.state += value;
  }

  override getLocalValue(): number {
    return this.state;
  }

  override resetLocal(): void {
    this.state = 0;
  }
}

/** A sum of whole numbers. */
export class IntCounter extends Counter {
  readonly type = 'IntCounter';
}

/** A sum of whole numbers. The same as an IntCounter here, where both are exact up to 2⁵³ − 1. */
export class LongCounter extends Counter {
  readonly type = 'LongCounter';
}

/** A sum of numbers. */
export class DoubleCounter extends Counter {
  readonly type = 'DoubleCounter';

  override add(value: number): void {
    this.checkNumber(value);
    this.state += value;
  }
}

/** The greatest or the least of what was added; undefined before the first. */
abstract class Extreme extends PlainAccumulator<number, number | undefined> {
  readonly #choose: (a: number, b: number) => number;

  constructor(choose: (a: number, b: number) => number) {
    super(undefined);
    this.#choose = choose;
  }

  add(value: number): void {
    this.check(value);
    this.state = this.state === undefined ? value : this.#choose(this.state, value);
  }

  protected check(value: number): void {
    this.checkWhole(value);
  }

  override getLocalValue(): number | undefined {
    return this.state;
  }

  override resetLocal(): void {
    this.state = undefined;
  }
}

export class IntMaximum extends Extreme {
  readonly type = 'IntMaximum';

  constructor() {
    super(Math.max);
  }
}

export class LongMaximum extends Extreme {
  readonly type = 'LongMaximum';

  constructor() {
    super(Math.max);
  }
}

export class DoubleMaximum extends Extreme {
  readonly type = 'DoubleMaximum';

  constructor() {
    super(Math.max);
  }

  protected override check(value: number): void {
    this.checkNumber(value);
  }
}

export class IntMinimum extends Extreme {
  readonly type = 'IntMinimum';

  constructor() {
    super(Math.min);
  }
}

export class LongMinimum extends Extreme {
  readonly type = 'LongMinimum';

  constructor() {
    super(Math.min);
  }
}

export class DoubleMinimum extends Extreme {
  readonly type = 'DoubleMinimum';

  constructor() {
    super(Math.min);
  }

  protected override check(value: number): void {
    this.checkNumber(value);
  }
}

/** The mean of what was added; 0 before the first. */
export class AverageAccumulator extends PlainAccumulator<number, { sum: number; count: number }> {
  readonly type = 'AverageAccumulator';

  constructor() {
    super({ sum: 0, count: 0 });
  }

  add(value: number): void {
    this.checkNumber(value);
    this.state.sum += value;
    this.state.count += 1;
  }

  override getLocalValue(): number {
    return this.result() as number;
  }

  override resetLocal(): void {
    this.state = { sum: 0, count: 0 };
  }

  override toValue(): AccumulatorValue {
    return { type: this.type, value: { ...this.state } };
  }
}

/** How often each whole number was added, by number, ascending. */
export class Histogram extends PlainAccumulator<number, readonly (readonly [number, number])[]> {
  readonly type = 'Histogram';
  readonly #counts = new Map<number, number>();

  constructor() {
    super([]);
  }

  add(value: number): void {
    this.checkWhole(value);
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  override getLocalValue(): Map<number, number> {
    return this.result() as Map<number, number>;
  }

  override merge(other: Accumulator<number>): void {
    this.state = this.toValue().value as typeof this.state;
    super.merge(other);
    this.#counts.clear();
    for (const [value, count] of this.state) this.#counts.set(value, count);
  }

  override resetLocal(): void {
    this.#counts.clear();
  }

  override toValue(): AccumulatorValue {
    return { type: this.type, value: [...this.#counts] };
  }
}

/** Everything that was added, of each subtask in its order. All of it travels with every report: keep it short. */
export class ListAccumulator<T> extends PlainAccumulator<T, T[]> {
  readonly type = 'ListAccumulator';
  readonly #codec = createCodec<T>(descriptionOf(undefined));

  constructor() {
    super([]);
  }

  /** Keeps a copy. What is no plain data is refused. */
  add(value: T): void {
    this.state.push(typeof value === 'object' && value !== null ? this.#codec.copy(value) : value);
  }

  override getLocalValue(): T[] {
    return [...this.state];
  }

  override resetLocal(): void {
    this.state = [];
  }

  override toValue(): AccumulatorValue {
    return { type: this.type, value: [...this.state] };
  }
}

/** As it travels: Millrace's own by their rules, one of the user's as its local value. */
export function accumulatorValue(accumulator: AnyAccumulator): AccumulatorValue {
  if (accumulator instanceof PlainAccumulator) return accumulator.toValue();
  const local = accumulator.getLocalValue();
  const copied = typeof local === 'object' && local !== null ? createCodec(descriptionOf(undefined)).copy(local) : local;
  return { type: accumulator.constructor.name, value: [copied], isCustom: true };
}
