/** Flink's SourceFunction: one method that emits until it is done. The form that is quickest to write; what can be read again from a position is better a split source. */
import type { MaybePromise } from './emittable.ts';
import type { CheckpointedFunction, FunctionLife } from './rich-function.ts';

/**
 * What `run` emits through.
 *
 * Await what `collect` returns: it is a promise while what follows is busy, and memory stays bounded by that alone. State that says how far `run` has come is changed
 * right behind the awaited call, with no other `await` between: then a checkpoint has either both or neither. (Flink takes a lock for this; JavaScript needs none.)
 * After the source was canceled, every call throws.
 */
export interface SourceContext<in T> {
  /** Aborted when the source is canceled; hand it on to `fetch`, timers and streams. */
  readonly signal: AbortSignal;
  collect(record: T): MaybePromise<void>;
  /** In milliseconds since the epoch. */
  collectWithTimestamp(record: T, timestamp: number): MaybePromise<void>;
  /** No record with a timestamp up to this one follows, or it is late. */
  emitWatermark(timestamp: number): void;
  /** Until the next record or watermark, this source does not hold the watermark back. */
  markAsTemporarilyIdle(): void;
}

/** What the engine calls of a source function. */
export interface SourceFunctionLife<out T, in C = never> extends FunctionLife<C> {
  readonly initializeState?: CheckpointedFunction['initializeState'];
  readonly run: (context: SourceContext<T>) => MaybePromise<void>;
  readonly cancel?: () => void;
}
