/**
 * What happens to jobs, for event and trace reporters: events and spans under Flink's scopes, names and attributes, as plain data.
 *
 * Owned by the cluster, which tells it of every event of its jobs in their order.
 *
 * J1 a span is reported when it is over. One of a start or restart lasts from there until every subtask that was deployed for it is running, or has ended.
 * J2 nothing is kept of a job that has ended.
 */
import type { JobEvent } from '@millrace/runtime/coordinator/job-event';
import type { CheckpointDetails } from '@millrace/runtime/protocol/control-messages';
import type { FailureDescription } from '@millrace/runtime/protocol/execution-state';
import { isTerminalStatus } from '@millrace/runtime/protocol/job-status';

export type ReportAttributes = Readonly<Record<string, string | number | boolean>>;

interface ReportHead {
  readonly scope: string;
  readonly name: string;
  readonly jobId: string;
  readonly jobName: string;
  readonly attributes: ReportAttributes;
}

/** Times are milliseconds since the epoch. */
export type JobReport =
  | (ReportHead & { readonly type: 'event'; readonly severity: 'INFO' | 'WARN' | 'ERROR'; readonly time: number })
  | (ReportHead & { readonly type: 'span'; readonly startTime: number; readonly endTime: number });

/** Where reports go: a file, a log, a collector. Must not throw, and not wait. */
export interface JobReporter {
  report(report: JobReport): void;
}

export interface JobReportPorts {
  readonly reporter: JobReporter;
  /** Undefined while the job is being made. */
  jobOf(jobId: string): { readonly name: string; readonly failure: FailureDescription | undefined } | undefined;
}

const JOB_MASTER = 'org.apache.flink.runtime.jobmaster.JobMaster';
const CHECKPOINTS = 'org.apache.flink.runtime.checkpoint.CheckpointStatsTracker';

/** A start or restart that is under way. */
interface Initialization {
  readonly startTime: number;
  readonly restart: number;
  readonly waiting: Set<string>;
  deployed: number;
}

export class JobReports {
  readonly #ports: JobReportPorts;
  readonly #initializations = new Map<string, Initialization>();

  constructor(ports: JobReportPorts) {
    this.#ports = ports;
  }

  take(event: JobEvent): void {
    if (event.kind === 'job-status') this.#statusChanged(event);
    else if (event.kind === 'execution') this.#executionChanged(event);
    else if (event.kind === 'restart') {
      this.#failed(event.jobId, event.time, { failure: event.failure, canRestart: true, restart: event.restart });
      this.#begin(event.jobId, event.time, event.restart);
    } else if (event.kind === 'checkpoint') this.#checkpoint(event.jobId, event.time, event.details);
  }

  #statusChanged({ jobId, time, from, to }: Extract<JobEvent, { readonly kind: 'job-status' }>): void {
    this.#event(jobId, time, {
      scope: JOB_MASTER,
      name: 'JobStatusChangeEvent',
      severity: 'INFO',
      attributes: { oldJobStatus: from, newJobStatus: to },
    });
    if (to === 'CREATED') this.#begin(jobId, time, 0);
    if (to === 'FAILING') this.#failed(jobId, time, { failure: this.#ports.jobOf(jobId)?.failure, canRestart: false, restart: undefined });
    if (to === 'FAILING' || to === 'CANCELLING' || isTerminalStatus(to)) this.#end(jobId, time, to); // J2
  }

  #begin(jobId: string, startTime: number, restart: number): void {
    this.#end(jobId, startTime, 'RESTARTING');
    this.#initializations.set(jobId, { startTime, restart, waiting: new Set(), deployed: 0 });
  }

  /** J1 */
  #executionChanged({ jobId, time, executionId, to }: Extract<JobEvent, { readonly kind: 'execution' }>): void {
    const initialization = this.#initializations.get(jobId);
    if (initialization === undefined) return;
    if (to === 'DEPLOYING') {
      initialization.waiting.add(executionId);
      initialization.deployed += 1;
    } else if (to !== 'INITIALIZING' && initialization.waiting.delete(executionId) && initialization.waiting.size === 0)
      this.#end(jobId, time, 'RUNNING');
  }

  #end(jobId: string, endTime: number, status: string): void {
    const initialization = this.#initializations.get(jobId);
    if (initialization === undefined) return;
    this.#initializations.delete(jobId);
    const { startTime, restart, deployed } = initialization;
    this.#ports.reporter.report({
      type: 'span',
      ...this.#head(jobId),
      scope: CHECKPOINTS,
      name: 'JobInitialization',
      startTime,
      endTime,
      attributes: { initializationStatus: status === 'RUNNING' ? 'COMPLETED' : 'FAILED', jobStatus: status, restart, subtasks: deployed },
    });
  }

  #failed(
    jobId: string,
    time: number,
    of: { readonly failure: FailureDescription | undefined; readonly canRestart: boolean; readonly restart: number | undefined },
  ): void {
    const { failure, canRestart, restart } = of;
    const attributes = {
      canRestart,
      ...(restart === undefined ? {} : { restart }),
      ...(failure === undefined ? {} : { message: failure.message }),
    };
    this.#event(jobId, time, { scope: JOB_MASTER, name: 'JobFailureEvent', severity: canRestart ? 'WARN' : 'ERROR', attributes });
  }

  #checkpoint(jobId: string, time: number, details: CheckpointDetails): void {
    const { id, status, triggerTime, durationMs, checkpointedSizeBytes, stateSizeBytes, failure } = details;
    const attributes = {
      checkpointId: id,
      checkpointStatus: status,
      checkpointedSize: checkpointedSizeBytes,
      fullSize: stateSizeBytes,
      ...(failure === undefined ? {} : { failureReason: failure.reason, failureMessage: failure.message }),
    };
    const head = { ...this.#head(jobId), scope: CHECKPOINTS, attributes };
    const severity = failure === undefined ? 'INFO' : 'WARN';
    this.#ports.reporter.report({ type: 'event', ...head, name: 'CheckpointEvent', severity, time });
    this.#ports.reporter.report({ type: 'span', ...head, name: 'Checkpoint', startTime: triggerTime, endTime: triggerTime + durationMs });
  }

  #event(
    jobId: string,
    time: number,
    event: Pick<Extract<JobReport, { readonly type: 'event' }>, 'scope' | 'name' | 'severity' | 'attributes'>,
  ): void {
    this.#ports.reporter.report({ type: 'event', ...this.#head(jobId), time, ...event });
  }

  #head(jobId: string): Pick<ReportHead, 'jobId' | 'jobName'> {
    return { jobId, jobName: this.#ports.jobOf(jobId)?.name ?? '' };
  }
}
