/**
 * Where a job stands: its status, what has failed, its times. Owned by the JobMaster, which decides; here order is kept (J1 and J2 of job-master.ts).
 */
import { invariant } from '@millrace/core/base/assert';
import type { Clock } from '@millrace/core/base/clock';
import type { JobStatus } from '@millrace/streaming/graph/executor';
import type { JobDetails } from '../protocol/control-messages.ts';
import type { FailureDescription } from '../protocol/execution-state.ts';
import { isTerminalStatus, JOB_STATUS_TRANSITIONS } from '../protocol/job-status.ts';
import type { JobEvent } from './job-event.ts';

export interface JobLifecyclePorts {
  readonly clock: Clock;
  log(event: JobEvent): void;
}

export type LifecycleDetails = Pick<JobDetails, 'status' | 'startTime' | 'endTime' | 'netRuntimeMs' | 'failure' | 'suppressed'>;

export class JobLifecycle {
  readonly #jobId: string;
  readonly #ports: JobLifecyclePorts;
  readonly #suppressed: FailureDescription[] = [];
  readonly #startTime: number;
  #status: JobStatus = 'INITIALIZING';
  #failure: FailureDescription | undefined;
  #runningSince: number | undefined;
  #endTime: number | undefined;
  #netRuntimeMs = 0;

  constructor(jobId: string, ports: JobLifecyclePorts) {
    this.#jobId = jobId;
    this.#ports = ports;
    this.#startTime = ports.clock.now();
  }

  get status(): JobStatus {
    return this.#status;
  }

  get isTerminal(): boolean {
    return isTerminalStatus(this.#status);
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  to(status: JobStatus): void {
    const from = this.#status;
    invariant(
      JOB_STATUS_TRANSITIONS[from].includes(status),
      () => `J1: job ${this.#jobId} went from ${from} to ${status}, which is no legal transition`,
    );
    if (status === 'RUNNING') this.#runningSince = this.#ports.clock.monotonic();
    if (isTerminalStatus(status)) this.#stopTimes();
    this.#status = status;
    this.#ports.log({ kind: 'job-status', jobId: this.#jobId, time: this.#ports.clock.now(), from, to: status });
  }

  /** True for the failure that makes the job a failed one; any other is kept beside it. */
  fail(failure: FailureDescription): boolean {
    // What breaks while everything is being stopped on request does not make the job a failed one.
    if (this.#failure !== undefined || this.#status === 'CANCELLING') {
      this.suppress(failure);
      return false;
    }
    this.#failure = failure;
    this.to('FAILING');
    return true;
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
    };
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
