/**
 * Between the split enumerators of a job, in their isolate, and the readers in its tasks; and between the heads of an iteration. Used by the JobMaster and its CheckpointCoordinator.
 *
 * V1 the valve: what an enumerator sends after its snapshot and before the tasks were triggered is held back, in order, or a split would be in the snapshots of both.
 * V2 what an isolate says that was closed is not heard: a restart of everything begins with a new one.
 * V3 what an enumerator sends to a reader of which it has not heard that it was reset goes nowhere: it was for the attempt before, and is given back to the enumerator.
 */
import type { CoordinatorState } from '../checkpoint/checkpoint-metadata.ts';
import type { JobInformation } from '../protocol/deployment.ts';
import type { FailureDescription } from '../protocol/execution-state.ts';
import { describeFailure } from '../protocol/failure-description.ts';
import type { EnumeratorEvent, ReaderEvent } from '../protocol/slot-messages.ts';
import { JobIterations } from './job-iterations.ts';
import type { CoordinatorListener, OperatorCoordinatorProvider, OperatorCoordinators } from './operator-coordinators.ts';

export interface JobSourcesPorts {
  readonly coordinators: OperatorCoordinatorProvider;
  /** An event for the reader of an operator in one subtask of its vertex. */
  send(to: { readonly vertexId: string; readonly subtask: number; readonly operatorId: string }, event: ReaderEvent): void;
  fail(failure: FailureDescription): void;
  backlog(operatorId: string, isProcessingBacklog: boolean): void;
}

type States = Readonly<Record<string, CoordinatorState>>;
type SnapshotOutcome = { readonly ok: true; readonly value: States };

interface Snapshot {
  readonly checkpointId: number;
  readonly states: Record<string, CoordinatorState>;
  readonly missing: Set<string>; // operator ids
  readonly settle: (outcome: SnapshotOutcome) => void;
}

export class JobSources {
  readonly #job: JobInformation;
  readonly #ports: JobSourcesPorts;
  /** By id of the source operator. */
  readonly #vertexOf: ReadonlyMap<string, string>;
  readonly #answered = new Set<string>(); // operator ids
  readonly #held: (() => void)[] = [];
  /** Resets that an enumerator has not heard of yet (V3), by operator id and subtask. */
  readonly #resetting = new Map<string, number>();
  readonly #iterations: JobIterations;
  #coordinators: OperatorCoordinators | undefined;
  #snapshot: Snapshot | undefined;
  /** Which isolate is heard. */
  #run = 0;

  constructor(job: JobInformation, ports: JobSourcesPorts) {
    this.#job = job;
    this.#ports = ports;
    const sources = job.jobGraph.vertices.flatMap(({ id, operators }) => operators.map((operator) => ({ id, operator })));
    this.#vertexOf = new Map(sources.filter(({ operator }) => operator.kind === 'source').map(({ id, operator }) => [operator.id, id]));
    this.#iterations = new JobIterations(job.jobGraph, (to, command) => ports.send(to, command));
  }

  /** A job without sources needs no isolate. */
  start(restored: States): void {
    this.#forget();
    this.#iterations.reset();
    if (this.#vertexOf.size === 0) return;
    try {
      this.#coordinators = this.#ports.coordinators.start(this.#job, restored, this.#listener());
    } catch (error) {
      this.#ports.fail(describeFailure(error));
    }
  }

  enumeratorEvent(operatorId: string, subtask: number, event: EnumeratorEvent): void {
    if (!this.#iterations.handle(operatorId, subtask, event)) this.#coordinators?.handleEvent(operatorId, subtask, event);
  }

  snapshot(checkpointId: number, settle: (outcome: SnapshotOutcome) => void): void {
    if (this.#coordinators === undefined) return settle({ ok: true, value: {} });
    this.#snapshot = { checkpointId, states: {}, missing: new Set(this.#vertexOf.keys()), settle };
    this.#coordinators.snapshot(checkpointId);
  }

  /** The tasks are triggered, or the checkpoint is given up: what was held back goes on. */
  release(): void {
    this.#snapshot = undefined;
    this.#answered.clear();
    for (const send of this.#held.splice(0)) send();
  }

  notifyCheckpoint(checkpointId: number, outcome: 'complete' | 'aborted'): void {
    this.#coordinators?.notifyCheckpoint(checkpointId, outcome);
  }

  /** For a restart that leaves the enumerators as they are. */
  resetSubtask(vertexId: string, subtask: number, checkpointId: number | undefined): void {
    this.#iterations.reset(vertexId);
    for (const [operatorId, vertex] of this.#vertexOf) {
      if (vertex !== vertexId || this.#coordinators === undefined) continue;
      const reader = `${operatorId}/${subtask}`;
      this.#resetting.set(reader, (this.#resetting.get(reader) ?? 0) + 1);
      this.#coordinators.resetSubtask(operatorId, subtask, checkpointId);
    }
  }

  close(): void {
    this.#coordinators?.close();
    this.#coordinators = undefined;
    this.#run++;
    this.#forget();
  }

  #forget(): void {
    this.#snapshot = undefined;
    this.#answered.clear();
    this.#held.length = 0;
    this.#resetting.clear();
  }

  #listener(): CoordinatorListener {
    const run = ++this.#run;
    const alive = () => run === this.#run; // V2
    return {
      onReaderEvent: (operatorId, subtask, event) => (alive() ? this.#readerEvent(operatorId, subtask, event) : undefined),
      onSnapshot: (checkpointId, operatorId, state) => (alive() ? this.#snapshotOf(checkpointId, operatorId, state) : undefined),
      onSubtaskReset: (operatorId, subtask) => (alive() ? this.#wasReset(`${operatorId}/${subtask}`) : undefined),
      onBacklog: (operatorId, isProcessingBacklog) => (alive() ? this.#ports.backlog(operatorId, isProcessingBacklog) : undefined),
      onFailure: (failure) => (alive() ? this.#ports.fail(failure) : undefined),
    };
  }

  #snapshotOf(checkpointId: number, operatorId: string, { version, bytes }: CoordinatorState): void {
    const snapshot = this.#snapshot;
    if (snapshot?.checkpointId !== checkpointId || !snapshot.missing.delete(operatorId)) return; // of one that was given up
    this.#answered.add(operatorId);
    snapshot.states[operatorId] = { version, bytes };
    if (snapshot.missing.size === 0) snapshot.settle({ ok: true, value: snapshot.states });
  }

  #wasReset(reader: string): void {
    const left = (this.#resetting.get(reader) ?? 0) - 1;
    if (left > 0) this.#resetting.set(reader, left);
    else this.#resetting.delete(reader);
  }

  #readerEvent(operatorId: string, subtask: number, event: ReaderEvent): void {
    const vertexId = this.#vertexOf.get(operatorId);
    if (vertexId === undefined || this.#resetting.has(`${operatorId}/${subtask}`)) return; // V3
    const send = () => this.#ports.send({ vertexId, subtask, operatorId }, event);
    if (this.#answered.has(operatorId))
      this.#held.push(send); // V1
    else send();
  }
}
