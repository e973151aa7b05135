/**
 * The checkpoint coordinator of one job: begins checkpoints, gathers what enumerators and tasks have, makes the whole durable and tells everybody.
 *
 * An actor's part: called by the JobMaster alone, one call at a time; acts through its ports.
 *
 * C1 ids ascend, over restarts and restores too. C2 one checkpoint at a time is prepared; up to `maxConcurrent` are under way.
 * C3 enumerators answer before the tasks are triggered; what they send to readers after their answer reaches these after the trigger (JobSources keeps it back).
 * C4 a checkpoint is complete when the store says that it is durable, and only then is anybody told or an older one removed.
 * C5 what comes for a checkpoint that is over changes nothing: a late acknowledgement of one that was given up has its files removed.
 * C6 between `stop` and `start` nothing is begun; what is being written then is waited for (`whenWritten`, `end`), for a bounded time. What the store completes after it was
 *    given up is removed where the job goes on, and is one like any other where the job has ended: as if the process had been killed behind the write.
 */
import type { Clock } from '@millrace/core/base/clock';
import type { JobStatus } from '@millrace/streaming/graph/executor';
import type { StoredCheckpoint } from '../../checkpoint/checkpoint-directory.ts';
import type { CoordinatorState } from '../../checkpoint/checkpoint-metadata.ts';
import type { CheckpointBarrier, CheckpointLocation } from '../../checkpoint/checkpoint-options.ts';
import type { SubtaskCheckpointMetrics, TaskStateSnapshot } from '../../checkpoint/state-handles.ts';
import type { CheckpointDetails, CheckpointStatistics } from '../../protocol/control-messages.ts';
import type { JobInformation } from '../../protocol/deployment.ts';
import type { FailureDescription } from '../../protocol/execution-state.ts';
import { terminalFailure } from '../../protocol/failure-description.ts';
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
import { withinLimit } from './within-limit.ts';

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
  /** More checkpoints have failed than the job tolerates, or one can be neither waited for nor given up. */
  fail(failure: FailureDescription): void;
  /** A checkpoint has ended. */
  ended(details: CheckpointDetails): void;
  /** Of what ends nothing. */
  warn(message: string): void;
}

/** How long the end of a job waits for its store: less than `millrace run` gives to a job that it has cancelled. */
export const STORE_END_LIMIT_MS = 30_000;
export const STORE_ABANDONED =
  `it has ended without the place of its checkpoints, which has not answered for ${STORE_END_LIMIT_MS} ms: what is kept there and what removed is not known. ` +
  'Until this process ends no other one can write there.';

export class CheckpointCoordinator {
  readonly #job: Pick<JobInformation, 'jobId' | 'program'>;
  readonly #settings: CompiledCheckpointing;
  readonly #ports: CheckpointCoordinatorPorts;
  readonly #opened: OpenedCheckpointStore;
  readonly #timing: CheckpointTiming;
  readonly #history = new CheckpointHistory();
  readonly #failures: CheckpointFailures;
  readonly #completed: CompletedCheckpoints;
  readonly #pending = new Map<number, PendingCheckpoint>(); // by id, ascending
  /** Ids of those whose completion the store has been ordered and has not answered. */
  readonly #writing = new Set<number>();
  #nextId: number;
  #isEnding = false;
  #onWritten: (() => void)[] = [];

