/**
 * The checkpoints of one job as its JobMaster sees them: what the job begins with, what it is restarted with, and the coordinator where it takes any itself.
 *
 * JC1 nothing is deployed before `open` has settled; a checkpoint that does not fit is found there. JC2 all that one deployment begins with comes from one checkpoint.
 */
import { type AssignedState, assignStates } from '../../checkpoint/assign-states.ts';
import { checkRestore } from '../../checkpoint/check-restore.ts';
import type { StoredCheckpoint } from '../../checkpoint/checkpoint-directory.ts';
import type { JobStatus } from '@millrace/streaming/graph/executor';
import type { AcknowledgeCheckpoint, CheckpointStatistics, DeclineCheckpoint, RestoreRequest } from '../../protocol/control-messages.ts';
import type { JobInformation, TaskRestore } from '../../protocol/deployment.ts';
import type { FailureDescription } from '../../protocol/execution-state.ts';
import { describeFailure, terminalFailure } from '../../protocol/failure-description.ts';
import type { Execution } from '../execution-graph.ts';
import {
  CheckpointCoordinator,
  type CheckpointCoordinatorPorts,
  type CoordinatorStates,
  STORE_ABANDONED,
  STORE_END_LIMIT_MS,
} from './checkpoint-coordinator.ts';
import type { CheckpointFailureReason } from './checkpoint-failure-reason.ts';
import { compileCheckpointing } from './checkpoint-settings.ts';
import type { CheckpointStoreProvider, OpenedCheckpointStore } from './checkpoint-store.ts';
import { withinLimit } from './within-limit.ts';

export interface JobCheckpointsPorts extends CheckpointCoordinatorPorts {
  readonly stores: CheckpointStoreProvider;
}

/** What is between two deployments: which checkpoint, and whose part of it is whose. */
interface Restore {
  readonly checkpoint: StoredCheckpoint;
  readonly assigned: ReadonlyMap<string, readonly AssignedState[]>;
}

export class JobCheckpoints {
  readonly #job: JobInformation;
  readonly #request: RestoreRequest | undefined;
  readonly #ports: JobCheckpointsPorts;
  #opened: OpenedCheckpointStore | undefined;
  #coordinator: CheckpointCoordinator | undefined;
  #restore: Restore | undefined;
  /** Set when the job has ended before its store was open. */
  #abandoned: (() => void) | undefined;

  constructor(job: JobInformation, request: RestoreRequest | undefined, ports: JobCheckpointsPorts) {
    this.#job = job;
    this.#request = request;
    this.#ports = ports;
  }

