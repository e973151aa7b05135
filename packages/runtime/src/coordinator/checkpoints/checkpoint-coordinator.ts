/**
 * The checkpoint coordinator of one job: begins checkpoints, gathers what enumerators and tasks have, makes the whole durable and tells everybody.
 *
 * An actor's part: called by the JobMaster alone, one call at a time; acts through its ports.
 *
 * C1 ids ascend, over restarts and restores too. C2 one checkpoint at a time is prepared; up to `maxConcurrent` are under way.
 * C3 enumerators answer before the tasks are triggered; what they send to readers after their answer reaches these after the trigger (JobSources keeps it back).
 * C4 a checkpoint is complete when the store says that it is durable, and only then is anybody told or an older one removed.
 * C5 what comes for a checkpoint that is over changes nothing: a late acknowledgement of one that was given up has its files removed.
 * C6 between `stop` and `start` nothing is begun; what is being written then is waited for (`whenWritten`), never abandoned.
 */
import type { Clock } from '@millrace/core/base/clock';
import type { JobStatus } from '@millrace/streaming/graph/executor';
import type { StoredCheckpoint } from '../../checkpoint/checkpoint-directory.ts';
import type { CoordinatorState } from '../../checkpoint/checkpoint-metadata.ts';
import type { CheckpointBarrier, CheckpointLocation } from '../../checkpoint/checkpoint-options.ts';
import type { SubtaskCheckpointMetrics, TaskStateSnapshot } from '../../checkpoint/state-handles.ts';
import type { CheckpointDetails, CheckpointStatistics } from '../../protocol/control-messages.ts';
import type { FailureDescription } from '../../protocol/execution-state.ts';
import type { Execution, ExecutionGraph } from '../execution-graph.ts';
import { type CheckpointFailure, type CheckpointFailureReason, declineOf, textOf } from './checkpoint-failure-reason.ts';
import { CheckpointFailures } from './checkpoint-failures.ts';
import { CheckpointHistory } from './checkpoint-history.ts';
import { planCheckpoint } from './checkpoint-plan.ts';
import type { CompiledCheckpointing } from './checkpoint-settings.ts';
import type { OpenedCheckpointStore, StoreOutcome } from './checkpoint-store.ts';
import { CheckpointTiming } from './checkpoint-timing.ts';
import { CompletedCheckpoints } from './completed-checkpoints.ts';
import { PendingCheckpoint } from './pending-checkpoint.ts';

export type CoordinatorStates = Readonly<Record<string, CoordinatorState>>;

export interface CheckpointCoordinatorPorts {
  readonly clock: Clock;
  readonly graph: ExecutionGraph;
  readonly sources: {
    /** Asks all enumerators; from each one's answer on, what it sends is kept back until `release`. `settle` is called at most once. */
    snapshot(checkpointId: number, settle: (outcome: StoreOutcome<CoordinatorStates>) => void): void;
    release(): void;
    notifyCheckpoint(checkpointId: number, outcome: 'complete' | 'aborted'): void;
  };
  trigger(execution: Execution, barrier: CheckpointBarrier): void;
  notify(execution: Execution, checkpointId: number, outcome: 'complete' | 'aborted'): void;
  /** More checkpoints have failed than the job tolerates. */
  fail(failure: FailureDescription): void;
  /** A checkpoint has ended. */
  ended(details: CheckpointDetails): void;
}

export class CheckpointCoordinator {
  readonly #job: { readonly jobId: string };
  readonly #settings: CompiledCheckpointing;
  readonly #ports: CheckpointCoordinatorPorts;
  readonly #opened: OpenedCheckpointStore;
  readonly #timing: CheckpointTiming;
  readonly #history = new CheckpointHistory();
  readonly #failures: CheckpointFailures;
  readonly #completed: CompletedCheckpoints;
  readonly #pending = new Map<number, PendingCheckpoint>(); // by id, ascending
  #nextId: number;
  #onWritten: (() => void)[] = [];