  constructor(
    job: Pick<JobInformation, 'jobId' | 'program'>,
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
    for (const pending of this.#pending.values()) pending.timer?.cancel(); // being written: who waits for that says how long (C6)
  }

  /**
   * Calls back when nothing is being written any more (C6); at once where nothing is. Where the store does not answer for as long as a checkpoint may take, the job fails for
   * good instead: what is still written may come to be the newest, so nothing may begin with an older one.
   */
  whenWritten(action: () => void): void {
    if (this.#writing.size === 0) return action();
    const { timeoutMs } = this.#settings;
    const late = () => {
      const path = this.#pathOf(Math.max(...this.#writing));
      this.#giveUpWrites(timeoutMs);
      this.#ports.fail(notWritten(path, timeoutMs));
    };
    this.#onWritten.push(withinLimit(this.#ports.clock, timeoutMs, action, late));
  }

  /** The job is in a terminal state: what its retention does not keep is removed, and the store closed. A store that does not answer is left to itself. */
  end(status: JobStatus, settle: () => void): void {
    this.stop('CHECKPOINT_COORDINATOR_SHUTDOWN');
    this.#isEnding = true;
    for (const action of this.#onWritten.splice(0)) action(); // a restart that will not be
    const late = () => {
      this.#giveUpWrites(STORE_END_LIMIT_MS);
      this.#ports.warn(STORE_ABANDONED);
      settle();
    };
    const over = withinLimit(this.#ports.clock, STORE_END_LIMIT_MS, settle, late);
    this.#afterWrites(() => {
      this.#completed.end(status, this.#settings.retention);
      this.#opened.store.close(over);
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
    this.#writing.add(pending.checkpointId);
    this.#opened.store.complete(pending.metadata(this.#job, this.#ports.clock.now()), (outcome) => {
      this.#writing.delete(pending.checkpointId);
      if (pending.phase !== 'writing') this.#writtenLate(pending.checkpointId, outcome);
      else if (outcome.ok) this.#complete(pending, outcome.value);
      else this.#abort(pending, { reason: 'FINALIZE_CHECKPOINT_FAILURE', cause: outcome.failure });
    });
  }

  /** Of one that was given up (C6). */
  #writtenLate(checkpointId: number, outcome: StoreOutcome<StoredCheckpoint>): void {
    if (!outcome.ok) this.#opened.store.discard(checkpointId, this.#completed.kept);
    else if (this.#isEnding) this.#completed.add(outcome.value);
    else this.#completed.removeGivenUp(outcome.value);
    this.#goOn();
  }

  #giveUpWrites(afterMs: number): void {
    for (const pending of [...this.#pending.values()].filter(({ phase }) => phase === 'writing')) {
      const { message } = notWritten(this.#pathOf(pending.checkpointId), afterMs);
      this.#close(pending, { status: 'FAILED', path: undefined, failure: { reason: 'FINALIZE_CHECKPOINT_FAILURE', message } });
    }
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
    const { phase, checkpointId } = pending;
    if (phase === 'closed') return;
    const hung = phase === 'writing' ? { cause: notWritten(this.#pathOf(checkpointId), this.#settings.timeoutMs) } : {};
    this.#abort(pending, { reason: 'CHECKPOINT_EXPIRED', ...hung });
  }

  #abort(pending: PendingCheckpoint, failure: CheckpointFailure): void {
    const { phase, checkpointId } = pending;
    this.#close(pending, { status: 'FAILED', path: undefined, failure: { reason: failure.reason, message: textOf(failure) } });
    // One that is still being written may look complete in a moment: what it refers to stays until that is known.
    if (!this.#writing.has(checkpointId)) this.#opened.store.discard(checkpointId, this.#completed.kept);
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
    if (this.#writing.size > 0) return;
    for (const action of this.#onWritten.splice(0)) action();
  }

  #afterWrites(action: () => void): void {
    if (this.#writing.size === 0) action();
    else this.#onWritten.push(action);
  }

  #pathOf(checkpointId: number): string {
    const { directory } = this.#settings;
    return directory === undefined ? `checkpoint ${checkpointId}` : `${directory}/${this.#job.jobId}/chk-${checkpointId}`;
  }

  #notify(checkpointId: number, outcome: 'complete' | 'aborted'): void {
    for (const execution of this.#ports.graph.executions)
      if (execution.state === 'RUNNING') this.#ports.notify(execution, checkpointId, outcome);
    this.#ports.sources.notifyCheckpoint(checkpointId, outcome);
  }

  /** Only of an id that was given out here and is over. */
  #discardLate(checkpointId: number): void {
    if (checkpointId < this.#nextId && checkpointId >= this.#opened.nextCheckpointId && !this.#pending.has(checkpointId))
      this.#opened.store.discard(checkpointId, this.#completed.kept);
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

function notWritten(path: string, afterMs: number): FailureDescription {
  return terminalFailure(
    'checkpoint-not-written',
    `The _metadata of ${path} has not been written within ${afterMs} ms: the file system does not answer. It may still appear there. ` +
      'See to the file system, then begin again with --restore latest.',
  );
}
