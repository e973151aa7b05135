/** A job of a local cluster as its client holds it, and the figures of its vertices. */
import { TerminalError } from '@millrace/core/base/errors';
import type { JobDetails, JobEnd, ToDispatcher, VertexDetails } from '@millrace/runtime/protocol/control-messages';
import { restoreFailure } from '@millrace/runtime/protocol/failure-description';
import type { RpcGateway } from '@millrace/runtime/protocol/rpc';
import { TASK_METRIC } from '@millrace/runtime/protocol/slot-messages';
import type { AccumulatorValues } from '@millrace/streaming/contract/accumulator-values';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { JobResult, JobStatus, SubmittedJob } from '@millrace/streaming/graph/executor';
import type { VertexFigures } from './local-cluster.ts';

const TIMEOUT_MS = 30_000;

export class ClusterJob implements SubmittedJob {
  readonly jobId: string;
  readonly #dispatcher: RpcGateway<ToDispatcher>;
  readonly #leader: string;
  readonly #end: Promise<JobEnd>;

  /** Of a job that the Dispatcher has just accepted. */
  constructor(jobId: string, dispatcher: RpcGateway<ToDispatcher>, leader: string) {
    this.jobId = jobId;
    this.#dispatcher = dispatcher;
    this.#leader = leader;
    this.#end = ask<JobEnd>(dispatcher, { type: 'request-job-result', leader, jobId }, undefined);
    this.#end.catch(() => {}); // whoever asks for the result hears of it
  }

  async status(): Promise<JobStatus> {
    return (await this.#details()).status;
  }

  async accumulators(): Promise<AccumulatorValues> {
    return (await this.#details()).accumulators;
  }

  #details(): Promise<JobDetails> {
    return ask<JobDetails>(this.#dispatcher, { type: 'request-job-details', leader: this.#leader, jobId: this.jobId }, TIMEOUT_MS);
  }

  async result(): Promise<JobResult> {
    const end = await this.#end;
    if (end.status === 'FINISHED') return { jobId: end.jobId, netRuntimeMs: end.netRuntimeMs, accumulators: end.accumulators };
    if (end.status === 'FAILED' && end.failure !== undefined) {
      throw Object.assign(restoreFailure(end.failure), { suppressed: end.suppressed.map(restoreFailure) });
    }
    throw new TerminalError(`Job '${end.name}' (${end.jobId}) was cancelled.`, { reason: 'canceled' });
  }

  async cancel(): Promise<void> {
    await ask(this.#dispatcher, { type: 'cancel-job', leader: this.#leader, jobId: this.jobId }, TIMEOUT_MS);
  }

  /** Settles when the job is in a terminal state, whichever it is. */
  ended(): Promise<void> {
    return this.#end.then(
      () => {},
      () => {},
    );
  }
}

/** A call as a promise; rejects with the failure that came back. */
export function ask<A>(gateway: RpcGateway<ToDispatcher>, message: ToDispatcher, timeoutMs: number | undefined): Promise<A> {
  return new Promise((resolve, reject) => {
    gateway.ask<A>(message, timeoutMs, (outcome) => (outcome.ok ? resolve(outcome.answer) : reject(restoreFailure(outcome.failure))));
  });
}

export function figuresOf({ vertices }: JobDetails): readonly VertexFigures[] {
  return vertices.map((vertex) => ({
    id: vertex.id,
    name: vertex.name,
    parallelism: vertex.parallelism,
    recordsIn: sum(vertex, TASK_METRIC.numRecordsIn),
    recordsOut: sum(vertex, TASK_METRIC.numRecordsOut),
    watermark: leastWatermark(vertex),
    lateRecordsDropped: sum(vertex, TASK_METRIC.numLateRecordsDropped),
    busyTimeMs: sum(vertex, TASK_METRIC.busyTimeMs),
    backPressuredTimeMs: sum(vertex, TASK_METRIC.backPressuredTimeMs),
    idleTimeMs: sum(vertex, TASK_METRIC.idleTimeMs),
  }));
}

function sum({ subtasks }: VertexDetails, metric: number): number {
  return subtasks.reduce((total, { metrics }) => total + (metrics?.[metric] ?? 0), 0);
}

/** What has come in; a source has no input, there it is what goes out. */
function leastWatermark({ subtasks }: VertexDetails): number | undefined {
  const watermarks = subtasks.map(({ metrics }) =>
    Math.max(metrics?.[TASK_METRIC.currentInputWatermark] ?? NO_TIMESTAMP, metrics?.[TASK_METRIC.currentOutputWatermark] ?? NO_TIMESTAMP),
  );
  const least = Math.min(...watermarks);
  return least <= NO_TIMESTAMP ? undefined : least;
}
