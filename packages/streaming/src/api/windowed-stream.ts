import type { DurationLike } from '@millrace/core/config/duration';
import type { Emittable } from '../contract/emittable.ts';
import type { AggregateFunction } from '../contract/functions.ts';
import type { OutputTag } from '../contract/output-tag.ts';
import type { Evictor } from '../window/evictor.ts';
import type { ProcessWindowContext } from '../window/process-window-context.ts';
import type { Trigger } from '../window/trigger.ts';
import type { Window } from '../window/window.ts';
import type { WindowAssigner } from '../window/window-assigner.ts';
import { type FieldAggregation, fieldAverage, fieldReducer } from './field-reducer.ts';
import { folded } from './fold.ts';
import { checkFunction, checkPlainFunction } from './function-checks.ts';
import type { ProcessWindowFunctionLike } from './process-window-functions.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { WindowedInput } from './stream-scope.ts';
import type { Comparable, FieldOf, Summable } from './stream-types.ts';
import { type AnyFunction, type FunctionMaker, isPlain, processing, WindowDefinition } from './window-definition.ts';

/** Makes the record of a window that fires from its value; `undefined` emits nothing. Or the object of a function class, which emits through its collector. */
export type WindowResult<K, W extends Window, V, R> =
  | ((key: K, window: W, value: V, context: ProcessWindowContext<W>) => R | undefined)
  | ProcessWindowFunctionLike<V, R, K, W>;

/** The same, from all elements of the window. */
export type WindowProcess<K, W extends Window, T, R> =
  | ((key: K, context: ProcessWindowContext<W>, elements: Iterable<T>) => R | undefined)
  | ProcessWindowFunctionLike<T, R, K, W>;

/**
 * The records of each key and window. An event-time window fires when the watermark reaches its last millisecond, and once more for each record that comes after that
 * and is within the allowed lateness; a trigger of your own decides otherwise. Results carry the window's last millisecond as their timestamp.
 */
export class WindowedStream<out T, out K, out W extends Window> {
  readonly #definition: WindowDefinition;
  /** For the compiler only. */
  declare protected readonly holds: readonly [T, K, W];

  /** Internal: made by `window`. */
  constructor(input: WindowedInput<T, K>, assigner: WindowAssigner<T, W>) {
    this.#definition = new WindowDefinition(input, assigner, false);
  }

  /** Decides when a window fires, in place of the assigner's own trigger: then the window's end fires nothing, unless the trigger does. */
  trigger(trigger: Trigger<T, W>): this {
    this.#definition.trigger(trigger);
    return this;
  }

  /** Takes elements out of a window when it fires. The window then keeps every element, and aggregates them anew at each firing. */
  evictor(evictor: Evictor<T, W>): this {
    this.#definition.evictor(evictor);
    return this;
  }

  /** For how long after its end, in event time, a window still takes records; each of them fires it again. 0 unless set. */
  allowedLateness(lateness: DurationLike): this {
    this.#definition.allowedLateness(lateness);
    return this;
  }

  /** Where records go that are late for all their windows; read them by `getSideOutput(tag)` of the result. Without a tag they are counted and dropped. */
  sideOutputLateData(tag: OutputTag<T>): this {
    this.#definition.sideOutputLateData(tag);
    return this;
  }

  /** One record per firing, reduced from the window's records; with a second function, what that makes of it and the window. */
  reduce(reducer: (a: T, b: T) => T): SingleOutputStreamOperator<T>;
  reduce<R extends Emittable>(reducer: (a: T, b: T) => T, fn: WindowResult<K, W, T, R>): SingleOutputStreamOperator<R>;
  reduce<R extends Emittable>(reducer: (a: T, b: T) => T, fn?: WindowResult<K, W, T, R>): SingleOutputStreamOperator<T | R> {
    checkPlainFunction(reducer, 'reduce', 'a function from two records to one');
    return this.#definition.reduced(reducer, fn === undefined ? undefined : ofValue(fn, 'reduce'));
  }

  /**
   * One record per firing: the result of an accumulator that takes the window's records one by one; with a second function, what that makes of the result and the
   * window. `merge` lets sliding windows share their work, and windows that merge (sessions) need it.
   *
   * ```ts
   * const visits = byUser
   *   .window(TumblingEventTimeWindows.of('1 h'))
   *   .aggregate({ createAccumulator: () => 0, add: (_click, n) => n + 1, getResult: (n) => n }, (user, window, count) => ({ user, hour: window.start, count }));
   * ```
   */
  aggregate<ACC extends Emittable, R extends Emittable>(aggregate: AggregateFunction<T, ACC, R>): SingleOutputStreamOperator<R>;
  aggregate<ACC extends Emittable, V extends Emittable, R extends Emittable>(
    aggregate: AggregateFunction<T, ACC, V>,
    fn: WindowResult<K, W, V, R>,
  ): SingleOutputStreamOperator<R>;
  aggregate<ACC extends Emittable, V extends Emittable, R extends Emittable>(
    aggregate: AggregateFunction<T, ACC, V>,
    fn?: WindowResult<K, W, V, R>,
  ): SingleOutputStreamOperator<V | R> {
    return this.#definition.aggregated(aggregate, fn === undefined ? undefined : ofValue(fn, 'aggregate'));
  }

