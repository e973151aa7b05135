/**
 * One record's request: its attempts, its timeout and its signal.
 *
 * Owned by the async wait operator, which starts it and cancels it when the task ends.
 * A1 what the user's code tells, it tells by mail; the user's code is called in the task's thread.
 * A2 the request is settled once: with results, or by failing the task. What comes afterwards, or of an attempt that was given up, is ignored.
 * A3 the timeout covers all attempts and the delays between them. It aborts the signal first, then asks the fallback, if there is one.
 */
import type { Cancellation } from '@millrace/core/base/clock';
import { DataError, RetryableError } from '@millrace/core/base/errors';
import type { MaybePromise } from '../contract/emittable.ts';
import { FailingCall } from '../contract/failing-call.ts';
import type { OperatorContext } from '../contract/operator.ts';

/** Where results go; the first call counts. Flink: `ResultFuture`. */
export interface ResultFuture<in R> {
  /** No results at all is a result. */
  complete(results: Iterable<R> & object): void;
  completeExceptionally(error: unknown): void;
}

export interface AsyncCall {
  /** For messages: `asyncInvoke`. */
  readonly name: string;
  /** A plain function gives its one result by its promise; undefined is none. A rich one has its future, and its promise only says whether it failed. */
  readonly givesPromise: boolean;
  readonly invoke: (value: unknown, result: ResultFuture<unknown>, signal: AbortSignal) => unknown;
  /** In place of a failure at the timeout. */
  readonly timeout: ((value: unknown, result: ResultFuture<unknown>) => MaybePromise<void>) | undefined;
}

export interface AsyncRetry {
  readonly maxAttempts: number;
  readonly delayMs: number;
  readonly ifResult: (results: readonly unknown[]) => boolean;
  readonly ifException: (error: unknown) => boolean;
}

export interface AsyncRequestPorts {
  readonly context: Pick<OperatorContext, 'mail' | 'schedule'>;
  readonly call: AsyncCall;
  readonly timeoutMs: number;
  readonly retry: AsyncRetry | undefined;
}

export class AsyncRequest {
  readonly #ports: AsyncRequestPorts;
  readonly #record: unknown;
  readonly #settled: (results: readonly unknown[]) => void;
  readonly #controller = new AbortController();
  #timer: Cancellation | undefined = undefined;
  #delay: Cancellation | undefined = undefined;
  /** How many were begun; what others than the last one say does not count. */
  #attempt = 0;
  #mayRetry = true;
  #isSettled = false;

  constructor(ports: AsyncRequestPorts, record: unknown, settled: (results: readonly unknown[]) => void) {
    this.#ports = ports;
    this.#record = record;
    this.#settled = settled;
  }

  start(): void {
    const { context, timeoutMs } = this.#ports;
    this.#timer = context.schedule(timeoutMs, () => this.#timeOut());
    this.#begin();
  }

  /** The task has ended. */
  cancel(): void {
    this.#end();
    this.#controller.abort(new Error('The task of this request has ended.'));
  }

  #begin(): void {
    const { invoke, givesPromise } = this.#ports.call;
    const future = this.#nextFuture();
    try {
      const returned = invoke(this.#record, future, this.#controller.signal);
      if (isPromise(returned))
        returned.then(
          givesPromise ? (result) => future.complete(result === undefined ? [] : [result]) : undefined,
          future.completeExceptionally,
        );
      else if (givesPromise) future.refuse(new DataError(noPromise(returned)));
    } catch (error) {
      future.completeExceptionally(error);
    }
  }

