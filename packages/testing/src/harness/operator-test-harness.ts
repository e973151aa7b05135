/** A test bench for one operator: elements and time go in by hand, and what comes out, what is kept and which timers wait can be seen after each step. */
import { UsageError } from '@millrace/core/base/errors';
import type { OutputTag } from '@millrace/streaming/contract/output-tag';
import type { StateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { OperatorRun, type RunLogic, type RunSnapshot, type Sent } from './operator-run.ts';
import { type BuildOperator, operatorUnderTest } from './operator-under-test.ts';

/** What a harness had when `snapshot` was called; opaque, for `restored`. */
export interface HarnessSnapshot {
  readonly ofHarness: RunSnapshot;
}

export interface HarnessOptions {
  /** Milliseconds since the epoch; 0, or that of the snapshot, unless set. */
  readonly processingTime?: number;
  /** Begins with what another harness of the same operator had. */
  readonly restored?: HarnessSnapshot | undefined;
}

export interface HarnessRecord<out T> {
  readonly value: T;
  /** Undefined for a record without one. */
  readonly timestamp: number | undefined;
}

/** What an operator sends to those behind it, in order. */
export type HarnessElement<T> = HarnessRecord<T> | { readonly watermark: number };

/**
 * Runs one operator in one subtask, over the state and the timers of a job. Nothing happens by itself: time stands still between the calls, and each call returns when all
 * that it caused has happened. What the function throws comes out of the call.
 */
abstract class Harness<in out O> {
  protected readonly run: OperatorRun;
  #output: Sent[] = [];

  constructor(run: OperatorRun) {
    this.run = run;
  }

  /** Lets processing time pass up to this moment, timers each at their time. */
  setProcessingTime(processingTime: number): void {
    if (!Number.isSafeInteger(processingTime) || processingTime < this.run.processingTime)
      throw new UsageError(
        `setProcessingTime got ${processingTime}, and it is ${this.run.processingTime}. Give a whole number of milliseconds that is not below.`,
      );
    this.run.advanceTo(processingTime);
  }

  getProcessingTime(): number {
    return this.run.processingTime;
  }

  /** The records of the main output since the last call. */
  takeOutputValues(): O[] {
    return this.takeOutput().flatMap((element) => ('value' in element ? [element.value] : []));
  }

  /** Records and watermarks of the main output since the last call, in order. */
  takeOutput(): HarnessElement<O>[] {
    const isMain = (sent: Sent) => !('record' in sent) || sent.tag === undefined;
    return this.#take(isMain).map((sent) =>
      'record' in sent ? { value: sent.record as O, timestamp: sent.timestamp } : { watermark: sent.watermark },
    );
  }

  /** The records of a side output since the last call. */
  takeSideOutput<X>(tag: OutputTag<X>): HarnessRecord<X>[] {
    const taken = this.#take((sent) => 'record' in sent && sent.tag === tag.id);
    return taken.flatMap((sent) => ('record' in sent ? [{ value: sent.record as X, timestamp: sent.timestamp }] : []));
  }

  get numEventTimeTimers(): number {
    return this.run.timers.numEventTimeTimers;
  }

  get numProcessingTimeTimers(): number {
    return this.run.timers.numProcessingTimeTimers;
  }

  /** The state of a key, as the function sees it: by the same descriptor. The handle is at this key until the next call of the harness. */
  stateOf<S>(key: unknown, descriptor: StateDescriptor<S>): S {
    const { keyedState } = this.run.services;
    keyedState.setCurrentKey(key);
    return keyedState.getPartitionedState(descriptor);
  }

  /** What a checkpoint would hold now. The harness goes on; another one may begin with it: `{ restored: await harness.snapshot() }`. */
  async snapshot(): Promise<HarnessSnapshot> {
    return { ofHarness: await this.run.snapshot() };
  }

  /** Waits for promises of the operator that settle by themselves: for functions that answer later. */
  async settle(): Promise<void> {
    await this.run.whenIdle();
  }

  /** The end of the input: the last watermark, after which no processing-time timer fires. */
  async endInput(): Promise<void> {
    await this.run.finish();
  }

  /** Closes the function. */
  async close(): Promise<void> {
    await this.run.close();
  }

  #take(isWanted: (sent: Sent) => boolean): Sent[] {
    this.#output.push(...this.run.takeLog());
    const taken = this.#output.filter(isWanted);
    this.#output = this.#output.filter((sent) => !isWanted(sent));
    return taken;
  }
}

export class OneInputHarness<in I, in out O> extends Harness<O> {
  processElement(value: I, timestamp?: number): void {
    this.run.record(value, checked(timestamp));
  }

  /** No record up to this time comes any more: event-time timers up to it fire. One that would go back is ignored. */
  processWatermark(timestamp: number): void {
    this.run.watermark(checked(timestamp));
  }
}

export class TwoInputHarness<in A, in B, in out O> extends Harness<O> {
  processElement1(value: A, timestamp?: number): void {
    this.run.record(value, checked(timestamp), 0);
  }

  processElement2(value: B, timestamp?: number): void {
    this.run.record(value, checked(timestamp), 1);
  }

  /** Of the first input. The operator sees the lesser one of the two. */
  processWatermark1(timestamp: number): void {
    this.run.watermark(checked(timestamp), 0);
  }

  processWatermark2(timestamp: number): void {
    this.run.watermark(checked(timestamp), 1);
  }

  processBothWatermarks(timestamp: number): void {
    this.processWatermark1(timestamp);
    this.processWatermark2(timestamp);
  }
}

/** For any operator of one input: the last one of what `build` makes. `(clicks) => clicks.keyBy(…).window(…).aggregate(…)`. */
export async function oneInputHarness<I, O>(
  build: BuildOperator<I, never, O>,
  options: HarnessOptions = {},
): Promise<OneInputHarness<I, O>> {
  const logic = operatorUnderTest(build);
  if (logic.kind !== 'operator') throw new UsageError('oneInputHarness got an operator of two inputs. Use twoInputHarness.');
  return new OneInputHarness(await opened(logic, options));
}

/** For any operator of two inputs: `(clicks, rules) => clicks.keyBy(…).connect(rules.broadcast(…)).process(…)`. */
export async function twoInputHarness<A, B, O>(
  build: BuildOperator<A, B, O>,
  options: HarnessOptions = {},
): Promise<TwoInputHarness<A, B, O>> {
  const logic = operatorUnderTest(build);
  if (logic.kind !== 'twoInput') throw new UsageError('twoInputHarness got an operator of one input. Use oneInputHarness.');
  return new TwoInputHarness(await opened(logic, options));
}

function opened(logic: RunLogic, { processingTime, restored }: HarnessOptions): Promise<OperatorRun> {
  return OperatorRun.open(logic, { ...(processingTime === undefined ? {} : { processingTime }), restored: restored?.ofHarness });
}

function checked<T extends number | undefined>(timestamp: T): T {
  if (timestamp === undefined || Number.isSafeInteger(timestamp)) return timestamp;
  throw new UsageError(`A harness got the time ${String(timestamp)}. A time is a safe integer, milliseconds since the epoch.`);
}
