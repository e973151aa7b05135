/**
 * Where a job stands: its status, what has failed, its times. Owned by the JobMaster, which decides; here order is kept (J1 and J2 of job-master.ts).
 *
 * L1 a failure that is followed by a restart is history; the one that is not is the job's. What fails while tasks are being stopped is attached to what made them stop.
 */
import { invariant } from '@millrace/core/base/assert';
import type { Clock } from '@millrace/core/base/clock';
import type { JobStatus } from '@millrace/streaming/graph/executor';
import type { JobDetails, JobFailure } from '../protocol/control-messages.ts';
import type { FailureDescription } from '../protocol/execution-state.ts';
import { isTerminalStatus, JOB_STATUS_TRANSITIONS } from '../protocol/job-status.ts';
import type { JobEvent } from './job-event.ts';
import { StatusTimes } from './status-times.ts';

/** Flink: web.exception-history-size. */
const MAX_FAILURES = 16;

export interface JobLifecyclePorts {
  readonly clock: Clock;
  log(event: JobEvent): void;
}

export type LifecycleDetails = Pick<
  JobDetails,
  'status' | 'startTime' | 'endTime' | 'netRuntimeMs' | 'failure' | 'suppressed' | 'restarts' | 'statusTimes' | 'failures'
>;

export class JobLifecycle {
  readonly #jobId: string;
  readonly #ports: JobLifecyclePorts;
  readonly #startTime: number;
  readonly #times: StatusTimes;
  #status: JobStatus = 'INITIALIZING';
  #failure: FailureDescription | undefined;
  #suppressed: FailureDescription[] = [];
  #failures: readonly JobFailure[] = [];
  #restarts = 0;
  #runningSince: number | undefined;
  #endTime: number | undefined;
  #netRuntimeMs = 0;

  constructor(jobId: string, ports: JobLifecyclePorts) {
    this.#jobId = jobId;
    this.#ports = ports;
    this.#startTime = ports.clock.now();
    this.#times = new StatusTimes(this.#status, ports.clock.monotonic());
  }

  get status(): JobStatus {
    return this.#status;
  }

  get isTerminal(): boolean {
    return isTerminalStatus(this.#status);
  }

  /** Restarts that were begun. */
  get restarts(): number {
    return this.#restarts;
  }

  to(status: JobStatus): void {
    const from = this.#status;
    invariant(
      JOB_STATUS_TRANSITIONS[from].includes(status),
      () => `J1: job ${this.#jobId} went from ${from} to ${status}, which is no legal transition`,
    );
    if (status === 'RUNNING') this.#runningSince ??= this.#ports.clock.monotonic();
    if (status === 'RUNNING') this.#suppressed = [];
    if (isTerminalStatus(status)) this.#stopTimes();
    this.#status = status;
    this.#times.to(status, this.#ports.clock.monotonic());
    this.#ports.log({ kind: 'job-status', jobId: this.#jobId, time: this.#ports.clock.now(), from, to: status });
  }

  /** The failure that makes the job a failed one (J2). */
  fail(failure: FailureDescription): void {
    this.#failure = failure;
    this.#remember(failure);
    this.to('FAILING');
  }

  /** A failure that the job is restarted after. */
  restart(failure: FailureDescription): void {
    this.#restarts += 1;
    this.#remember(failure);
    this.to('RESTARTING');
  }

  suppress(failure: FailureDescription): void {
    this.#suppressed.push(failure);
  }

  /** Of a job whose executions have all ended: the status that follows, undefined where none does. */
  end(): JobStatus | undefined {
    const ends: Partial<Record<JobStatus, JobStatus>> = { RUNNING: 'FINISHED', FAILING: 'FAILED', CANCELLING: 'CANCELED' };
    return ends[this.#status];
  }

  details(): LifecycleDetails {
    return {
      status: this.#status,
      startTime: this.#startTime,
      endTime: this.#endTime,
      netRuntimeMs: this.#netRuntime(),
      failure: this.#failure,
      suppressed: [...this.#suppressed],
      restarts: this.#restarts,
      statusTimes: this.#times.at(this.#ports.clock.monotonic()),
      failures: this.#failures,
    };
  }

  #remember(failure: FailureDescription): void {
    const time = this.#ports.clock.now();
    this.#failures = [...this.#failures, { time, failure, restart: this.#restarts }].slice(-MAX_FAILURES);
  }

  #stopTimes(): void {
    this.#netRuntimeMs = this.#netRuntime();
    this.#runningSince = undefined;
    this.#endTime = this.#ports.clock.now();
  }

  #netRuntime(): number {
    return this.#runningSince === undefined ? this.#netRuntimeMs : this.#ports.clock.monotonic() - this.#runningSince;
  }
}
