/** Between the split enumerators of a job, in their isolate, and the readers in its tasks. Used by the JobMaster. */
import type { JobInformation } from '../protocol/deployment.ts';
import type { FailureDescription } from '../protocol/execution-state.ts';
import { describeFailure } from '../protocol/failure-description.ts';
import type { EnumeratorEvent, ReaderEvent } from '../protocol/slot-messages.ts';
import type { OperatorCoordinatorProvider, OperatorCoordinators } from './operator-coordinators.ts';

export interface JobSourcesPorts {
  readonly coordinators: OperatorCoordinatorProvider;
  /** An event for the reader of an operator in one subtask of its vertex. */
  send(to: { readonly vertexId: string; readonly subtask: number; readonly operatorId: string }, event: ReaderEvent): void;
  fail(failure: FailureDescription): void;
}

export class JobSources {
  readonly #job: JobInformation;
  readonly #ports: JobSourcesPorts;
  #coordinators: OperatorCoordinators | undefined;

  constructor(job: JobInformation, ports: JobSourcesPorts) {
    this.#job = job;
    this.#ports = ports;
  }

  /** A job without sources needs no isolate. */
  start(): void {
    const { vertices } = this.#job.jobGraph;
    if (!vertices.some(({ operators }) => operators.some(({ kind }) => kind === 'source'))) return;
    try {
      this.#coordinators = this.#ports.coordinators.start(this.#job, {
        onReaderEvent: (operatorId, subtask, event) => this.#readerEvent(operatorId, subtask, event),
        onFailure: (failure) => this.#ports.fail(failure),
      });
    } catch (error) {
      this.#ports.fail(describeFailure(error));
    }
  }

  enumeratorEvent(operatorId: string, subtask: number, event: EnumeratorEvent): void {
    this.#coordinators?.handleEvent(operatorId, subtask, event);
  }

  close(): void {
    this.#coordinators?.close();
  }

  #readerEvent(operatorId: string, subtask: number, event: ReaderEvent): void {
    const vertex = this.#job.jobGraph.vertices.find(({ operators }) => operators.some(({ id }) => id === operatorId));
    if (vertex !== undefined) this.#ports.send({ vertexId: vertex.id, subtask, operatorId }, event);
  }
}
