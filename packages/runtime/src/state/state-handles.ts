/**
 * The handles of keyed state that user functions hold: one class for each kind, over the cells of its state. They check what is stored and refuse what the
 * contract refuses; where the values are they do not know.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { AggregateFunction } from '@millrace/streaming/contract/functions';
import type { AggregatingState, ListState, MapState, ReducingState, ValueState } from '@millrace/streaming/contract/keyed-state';
import type { Cells } from './cells.ts';
import { ListView } from './list-view.ts';
import { NameMap } from './name-map.ts';
import type { ValueCheck } from './value-check.ts';

/** What a state with namespaces needs beside its handle. */
export interface Mergeable<V> {
  /** What `a` and `b` come to; may change and return either. */
  merge(a: V, b: V): V;
}

export class HeapValueState<T> implements ValueState<T> {
  readonly #cells: Cells<T>;
  readonly #check: ValueCheck;

  constructor(cells: Cells<T>, check: ValueCheck) {
    this.#cells = cells;
    this.#check = check;
  }

  value(): T | undefined {
    return this.#cells.read();
  }

  update(value: T): void {
    this.#check.check(value);
    this.#cells.write(value);
  }

  clear(): void {
    this.#cells.remove();
  }
}

const NOTHING: readonly never[] = Object.freeze([]);

export class HeapListState<T> implements ListState<T>, Mergeable<T[]> {
  readonly #cells: Cells<T[]>;
  readonly #check: ValueCheck;

  constructor(cells: Cells<T[]>, check: ValueCheck) {
    this.#cells = cells;
    this.#check = check;
  }

  get(): Iterable<T> {
    const values = this.#cells.read();
    return values === undefined ? NOTHING : new ListView(values);
  }

  add(value: T): void {
    this.#check.check(value);
    const values = this.#cells.read();
    if (values === undefined) this.#cells.write([value]);
    else values.push(value);
  }

  addAll(values: Iterable<T>): void {
    for (const value of [...values]) this.add(value);
  }

  update(values: Iterable<T>): void {
    const list = [...values];
    for (const value of list) this.#check.check(value);
    if (list.length === 0) this.#cells.remove();
    else this.#cells.write(list);
  }

  clear(): void {
    this.#cells.remove();
  }

  /** A list that a view may be reading is left as it was. */
  merge(a: T[], b: T[]): T[] {
    return [...a, ...b];
  }
}

export class HeapMapState<N, V> implements MapState<N, V> {
  readonly #cells: Cells<NameMap<N, V>>;
  readonly #names: ValueCheck;
  readonly #values: ValueCheck;

  constructor(cells: Cells<NameMap<N, V>>, names: ValueCheck, values: ValueCheck) {
    this.#cells = cells;
    this.#names = names;
    this.#values = values;
  }

  get(name: N): V | undefined {
    return this.#cells.read()?.get(name);
  }

  contains(name: N): boolean {
    return this.get(name) !== undefined;
  }

  isEmpty(): boolean {
    return this.#cells.read() === undefined;
  }

  entries(): Iterable<[N, V]> {
    return this.#cells.read()?.entries() ?? NOTHING;
  }

  *keys(): Iterable<N> {
    for (const [name] of this.entries()) yield name;
  }

  *values(): Iterable<V> {
    for (const [, value] of this.entries()) yield value;
  }

  put(name: N, value: V): void {
    this.#names.check(name);
    this.#values.check(value);
    let map = this.#cells.read();
    if (map === undefined) {
      map = new NameMap();
      map.set(name, value);
      this.#cells.write(map);
    } else map.set(name, value);
  }

  putAll(entries: Iterable<readonly [N, V]>): void {
    for (const [name, value] of [...entries]) this.put(name, value);
  }

  remove(name: N): void {
    const map = this.#cells.read();
    if (map === undefined) return;
    map.delete(name);
    if (map.size === 0) this.#cells.remove();
  }

  clear(): void {
    this.#cells.remove();
  }
}

export class HeapReducingState<T> implements ReducingState<T>, Mergeable<T> {
  readonly #cells: Cells<T>;
  readonly #check: ValueCheck;
  readonly #reducer: (a: T, b: T) => T;

  constructor(cells: Cells<T>, check: ValueCheck, reducer: (a: T, b: T) => T) {
    this.#cells = cells;
    this.#check = check;
    this.#reducer = reducer;
  }

  get(): T | undefined {
    return this.#cells.read();
  }

  add(value: T): void {
    this.#check.check(value);
    const before = this.#cells.read();
    this.#cells.write(before === undefined ? value : this.merge(before, value));
  }

  clear(): void {
    this.#cells.remove();
  }

  merge(a: T, b: T): T {
    const reducer = this.#reducer;
    const reduced = reducer(a, b);
    this.#check.check(reduced);
    return reduced;
  }
}

export class HeapAggregatingState<I, ACC, R> implements AggregatingState<I, R>, Mergeable<ACC> {
  readonly #cells: Cells<ACC>;
  readonly #check: ValueCheck;
  readonly #aggregate: AggregateFunction<I, ACC, R>;
  readonly #name: string;

  constructor(cells: Cells<ACC>, check: ValueCheck, aggregate: AggregateFunction<I, ACC, R>, name: string) {
    this.#cells = cells;
    this.#check = check;
    this.#aggregate = aggregate;
    this.#name = name;
  }

  /** A result that is the accumulator itself is a copy: the accumulator may be changed by the next `add`. */
  get(): R | undefined {
    const accumulator = this.#cells.read();
    if (accumulator === undefined) return undefined;
    const result = this.#aggregate.getResult(accumulator);
    return (result as unknown) === accumulator ? this.#check.copy(result) : result;
  }

  add(value: I): void {
    const before = this.#cells.read();
    const after = this.#aggregate.add(value, before === undefined ? this.#aggregate.createAccumulator() : before);
    this.#check.checkMutable(after);
    if (after !== before || this.#cells.keepsTime === true) this.#cells.write(after);
  }

  clear(): void {
    this.#cells.remove();
  }

  merge(a: ACC, b: ACC): ACC {
    if (this.#aggregate.merge === undefined) {
      throw new UsageError(
        `The aggregate function of state '${this.#name}' has no merge, which windows that merge need. Give it merge(a, b).`,
      );
    }
    const merged = this.#aggregate.merge(a, b);
    this.#check.checkMutable(merged);
    return merged;
  }
}
