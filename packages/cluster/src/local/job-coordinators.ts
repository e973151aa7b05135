/** The coordinators of all sources of one job, whatever thread they run in. */
import type { Clock } from '@millrace/core/base/clock';
import { SourceCoordinator } from '@millrace/runtime/coordinator/source-coordinator';
import type { JobInformation } from '@millrace/runtime/protocol/deployment';
import type { EnumeratorEvent, ReaderEvent } from '@millrace/runtime/protocol/slot-messages';
import type { JobBindings } from '@millrace/streaming/graph/job-graph';

export interface JobCoordinatorsPorts {
  readonly clock: Clock;
  bind(job: JobInformation): Promise<JobBindings>;
  send(operatorId: string, subtask: number, event: ReaderEvent): void;
  readonly fail: (error: unknown) => void;
}

export class JobCoordinators {
  readonly #ports: JobCoordinatorsPorts;
  readonly #sources = new Map<string, SourceCoordinator>();
  /** Events that came before the program was bound. */
  #early: (() => void)[] | undefined = [];
  #closed = false;

  constructor(job: JobInformation, ports: JobCoordinatorsPorts) {
    this.#ports = ports;
    ports.bind(job).then(
      (bindings) => this.#bound(job, bindings),
      (error: unknown) => (this.#closed ? undefined : ports.fail(error)),
    );
  }

  handleEvent(operatorId: string, subtask: number, event: EnumeratorEvent): void {
    if (this.#early !== undefined) this.#early.push(() => this.#sources.get(operatorId)?.handleEvent(subtask, event));
    else this.#sources.get(operatorId)?.handleEvent(subtask, event);
  }

  close(): void {
    this.#closed = true;
    for (const source of this.#sources.values()) source.close();
  }

  #bound(job: JobInformation, bindings: JobBindings): void {
    if (this.#closed) return;
    for (const { operators, parallelism } of job.jobGraph.vertices) {
      for (const { id, name, uid } of operators) {
        const logic = bindings.operators.get(id);
        if (logic?.kind !== 'source') continue;
        const { clock, fail } = this.#ports;
        const send = (subtask: number, event: ReaderEvent) => this.#ports.send(id, subtask, event);
        this.#sources.set(id, new SourceCoordinator({ operatorName: name, uid, source: logic.source, parallelism, clock, send, fail }));
      }
    }
    for (const source of this.#sources.values()) source.start();
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const action of early) action();
  }
}
