/** All that a run writes, and the jobs that it has seen. Owns both standard streams of the process (R1 of run-command.ts). */
import type { Clock } from '@millrace/core/base/clock';
import type { JobMonitor, MonitoredJob } from '../client/job-monitor.ts';
import { isShown, type LogLevel, logLine, type LogSettings } from '@millrace/core/base/log';
import { EXIT_BROKEN_PIPE, EXIT_FAILED } from './exit-code.ts';
import { Progress } from './progress.ts';
import type { RunReport } from './run-report.ts';

const LINE_FEED = 10;

export class RunFace implements JobMonitor {
  /** In the order in which they were submitted. */
  readonly jobs: MonitoredJob[] = [];
  readonly #logging: LogSettings;
  readonly #clock: Clock;
  readonly #progress: Progress | undefined;
  readonly #ended = new Set<MonitoredJob>();
  #waiting: (() => void)[] = [];
  #lineOpen = false;

  constructor(logging: LogSettings, clock: Clock) {
    this.#logging = logging;
    this.#clock = clock;
    this.#progress = process.stderr.isTTY ? new Progress(process.stderr, clock) : undefined;
    this.#watchLines();
  }

  started(job: MonitoredJob): void {
    this.jobs.push(job);
    this.#progress?.add(job);
    this.info(`job '${job.name}' (${job.jobId}) submitted`);
  }

  ended(job: MonitoredJob): void {
    this.#ended.add(job);
    this.#progress?.remove(job);
    this.info(`job '${job.name}' (${job.jobId}) is ${job.state} after ${Math.round(job.durationMs ?? 0)} ms`);
    if (this.runningJobs().length > 0) return;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  runningJobs(): readonly MonitoredJob[] {
    return this.jobs.filter((job) => !this.#ended.has(job));
  }

  /** Settles when no job is running. */
  jobsEnded(): Promise<void> {
    return this.runningJobs().length === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Text of the job. */
  print(stream: 'stdout' | 'stderr', text: string): void {
    process[stream].write(text);
  }

  fail(message: string): void {
    this.#log('error', message);
  }

  warn(message: string): void {
    this.#log('warn', message);
  }

  /** What was asked for and is needed, whatever the level. */
  announce(message: string): void {
    this.#log('error', message);
  }

  info(message: string): void {
    this.#log('info', message);
  }

  report(reports: readonly RunReport[]): void {
    const start = this.#lineOpen ? '\n' : '';
    process.stdout.write(`${start}${reports.map((report) => `${JSON.stringify(report)}\n`).join('')}`);
  }

  /** When the reader of standard output has gone, or its disk is full, nobody will see what the jobs still print. */
  onBrokenOutput(interrupt: (exitCode: number) => void): void {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return interrupt(EXIT_BROKEN_PIPE);
      this.fail(`The job cannot write to standard output: ${error.message}.`);
      interrupt(EXIT_FAILED);
    });
  }

  #log(level: LogLevel, message: string): void {
    const { level: atMost, format } = this.#logging;
    if (!isShown(level, atMost)) return;
    const line = { time: this.#clock.now(), level, place: {}, message, fields: undefined };
    process.stderr.write(format === 'json' ? logLine(format, line) : `millrace: ${message}\n`);
  }

  /** Whoever writes, the program's own code included: the figures make room, and the report begins on a line of its own. */
  #watchLines(): void {
    const write = process.stdout.write.bind(process.stdout) as (...args: unknown[]) => boolean;
    process.stdout.write = (...args: unknown[]) => {
      this.#progress?.clear();
      const text = args[0];
      if ((typeof text === 'string' || text instanceof Uint8Array) && text.length > 0) this.#lineOpen = !endsLine(text);
      return write(...args);
    };
  }
}

function endsLine(text: string | Uint8Array): boolean {
  return typeof text === 'string' ? text.endsWith('\n') : text.at(-1) === LINE_FEED;
}
