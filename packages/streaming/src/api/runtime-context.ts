import { UsageError } from '@millrace/core/base/errors';
import type { KeyedStateStore, ValueState } from '../contract/keyed-state.ts';
import type { RuntimeContext as SubtaskContext } from '../contract/functions.ts';
import type { OperatorContext } from '../contract/operator.ts';
import { type DeclaredStateStore, StateDeclaration, type TypedStateDeclaration } from '../contract/state-declaration.ts';
import type { ValueStateDescriptor } from '../contract/state-descriptor.ts';
import { NO_DECLARED_STATES } from '../operators/declared-states.ts';
import type { ParameterTool } from './parameter-tool.ts';
import type { Configuration } from './stream-types.ts';

/** What a rich function may ask of its subtask; given to `open`. */
export interface RuntimeContext extends SubtaskContext, DeclaredStateStore {
  /** What `env.getConfig().setGlobalJobParameters` was given; empty without. */
  getGlobalJobParameters(): ParameterTool;
  /** What `withParameters` was given at this operator; empty without. */
  getParameters(): Configuration;
}

/** The only way to keyed state: a function that asks for it fits on keyed streams only. */
export interface KeyedRuntimeContext extends RuntimeContext, KeyedStateStore {
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>;
  getState<S>(declaration: TypedStateDeclaration<S>): S;
}

/** What an operator's functions are told beside what its task knows. Read when the function is opened, so that later settings count. */
export interface FunctionParameters {
  globalJobParameters(): ParameterTool;
  parameters(): Configuration;
}

export function runtimeContextOf(
  { runtime }: Pick<OperatorContext, 'runtime'>,
  functionParameters: FunctionParameters,
  states: DeclaredStateStore = NO_DECLARED_STATES,
): RuntimeContext {
  return {
    ...withoutKeys,
    getState: (declaration) => (declaration instanceof StateDeclaration ? states.getState(declaration) : refuseWithoutKey('getState')),
    getTaskName: () => runtime.getTaskName(),
    getIndexOfThisSubtask: () => runtime.getIndexOfThisSubtask(),
    getNumberOfParallelSubtasks: () => runtime.getNumberOfParallelSubtasks(),
    getMaxNumberOfParallelSubtasks: () => runtime.getMaxNumberOfParallelSubtasks(),
    getAttemptNumber: () => runtime.getAttemptNumber(),
    getJobId: () => runtime.getJobId(),
    getMetricGroup: () => runtime.getMetricGroup(),
    getLogger: () => runtime.getLogger(),
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

export function keyedRuntimeContextOf(
  context: OperatorContext,
  functionParameters: FunctionParameters,
  states: DeclaredStateStore = NO_DECLARED_STATES,
): KeyedRuntimeContext {
  const { keyedState } = context;
  const getState = (given: ValueStateDescriptor<unknown> | TypedStateDeclaration<unknown>): unknown =>
    given instanceof StateDeclaration ? states.getState(given) : keyedState.getState(given);
  return {
    ...runtimeContextOf(context, functionParameters, states),
    getState: getState as KeyedRuntimeContext['getState'],
    getListState: (descriptor) => keyedState.getListState(descriptor),
    getMapState: (descriptor) => keyedState.getMapState(descriptor),
    getReducingState: (descriptor) => keyedState.getReducingState(descriptor),
    getAggregatingState: (descriptor) => keyedState.getAggregatingState(descriptor),
  };
}

/** For programs without types: the compiler knows that these are not there. */
const withoutKeys: Omit<KeyedStateStore, 'getState'> = {
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
