/**
 * Finds out when nothing is in the loop of an iteration any more, over all its subtasks. Runs no code of users. Used by the JobMaster.
 *
 * Once the inputs of all heads have ended, it sends markers through the loop, round by round. A marker follows, at every head, what the tail had sent back until then, and reaches
 * a tail behind everything that was emitted before it.
 *
 * I1 a round begins when every subtask has reported the one before.
 * I2 a round in which no tail sent anything back has found the loop empty: what was sent back before the round before last is ahead of its marker, and nothing else was.
 * I3 then the end of time goes through the loop, whose windows and timers may fill it once more; the second time that it is found empty is the end.
 * I4 a subtask that has left is not waited for. A restart of the heads begins anew (`reset`); both ends of a loop and all between them restart together.
 */
import { FIRST_MARKER, END_OF_TIME } from '@millrace/streaming/contract/timestamp';
import type { JobGraph } from '@millrace/streaming/graph/job-graph';
import type { EnumeratorEvent, IterationCommand, IterationReport } from '../protocol/slot-messages.ts';

export type SendCommand = (
  to: { readonly vertexId: string; readonly subtask: number; readonly operatorId: string },
  command: IterationCommand,
) => void;

export class JobIterations {
  readonly #jobGraph: JobGraph;
  readonly #send: SendCommand;
  readonly #iterations = new Map<string, Iteration>();

  constructor(jobGraph: JobGraph, send: SendCommand) {
    this.#jobGraph = jobGraph;
    this.#send = send;
  }

  /** Before the tasks of a vertex, or of the whole job, run again. */
  reset(vertexId?: string): void {
    const heads = this.#jobGraph.vertices.filter(({ id }) => vertexId === undefined || id === vertexId);
    for (const { operators } of heads) for (const { id } of operators) this.#iterations.delete(id);
  }

  /** True if the event was for this. `operatorId` is that of the head. */
  handle(operatorId: string, subtask: number, event: EnumeratorEvent): boolean {
    if (event.type !== 'iteration-report' && event.type !== 'iteration-left') return false;
    const vertex = this.#jobGraph.vertices.find(({ operators }) => operators.some(({ id }) => id === operatorId));
    if (vertex === undefined) return true;
    const known = this.#iterations.get(operatorId);
    const send = (to: number, command: IterationCommand) => this.#send({ vertexId: vertex.id, subtask: to, operatorId }, command);
    const iteration = known ?? new Iteration(vertex.parallelism, send);
    this.#iterations.set(operatorId, iteration);
    iteration.handle(subtask, event);
    return true;
  }
}

class Iteration {
  readonly #parallelism: number;
  readonly #send: (subtask: number, command: IterationCommand) => void;
  /** Of this round, by subtask: records that were sent back. */
  readonly #reports = new Map<number, number>();
  readonly #left = new Set<number>();
  #marker: number | undefined;

  constructor(parallelism: number, send: (subtask: number, command: IterationCommand) => void) {
    this.#parallelism = parallelism;
    this.#send = send;
  }

  handle(subtask: number, report: IterationReport): void {
    if (report.type === 'iteration-left') this.#left.add(subtask);
    else {
      if (report.marker !== this.#marker) return; // of an attempt that is gone
      this.#reports.set(subtask, report.fedBack);
    }
    if (this.#left.size < this.#parallelism && this.#isComplete()) this.#endRound();
  }

  #isComplete(): boolean {
    for (let subtask = 0; subtask < this.#parallelism; subtask++) if (!this.#left.has(subtask) && !this.#reports.has(subtask)) return false;
    return true;
  }

  #endRound(): void {
    const marker = this.#marker;
    const isEmpty = marker !== undefined && [...this.#reports.values()].every((fedBack) => fedBack === 0);
    this.#reports.clear();
    if (isEmpty && marker > END_OF_TIME) return this.#tell({ type: 'iteration-ended' });
    this.#marker = isEmpty ? END_OF_TIME + 1 : (marker ?? FIRST_MARKER - 1) + 1;
    this.#tell({ type: 'iteration-marker', marker: this.#marker, endOfTime: isEmpty });
  }

  #tell(command: IterationCommand): void {
    for (let subtask = 0; subtask < this.#parallelism; subtask++) if (!this.#left.has(subtask)) this.#send(subtask, command);
  }
}
