/** What the API says of a windowed stream; what `windowOperator` makes a running operator of. */
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { AggregateFunction } from '../contract/functions.ts';
import type { KeyContext } from '../contract/operator.ts';
import type { ProcessWindowContext } from '../window/process-window-context.ts';
import type { Window } from '../window/window.ts';
import type { WindowAssigner } from '../window/window-assigner.ts';

/** How the records of a window become one value. */
export type WindowAggregation<T, ACC, V> =
  | { readonly kind: 'aggregate'; readonly fn: AggregateFunction<T, ACC, V>; readonly accumulatorType?: TypeInformation<ACC> | undefined }
  | { readonly kind: 'reduce'; readonly fn: (a: T, b: T) => T; readonly type?: TypeInformation<T> | undefined };

/** `undefined` emits nothing; a promise is refused. */
export type WindowFunction<K, W extends Window, V, R> = (key: K, window: W, value: V, context: ProcessWindowContext<W>) => R | undefined;

export interface WindowSpec<T, K, W extends Window, ACC, V, R> {
  readonly key: KeyContext<T, K>;
  readonly assigner: WindowAssigner<T, W>;
  readonly aggregation: WindowAggregation<T, ACC, V>;
  /** Without one the value of the window is emitted as it is. */
  readonly windowFunction?: WindowFunction<K, W, V, R> | undefined;
  readonly allowedLatenessMs?: number; // 0 by default
  /** The side output that gets what is late for all its windows; without one that is counted and dropped. */
  readonly lateTagId?: string | undefined;
}

export function accumulatorTypeOf<T, ACC, V>(aggregation: WindowAggregation<T, ACC, V>): TypeInformation<ACC> | undefined {
  if (aggregation.kind === 'aggregate') return aggregation.accumulatorType;
  return aggregation.type as TypeInformation<ACC> | undefined; // a reducer's accumulator is a record
}
