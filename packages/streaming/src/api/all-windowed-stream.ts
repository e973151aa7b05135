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
import type { ProcessAllWindowFunctionLike } from './process-window-functions.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { WindowedInput } from './stream-scope.ts';
import type { Comparable, FieldOf, Summable } from './stream-types.ts';
import { type FunctionMaker, isPlain, processing, WindowDefinition } from './window-definition.ts';

/** Makes the record of a window that fires from its value; `undefined` emits nothing. Or the object of a function class, which emits through its collector. */
export type AllWindowResult<W extends Window, V, R> =
  | ((window: W, value: V, context: ProcessWindowContext<W>) => R | undefined)
  | ProcessAllWindowFunctionLike<V, R, W>;

/** The same, from all elements of the window. */
export type AllWindowProcess<W extends Window, T, R> =
  | ((context: ProcessWindowContext<W>, elements: Iterable<T>) => R | undefined)
  | ProcessAllWindowFunctionLike<T, R, W>;

/**
 * The records of each window, of all keys together and so in one subtask, whatever the parallelism of the job. Where there is a key, windows of a keyed stream are
 * the ones that grow with the machine.
 */
export class AllWindowedStream<out T, out W extends Window> {
  readonly #definition: WindowDefinition;
  /** For the compiler only. */
  declare protected readonly holds: readonly [T, W];

  /** Internal: made by `windowAll`. */
  constructor(input: WindowedInput<T, unknown>, assigner: WindowAssigner<T, W>) {
    this.#definition = new WindowDefinition(input, assigner, true);
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
  reduce<R extends Emittable>(reducer: (a: T, b: T) => T, fn: AllWindowResult<W, T, R>): SingleOutputStreamOperator<R>;
  reduce<R extends Emittable>(reducer: (a: T, b: T) => T, fn?: AllWindowResult<W, T, R>): SingleOutputStreamOperator<T | R> {
    checkPlainFunction(reducer, 'reduce', 'a function from two records to one');
    return this.#definition.reduced(reducer, fn === undefined ? undefined : ofValue(fn, 'reduce'));
  }

  /**
   * One record per firing: the result of an accumulator that takes the window's records one by one; with a second function, what that makes of the result and the
   * window. `merge` lets sliding windows share their work, and windows that merge (sessions) need it.
   */
  aggregate<ACC extends Emittable, R extends Emittable>(aggregate: AggregateFunction<T, ACC, R>): SingleOutputStreamOperator<R>;
  aggregate<ACC extends Emittable, V extends Emittable, R extends Emittable>(
    aggregate: AggregateFunction<T, ACC, V>,
    fn: AllWindowResult<W, V, R>,
  ): SingleOutputStreamOperator<R>;
  aggregate<ACC extends Emittable, V extends Emittable, R extends Emittable>(
    aggregate: AggregateFunction<T, ACC, V>,
    fn?: AllWindowResult<W, V, R>,
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
    fn: AllWindowResult<W, A, R>,
  ): SingleOutputStreamOperator<R>;
  fold<A, R extends Emittable>(
    initialValue: A & Emittable,
    folder: (accumulated: A, value: T) => A,
    fn?: AllWindowResult<W, A, R>,
  ): SingleOutputStreamOperator<A | R> {
    return this.#definition.folded(folded<T, A>(initialValue, folder), fn === undefined ? undefined : ofValue(fn, 'fold'));
  }

  /** One record per firing, from all elements of the window; `undefined` emits nothing. */
  apply<R extends Emittable>(fn: (window: W, elements: Iterable<T>) => R | undefined): SingleOutputStreamOperator<R> {
    checkPlainFunction(fn, 'apply', 'a function from window and elements to one record');
    const call = fn as (window: unknown, elements: unknown) => unknown;
    return this.#definition.collected(() => (_key, window, elements) => call(window, elements));
  }

  /** Any number of records per firing, from all elements of the window: an iterable, emitted one by one and lazily. */
  flatApply<R extends Emittable>(fn: (window: W, elements: Iterable<T>) => Iterable<R> & object): SingleOutputStreamOperator<R> {
    checkFunction(fn, 'flatApply', 'a function from window and elements to an iterable of records');
    const call = fn as (window: unknown, elements: unknown) => Iterable<unknown>;
    return this.#definition.collected(() => ({ flat: (_key, window, elements) => call(window, elements) }));
  }

  /** As `apply`, with the context of the firing; or a ProcessAllWindowFunction, which may keep state of its own. */
  process<R extends Emittable>(fn: AllWindowProcess<W, T, R>): SingleOutputStreamOperator<R> {
    if (!isPlain(fn)) return this.#definition.collected(rich(fn, 'process', false));
    checkPlainFunction(fn, 'process', 'a function from context and elements to one record, or a ProcessAllWindowFunction');
    const call = fn as unknown as (context: unknown, elements: unknown) => unknown;
    return this.#definition.collected(() => (_key, _window, elements, context) => call(context, elements));
  }

  /** The sum of a field, or of plain values; the other fields are those of the window's first record. */
  sum(this: AllWindowedStream<Summable, Window>): SingleOutputStreamOperator<T>;
  sum<F extends FieldOf<T, Summable>>(field: F): SingleOutputStreamOperator<T>;
  sum(field?: PropertyKey): SingleOutputStreamOperator<T> {
    return this.#aggregated('sum', field);
  }

  /** The least value of a field, or of plain values; the other fields are those of the window's first record. */
  min(this: AllWindowedStream<Comparable, Window>): SingleOutputStreamOperator<T>;
  min<F extends FieldOf<T, Comparable>>(field: F): SingleOutputStreamOperator<T>;
  min(field?: PropertyKey): SingleOutputStreamOperator<T> {
    return this.#aggregated('min', field);
  }

  /** The greatest value of a field, or of plain values; the other fields are those of the window's first record. */
  max(this: AllWindowedStream<Comparable, Window>): SingleOutputStreamOperator<T>;
  max<F extends FieldOf<T, Comparable>>(field: F): SingleOutputStreamOperator<T>;
  max(field?: PropertyKey): SingleOutputStreamOperator<T> {
    return this.#aggregated('max', field);
  }

  /**
   * The average of a field, or of plain values; the other fields are those of the window's first record. Numbers are averaged as doubles, so the result of whole
   * numbers need not be one; of bigints the remainder is cut off.
   */
  avg(this: AllWindowedStream<Summable, Window>): SingleOutputStreamOperator<T>;
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
  checkPlainFunction(fn, `the window function of ${where}`, 'a function from window and value to one record');
  const call = fn as (window: unknown, value: unknown, context: unknown) => unknown;
  return () => (_key, window, value, context) => call(window, value, context);
}

function rich(fn: unknown, where: string, isValue: boolean): FunctionMaker {
  const what = 'a function, or a ProcessAllWindowFunction';
  return processing(fn, { where, what, methods: ['process'] }, { hasKey: false, isValue });
}
