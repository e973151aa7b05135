/** What the API says of a windowed stream; what `windowOperator` makes a running operator of. */
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { Collector, Nothing } from '../contract/emittable.ts';
import type { AggregateFunction } from '../contract/functions.ts';
import type { KeyContext, OperatorContext } from '../contract/operator.ts';
import type { Evictor } from '../window/evictor.ts';
import type { ProcessWindowContext } from '../window/process-window-context.ts';
import type { Trigger } from '../window/trigger.ts';
import type { Window } from '../window/window.ts';
import type { WindowAssigner } from '../window/window-assigner.ts';
import type { FunctionCalls } from './function-life.ts';

/** How the records of a window become one value: an accumulator's result, one record, or, with `elements`, an array of all (V is then `readonly T[]`). */
export type WindowAggregation<T, ACC, V> =
  | { readonly kind: 'aggregate'; readonly fn: AggregateFunction<T, ACC, V>; readonly accumulatorType?: TypeInformation<ACC> | undefined }
  | { readonly kind: 'reduce'; readonly fn: (a: T, b: T) => T; readonly type?: TypeInformation<T> | undefined }
  | { readonly kind: 'elements'; readonly type?: TypeInformation<T> | undefined };

/** One record for each firing. `undefined` emits nothing; a promise is refused. */
export type WindowFunction<K, W extends Window, V, R> = (key: K, window: W, value: V, context: ProcessWindowContext<W>) => R | undefined;

/** Any number of records for each firing, emitted lazily. */
export interface FlatWindowFunction<K, W extends Window, V, R> {
  readonly flat: (key: K, window: W, value: V, context: ProcessWindowContext<W>) => Iterable<R>;
}

/** An object for each subtask that emits through a collector: a ProcessWindowFunction, or an adapter for one. */
export interface RichWindowFunction<K, W extends Window, V, R> {
  readonly create: (context: OperatorContext) => WindowProcessor<K, W, V, R>;
}

export interface WindowProcessor<in K, in W extends Window, in V, out R> {
  /** Of a rich function. */
  readonly life: FunctionCalls | undefined;
  readonly process: (key: K, context: ProcessWindowContext<W>, value: V, out: Collector<R>) => Nothing;
  /** The window goes. */
  readonly clear: ((context: ProcessWindowContext<W>) => Nothing) | undefined;
}

export type AnyWindowFunction<K, W extends Window, V, R> =
  | WindowFunction<K, W, V, R>
  | FlatWindowFunction<K, W, V, R>
  | RichWindowFunction<K, W, V, R>;

export interface WindowSpec<T, K, W extends Window, ACC, V, R> {
  readonly key: KeyContext<T, K>;
  readonly assigner: WindowAssigner<NoInfer<T>, W>;
  readonly aggregation: WindowAggregation<T, ACC, V>;
  /** Without one the value of the window is emitted as it is. */
  readonly windowFunction?: AnyWindowFunction<K, W, V, R> | undefined;
  /** In place of the assigner's own. */
  readonly trigger?: Trigger<NoInfer<T>, W> | undefined;
  readonly evictor?: Evictor<NoInfer<T>, W> | undefined;
  readonly allowedLatenessMs?: number; // 0 by default
  /** The side output that gets what is late for all its windows; without one that is counted and dropped. */
  readonly lateTagId?: string | undefined;
}

export function accumulatorTypeOf<T, ACC, V>(aggregation: WindowAggregation<T, ACC, V>): TypeInformation<ACC> | undefined {
  if (aggregation.kind === 'aggregate') return aggregation.accumulatorType;
  if (aggregation.kind === 'elements') return undefined; // learned: a list of records
  return aggregation.type as TypeInformation<ACC> | undefined; // a reducer's accumulator is a record
}

/** The function, where it is a plain one or none. */
export function plainFunctionOf<K, W extends Window, V, R>(
  fn: AnyWindowFunction<K, W, V, R> | undefined,
): WindowFunction<K, W, V, R> | undefined {
  return typeof fn === 'function' ? fn : undefined;
}
