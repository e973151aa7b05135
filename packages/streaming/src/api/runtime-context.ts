import { UsageError } from '@millrace/core/base/errors';
import type { KeyedStateStore } from '../contract/keyed-state.ts';
import type { RuntimeContext as SubtaskContext } from '../contract/functions.ts';
import type { OperatorContext } from '../contract/operator.ts';
import type { ParameterTool } from './parameter-tool.ts';
import type { Configuration } from './stream-types.ts';

/** What a rich function may ask of its subtask; given to `open`. */
export interface RuntimeContext extends SubtaskContext {
  /** What `env.getConfig().setGlobalJobParameters` was given; empty without. */
  getGlobalJobParameters(): ParameterTool;
  /** What `withParameters` was given at this operator; empty without. */
  getParameters(): Configuration;
}

/** The only way to keyed state: a function that asks for it fits on keyed streams only. */
export interface KeyedRuntimeContext extends RuntimeContext, KeyedStateStore {}

/** What an operator's functions are told beside what its task knows. Read when the function is opened, so that later settings count. */
export interface FunctionParameters {
  globalJobParameters(): ParameterTool;
  parameters(): Configuration;
}

export function runtimeContextOf({ runtime }: Pick<OperatorContext, 'runtime'>, functionParameters: FunctionParameters): RuntimeContext {
  return {
    ...withoutKeys,
    getTaskName: () => runtime.getTaskName(),
    getIndexOfThisSubtask: () => runtime.getIndexOfThisSubtask(),
    getNumberOfParallelSubtasks: () => runtime.getNumberOfParallelSubtasks(),
    getMaxNumberOfParallelSubtasks: () => runtime.getMaxNumberOfParallelSubtasks(),
    getAttemptNumber: () => runtime.getAttemptNumber(),
    getJobId: () => runtime.getJobId(),
    getMetricGroup: () => runtime.getMetricGroup(),
    addAccumulator: (name, accumulator) => runtime.addAccumulator(name, accumulator),
    getAccumulator: (name) => runtime.getAccumulator(name),
    getIntCounter: (name) => runtime.getIntCounter(name),
    getLongCounter: (name) => runtime.getLongCounter(name),
    getDoubleCounter: (name) => runtime.getDoubleCounter(name),
    getHistogram: (name) => runtime.getHistogram(name),
    getGlobalJobParameters: () => functionParameters.globalJobParameters(),
    getParameters: () => functionParameters.parameters(),
  };
}

export function keyedRuntimeContextOf(context: OperatorContext, functionParameters: FunctionParameters): KeyedRuntimeContext {
  const { keyedState } = context;
  return {
    ...runtimeContextOf(context, functionParameters),
    getState: (descriptor) => keyedState.getState(descriptor),
    getListState: (descriptor) => keyedState.getListState(descriptor),
    getMapState: (descriptor) => keyedState.getMapState(descriptor),
    getReducingState: (descriptor) => keyedState.getReducingState(descriptor),
    getAggregatingState: (descriptor) => keyedState.getAggregatingState(descriptor),
  };
}

/** For programs without types: the compiler knows that these are not there. */
const withoutKeys: KeyedStateStore = {
  getState: () => refuseWithoutKey('getState'),
  getListState: () => refuseWithoutKey('getListState'),
  getMapState: () => refuseWithoutKey('getMapState'),
  getReducingState: () => refuseWithoutKey('getReducingState'),
  getAggregatingState: () => refuseWithoutKey('getAggregatingState'),
};

function refuseWithoutKey(call: string): never {
  throw new UsageError(
    `${call} was called in a function on a stream without keys. Keyed state belongs to a key: call keyBy(…) before this operator. State of a subtask is got in initializeState.`,
    { reason: 'no-key' },
  );
}
