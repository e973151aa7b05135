/**
 * What a program meets when it runs again in a slot (architecture D7): it submits nothing.
 *
 * B1 `execute` calls before the job's own one return what the client recorded, in the order of the calls.
 * B2 the job's own `execute` hands over the bindings and never settles, so nothing behind it runs in a slot.
 * B3 bindings are handed over only when the graph is the one that was submitted.
 */
import { TerminalError, UsageError } from '@millrace/core/base/errors';
import type { JobInformation, RecordedResult } from '@millrace/runtime/protocol/deployment';
import type { ExecuteOptions, Executor, JobResult, JobStatus, SubmittedJob } from '@millrace/streaming/graph/executor';
import type { CompiledJob, JobBindings } from '@millrace/streaming/graph/job-graph';
import { readConstant } from './constants.ts';
import { describeGraphDifference } from './graph-difference.ts';

const PURITY =
  'A program is run again in every slot and must build the same graph from the same arguments. ' +
  'Compute what may differ (random values, the time, files) once, with env.constant(() => …).';

export class BindingExecutor implements Executor {
  readonly configuration: Readonly<Record<string, string>>;
  /** Settles with the bindings, or rejects when this run of the program cannot give them. */
  readonly bindings: Promise<JobBindings>;
  readonly #job: JobInformation;
  #executes = 0;
  #constants = 0;
  #resolve!: (bindings: JobBindings) => void;
  #reject!: (error: unknown) => void;

  constructor(job: JobInformation) {
    this.#job = job;
    this.configuration = job.program.configuration;
    this.bindings = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever binds awaits them only after the import; until then a rejection is not an unhandled one.
    this.bindings.catch(() => {});
  }

  execute(job: CompiledJob, options: ExecuteOptions): Promise<SubmittedJob> {
    const index = this.#executes;
    this.#executes += 1;
    const { executeIndex, recordedResults } = this.#job.program;
    if (index < executeIndex) return Promise.resolve(replay(recordedResults[index]!, options));
    if (index === executeIndex) this.#bind(job);
    return new Promise(() => {});
  }

  constant<T>(make: () => T): T {
    const index = this.#constants;
    this.#constants += 1;
    const text = this.#job.program.constants[index];
    if (text !== undefined) return readConstant(text) as T;
    void make;
    const error = new UsageError(
      `The program calls env.constant ${index + 1} times before the job '${this.#job.jobGraph.name}' in a slot, but only ${index} times in the client. ${PURITY}`,
      { reason: 'graph-differs' },
    );
    this.fail(error);
    throw error;
  }

  /** For a program that throws before it reaches the job. */
  fail(error: unknown): void {
    this.#reject(error);
  }

  /** The module has run to its end, or throws: without the job's `execute` there is nothing to bind. */
  missing(): UsageError {
    const { executeIndex } = this.#job.program;
    return new UsageError(
      `The program ended in a slot after ${this.#executes} calls of execute; the job '${this.#job.jobGraph.name}' is number ${executeIndex + 1}. ${PURITY}`,
      { reason: 'graph-differs' },
    );
  }

  #bind({ jobGraph, bindings }: CompiledJob): void {
    const submitted = this.#job.jobGraph;
    if (jobGraph.digest === submitted.digest) {
      this.#resolve(bindings);
      return;
    }
    const difference = describeGraphDifference(submitted, jobGraph);
    this.#reject(
      new UsageError(`The job '${submitted.name}' is another one in a slot than in the client: ${difference}. ${PURITY}`, {
        reason: 'graph-differs',
      }),
    );
  }
}

function replay(recorded: RecordedResult, { onCollected }: ExecuteOptions): SubmittedJob {
  const { jobId, netRuntimeMs, accumulators = {}, collected = [], outcome = 'FINISHED' } = recorded;
  const result = async (): Promise<JobResult> => {
    // The client came to the next execute without this result, so the program does not need it here either.
    if (outcome === 'RUNNING') return new Promise(() => {});
    if (outcome === 'FINISHED') return { jobId, netRuntimeMs, accumulators };
    throw new TerminalError(recorded.message ?? `The job ${jobId} was ${outcome.toLowerCase()}.`, {
      reason: outcome === 'CANCELED' ? 'canceled' : 'failed',
    });
  };
  const delivered = (async () => {
    for (const bytes of collected) await onCollected?.(bytes);
  })();
  delivered.catch(() => {}); // what the program's own code throws reaches it through its own promise
  return { jobId, status: async (): Promise<JobStatus> => outcome, result: () => delivered.then(result, result), cancel: async () => {} };
}
