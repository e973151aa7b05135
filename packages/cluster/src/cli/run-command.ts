/**
 * `millrace run`: the TaskManager starts while the program is bundled, the program runs in this process, and the process ends with the program.
 *
 * R1 standard output belongs to the job, and after it to the lines of `--json`; everything else goes to standard error.
 * R2 whatever ends the run (success, failure, signal), `finish` runs once: clusters closed, failure told, report written, exit code set.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@millrace/core/base/clock';
import { TerminalError, UsageError } from '@millrace/core/base/errors';
import type { Configuration } from '@millrace/core/config/configuration';
import { resolveProgram } from '../client/bundle.ts';
import { writeClientBundle } from '../client/client-bundle.ts';
import { describeFailure } from '../client/failure-report.ts';
import type { MonitoredJob } from '../client/job-monitor.ts';
import type { StartCluster } from '../client/local-clusters.ts';
import { createLocalProgram, type LocalProgram, likelySlots } from '../client/local-program.ts';
import { METRICS_ALLOW_REMOTE, METRICS_HOST, METRICS_PORT, TASK_CANCELLATION_TIMEOUT } from '../client/options.ts';
import { setHostExecutor } from '../client/program-scope.ts';
import { phase } from '../local/phase.ts';
import { hasProfile, type ProfileSettings, profileSettings } from '../local/profile-settings.ts';
import { RunningCluster } from '../local/running-cluster.ts';
import { checkpointFlags, configureCommand } from './command-configuration.ts';
import type { RunOptions } from './command-line.ts';
import { EXIT_OK, exitCodeOf } from './exit-code.ts';
import { heapReportText } from './heap-report.ts';
import type { MetricsServer } from './metrics-server.ts';
import { ReportFile } from './report-file.ts';
import { RunFace } from './run-face.ts';
import { reportOf, reportWithoutJob } from './run-report.ts';
import { onSignals } from './signals.ts';

export async function runProgram(file: string, args: readonly string[], options: RunOptions): Promise<void> {
  phase('command parsed');
  const run = new ProgramRun(options);
  process.on('uncaughtException', (error) => void run.finish({ error }));
  try {
    await run.start(file, args);
  } catch (error) {
    await run.finish({ error });
  }
}

/** Beyond `task.cancellation.timeout`, which ends the job by itself: how long the cancellation of a job may take, for news to go back and forth. */
const CANCEL_EXTRA_MS = 5_000;
/** Beyond that, longer than a TaskManager takes that has to be killed. A run that was told to end does end, whatever has gone wrong in it. */
const END_EXTRA_MS = 10_000;

/** Loaded with this module: the TaskManager's process, which is there already, waits for its configuration. */
const startCluster: StartCluster = (options) => RunningCluster.start(options);

type End = { readonly error?: unknown; readonly exitCode?: number };

class ProgramRun {
  readonly #options: RunOptions;
  readonly #startedAtMs = performance.now();
  readonly #startedAt = systemClock.now();
  readonly #workingDirectory = process.cwd();
  readonly #face: RunFace;
  #program: LocalProgram | undefined;
  #signalCode: number | undefined;
  #cancelLimitMs = CANCEL_EXTRA_MS;
  #finishing: Promise<void> | undefined;
  #metrics: MetricsServer | undefined;
  #profile: ProfileSettings | undefined;
  #events: ReportFile | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#face = new RunFace({ level: options.logLevel, format: options.logFormat }, systemClock);
    onSignals((exitCode) => this.#interrupt(exitCode));
    this.#face.onBrokenOutput((exitCode) => this.#interrupt(exitCode));
  }

