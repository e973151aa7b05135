/**
 * Asks a user's asynchronous function about each record, many at a time, and emits what it answers. Flink: `AsyncWaitOperator`.
 *
 * Owns the requests in flight. Called by the chain; answers and timers come back by mail only.
 * W1 at most `capacity` requests are in flight; a record whose results have not left counts. What the upstream sends beyond that waits unstarted.
 * W2 results leave with the timestamp of their record, and in the order that `AsyncResults` says; a watermark never leaves before the results of the records before it.
 * W3 the operator holds one of `flow.blocked` while it is full, while results wait for room behind it, and at the end until everything has left; `resume` gives
 *    it back. Nothing is emitted while anybody else holds one.
 * W4 a checkpoint has every record whose results have not all left, and the control elements between them: a barrier does not wait for answers.
 */
import { estimatedBytesOfMany } from '@millrace/core/types/estimated-size';
import type { MaybePromise } from '../contract/emittable.ts';
import type { MemoryUse } from '../contract/memory-use.ts';
import type { OneInputOperator, OperatorContext, OperatorLogic } from '../contract/operator.ts';
import type { FunctionLife } from '../contract/rich-function.ts';
import type { StateInitializationContext, StateSnapshotContext } from '../contract/snapshot.ts';
import { MAX_WATERMARK } from '../contract/timestamp.ts';
import { type AsyncCall, AsyncRequest, type AsyncRequestPorts, type AsyncRetry } from './async-request.ts';
import { type PendingElement, readPending, writePending } from './async-pending.ts';
import { type AsyncResults, OrderedResults, PendingControl, PendingRecord, UnorderedResults } from './async-results.ts';
import { FunctionLifeCycle, FunctionOperator } from './function-life.ts';

export interface AsyncWaitSpec<C> {
  readonly isOrdered: boolean;
  readonly capacity: number;
  readonly timeoutMs: number;
  readonly retry: AsyncRetry | undefined;
  /** One function for each subtask. */
  readonly create: () => { readonly call: AsyncCall; readonly life: FunctionLife<C> };
  readonly runtimeContext: (context: OperatorContext) => C;
}

export function asyncWaitOperator<C>(spec: AsyncWaitSpec<C>): OperatorLogic {
  return { kind: 'operator', create: (context) => new AsyncWaitOperator(context, spec) };
}

class AsyncWaitOperator<C> extends FunctionOperator implements OneInputOperator {
  readonly delaysWatermarks = true;
  readonly #context: OperatorContext;
  readonly #capacity: number;
  readonly #ports: AsyncRequestPorts;
  readonly #results: AsyncResults;
  readonly #requests = new Set<AsyncRequest>();
  /** Beyond the capacity, in the order of arrival. */
  readonly #unstarted: PendingRecord[] = [];
  #holds = false;
  #isEnding = false;
  #restored: readonly PendingElement[] = [];

  constructor(context: OperatorContext, { isOrdered, capacity, timeoutMs, retry, create, runtimeContext }: AsyncWaitSpec<C>) {
    const { call, life } = create();
    super(new FunctionLifeCycle(life, runtimeContext(context), () => context.operatorState));
    this.#context = context;
    this.#capacity = capacity;
    this.#ports = { context, call, timeoutMs, retry };
    this.#results = isOrdered ? new OrderedResults() : new UnorderedResults();
  }

  get isFull(): boolean {
    return this.#results.size >= this.#capacity;
  }

  override async initializeState(context: StateInitializationContext): Promise<void> {
    this.#restored = readPending(context, this.#context.runtime);
    await super.initializeState(context);
  }

