import type { Logger } from '@millrace/core/base/log';
import type { MetricGroup } from '@millrace/core/metrics/metric-group';
import type { Accumulator, AnyAccumulator, DoubleCounter, Histogram, IntCounter, LongCounter } from './accumulators.ts';
import type { Nothing, MaybePromise } from './emittable.ts';

/** The accumulators of an operator in one subtask, by name. */
export interface AccumulatorRegistry {
  /** Throws for a second one of that name in the operator, and for one of another type in the task. */
  addAccumulator<V>(name: string, accumulator: Accumulator<V>): void;
  /** What this operator has added under the name. */
  getAccumulator(name: string): AnyAccumulator | undefined;
  /** The one of that name and type in this operator; it is made if there is none. */
  getIntCounter(name: string): IntCounter;
  getLongCounter(name: string): LongCounter;
  getDoubleCounter(name: string): DoubleCounter;
  getHistogram(name: string): Histogram;
}

/** What a rich function and the runtime's own operators may ask of their subtask. */
export interface RuntimeContext extends AccumulatorRegistry {
  getTaskName(): string;
  getIndexOfThisSubtask(): number; // from 0
  getNumberOfParallelSubtasks(): number;
  getMaxNumberOfParallelSubtasks(): number;
  getAttemptNumber(): number; // from 0
  getJobId(): string;
  /** Of the operator in this subtask. */
  getMetricGroup(): MetricGroup;
  /** Of the operator in this subtask: each line says where it comes from. Not for every record. */
  getLogger(): Logger;
}

/**
 * Pure functions over one accumulator, which `add` may change and return. `merge` is needed by windows that merge (sessions); sliding windows share their
 * panes if it is there. It may change and return either argument. Flink: AggregateFunction.
 */
export interface AggregateFunction<in T, in out ACC, out R> {
  readonly createAccumulator: () => ACC;
  readonly add: (value: T, accumulator: ACC) => ACC;
  readonly getResult: (accumulator: ACC) => R;
  readonly merge?: (a: ACC, b: ACC) => ACC;
}

export interface CheckpointListener {
  notifyCheckpointComplete?(checkpointId: number): MaybePromise<void>;
  notifyCheckpointAborted?(checkpointId: number): MaybePromise<void>;
}

/** Returned by callbacks that only act. */
export type Action<T> = (value: T) => Nothing;
