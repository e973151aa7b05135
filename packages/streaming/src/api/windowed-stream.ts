import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { AnyTypeInformation, TypeInformation } from '@millrace/core/types/type-information';
import type { Emittable } from '../contract/emittable.ts';
import type { AggregateFunction } from '../contract/functions.ts';
import type { KeyContext } from '../contract/operator.ts';
import { OutputTag } from '../contract/output-tag.ts';
import { windowOperator } from '../operators/window-operator.ts';
import type { WindowAggregation, WindowFunction } from '../operators/window-spec.ts';
import type { ProcessWindowContext } from '../window/process-window-context.ts';
import type { TimeWindow } from '../window/time-window.ts';
import type { Window } from '../window/window.ts';
import type { WindowAssigner } from '../window/window-assigner.ts';
import { type FieldAggregation, fieldReducer } from './field-reducer.ts';
import { checkPlainFunction, show } from './function-checks.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { WindowedInput } from './stream-scope.ts';
import type { Comparable, FieldOf, Summable } from './stream-types.ts';

/** Makes the record of a window that fires; `undefined` emits nothing. */
export type WindowResult<K, W extends Window, V, R> = (key: K, window: W, value: V, context: ProcessWindowContext<W>) => R | undefined;

/**
 * The records of each key and window. A window fires when the watermark reaches its last millisecond, and once more for each record that comes after that and is
 * within the allowed lateness. Results carry the window's last millisecond as their timestamp.
 */
export class WindowedStream<out T, out K, out W extends Window> {
  readonly #input: WindowedInput<never, unknown>;
  readonly #assigner: WindowAssigner<never, never>;
  #allowedLatenessMs = 0;
  #lateTag: OutputTag<never> | undefined;
  /** For the compiler only. */
  declare protected readonly holds: readonly [T, K, W];

  /** Internal: made by `window`. */
  constructor(input: WindowedInput<T, K>, assigner: WindowAssigner<T, W>) {
    this.#input = input as unknown as WindowedInput<never, unknown>;
    this.#assigner = assigner as unknown as WindowAssigner<never, never>;
  }

  /** For how long after its end, in event time, a window still takes records; each of them fires it again. 0 unless set. */
  allowedLateness(lateness: DurationLike): this {
    const millis = Duration.from(lateness).toMillis();
    if (millis < 0) throw new UsageError(`allowedLateness got ${millis} ms. Give a duration of 0 ms or more.`);
    this.#allowedLatenessMs = millis;
    return this;
  }

  /** Where records go that are late for all their windows; read them by `getSideOutput(tag)` of the result. Without a tag they are counted and dropped. */
  sideOutputLateData(tag: OutputTag<T>): this {
    if (!(tag instanceof OutputTag)) throw new UsageError(`sideOutputLateData got ${show(tag)}. Give it an OutputTag.`);
    this.#lateTag = tag as unknown as OutputTag<never>;
    return this;
  }

  /** One record per firing, reduced from the window's records; with a second function, what that makes of it, the key and the window. */
  reduce(reducer: (a: T, b: T) => T): SingleOutputStreamOperator<T>;
  reduce<R extends Emittable>(reducer: (a: T, b: T) => T, fn: WindowResult<K, W, T, R>): SingleOutputStreamOperator<R>;
  reduce<R extends Emittable>(reducer: (a: T, b: T) => T, fn?: WindowResult<K, W, T, R>): SingleOutputStreamOperator<T | R> {
    checkPlainFunction(reducer, 'reduce', 'a function from two records to one');
    return this.#reduced(reducer, fn);
  }

  /**
   * One record per firing: the result of an accumulator that takes the window's records one by one; with a second function, what that makes of the result, the
   * key and the window. `merge` lets sliding windows share their work.
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
    checkAggregate(aggregate);
    if (fn !== undefined) checkWindowFunction(fn, 'aggregate');
    return this.#add(
      { kind: 'aggregate', fn: aggregate as unknown as AggregateFunction<unknown, unknown, unknown> },
      fn as AnyWindowFunction,
      undefined,
    );
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

  /** The record with the least value of a field; of equals the first, or the last if `first` is false. */
  minBy<F extends FieldOf<T, Comparable>>(field: F, first = true): SingleOutputStreamOperator<T> {
    return this.#aggregated('minBy', field, first);
  }

  /** The record with the greatest value of a field; of equals the first, or the last if `first` is false. */
  maxBy<F extends FieldOf<T, Comparable>>(field: F, first = true): SingleOutputStreamOperator<T> {
    return this.#aggregated('maxBy', field, first);
  }

  #aggregated(aggregation: FieldAggregation, field: PropertyKey | undefined, first?: boolean): SingleOutputStreamOperator<T> {
    return this.#reduced(fieldReducer<T>(aggregation, field, first), undefined);
  }

  #reduced<R>(reducer: (a: T, b: T) => T, fn: WindowResult<K, W, T, R> | undefined): SingleOutputStreamOperator<T | R> {
    if (fn !== undefined) checkWindowFunction(fn, 'reduce');
    const type = this.#input.scope.program.typeOf(this.#input.id);
    const aggregation = { kind: 'reduce', fn: reducer as Reducer, type: type as TypeInformation<unknown> | undefined } as const;
    return this.#add(aggregation, fn as AnyWindowFunction, fn === undefined ? type : undefined);
  }

  /** Types end here: what the public methods have checked is put together for an operator that does not know them. */
  #add<R>(
    aggregation: AnyAggregation,
    windowFunction: AnyWindowFunction,
    type: AnyTypeInformation | undefined,
  ): SingleOutputStreamOperator<R> {
    const { scope, id, key } = this.#input;
    const logic = windowOperator({
      key: key as unknown as KeyContext,
      assigner: this.#assigner as unknown as WindowAssigner<unknown, TimeWindow>,
      aggregation,
      windowFunction,
      allowedLatenessMs: this.#allowedLatenessMs,
      lateTagId: this.#lateTag?.id,
    });
    const operator = { operation: 'Window', name: nameOf(this.#assigner), description: this.#assigner.toString(), logic, type, input: id };
    return scope.streams.operator(scope, scope.program.addOperator(operator));
  }
}

type Reducer = (a: unknown, b: unknown) => unknown;
type AnyAggregation = WindowAggregation<unknown, unknown, unknown>;
type AnyWindowFunction = WindowFunction<unknown, TimeWindow, unknown, unknown> | undefined;

/** `TumblingEventTimeWindows` of `TumblingEventTimeWindows(60000 ms)`: the text and not the class, whose name a bundler may change. */
function nameOf(assigner: WindowAssigner<never, never>): string {
  return /^\w+/.exec(assigner.toString())?.[0] ?? 'Window';
}

function checkAggregate(aggregate: unknown): void {
  const members = aggregate as { readonly [M in keyof AggregateFunction<never, never, unknown>]?: unknown } | undefined;
  for (const member of ['createAccumulator', 'add', 'getResult'] as const) {
    checkPlainFunction(
      members?.[member],
      `${member} of the aggregate function`,
      'a function; an aggregate function has createAccumulator, add and getResult',
    );
  }
  if (members?.merge !== undefined) checkPlainFunction(members.merge, 'merge of the aggregate function');
}

function checkWindowFunction(fn: unknown, where: string): void {
  checkPlainFunction(fn, `the window function of ${where}`, 'a function from key, window and value to one record');
}
