import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { Emittable } from '../contract/emittable.ts';
import type { FunctionLife } from '../contract/rich-function.ts';
import type { AsyncCall, AsyncRetry } from '../operators/async-request.ts';
import { asyncWaitOperator } from '../operators/async-wait-operator.ts';
import {
  type AsyncContext,
  type AsyncOptions,
  type AsyncRetryStrategy,
  RichAsyncFunction,
  type RichAsyncFunctionLike,
} from './async-function.ts';
import { DataStream } from './data-stream.ts';
import { show } from './function-checks.ts';
import { functionFactory } from './function-factory.ts';
import { type RuntimeContext, runtimeContextOf } from './runtime-context.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';

/** The promise of a function yields one record; `undefined` emits nothing. */
export type AsyncWait = <T, R extends Emittable>(
  stream: DataStream<T>,
  fn: ((value: T, context: AsyncContext) => PromiseLike<R | undefined>) | RichAsyncFunctionLike<T, R>,
  options: AsyncOptions<NoInfer<R>>,
) => SingleOutputStreamOperator<R>;

const CAPACITY = 100;

/**
 * Asks a database or a service about each record without waiting for one answer before the next request. Flink: `AsyncDataStream`.
 *
 * ```ts
 * const cities = AsyncDataStream.unorderedWait(clicks, async ({ user }, { signal }) => await cityOf(user, signal), { timeout: '5 s' });
 * ```
 */
export const AsyncDataStream: { readonly orderedWait: AsyncWait; readonly unorderedWait: AsyncWait } = {
  /** Results leave in the order of the records. */
  orderedWait: (stream, fn, options) => wait('orderedWait', { stream, fn, options }),
  /** Results leave as they come, but not across a watermark: event time stays right. */
  unorderedWait: (stream, fn, options) => wait('unorderedWait', { stream, fn, options }),
};

interface Arguments {
  readonly stream: unknown;
  readonly fn: unknown;
  readonly options: unknown;
}

function wait<R>(where: 'orderedWait' | 'unorderedWait', { stream, fn, options }: Arguments): SingleOutputStreamOperator<R> {
  if (!(stream instanceof DataStream)) throw new UsageError(`${where} got ${show(stream)}. Give it a stream.`);
  const create = functionOf(fn, where);
  const settings = settingsOf(options, where);
  const isOrdered = where === 'orderedWait';
  return stream.asynchronous<R>((parameters) => ({
    logic: asyncWaitOperator<RuntimeContext>({
      ...settings,
      isOrdered,
      create,
      runtimeContext: (context) => runtimeContextOf(context, parameters),
    }),
  }));
}

interface AsyncFunction {
  readonly call: AsyncCall;
  readonly life: FunctionLife<RuntimeContext>;
}

function functionOf(fn: unknown, where: string): () => AsyncFunction {
  if (typeof fn === 'function' && !/^class\b/.test(Function.prototype.toString.call(fn))) {
    const plain = fn as (value: unknown, context: AsyncContext) => unknown;
    const invoke: AsyncCall['invoke'] = (value, _result, signal) => plain(value, { signal });
    return () => ({ call: { name: 'the asynchronous function', givesPromise: true, invoke, timeout: undefined }, life: {} });
  }
  const what = 'an async function, or an object with a method asyncInvoke';
  const create = functionFactory<RichAsyncFunctionLike<unknown, unknown>>(fn, {
    where,
    what,
    methods: ['asyncInvoke'],
    asynchronous: true,
  });
  return () => richFunctionOf(create());
}

function richFunctionOf(rich: RichAsyncFunctionLike<unknown, unknown>): AsyncFunction {
  const inherited = rich.timeout === undefined || rich.timeout === RichAsyncFunction.prototype.timeout;
  const invoke: AsyncCall['invoke'] = (value, result) => rich.asyncInvoke(value, result);
  const timeout: AsyncCall['timeout'] = inherited ? undefined : (value, result) => rich.timeout?.(value, result);
  return { call: { name: 'asyncInvoke', givesPromise: false, invoke, timeout }, life: rich };
}

function settingsOf(options: unknown, where: string) {
  if (typeof options !== 'object' || options === null || (options as { timeout?: unknown }).timeout === undefined)
    throw new UsageError(`${where} got ${show(options)} as its options. Give it a timeout at least: { timeout: '5 s' }.`);
  const { timeout, capacity = CAPACITY, retry } = options as AsyncOptions<never>;
  const timeoutMs = millisOf(timeout, `The timeout of ${where}`, 1);
  checkWhole(capacity, `The capacity of ${where}`);
  return { timeoutMs, capacity, retry: retry === undefined ? undefined : retryOf(retry, where) };
}

function retryOf(retry: AsyncRetryStrategy<never>, where: string): AsyncRetry {
  const { maxAttempts, delay } = retry;
  const ifResult = predicate(retry.ifResult, `retry.ifResult of ${where}`);
  const ifException = predicate(retry.ifException, `retry.ifException of ${where}`) ?? (() => ifResult === undefined);
  checkWhole(maxAttempts, `retry.maxAttempts of ${where}`);
  const ofResults = (results: readonly unknown[]) =>
    ifResult !== undefined && (results.length === 0 ? ifResult(undefined) : results.some((result) => ifResult(result)));
  return { maxAttempts, delayMs: millisOf(delay, `retry.delay of ${where}`, 0), ifResult: ofResults, ifException };
}

function predicate(given: unknown, what: string): ((value: unknown) => boolean) | undefined {
  if (given === undefined || typeof given === 'function') return given as ((value: unknown) => boolean) | undefined;
  throw new UsageError(`${what} is ${show(given)}. Give it a function that returns true or false.`);
}

function millisOf(duration: DurationLike, what: string, min: number): number {
  const millis = Duration.from(duration).toMillis();
  if (millis < min) throw new UsageError(`${what} is ${millis} ms. Give ${min} ms or more.`);
  return millis;
}

function checkWhole(value: unknown, what: string): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    throw new UsageError(`${what} is ${show(value)}. Give a whole number of 1 or more.`);
}