  /**
   * One record per firing: what the window's records make of a copy of the initial value, which the function may change and return. Windows that merge (sessions)
   * are refused; with a second function, what that makes of the result and the window.
   *
   * @deprecated Use `aggregate`, whose accumulators windows can merge and share.
   */
  fold<A>(initialValue: A & Emittable, folder: (accumulated: A, value: T) => A): SingleOutputStreamOperator<A>;
  fold<A, R extends Emittable>(
    initialValue: A & Emittable,
    folder: (accumulated: A, value: T) => A,
    fn: WindowResult<K, W, A, R>,
  ): SingleOutputStreamOperator<R>;
  fold<A, R extends Emittable>(
    initialValue: A & Emittable,
    folder: (accumulated: A, value: T) => A,
    fn?: WindowResult<K, W, A, R>,
  ): SingleOutputStreamOperator<A | R> {
    return this.#definition.folded(folded<T, A>(initialValue, folder), fn === undefined ? undefined : ofValue(fn, 'fold'));
  }

  /** One record per firing, from all elements of the window; `undefined` emits nothing. */
  apply<R extends Emittable>(fn: (key: K, window: W, elements: Iterable<T>) => R | undefined): SingleOutputStreamOperator<R> {
    checkPlainFunction(fn, 'apply', 'a function from key, window and elements to one record');
    const call = fn as (key: unknown, window: unknown, elements: unknown) => unknown;
    return this.#definition.collected(() => (key, window, elements) => call(key, window, elements));
  }

  /** Any number of records per firing, from all elements of the window: an iterable, emitted one by one and lazily. */
  flatApply<R extends Emittable>(fn: (key: K, window: W, elements: Iterable<T>) => Iterable<R> & object): SingleOutputStreamOperator<R> {
    checkFunction(fn, 'flatApply', 'a function from key, window and elements to an iterable of records');
    const call = fn as (key: unknown, window: unknown, elements: unknown) => Iterable<unknown>;
    return this.#definition.collected(() => ({ flat: (key, window, elements) => call(key, window, elements) }));
  }

  /** As `apply`, with the context of the firing; or a ProcessWindowFunction, which may keep state of its own. */
  process<R extends Emittable>(fn: WindowProcess<K, W, T, R>): SingleOutputStreamOperator<R> {
    if (!isPlain(fn)) return this.#definition.collected(rich(fn, 'process', false));
    checkPlainFunction(fn, 'process', 'a function from key, context and elements to one record, or a ProcessWindowFunction');
    const call = fn as unknown as (key: unknown, context: unknown, elements: unknown) => unknown;
    return this.#definition.collected(() => (key, _window, elements, context) => call(key, context, elements));
  }

  /** The sum of a field, or of plain values; the other fields are those of the window's first record. */
  sum(this: WindowedStream<Summable, unknown, Window>): SingleOutputStreamOperator<T>;
  sum<F extends FieldOf<T, Summable>>(field: F): SingleOutputStreamOperator<T>;
  sum(field?: PropertyKey): SingleOutputStreamOperator<T> {
    return this.#aggregated('sum', field);
  }

  /** The least value of a field, or of plain values; the other fields are those of the window's first record. */
  min(this: WindowedStream<Comparable, unknown, Window>): SingleOutputStreamOperator<T>;
  min<F extends FieldOf<T, Comparable>>(field: F): SingleOutputStreamOperator<T>;
  min(field?: PropertyKey): SingleOutputStreamOperator<T> {
    return this.#aggregated('min', field);
  }

  /** The greatest value of a field, or of plain values; the other fields are those of the window's first record. */
  max(this: WindowedStream<Comparable, unknown, Window>): SingleOutputStreamOperator<T>;
  max<F extends FieldOf<T, Comparable>>(field: F): SingleOutputStreamOperator<T>;
  max(field?: PropertyKey): SingleOutputStreamOperator<T> {
    return this.#aggregated('max', field);
  }

  /**
   * The average of a field, or of plain values; the other fields are those of the window's first record. Numbers are averaged as doubles, so the result of whole
   * numbers need not be one; of bigints the remainder is cut off.
   */
  avg(this: WindowedStream<Summable, unknown, Window>): SingleOutputStreamOperator<T>;
  avg<F extends FieldOf<T, Summable>>(field: F): SingleOutputStreamOperator<T>;
  avg(field?: PropertyKey): SingleOutputStreamOperator<T> {
    return this.#definition.aggregated(fieldAverage<T>(field), undefined);
  }

  /** The record with the least value of a field; of equals the first, or the last if `first` is false. */
  minBy<F extends FieldOf<T, Comparable>>(field: F, first = true): SingleOutputStreamOperator<T> {
    return this.#aggregated('minBy', field, first);
  }

  /** The record with the greatest value of a field; of equals the first, or the last if `first` is false. */
  maxBy<F extends FieldOf<T, Comparable>>(field: F, first = true): SingleOutputStreamOperator<T> {
    return this.#aggregated('maxBy', field, first);
  }

  #aggregated(aggregation: FieldAggregation, field: PropertyKey | undefined, first?: boolean): SingleOutputStreamOperator<T> {
    return this.#definition.reduced(fieldReducer<T>(aggregation, field, first), undefined);
  }
}

/** The second function of `reduce` and `aggregate`. */
function ofValue(fn: unknown, where: string): FunctionMaker {
  if (!isPlain(fn)) return rich(fn, `the window function of ${where}`, true);
  checkPlainFunction(fn, `the window function of ${where}`, 'a function from key, window and value to one record');

  return () => fn as AnyFunction;
}

function rich(fn: unknown, where: string, isValue: boolean): FunctionMaker {
  const what = 'a function, or a ProcessWindowFunction';
  return processing(fn, { where, what, methods: ['process'] }, { hasKey: true, isValue });
}
