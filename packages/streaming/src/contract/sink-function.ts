import type { MaybePromise } from './emittable.ts';
import type { FunctionLife } from './rich-function.ts';
import type { SinkContext } from './sink.ts';

/** What the engine calls of a sink function, one call after another: the next when the promise of the last has settled. */
export interface SinkFunctionLife<in T, in C = never> extends FunctionLife<C> {
  readonly invoke: (value: T, context: SinkContext) => MaybePromise<void>;
  readonly writeWatermark?: (timestamp: number) => MaybePromise<void>;
  /** At the end of the input, before `close`; not after a failure. */
  readonly finish?: () => MaybePromise<void>;
}
