/** How long a job has been in each status: since it last came there, and in all. Owned by the lifecycle of the job, which tells every change. */
import type { JobStatus } from '@millrace/streaming/graph/executor';
import type { StatusTime } from '../protocol/control-messages.ts';
import { isTerminalStatus } from '../protocol/job-status.ts';

export class StatusTimes {
  readonly #totals = new Map<JobStatus, number>();
  #status: JobStatus;
  #sinceMs: number;

  constructor(status: JobStatus, nowMs: number) {
    this.#status = status;
    this.#sinceMs = nowMs;
  }

  to(status: JobStatus, nowMs: number): void {
    this.#totals.set(this.#status, (this.#totals.get(this.#status) ?? 0) + nowMs - this.#sinceMs);
    this.#status = status;
    this.#sinceMs = nowMs;
  }

  /** Of the statuses that the job has been in, but for terminal ones, which last for ever. */
  at(nowMs: number): readonly StatusTime[] {
    const statuses = new Set([...this.#totals.keys(), ...(isTerminalStatus(this.#status) ? [] : [this.#status])]);
    return [...statuses].map((status) => {
      const currentMs = status === this.#status ? nowMs - this.#sinceMs : 0;
      return { status, currentMs, totalMs: (this.#totals.get(status) ?? 0) + currentMs };
    });
  }
}
