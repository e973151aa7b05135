/** Where the API ends: `cluster` implements it. A program meets a cluster only through these calls. */
import type { AccumulatorValues } from '../contract/accumulator-values.ts';
import type { CompiledJob } from './job-graph.ts';

/** For those that see of this package only what a job is submitted as. */
export type { AccumulatorValues } from '../contract/accumulator-values.ts';

export type JobStatus =
  | 'INITIALIZING'
  | 'CREATED'
  | 'RUNNING'
  | 'RESTARTING'
  | 'FAILING'
  | 'FAILED'
  | 'CANCELLING'
  | 'CANCELED'
  | 'FINISHED'
  | 'SUSPENDED'
  | 'RECONCILING';

export interface Executor {
  /** Submits the job; settles when it is accepted. In binding mode (architecture D7) it hands the bindings over and never settles, or returns what was recorded. */
  execute(job: CompiledJob, options: ExecuteOptions): Promise<SubmittedJob>;
  /** `env.constant`: computed by the client once; the recorded value in binding mode. Calls are numbered in program order. */
  constant<T>(make: () => T): T;
  /** Defaults that the command line and the configuration gave: `parallelism.default` and the like. Read once by each environment. */
  readonly configuration: Readonly<Record<string, string>>;
}

export interface ExecuteOptions {
  /** The program reads the batches that sinks send by `WriterInitContext.sendToClient`; the next is taken when the promise settles. */
  readonly onCollected?: (bytes: Uint8Array) => Promise<void>;
  /** Of things that are not wrong, but may not be meant; for whoever submits the job, once. */
  readonly warnings?: readonly string[];
}

export interface SubmittedJob {
  readonly jobId: string;
  status(): Promise<JobStatus>;
  /** Settles when the job is in a terminal state; rejects with the first failure, or with a TerminalError of reason `canceled`. */
  result(): Promise<JobResult>;
  cancel(): Promise<void>;
  /** What its tasks have reported last, merged. */
  accumulators?(): Promise<AccumulatorValues>;
}

export interface JobResult {
  readonly jobId: string;
  readonly netRuntimeMs: number;
  /** Merged over all tasks; absent where nobody followed them. */
  readonly accumulators?: AccumulatorValues;
}
