/** What `import … from '@millrace/testing'` gives: jobs, operators, sources and sinks under test, without a cluster. */
export { TestEnvironment, type TestEnvironmentOptions, type TestSourceOptions } from './environment/test-environment.ts';
export type { TestSink } from './environment/test-sink.ts';
export type { TestSource } from './environment/test-source.ts';
export { type MatrixRecord, type MatrixStep, type OperatorCase, runOperatorMatrix } from './harness/operator-matrix.ts';
export type { ContractCheck } from './contract/contract-check.ts';
export { type SinkContract, sinkContract, type SinkUnderTest } from './contract/sink-contract.ts';
export { type SourceContract, sourceContract } from './contract/source-contract.ts';
export { type AggregateFunctionContract, aggregateFunctionContract } from './contract/aggregate-contract.ts';
export { type EvictorContract, evictorContract } from './contract/evictor-contract.ts';
export { type StateBackendContract, stateBackendContract } from './contract/state-backend-contract.ts';
export { type TriggerContract, triggerContract } from './contract/trigger-contract.ts';
export { type WindowAssignerContract, windowAssignerContract } from './contract/window-assigner-contract.ts';
export {
  type HarnessElement,
  type HarnessOptions,
  type HarnessRecord,
  type HarnessSnapshot,
  OneInputHarness,
  oneInputHarness,
  TwoInputHarness,
  twoInputHarness,
} from './harness/operator-test-harness.ts';
export {
  type BroadcastHarnessOptions,
  type HarnessKeys,
  ProcessFunctionTestHarnesses,
} from './harness/process-function-test-harnesses.ts';
export { runSnapshotMatrix } from './harness/snapshot-matrix.ts';