  async start(file: string, args: readonly string[]): Promise<void> {
    const configuration = configureCommand(this.#options, this.#workingDirectory);
    this.#cancelLimitMs = configuration.get(TASK_CANCELLATION_TIMEOUT).toMillis() + CANCEL_EXTRA_MS;
    for (const warning of configuration.warnings) this.#face.warn(warning);
    const path = resolveProgram(file, this.#workingDirectory);
    await this.#serveMetrics(configuration);
    this.#profile = this.#profileSettings();
    const { events } = this.#options;
    if (events !== undefined) this.#events = new ReportFile(events, this.#workingDirectory, (message) => this.#face.warn(message));
    const program = createLocalProgram({
      file: path,
      args,
      workingDirectory: this.#workingDirectory,
      environment: process.env,
      configuration,
      singleThread: this.#options.singleThread === true,
      monitor: this.#face,
      onOutput: (stream, text) => this.#face.print(stream, text),
      startCluster,
      checkpointing: checkpointFlags(this.#options, configuration),
      profile: this.#profile,
      reporter: this.#events,
      operatorFigures: this.#options.heapReport === true,
      logging: { level: this.#options.logLevel, format: this.#options.logFormat },
    });
    this.#program = program;
    program.clusters.prepare(likelySlots(configuration), program.bundle());
    const url = await writeClientBundle(await program.bundle(), path);
    phase('bundle ready');
    process.argv = [process.execPath, path, ...args];
    process.setSourceMapsEnabled(true);
    setHostExecutor(program.executor);
    let settled = false;
    // The program may still be at work when its module has been evaluated: the run ends when nothing is left to do, or when something throws.
    process.on('beforeExit', () => void this.finish(settled ? {} : { error: stuck(file) }));
    await import(url);
    settled = true;
    await this.#face.jobsEnded();
    await program.clusters.closeIdle();
  }

  #profileSettings(): ProfileSettings | undefined {
    const { cpuProfile, cpuProfileSubtask } = this.#options;
    if (cpuProfile !== undefined) return profileSettings(cpuProfile, cpuProfileSubtask, this.#workingDirectory);
    if (cpuProfileSubtask !== undefined)
      throw new UsageError('--cpu-profile-subtask says of which subtask, but not where the profile goes. Add --cpu-profile <path>.');
    return undefined;
  }

  /** Of a subtask that has run: one whose slot had to be ended, or was lost, has written none. */
  #warnOfProfile(): void {
    const profile = this.#profile;
    if (profile === undefined || this.#face.jobs.length === 0 || hasProfile(profile, this.#startedAt)) return;
    this.#face.warn(`no CPU profile was written to ${profile.path}: the subtask has not run, or its slot was ended before it could`);
  }

  /** Before the program: an address that cannot be had is the user's to change. */
  async #serveMetrics(configuration: Configuration): Promise<void> {
    const port = configuration.get(METRICS_PORT);
    if (port === undefined) return;
    const { MetricsServer, isLoopback } = await import('./metrics-server.ts');
    const host = configuration.get(METRICS_HOST);
    const read = () => shownJobs(this.#face.jobs).map((job) => job.metrics());
    this.#metrics = await MetricsServer.start({ port, host, allowRemote: configuration.get(METRICS_ALLOW_REMOTE) }, read);
    const url = `${this.#metrics.url}/metrics`;
    if (!isLoopback(host)) this.#face.warn(`metrics at ${url} are for whoever reaches this machine`);
    if (port === 0) this.#face.announce(`metrics at ${url}`);
    else this.#face.info(`metrics at ${url}`);
  }

  finish(end: End): Promise<void> {
    this.#finishing ??= this.#finish(end);
    return this.#finishing;
  }

  /** The first signal cancels the jobs, and the run ends as they do; the second does not wait. */
  #interrupt(exitCode: number): void {
    if (this.#signalCode !== undefined) process.exit(exitCode);
    this.#signalCode = exitCode;
    setTimeout(() => process.exit(exitCode), this.#cancelLimitMs + END_EXTRA_MS);
    const running = this.#face.runningJobs();
    for (const job of running) this.#face.info(`cancelling the job '${job.name}'; once more ends it at once`);
    // The program learns of it by the rejection of what it awaits, and may tidy up; it has no say in whether the run ends.
    const cancelled = Promise.allSettled(running.map((job) => job.cancel())).then(() => this.#face.jobsEnded());
    void Promise.race([cancelled, sleep(this.#cancelLimitMs)]).then(() => this.finish({ exitCode }));
  }

  async #finish({ error, exitCode }: End): Promise<void> {
    const { jobs } = this.#face;
    if (error !== undefined)
      await Promise.race([Promise.allSettled(this.#face.runningJobs().map((job) => job.cancel())), sleep(this.#cancelLimitMs)]);
    const failure = error ?? jobs.find((job) => job.state === 'FAILED')?.error ?? this.#withoutJob(exitCode);
    // Closing a cluster ends what still runs on it, so it must not wait for jobs that a signal could not end.
    if (this.#signalCode === undefined) await this.#face.jobsEnded();
    await this.#program?.clusters.close();
    await this.#metrics?.close();
    this.#warnOfProfile();
    if (this.#options.heapReport === true) for (const job of jobs) this.#face.announce(heapReportText(job.metrics()));
    this.#events?.close();
    const code = this.#signalCode ?? exitCode ?? (failure === undefined ? EXIT_OK : exitCodeOf(failure, jobs.length));
    const told = this.#signalCode === undefined && failure !== undefined;
    if (told)
      this.#face.fail(describeFailure(failure, { workingDirectory: this.#workingDirectory, debug: this.#options.logLevel === 'debug' }));
    if (this.#options.json === true) this.#writeReport(failure);
    process.exit(code);
  }

  #withoutJob(exitCode: number | undefined): UsageError | undefined {
    if (exitCode !== undefined || this.#signalCode !== undefined || this.#face.jobs.length > 0) return undefined;
    return new UsageError('The program ended without starting a job. Call env.execute() in it.', { reason: 'no-job' });
  }

  #writeReport(failure: unknown): void {
    const { jobs } = this.#face;
    const state = this.#signalCode === undefined ? 'FAILED' : 'CANCELED';
    const reports =
      jobs.length > 0 ? jobs.map((job) => reportOf(job)) : [reportWithoutJob(state, performance.now() - this.#startedAtMs, failure)];
    this.#face.report(reports);
  }
}

/** Those that run, and the newest that has ended: a program may run any number of jobs. */
function shownJobs(jobs: readonly MonitoredJob[]): readonly MonitoredJob[] {
  return jobs.filter((job, place) => job.state === 'RUNNING' || place === jobs.length - 1);
}

function stuck(file: string): TerminalError {
  return new TerminalError(`${file} awaits something at its top level that never comes. Look for a promise that nothing settles.`, {
    reason: 'unsettled',
  });
}
