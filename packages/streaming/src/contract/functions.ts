import type { MetricGroup } from '@millrace/core/metrics/metric-group';
import type { Nothing, MaybePromise } from './emittable.ts';

/** What a rich function and the runtime's own operators may ask of their subtask. */
export interface RuntimeContext {
  getTaskName(): string;
  getIndexOfThisSubtask(): number; // from 0
  getNumberOfParallelSubtasks(): number;
  getMaxNumberOfParallelSubtasks(): number;
  getAttemptNumber(): number; // from 0
  getJobId(): string;
  /** Of the operator in this subtask. */
  getMetricGroup(): MetricGroup;
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
