import { Duration } from '@millrace/core/config/duration';
import { accumulatorResult, type AccumulatorValues } from '../contract/accumulator-values.ts';
import type { JobResult, JobStatus, SubmittedJob } from '../graph/executor.ts';

/** A job that runs, as `executeAsync` returns it. */
export class JobClient {
  readonly #job: SubmittedJob;

  /** Internal: made by `executeAsync`. */
  constructor(job: SubmittedJob) {
    this.#job = job;
  }

  getJobID(): string {
    return this.#job.jobId;
  }

  getJobStatus(): Promise<JobStatus> {
    return this.#job.status();
  }

  /** Settles at the end of the job; rejects with its first failure, or if it was cancelled. */
  async getJobExecutionResult(): Promise<JobExecutionResult> {
    return new JobExecutionResult(await this.#job.result());
  }

  /** The accumulators of the job by name, as its subtasks have reported them last. */
  async getAccumulators(): Promise<ReadonlyMap<string, unknown>> {
    return resultsOf(await this.#job.accumulators?.());
  }

  /** Asks the job to stop; `getJobExecutionResult` says when it has. Without effect on a job that has ended. */
  cancel(): Promise<void> {
    return this.#job.cancel();
  }
}

/** What remains of a job that has finished. */
export class JobExecutionResult {
  readonly #result: JobResult;

  /** Internal: made by `execute`. */
  constructor(result: JobResult) {
    this.#result = result;
  }

  getJobID(): string {
    return this.#result.jobId;
  }

  /** From the first task that was deployed to the last that ended. */
  getNetRuntime(): Duration {
    return Duration.ofMillis(Math.round(this.#result.netRuntimeMs));
  }

  /** The value of the accumulator of that name, merged over all subtasks; undefined if there was none. Of one of your own, the list of all local values. */
  getAccumulatorResult(name: string): unknown {
    return this.getAllAccumulatorResults().get(name);
  }

  getAllAccumulatorResults(): ReadonlyMap<string, unknown> {
    return resultsOf(this.#result.accumulators);
  }
}

function resultsOf(values: AccumulatorValues = {}): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(values).map(([name, value]) => [name, accumulatorResult(value)]));
}
