/** Runs the jobs of a test environment in the test's thread, one job for each environment. Takes no setting from outside: a test is the same everywhere. */
import { TerminalError, UsageError } from '@millrace/core/base/errors';
import type { ExecuteOptions, Executor, JobStatus, SubmittedJob } from '@millrace/streaming/graph/executor';
import type { CompiledJob } from '@millrace/streaming/graph/job-graph';
import type { VirtualClock } from '../simulation/virtual-clock.ts';
import { withoutSharedObjects } from './shared-objects.ts';
import { SimulatedJob } from './simulated-job.ts';

const PARALLELISM = 'parallelism.default';

export class TestExecutor implements Executor {
  readonly configuration: Readonly<Record<string, string>>;
  readonly #seed: number;
  readonly #clock: VirtualClock;
  #job: SimulatedJob | undefined;
  #output = '';
  /** Of the last rescale, which later restores keep. */
  #parallelism: number | undefined = undefined;

  /** `parallelism`: of operators that set none themselves. */
  constructor(seed: number, clock: VirtualClock, parallelism: number) {
    this.configuration = { [PARALLELISM]: String(parallelism) };
    this.#seed = seed;
    this.#clock = clock;
  }

  constant<T>(make: () => T): T {
    return make();
  }

  async execute(compiled: CompiledJob, { onCollected }: ExecuteOptions): Promise<SubmittedJob> {
    this.checkUnused();
    const write = (_stream: string, text: string) => {
      this.#output += text;
    };
    const job = new SimulatedJob(withoutSharedObjects(compiled), { seed: this.#seed, clock: this.#clock, write, onCollected });
    this.#job = job;
    await job.start();
    return new SimulatedSubmission(job);
  }

  checkUnused(): void {
    if (this.#job === undefined) return;
    throw new UsageError('A TestEnvironment runs one job, and this one has started already. Create another environment for another job.');
  }

  /** The job that has started; `call` is what the test called. */
  running(call: string): SimulatedJob {
    if (this.#job === undefined) throw new UsageError(`${call} was called before the job was started. Call 'await env.start()' first.`);
    return this.#job;
  }

  /** The job as `compile` makes it with another parallelism; as it was, where that is undefined. */
  async crashAndRestore(parallelism: number | undefined, compile: (parallelism?: number) => CompiledJob): Promise<void> {
    const job = this.running('crashAndRestore');
    this.#parallelism = parallelism ?? this.#parallelism;
    await job.crashAndRestore(withoutSharedObjects(compile(this.#parallelism)));
  }

  takeOutput(): string {
    const taken = this.#output;
    this.#output = '';
    return taken;
  }
}

class SimulatedSubmission implements SubmittedJob {
  readonly jobId: string;
  readonly #job: SimulatedJob;

  constructor(job: SimulatedJob) {
    this.jobId = job.jobId;
    this.#job = job;
  }

  status(): Promise<JobStatus> {
    const { isTerminal, failure, isCanceled } = this.#job;
    if (failure !== undefined) return Promise.resolve(isTerminal ? 'FAILED' : 'FAILING');
    if (isCanceled) return Promise.resolve(isTerminal ? 'CANCELED' : 'CANCELLING');
    return Promise.resolve(isTerminal ? 'FINISHED' : 'RUNNING');
  }

  /** Drives the job: whoever waits for its end lets it run there. */
  async result() {
    await this.#job.end();
    if (this.#job.isCanceled) throw new TerminalError('The job was canceled.', { reason: 'canceled' });
    return { jobId: this.jobId, netRuntimeMs: 0, accumulators: this.#job.accumulators() };
  }

  accumulators() {
    return Promise.resolve(this.#job.accumulators());
  }

  cancel(): Promise<void> {
    this.#job.cancel();
    return Promise.resolve();
  }
}
