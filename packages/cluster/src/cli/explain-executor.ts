/**
 * What a program meets under `millrace explain`: its jobs are compiled, noted, and not run.
 *
 * X1 jobs are noted in the order of the program's calls, also one that the program never awaits.
 * X2 a job counts as finished at once, so that the program goes on to its next. One whose records the program wants to read never settles: there are none.
 */
import type { ExecuteOptions, Executor, JobStatus, SubmittedJob } from '@millrace/streaming/graph/executor';
import { explainJob, type JobExplanation } from '@millrace/streaming/graph/explain-job';
import type { CompiledJob } from '@millrace/streaming/graph/job-graph';
import { recordConstant } from '../client/constants.ts';

export interface ExplainedJob extends JobExplanation {
  readonly warnings: readonly string[];
}

export class ExplainExecutor implements Executor {
  readonly configuration: Readonly<Record<string, string>>;
  readonly jobs: ExplainedJob[] = [];
  /** The job whose records the program waits for; nothing behind that is known. */
  stoppedAt: string | undefined;
  #constants = 0;

  constructor(configuration: Readonly<Record<string, string>>) {
    this.configuration = configuration;
  }

  execute(job: CompiledJob, { onCollected, warnings = [] }: ExecuteOptions): Promise<SubmittedJob> {
    this.jobs.push({ ...explainJob(job), warnings });
    if (onCollected === undefined) return Promise.resolve(finishedJob(this.jobs.length));
    this.stoppedAt ??= job.jobGraph.name;
    return new Promise(() => {});
  }

  constant<T>(make: () => T): T {
    const { value } = recordConstant(make(), this.#constants);
    this.#constants += 1;
    return value as T;
  }
}

function finishedJob(number: number): SubmittedJob {
  const jobId = String(number).padStart(32, '0');
  return {
    jobId,
    status: async (): Promise<JobStatus> => 'FINISHED',
    result: async () => ({ jobId, netRuntimeMs: 0 }),
    cancel: async () => {},
  };
}
