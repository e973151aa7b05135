/** The coordinators of all sources of one job, whatever thread they run in. */
import type { Clock } from '@millrace/core/base/clock';
import type { CoordinatorState } from '@millrace/runtime/checkpoint/checkpoint-metadata';
import type { OperatorCoordinators } from '@millrace/runtime/coordinator/operator-coordinators';
import { defaultRestartStrategy } from '@millrace/runtime/coordinator/restart-strategy';
import { SourceCoordinator } from '@millrace/runtime/coordinator/source-coordinator';
import { WatermarkAlignment } from '@millrace/runtime/coordinator/watermark-alignment';
import type { JobInformation } from '@millrace/runtime/protocol/deployment';
import type { EnumeratorEvent, ReaderEvent } from '@millrace/runtime/protocol/slot-messages';
import type { ChainedOperator, JobBindings } from '@millrace/streaming/graph/job-graph';

export interface JobCoordinatorsPorts {
  readonly clock: Clock;
  bind(job: JobInformation): Promise<JobBindings>;
  send(operatorId: string, subtask: number, event: ReaderEvent): void;
  snapshotTaken(checkpointId: number, operatorId: string, state: CoordinatorState): void;
  subtaskReset(operatorId: string, subtask: number): void;
  backlog(operatorId: string, isProcessingBacklog: boolean): void;
  readonly fail: (error: unknown) => void;
}

export class JobCoordinators implements OperatorCoordinators {
  readonly #ports: JobCoordinatorsPorts;
  readonly #restored: Readonly<Record<string, CoordinatorState>>;
  readonly #sources = new Map<string, SourceCoordinator>();
  /** Orders that came before the program was bound. */
  #early: (() => void)[] | undefined = [];
  readonly #alignment: WatermarkAlignment;
  #closed = false;

  constructor(job: JobInformation, restored: Readonly<Record<string, CoordinatorState>>, ports: JobCoordinatorsPorts) {
    this.#ports = ports;
    this.#alignment = new WatermarkAlignment(ports.clock);
    this.#restored = restored;
    ports.bind(job).then(
      (bindings) => this.#bound(job, bindings),
      (error: unknown) => (this.#closed ? undefined : ports.fail(error)),
    );
  }

  handleEvent(operatorId: string, subtask: number, event: EnumeratorEvent): void {
    this.#whenBound(() => this.#sources.get(operatorId)?.handleEvent(subtask, event));
  }

  snapshot(checkpointId: number): void {
    this.#whenBound(() => {
      for (const source of this.#sources.values()) source.snapshot(checkpointId);
    });
  }

  notifyCheckpoint(checkpointId: number, outcome: 'complete' | 'aborted'): void {
    this.#whenBound(() => {
      for (const source of this.#sources.values()) source.notifyCheckpoint(checkpointId, outcome);
    });
  }

  resetSubtask(operatorId: string, subtask: number, checkpointId: number | undefined): void {
    this.#whenBound(() => this.#sources.get(operatorId)?.resetSubtask(subtask, checkpointId));
  }

  close(): void {
    this.#closed = true;
    for (const source of this.#sources.values()) source.close();
  }

  #whenBound(action: () => void): void {
    if (this.#early !== undefined) this.#early.push(action);
    else action();
  }

  #bound(job: JobInformation, bindings: JobBindings): void {
    if (this.#closed) return;
    const { vertices, configuration } = job.jobGraph;
    const strategy = configuration.restartStrategy ?? defaultRestartStrategy(configuration.checkpointing !== undefined);
    for (const { operators, parallelism } of vertices) {
      for (const operator of operators) this.#add(operator, bindings, { parallelism, remembersAssignments: strategy.kind !== 'none' });
    }
    for (const source of this.#sources.values()) source.start();
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const action of early) action();
  }

  #add({ id, name, uid }: ChainedOperator, bindings: JobBindings, of: { parallelism: number; remembersAssignments: boolean }): void {
    const logic = bindings.operators.get(id);
    if (logic?.kind !== 'source') return;
    const { clock, fail } = this.#ports;
    const coordinator = new SourceCoordinator({
      operatorName: name,
      uid,
      source: logic.source,
      strategy: logic.strategy,
      alignment: this.#alignment,
      ...of,
      clock,
      restored: this.#restored[id],
      send: (subtask, event) => this.#ports.send(id, subtask, event),
      snapshotTaken: (checkpointId, state) => this.#ports.snapshotTaken(checkpointId, id, state),
      subtaskReset: (subtask) => this.#ports.subtaskReset(id, subtask),
      backlog: (isProcessingBacklog) => this.#ports.backlog(id, isProcessingBacklog),
      fail,
    });
    this.#sources.set(id, coordinator);
  }
}