  override async open(): Promise<void> {
    await super.open();
    for (const element of this.#restored) this.#takeBack(element);
    if (this.#restored.length > 0) this.#context.mail(() => this.#proceed());
    this.#restored = [];
  }

  override snapshotState(context: StateSnapshotContext): MaybePromise<void> {
    writePending(context, this.#context.runtime, this.#results.pending());
    return super.snapshotState(context);
  }

  override close(): MaybePromise<void> {
    for (const request of this.#requests) request.cancel();
    this.#requests.clear();
    return super.close();
  }

  /** What was on its way when the checkpoint was taken: unanswered records are asked again, results that had not left are still there (W4). */
  #takeBack(element: PendingElement): void {
    if (element instanceof PendingControl) {
      this.#results.addControl(element);
      return;
    }
    this.#results.add(element);
    if (element.results !== undefined) this.#results.complete(element);
    else if (this.#results.size <= this.#capacity) this.#start(element);
    else this.#unstarted.push(element);
    if (this.#results.size >= this.#capacity) this.#hold();
  }

  processElement(record: unknown): void {
    const pending = new PendingRecord(record, this.#context.flow.timestamp);
    this.#results.add(pending);
    if (this.#results.size <= this.#capacity) this.#start(pending);
    else this.#unstarted.push(pending);
    if (this.#results.size >= this.#capacity) this.#hold();
  }

  processWatermark(timestamp: number): boolean {
    if (this.#results.isEmpty) return true;
    if (timestamp === MAX_WATERMARK) return this.finish();
    this.#results.addControl(new PendingControl(true, timestamp));
    return false;
  }

  processWatermarkStatus(isIdle: boolean): boolean {
    if (this.#results.isEmpty) return true;
    this.#results.addControl(new PendingControl(false, isIdle ? 1 : 0));
    return false;
  }

  finish(): boolean {
    if (this.#results.isEmpty) return true;
    this.#isEnding = true;
    this.#hold();
    return false;
  }

  resume(): boolean {
    if (!this.#holds) return true;
    const { flow } = this.#context;
    if (flow.blocked > 1) return false;
    this.#holds = false;
    flow.blocked -= 1;
    this.#drain();
    return !this.#holds;
  }

  memoryUse(): readonly MemoryUse[] {
    const { size } = this.#results;
    const records = this.#results
      .pending()
      .flatMap((pending) => (pending instanceof PendingRecord ? [[pending.record, pending.results]] : []));
    return [{ name: 'requests in flight', entries: size, unit: 'records', bytes: estimatedBytesOfMany(size, records) }];
  }

  #start(pending: PendingRecord): void {
    const request = new AsyncRequest(this.#ports, pending.record, (results) => {
      this.#requests.delete(request);
      pending.results = results;
      this.#results.complete(pending);
      this.#proceed();
    });
    this.#requests.add(request);
    request.start();
  }

  /** Between two elements. While it holds one, `resume` comes after the mail. */
  #proceed(): void {
    if (this.#holds) return;
    if (this.#context.flow.blocked === 0) this.#drain();
    else this.#hold();
  }

  #drain(): void {
    const { flow } = this.#context;
    let next = this.#results.peek();
    while (next !== undefined && flow.blocked === 0) {
      if (next instanceof PendingControl) {
        this.#results.remove();
        this.#sendControl(next);
      } else if (this.#send(next)) {
        this.#results.remove();
        this.#startWaiting();
      }
      next = this.#results.peek();
    }
    const isFull = this.#results.size >= this.#capacity;
    if (next !== undefined || isFull || (this.#isEnding && !this.#results.isEmpty)) this.#hold();
  }

  /** True when all of its results have left. */
  #send(pending: PendingRecord): boolean {
    const { flow, output } = this.#context;
    const results = pending.results as readonly unknown[];
    while (pending.sent < results.length) {
      if (flow.blocked !== 0) return false;
      flow.timestamp = pending.timestamp;
      output.collect(results[pending.sent++]);
    }
    return true;
  }

  #sendControl({ isWatermark, value }: PendingControl): void {
    if (isWatermark) this.#context.emitWatermark(value);
    else this.#context.emitWatermarkStatus(value === 1);
  }

  #startWaiting(): void {
    const next = this.#unstarted[0];
    if (next === undefined || this.#results.size - this.#unstarted.length >= this.#capacity) return;
    this.#unstarted.shift();
    this.#start(next);
  }

  #hold(): void {
    if (this.#holds) return;
    this.#holds = true;
    this.#context.flow.blocked += 1;
  }
}
