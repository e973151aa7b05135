/** For programs that embed Millrace, an HTTP server for instance: runs the program in another module, never the one that calls (architecture D7 (d)). */
import { fileURLToPath } from 'node:url';
import { UsageError } from '@millrace/core/base/errors';
import { Configuration } from '@millrace/core/config/configuration';
import type { Duration } from '@millrace/core/config/duration';
import type { ExecuteOptions, Executor, SubmittedJob } from '@millrace/streaming/graph/executor';
import type { CompiledJob } from '@millrace/streaming/graph/job-graph';
import { resolveProgram } from './bundle.ts';
import { writeClientBundle } from './client-bundle.ts';
import { compileConfiguration } from './client-configuration.ts';
import { silentMonitor } from './job-monitor.ts';
import { createLocalProgram, likelySlots } from './local-program.ts';
import { OPTIONS } from './options.ts';
import { runInScope } from './program-scope.ts';

/** As a program writes it in code. */
export type SubmitConfiguration = Readonly<Record<string, string | number | boolean | Duration | readonly string[]>>;

/**
 * Runs the program in `module` with `args` as its arguments, in this process, and gives its first job. The cluster ends with the program's last job. Relative
 * paths start in the working directory of the caller.
 */
export async function submitProgram(module: URL, args: readonly string[] = [], settings: SubmitConfiguration = {}): Promise<SubmittedJob> {
  if (module.protocol !== 'file:') {
    throw new UsageError(`submit takes the file URL of a module, not ${module.href}. Write submit(new URL('./job.ts', import.meta.url)).`, {
      reason: 'no-program',
    });
  }
  const workingDirectory = process.cwd();
  const file = resolveProgram(fileURLToPath(module), workingDirectory);
  const configuration = withSettings(compileConfiguration({ workingDirectory, environment: process.env }), settings);
  const program = createLocalProgram({
    file,
    args,
    workingDirectory,
    environment: process.env,
    configuration,
    singleThread: false,
    monitor: silentMonitor,
  });
  program.clusters.prepare(likelySlots(configuration), program.bundle());
  try {
    const url = await writeClientBundle(await program.bundle(), file);
    const first = new FirstJob(program.executor);
    const job = first.job();
    const run = runInScope(
      { executor: first, argv: [process.execPath, file, ...args], muted: false },
      () => import(url) as Promise<unknown>,
    );
    run.then(
      () => first.ended(file),
      (error: unknown) => first.fail(error),
    );
    return await job;
  } catch (error) {
    await program.clusters.close();
    throw error;
  }
}

function withSettings(configuration: Configuration, settings: SubmitConfiguration): Configuration {
  const entries = Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [key, Array.isArray(value) ? value.join(';') : String(value)]),
  );
  return Configuration.parse(OPTIONS, [
    { origin: 'the configuration file and the environment', entries: configuration.entries, strict: false },
    { origin: 'submit', entries, strict: true },
  ]);
}

/**
 * Lets the program run on, and tells of its first job, once. Node never forgets a module that it has imported, nor the scope in which it did, and so not this object: what
 * has been told is not kept, for a job has its whole cluster behind it.
 */
class FirstJob implements Executor {
  readonly configuration: Readonly<Record<string, string>>;
  readonly #executor: Executor;
  #waiting: { readonly resolve: (job: SubmittedJob) => void; readonly reject: (error: unknown) => void } | undefined;
  #executes = 0;

  constructor(executor: Executor) {
    this.#executor = executor;
    this.configuration = executor.configuration;
  }

  /** To be asked for before the program runs. */
  job(): Promise<SubmittedJob> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  execute(job: CompiledJob, options: ExecuteOptions): Promise<SubmittedJob> {
    this.#executes += 1;
    const submitted = this.#executor.execute(job, options);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    submitted.then(waiting?.resolve, waiting?.reject ?? (() => {})); // of a later job the program hears, and nobody else
    return submitted;
  }

  constant<T>(make: () => T): T {
    return this.#executor.constant(make);
  }

  fail(error: unknown): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  ended(file: string): void {
    if (this.#executes > 0) return;
    this.fail(
      new UsageError(`${file} ended without starting a job. Call env.execute() in it, and await it at the top level.`, {
        reason: 'no-job',
      }),
    );
  }
}
