/** Asynchronous functions of `AsyncDataStream`. Flink: "Asynchronous I/O". */
import type { DurationLike } from '@millrace/core/config/duration';
import type { MaybePromise } from '../contract/emittable.ts';
import type { ResultFuture } from '../operators/async-request.ts';
import { RichFunction, type RichFunctionLike } from './rich-functions.ts';

export interface AsyncRetryStrategy<in R> {
  /** The first one counts. */
  readonly maxAttempts: number;
  /** Between an attempt and the next. */
  readonly delay: DurationLike;
  /** Asks again when this is true of a result; of no result it is asked with undefined. */
  readonly ifResult?: (result: R | undefined) => boolean;
  /** Asks again when this is true of an error. With neither of the two, every error is tried again. */
  readonly ifException?: (error: unknown) => boolean;
}

export interface AsyncOptions<in R> {
  /** For the answer to one record, all attempts together. */
  readonly timeout: DurationLike;
  /** Requests in flight in each subtask; 100 unless set. */
  readonly capacity?: number;
  readonly retry?: AsyncRetryStrategy<R>;
}

export interface AsyncContext {
  /** Aborted at the timeout and when the task ends; for `fetch` and its like. */
  readonly signal: AbortSignal;
}

export interface RichAsyncFunctionLike<in T, out R> extends RichFunctionLike {
  readonly asyncInvoke: (value: T, result: ResultFuture<R>) => MaybePromise<void>;
  /** What to give in place of a failure when the time is over. */
  readonly timeout?: (value: T, result: ResultFuture<R>) => MaybePromise<void>;
}

export abstract class RichAsyncFunction<T, R> extends RichFunction {
  abstract asyncInvoke(value: T, result: ResultFuture<R>): MaybePromise<void>;

  /** Fails the job unless it is overridden. */
  timeout(_value: T, _result: ResultFuture<R>): MaybePromise<void> {}
}
