/**
 * The contents of a window with an evictor: every element with its timestamp. At each firing the evictor says which stay, before and after the window function;
 * the others are gone. An aggregate is computed anew from those that stay.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { KeyedStateBackend, ListState, NamespacedState, NamespaceType } from '../contract/keyed-state.ts';
import { ListStateDescriptor } from '../contract/state-descriptor.ts';
import { NO_TIMESTAMP } from '../contract/timestamp.ts';
import type { Evictor, EvictorContext, TimestampedValue } from '../window/evictor.ts';
import type { Window } from '../window/window.ts';
import type { WindowContents } from './window-contents.ts';
import type { WindowAggregation } from './window-spec.ts';

export interface EvictingPorts<T, ACC, V, W extends Window> {
  readonly backend: KeyedStateBackend;
  readonly namespaces: NamespaceType<W>;
  readonly aggregation: WindowAggregation<T, ACC, V>;
  readonly evictor: Evictor<T, W>;
  readonly context: EvictorContext;
}

/** As it is stored: a record without a timestamp says so by leaving it out. */
type Stored<T> = readonly [value: T] | readonly [value: T, timestamp: number];

export class EvictingContents<T, ACC, V, W extends Window> implements WindowContents<T, W, V> {
  readonly #state: NamespacedState<ListState<Stored<T>>, W>;
  readonly #ports: EvictingPorts<T, ACC, V, W>;
  #here: ListState<Stored<T>> | undefined;

  constructor(ports: EvictingPorts<T, ACC, V, W>) {
    this.#state = ports.backend.getNamespacedState(new ListStateDescriptor<Stored<T>>('window-contents'), ports.namespaces);
    this.#ports = ports;
    this.#here = undefined;
  }

  at(window: W): void {
    this.#here = this.#state.at(window);
  }

  add(record: T, timestamp: number): void {
    this.#here?.add(timestamp === NO_TIMESTAMP ? [record] : [record, timestamp]);
  }

  evaluate(window: W, emit: (value: V) => void): void {
    const all = Array.from(this.#here?.get() ?? [], ([value, timestamp]) => ({ value, timestamp }));
    if (all.length === 0) return;
    const { evictor, context } = this.#ports;
    let kept: readonly TimestampedValue<T>[] = all;
    if (evictor.evictBefore !== undefined) kept = checked(evictor.evictBefore(kept, window, context), all, 'evictBefore');
    const value = this.#valueOf(kept);
    if (value !== undefined) emit(value);
    if (evictor.evictAfter !== undefined) kept = checked(evictor.evictAfter(kept, window, context), all, 'evictAfter');
    if (kept.length < all.length)
      this.#here?.update(kept.map(({ value: one, timestamp }) => (timestamp === undefined ? [one] : [one, timestamp])));
  }

  clear(): void {
    this.#here?.clear();
  }

  merge(target: W, sources: readonly W[]): void {
    this.#state.mergeNamespaces(target, sources);
  }

  #valueOf(kept: readonly TimestampedValue<T>[]): V | undefined {
    const { aggregation } = this.#ports;
    const values = kept.map(({ value }) => value);
    if (aggregation.kind === 'elements') return values as unknown as V;
    if (aggregation.kind === 'reduce')
      return values.length === 0 ? undefined : (values.reduce((a, b) => aggregation.fn(a, b)) as unknown as V);
    const { fn } = aggregation;
    let accumulator = fn.createAccumulator();
    for (const value of values) accumulator = fn.add(value, accumulator);
    return fn.getResult(accumulator);
  }
}

function checked<T>(kept: unknown, all: readonly TimestampedValue<T>[], method: string): readonly TimestampedValue<T>[] {
  if (typeof kept !== 'object' || kept === null || !(Symbol.iterator in kept)) {
    const seen =
      kept instanceof Promise ? 'a promise' : kept === undefined ? 'nothing' : typeof kept === 'object' ? 'an object' : `a ${typeof kept}`;
    throw new UsageError(`${method} of an evictor returned ${seen}. Return the elements that stay, as an array or another iterable.`);
  }
  const known = new Set(all);
  const list = [...(kept as Iterable<TimestampedValue<T>>)];
  if (list.every((element) => known.has(element))) return list;
  throw new UsageError(
    `${method} of an evictor returned an element that it was not given. Return some of the given elements, as they are.`,
  );
}
