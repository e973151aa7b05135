/** What `import … from '@millrace/testing'` gives: jobs, operators, sources and sinks under test, without a cluster. */
export { TestEnvironment, type TestEnvironmentOptions, type TestSourceOptions } from './environment/test-environment.ts';
export type { TestSink } from './environment/test-sink.ts';
export type { TestSource } from './environment/test-source.ts';
export { type MatrixRecord, type MatrixStep, type OperatorCase, runOperatorMatrix } from './harness/operator-matrix.ts';
