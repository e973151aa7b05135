/**
 * The accumulators of one job, as its tasks report them. Owned by the JobMaster.
 *
 * AC1 one name means one type in all tasks of the job; the first that means another fails it, naming both.
 * AC2 each execution counts with its newest report: values are merged when somebody asks, never added up.
 */
import { UsageError } from '@millrace/core/base/errors';
import {
  type AccumulatorValue,
  type AccumulatorValues,
  isSameAccumulator,
  mergeAccumulators,
} from '@millrace/streaming/contract/accumulator-values';
import type { FailureDescription } from '../protocol/execution-state.ts';
import { describeFailure } from '../protocol/failure-description.ts';
import type { Execution, ExecutionGraph } from './execution-graph.ts';

export class JobAccumulators {
  readonly #fail: (failure: FailureDescription) => void;
  /** Who was the first with a name. */
  readonly #first = new Map<string, { readonly value: AccumulatorValue; readonly task: string }>();

  constructor(fail: (failure: FailureDescription) => void) {
    this.#fail = fail;
  }

  report(execution: Execution, values: AccumulatorValues | undefined): void {
    if (values === undefined) return;
    execution.accumulators = values;
    for (const [name, value] of Object.entries(values)) {
      const first = this.#first.get(name);
      if (first === undefined) this.#first.set(name, { value, task: execution.name });
      else if (!isSameAccumulator(first.value, value)) this.#fail(wrongType(name, first, { value, task: execution.name }));
    }
  }
}

/** All of a job, merged; of a name with several types only the first. */
export function mergedAccumulators(graph: ExecutionGraph | undefined): AccumulatorValues {
  const merged: Record<string, AccumulatorValue> = {};
  for (const { accumulators = {} } of graph?.executions ?? []) {
    for (const [name, value] of Object.entries(accumulators)) {
      const before = merged[name];
      if (before === undefined) merged[name] = value;
      else if (isSameAccumulator(before, value)) merged[name] = mergeAccumulators(before, value);
    }
  }
  return merged;
}

interface Reported {
  readonly value: AccumulatorValue;
  readonly task: string;
}

function wrongType(name: string, first: Reported, other: Reported): FailureDescription {
  const message =
    `Accumulator '${name}' is a ${first.value.type} in '${first.task}' and a ${other.value.type} in '${other.task}': ` +
    'accumulators of different types cannot be merged. Give each a name of its own, or one type.';
  return describeFailure(new UsageError(message, { reason: 'accumulator-type' }));
}