  #nextFuture(): AttemptFuture {
    const attempt = ++this.#attempt;
    const ifCurrent = (action: () => void) =>
      this.#ports.context.mail(() => {
        if (!this.#isSettled && attempt === this.#attempt) action();
      });
    return new AttemptFuture({
      complete: (results) => ifCurrent(() => this.#complete(results)),
      fail: (error, mayRetry) => ifCurrent(() => this.#failed(error, mayRetry)),
    });
  }

  #complete(results: readonly unknown[]): void {
    const { retry } = this.#ports;
    if (this.#asks(retry, () => retry?.ifResult(results) === true)) return this.#again();
    this.#end();
    this.#settled(results);
  }

  #failed(error: unknown, mayRetry: boolean): void {
    const { retry } = this.#ports;
    if (mayRetry && this.#asks(retry, () => retry?.ifException(error) === true)) return this.#again();
    throw this.#failure(error);
  }

  /** Whether there is another attempt, and the strategy wants it. */
  #asks(retry: AsyncRetry | undefined, wanted: () => boolean): boolean {
    if (retry === undefined || !this.#mayRetry || this.#attempt >= retry.maxAttempts) return false;
    try {
      return wanted();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #again(): void {
    this.#delay = this.#ports.context.schedule(this.#ports.retry?.delayMs ?? 0, () => {
      if (!this.#isSettled && this.#mayRetry) this.#begin();
    });
  }

  #timeOut(): void {
    if (this.#isSettled) return;
    const { timeoutMs, call } = this.#ports;
    const error = new RetryableError(
      `no result came within the timeout of ${timeoutMs} ms. Raise the timeout, or give the function a fallback method timeout.`,
    );
    this.#mayRetry = false;
    this.#delay?.cancel();
    const future = this.#nextFuture();
    this.#controller.abort(error);
    if (call.timeout === undefined) throw this.#failure(error);
    const unanswered = () =>
      future.refuse(new DataError('it ended without completing the result. Call result.complete(…), with [] for no result.'));
    try {
      const returned: unknown = call.timeout(this.#record, future);
      if (isPromise(returned)) returned.then(unanswered, future.completeExceptionally);
      else unanswered();
    } catch (thrown) {
      future.completeExceptionally(thrown);
    }
  }

  #failure(error: unknown): FailingCall {
    const { name, timeout } = this.#ports.call;
    this.#end();
    // After the timeout, what fails is the fallback.
    return FailingCall.ofRecord(this.#mayRetry || timeout === undefined ? name : 'timeout', error, this.#record);
  }

  #end(): void {
    this.#isSettled = true;
    this.#timer?.cancel();
    this.#delay?.cancel();
  }
}

interface AttemptOutcome {
  readonly complete: (results: readonly unknown[]) => void;
  readonly fail: (error: unknown, mayRetry: boolean) => void;
}

/** Its methods may be passed on without their object. */
class AttemptFuture implements ResultFuture<unknown> {
  readonly #outcome: AttemptOutcome;
  #isDone = false;

  constructor(outcome: AttemptOutcome) {
    this.#outcome = outcome;
  }

  readonly complete = (results: unknown): void => {
    const items = itemsOf(results);
    if (items instanceof DataError) this.refuse(items);
    else if (this.#takes()) this.#outcome.complete(items);
  };

  readonly completeExceptionally = (error: unknown): void => {
    if (this.#takes()) this.#outcome.fail(error, true);
  };

  /** Fails the task whatever the retry strategy: the function is wrong, not what it asked. */
  refuse(error: DataError): void {
    if (this.#takes()) this.#outcome.fail(error, false);
  }

  #takes(): boolean {
    const takes = !this.#isDone;
    this.#isDone = true;
    return takes;
  }
}

function itemsOf(results: unknown): readonly unknown[] | DataError {
  if (typeof results !== 'object' || typeof (results as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] !== 'function')
    return new DataError(`complete got ${kindOf(results)}. Give it an iterable of results: [result], or [] for none.`);
  const items = [...(results as Iterable<unknown>)];
  const wrong = items.find((item) => item === undefined || isPromise(item));
  if (items.includes(undefined) || wrong !== undefined)
    return new DataError(`complete got ${kindOf(wrong)} among the results. Give it records; leave out what is none.`);
  return items;
}

function noPromise(returned: unknown): string {
  return `it returned ${kindOf(returned)}, but must return a promise. Use an async function, or map for a synchronous one.`;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  return isPromise(value) ? 'a promise' : 'an object';
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