  /** `settle` gets what makes the job impossible. Synchronous for a job that needs no store. */
  open(settle: (failure: FailureDescription | undefined) => void): void {
    const { jobId, jobGraph } = this.#job;
    const checkpointing = compileCheckpointing(jobGraph.configuration.checkpointing);
    if (checkpointing === undefined && this.#request === undefined) return settle(undefined);
    const request = { jobId, jobName: jobGraph.name, checkpointing, restorePath: this.#request?.path };
    this.#ports.stores.open(request, (outcome) => {
      if (!outcome.ok) return this.#abandoned === undefined ? settle(outcome.failure) : this.#abandoned();
      this.#opened = outcome.value;
      if (this.#abandoned !== undefined) return outcome.value.store.close(this.#abandoned);
      const refused = this.#check(outcome.value);
      if (refused !== undefined) return outcome.value.store.close(() => settle(refused));
      if (checkpointing !== undefined) this.#coordinator = new CheckpointCoordinator(this.#job, checkpointing, outcome.value, this.#ports);
      settle(undefined);
    });
  }

  /** Decides what the next deployment begins with, by `restoreOf` and `enumeratorStates`. */
  prepareRestore(): void {
    const checkpoint = this.#latest;
    if (checkpoint === undefined) {
      this.#restore = undefined;
      return;
    }
    if (checkpoint !== this.#restore?.checkpoint)
      this.#restore = { checkpoint, assigned: assignStates(checkpoint.metadata, this.#job.jobGraph.vertices) };
    this.#coordinator?.restored(checkpoint);
  }

  restoreOf({ vertex, subtask }: Execution): TaskRestore | undefined {
    if (this.#restore === undefined) return undefined;
    const { checkpoint, assigned } = this.#restore;
    const { operators, isFinished } = assigned.get(vertex.id)?.[subtask] ?? { operators: {}, isFinished: false };
    const { checkpointId, program } = checkpoint.metadata;
    const isOfSameProgram = program === this.#job.program.bundle;
    return { checkpointId, base: checkpoint.base, operators, isOfSameProgram, isFinished };
  }

  get enumeratorStates(): CoordinatorStates {
    return this.#restore?.checkpoint.metadata.coordinators ?? {};
  }

  get restoredId(): number | undefined {
    return this.#restore?.checkpoint.metadata.checkpointId;
  }

  /**
   * What a failure of a job that runs means. A checkpoint that turns out to be damaged is passed over: everything begins again with an older one, and where there is none
   * no restart helps.
   */
  examine(failure: FailureDescription): { readonly failure: FailureDescription; readonly isWhole: boolean } {
    const restored = this.#restore?.checkpoint;
    if (restored === undefined || restored !== this.#latest || !isDamage(failure)) return { failure, isWhole: false };
    this.#coordinator?.passOverLatest();
    const older = this.#coordinator?.latest;
    return { failure: older === undefined ? noOlder(restored.path, failure) : failure, isWhole: true };
  }

  taskChanged(execution: Execution): void {
    this.#coordinator?.taskChanged(execution);
  }

  sourcesRestarted(): void {
    this.#coordinator?.sourcesRestarted();
  }

  setBacklog(operatorId: string, isProcessingBacklog: boolean): void {
    this.#coordinator?.setBacklog(operatorId, isProcessingBacklog);
  }

  /** `execution` is undefined for one that has ended meanwhile. */
  acknowledge(execution: Execution | undefined, { checkpointId, snapshot, metrics }: AcknowledgeCheckpoint): void {
    this.#coordinator?.acknowledge(execution, checkpointId, snapshot, metrics);
  }

  decline(execution: Execution | undefined, { checkpointId, failure }: DeclineCheckpoint): void {
    if (execution !== undefined) this.#coordinator?.decline(execution, checkpointId, failure);
  }

  request(): void {
    this.#coordinator?.request();
  }

  stop(reason: CheckpointFailureReason): void {
    this.#coordinator?.stop(reason);
  }

  /** As the coordinator's. */
  whenWritten(action: () => void): void {
    if (this.#coordinator === undefined) action();
    else this.#coordinator.whenWritten(action);
  }

  end(status: JobStatus, settle: () => void): void {
    if (this.#coordinator !== undefined) return this.#coordinator.end(status, settle);
    if (this.#opened !== undefined) return this.#opened.store.close(settle);
    settle();
  }

  /** The job is cancelled while its store is being opened: it is closed as soon as it is there, and waited for as long as at any end. */
  abandon(settle: () => void): void {
    const late = () => {
      this.#ports.warn(STORE_ABANDONED);
      settle();
    };
    this.#abandoned = withinLimit(this.#ports.clock, STORE_END_LIMIT_MS, settle, late);
  }

  statistics(): CheckpointStatistics | undefined {
    return this.#coordinator?.statistics();
  }

  get #latest(): StoredCheckpoint | undefined {
    return this.#coordinator === undefined ? this.#opened?.restored : this.#coordinator.latest;
  }

  #check({ restored }: OpenedCheckpointStore): FailureDescription | undefined {
    if (restored === undefined) return undefined;
    try {
      const allowNonRestoredState = this.#request?.allowNonRestoredState === true;
      checkRestore(restored.metadata, this.#job.jobGraph.vertices, { path: restored.path, allowNonRestoredState });
      return undefined;
    } catch (error) {
      return describeFailure(error);
    }
  }
}

function isDamage(failure: FailureDescription | undefined): boolean {
  return failure !== undefined && (failure.reason === 'checkpoint-damaged' || isDamage(failure.cause));
}

function noOlder(path: string, failure: FailureDescription): FailureDescription {
  return terminalFailure(
    'checkpoint-damaged',
    `${failure.message} The job cannot begin with the checkpoint ${path}, and there is no older one. Name another one with --restore, or begin without.`,
    failure,
  );
}
