/** Writes the history of one job: what the parts of its JobMaster tell, as events with its id, name and the time. */
import type { Clock } from '@millrace/core/base/clock';
import type { CheckpointDetails } from '../protocol/control-messages.ts';
import type { JobInformation } from '../protocol/deployment.ts';
import type { ExecutionState, FailureDescription } from '../protocol/execution-state.ts';
import type { Execution } from './execution-graph.ts';
import type { JobEvent } from './job-event.ts';

export class JobLog {
  readonly #job: JobInformation;
  readonly #ports: { readonly clock: Clock; log(event: JobEvent): void };

  constructor(job: JobInformation, ports: { readonly clock: Clock; log(event: JobEvent): void }) {
    this.#job = job;
    this.#ports = ports;
  }

  execution({ executionId, name, vertex, subtask }: Execution, from: ExecutionState, to: ExecutionState): void {
    this.#ports.log({ kind: 'execution', ...this.#stamp(), executionId, name, vertexId: vertex.id, subtask, from, to });
  }

  restart(failure: FailureDescription, restart: number, delayMs: number, subtasks: number): void {
    this.#ports.log({ kind: 'restart', ...this.#stamp(), jobName: this.#job.jobGraph.name, failure, restart, delayMs, subtasks });
  }

  checkpoint(details: CheckpointDetails): void {
    this.#ports.log({ kind: 'checkpoint', ...this.#stamp(), jobName: this.#job.jobGraph.name, details });
  }

  warning(message: string): void {
    this.#ports.log({ kind: 'warning', ...this.#stamp(), jobName: this.#job.jobGraph.name, message });
  }

  #stamp(): { readonly jobId: string; readonly time: number } {
    return { jobId: this.#job.jobId, time: this.#ports.clock.now() };
  }
}