  constructor(
    job: { readonly jobId: string },
    settings: CompiledCheckpointing,
    opened: OpenedCheckpointStore,
    ports: CheckpointCoordinatorPorts,
  ) {
    this.#job = job;
    this.#settings = settings;
    this.#ports = ports;
    this.#opened = opened;
    this.#nextId = opened.nextCheckpointId;
    this.#failures = new CheckpointFailures(settings.tolerableFailures);
    this.#timing = new CheckpointTiming(settings, ports.clock, () => this.#trigger());
    this.#completed = new CompletedCheckpoints({
      ...opened,
      retained: settings.retained,
      onRemoved: (checkpointId) => this.#history.discarded(checkpointId),
    });
  }

  /** What a restart begins with. */
  get latest(): StoredCheckpoint | undefined {
    return this.#completed.latest;
  }

  /** The newest cannot be read: an older one is the newest now, if there is any. */
  passOverLatest(): void {
    this.#completed.passOverLatest();
  }

  restored({ metadata, path }: StoredCheckpoint): void {
    this.#history.restored({ id: metadata.checkpointId, restoreTime: this.#ports.clock.now(), path });
  }

  /** A task runs, or has finished. */
  taskChanged(execution: Execution): void {
    for (const pending of this.#open())
      if (execution.state === 'FINISHED' && pending.awaits(execution)) this.#abort(pending, closing(execution));
    const { executions } = this.#ports.graph;
    if (executions.every(({ state }) => state === 'FINISHED')) return this.#timing.stop();
    if (planCheckpoint(this.#ports.graph) === undefined) return;
    if (this.#timing.isStarted) this.#timing.resume();
    else this.#timing.start();
  }

  /** The enumerators begin anew. */
  sourcesRestarted(): void {
    this.#timing.forgetBacklogs();
  }

  setBacklog(operatorId: string, isProcessingBacklog: boolean): void {
    this.#timing.setBacklog(operatorId, isProcessingBacklog);
  }

  acknowledge(
    execution: Execution | undefined,
    checkpointId: number,
    snapshot: TaskStateSnapshot,
    metrics: SubtaskCheckpointMetrics,
  ): void {
    const pending = this.#pending.get(checkpointId);
    if (pending === undefined && !this.#completed.has(checkpointId)) this.#discardLate(checkpointId); // C5
    if (pending === undefined || execution === undefined || !pending.acknowledge(execution, snapshot, metrics)) return;
    if (pending.isAcknowledged) this.#write(pending);
  }

  decline(execution: Execution, checkpointId: number, cause: FailureDescription): void {
    const pending = this.#pending.get(checkpointId);
    if (pending?.awaits(execution) === true) this.#abort(pending, declineOf(cause));
  }

  /** A task waits for a checkpoint that begins from now on. */
  request(): void {
    this.#timing.request();
  }

  /** Nothing is begun until all tasks run again. */
  stop(reason: CheckpointFailureReason): void {
    this.#timing.stop();
    for (const pending of this.#open()) this.#abort(pending, { reason });
  }

  /** Calls back when nothing is being written any more (C6); at once where nothing is. */
  whenWritten(action: () => void): void {
    if (this.#pending.size === 0) action();
    else this.#onWritten.push(action);
  }

  /** The job is in a terminal state: what its retention does not keep is removed, and the store closed. */
  end(status: JobStatus, settle: () => void): void {
    this.stop('CHECKPOINT_COORDINATOR_SHUTDOWN');
    this.whenWritten(() => {
      this.#completed.end(status, this.#settings.retention);
      this.#opened.store.close(settle);
    });
  }

  statistics(): CheckpointStatistics {
    const now = this.#ports.clock.now();
    const inProgress = [...this.#pending.values()].reverse().map((pending) => ({
      ...pending.details(now),
      status: 'IN_PROGRESS' as const,
      path: undefined,
      isDiscarded: false,
      failure: undefined,
    }));
    return this.#history.statistics(inProgress);
  }

  // ---- one checkpoint ----

  #trigger(): void {
    const { clock, graph } = this.#ports;
    const isPreparing = this.#open().some(({ phase }) => phase === 'preparing');
    if (isPreparing || this.#pending.size >= this.#settings.maxConcurrent) return; // looked at again when one of them has gone on
    if (planCheckpoint(graph) === undefined) return; // looked at again when a task runs
    const pending = new PendingCheckpoint(this.#nextId++, clock.now(), graph);
    this.#pending.set(pending.checkpointId, pending);
    this.#timing.begun();
    pending.timer = clock.schedule(this.#settings.timeoutMs, () => this.#expire(pending));
    this.#opened.store.begin(pending.checkpointId, (outcome) => {
      if (pending.phase !== 'preparing') return this.#discardLate(pending.checkpointId);
      if (!outcome.ok) return this.#abort(pending, { reason: 'IO_EXCEPTION', cause: outcome.failure });
      this.#askSources(pending, outcome.value);
    });
  }

  #askSources(pending: PendingCheckpoint, location: CheckpointLocation): void {
    this.#ports.sources.snapshot(pending.checkpointId, (outcome) => {
      if (pending.phase !== 'preparing') return;
      if (!outcome.ok) return this.#abort(pending, { reason: 'TRIGGER_CHECKPOINT_FAILURE', cause: outcome.failure });
      pending.coordinators = outcome.value;
      this.#triggerTasks(pending, location);
    });
  }

  #triggerTasks(pending: PendingCheckpoint, location: CheckpointLocation): void {
    const { graph, sources } = this.#ports;
    const plan = planCheckpoint(graph);
    if (plan === undefined || plan.toTrigger.length === 0) return this.#abort(pending, { reason: 'NOT_ALL_REQUIRED_TASKS_RUNNING' });
    pending.begin(plan);
    const barrier: CheckpointBarrier = {
      checkpointId: pending.checkpointId,
      timestamp: pending.triggerTime,
      kind: 'checkpoint',
      location,
    };
    for (const execution of plan.toTrigger) this.#ports.trigger(execution, barrier);
    sources.release(); // C3
    this.#timing.resume();
  }

  #write(pending: PendingCheckpoint): void {
    const isOvertaken = [...this.#pending.values()].some(
      ({ phase, checkpointId }) => phase === 'writing' && checkpointId > pending.checkpointId,
    );
    if (isOvertaken) return this.#abort(pending, { reason: 'CHECKPOINT_SUBSUMED' }); // or the older one would be the last that is complete
    pending.phase = 'writing';
    pending.timer?.cancel();
    this.#opened.store.complete(pending.metadata(this.#job, this.#ports.clock.now()), (outcome) => {
      if (outcome.ok) this.#complete(pending, outcome.value);
      else this.#abort(pending, { reason: 'FINALIZE_CHECKPOINT_FAILURE', cause: outcome.failure });
    });
  }

  #complete(pending: PendingCheckpoint, stored: StoredCheckpoint): void {
    const { checkpointId } = pending;
    this.#failures.completed();
    this.#timing.completed();
    this.#close(pending, { status: 'COMPLETED', path: stored.path, failure: undefined });
    this.#completed.add(stored);
    for (const older of this.#open()) if (older.checkpointId < checkpointId) this.#abort(older, { reason: 'CHECKPOINT_SUBSUMED' });
    this.#notify(checkpointId, 'complete');
    this.#goOn();
  }

  #expire(pending: PendingCheckpoint): void {
    if (pending.phase === 'preparing' || pending.phase === 'tasks') this.#abort(pending, { reason: 'CHECKPOINT_EXPIRED' });
  }

  #abort(pending: PendingCheckpoint, failure: CheckpointFailure): void {
    const { phase, checkpointId } = pending;
    this.#close(pending, { status: 'FAILED', path: undefined, failure: { reason: failure.reason, message: textOf(failure) } });
    this.#opened.store.discard(checkpointId);
    if (phase === 'preparing') this.#ports.sources.release();
    this.#notify(checkpointId, 'aborted');
    const tooMany = this.#failures.failed(failure);
    if (tooMany !== undefined) this.#ports.fail(tooMany);
    this.#goOn();
  }

  #close(pending: PendingCheckpoint, end: Pick<CheckpointDetails, 'status' | 'path' | 'failure'>): void {
    pending.close();
    this.#pending.delete(pending.checkpointId);
    this.#timing.ended();
    const details = { ...pending.details(this.#ports.clock.now()), isDiscarded: end.status === 'FAILED', ...end };
    this.#history.ended(details);
    this.#ports.ended(details);
  }

  #goOn(): void {
    this.#timing.resume();
    if (this.#pending.size > 0) return;
    for (const action of this.#onWritten.splice(0)) action();
  }

  #notify(checkpointId: number, outcome: 'complete' | 'aborted'): void {
    for (const execution of this.#ports.graph.executions)
      if (execution.state === 'RUNNING') this.#ports.notify(execution, checkpointId, outcome);
    this.#ports.sources.notifyCheckpoint(checkpointId, outcome);
  }

  /** Only of an id that was given out here and is over. */
  #discardLate(checkpointId: number): void {
    if (checkpointId < this.#nextId && checkpointId >= this.#opened.nextCheckpointId && !this.#pending.has(checkpointId))
      this.#opened.store.discard(checkpointId);
  }

  /** Those that can still be given up. */
  #open(): readonly PendingCheckpoint[] {
    return [...this.#pending.values()].filter(({ phase }) => phase !== 'writing');
  }
}

function closing({ name }: Execution): CheckpointFailure {
  const message = `${name} finished before the barrier reached it.`;
  const cause = { name: 'Error', kind: 'retryable', reason: 'task-closing', message, stack: undefined, cause: undefined, retryable: true };
  return { reason: 'CHECKPOINT_DECLINED_TASK_CLOSING', cause };
}
