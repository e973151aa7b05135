/**
 * Follows the executions of one job: what their tasks report, what is lost, and their end on request.
 *
 * Owns the execution graph and the timers of cancellations (J3 of job-master.ts). Used by the JobMaster, which hears of failures and of every end.
 */
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import type { TasksStuck, UpdateTaskExecutionState } from '../protocol/control-messages.ts';
import { EXECUTION_TRANSITIONS, type ExecutionState, type FailureDescription, isTerminal } from '../protocol/execution-state.ts';
import { lostFailure, terminalFailure } from '../protocol/failure-description.ts';
import { culpritOf, describeReport } from '../protocol/slot-report.ts';
import type { Execution, ExecutionGraph } from './execution-graph.ts';
import { JobAccumulators } from './job-accumulators.ts';
import { lastMemoryOf } from './job-details.ts';
import { JobMemory } from './job-memory.ts';
import type { AllocatedSlot } from './slot-pool.ts';

export interface JobTasksPorts {
  readonly clock: Clock;
  readonly taskCancellationTimeoutMs: number;
  /** Orders a task to stop. */
  cancel(slot: AllocatedSlot, executionId: string): void;
  /** Ends the slot of a task that does not stop. */
  drop(slot: AllocatedSlot): void;
  /** These have failed, for one reason. */
  fail(failure: FailureDescription, executions?: readonly Execution[]): void;
  /** What went wrong while something was being stopped. */
  suppress(failure: FailureDescription): void;
  /** For the user: something that has ended nothing. */
  warn(message: string): void;
  /** An execution has come to a terminal state. */
  ended(): void;
}

export class JobTasks {
  readonly graph: ExecutionGraph;
  readonly accumulators: JobAccumulators;
  readonly memory: JobMemory;
  readonly #ports: JobTasksPorts;
  readonly #timers = new Set<Cancellation>();

  constructor(graph: ExecutionGraph, ports: JobTasksPorts) {
    this.graph = graph;
    this.accumulators = new JobAccumulators((failure) => ports.fail(failure));
    this.memory = new JobMemory((message) => ports.warn(message));
    this.#ports = ports;
  }

  /** One that has not ended; undefined for an attempt that this leader never made, or that was given up or restarted before. */
  find(executionId: string): Execution | undefined {
    const execution = this.graph.find(executionId);
    return execution?.isTerminal === false ? execution : undefined;
  }

  /** Sentences behind a space, for the message about a TaskManager that is lost. */
  lastMemoryOf(taskManagerId: string): string {
    return `${lastMemoryOf(this.graph, taskManagerId)}${this.memory.lastOf(taskManagerId)}`;
  }

  update({ executionId, state, failure, metrics, accumulators, userMetrics }: UpdateTaskExecutionState): void {
    const execution = this.graph.find(executionId);
    if (execution === undefined) return;
    if (metrics !== undefined) execution.reportMetrics(metrics, userMetrics); // also of one that was given up: they are the last that are known
    if (execution.isTerminal) return;
    this.accumulators.report(execution, accumulators);
    if (isTerminal(state)) return this.ended(execution, state, failure);
    if (execution.state === 'CANCELING') return; // the order to cancel crosses with news from the start
    if (EXECUTION_TRANSITIONS[execution.state].includes(state)) return this.graph.transition(execution, state);
    this.#ports.fail(illegal(execution, state, `while it was ${execution.state}`), [execution]);
  }

  ended(execution: Execution, state: ExecutionState, failure: FailureDescription | undefined): void {
    if (execution.isTerminal) return;
    if (!EXECUTION_TRANSITIONS[execution.state].includes(state)) {
      return this.giveUp([execution], illegal(execution, state, 'before it was running'));
    }
    const wasStopped = execution.state === 'CANCELING';
    this.graph.transition(execution, state);
    const found = failureOf(execution, state, failure);
    if (wasStopped && state === 'FAILED') this.#ports.suppress(found ?? unexplained(execution));
    else if (wasStopped && failure !== undefined)
      this.#tell(failure); // it has stopped, but something was left open
    else if (!wasStopped && found !== undefined) this.#ports.fail(found, [execution]);
    this.#ports.ended();
  }

  /** Their TaskExecutor has not taken them, or cannot be reached. */
  refused(executionIds: readonly string[], failure: FailureDescription): void {
    for (const executionId of executionIds) {
      const execution = this.find(executionId);
      if (execution !== undefined) this.ended(execution, 'FAILED', failure);
    }
  }

  /** Takes executions for ended that nobody will report about. */
  giveUp(executions: readonly Execution[], failure: FailureDescription | undefined): void {
    const open = executions.filter((execution) => !execution.isTerminal);
    const wereRunning = open.filter(({ state }) => state !== 'CANCELING');
    for (const execution of open) this.graph.transition(execution, 'FAILED');
    if (failure !== undefined && wereRunning.length > 0) this.#ports.fail(failure, wereRunning);
    else if (failure !== undefined && open.length > 0) this.#ports.suppress(failure);
    if (open.length > 0) this.#ports.ended();
  }

  /** Ends those of them that have not ended; bounded (J3). */
  stop(executions: readonly Execution[] = this.graph.executions): void {
    const stopping = executions.filter((execution) => this.#stop(execution));
    if (stopping.length === 0) return;
    const { clock, taskCancellationTimeoutMs } = this.#ports;
    const timer = clock.schedule(taskCancellationTimeoutMs, () => {
      this.#timers.delete(timer);
      this.#cancelTimedOut(stopping);
    });
    this.#timers.add(timer);
  }

  /** News of tasks that do not go on as they should. */
  stuck({ executionIds, report, sinceMs, reason }: TasksStuck): void {
    const open = executionIds.flatMap((executionId) => this.find(executionId) ?? []);
    const [first] = open;
    if (first === undefined) return;
    for (const execution of open) execution.seen = report ?? null;
    const where = describeReport(report);
    if (reason === 'busy')
      return this.#ports.warn(`${first.name} has not given its thread back for ${sinceMs} ms (task.watchdog.limit). ${where}`);
    const stopping = open.filter(({ state }) => state === 'CANCELING').map(({ name }) => name);
    if (stopping.length > 0) this.#ports.warn(`${stopping.join(', ')} has not stopped for ${sinceMs} ms since it was cancelled. ${where}`);
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  /** One that only shares the slot of the one that does not stop is no news. */
  #tellTimedOut(execution: Execution): void {
    const failure = timedOut(execution, this.#ports.taskCancellationTimeoutMs);
    const culprit = culpritOf(execution.seen ?? undefined);
    if (culprit === undefined || culprit.executionId === execution.executionId) this.#tell(failure);
    else this.#ports.suppress(failure);
  }

  #tell(failure: FailureDescription): void {
    this.#ports.suppress(failure);
    this.#ports.warn(failure.message);
  }

  /** True for one whose task has been told to end. */
  #stop(execution: Execution): boolean {
    if (execution.isTerminal || execution.state === 'CANCELING') return false;
    if (execution.state === 'CREATED' || execution.state === 'SCHEDULED') {
      this.graph.transition(execution, 'CANCELED');
      return false;
    }
    this.graph.transition(execution, 'CANCELING');
    if (execution.slot !== undefined) this.#ports.cancel(execution.slot, execution.executionId);
    return true;
  }

  /** Whatever else is in the slots of those that are stuck ends with them. */
  #cancelTimedOut(stopping: readonly Execution[]): void {
    const stuck = stopping.filter(({ state }) => state === 'CANCELING');
    if (stuck.length === 0) return;
    for (const execution of stuck) this.#tellTimedOut(execution);
    const slots = new Set(stuck.map(({ slot }) => slot?.allocationId));
    const beside = this.graph.executions.filter(
      (other) => !stuck.includes(other) && !other.isTerminal && slots.has(other.slot?.allocationId),
    );
    for (const { slot } of stuck) if (slot !== undefined) this.#ports.drop(slot);
    this.giveUp(beside, slotDropped(stuck[0]!));
    this.giveUp(stuck, undefined);
  }
}

function failureOf(execution: Execution, state: ExecutionState, failure: FailureDescription | undefined): FailureDescription | undefined {
  if (state === 'FAILED') return failure ?? unexplained(execution);
  return state === 'CANCELED' ? cancelledElsewhere(execution) : undefined;
}

function unexplained({ name }: Execution): FailureDescription {
  return terminalFailure('unknown', `${name} failed without saying why.`);
}

function illegal({ name }: Execution, state: ExecutionState, when: string): FailureDescription {
  return terminalFailure('illegal-transition', `${name} reported ${state} ${when}. This is a bug of Millrace; please report it.`);
}

function cancelledElsewhere({ name }: Execution): FailureDescription {
  return lostFailure('cancelled-by-task-manager', `${name} was cancelled by its TaskManager, which no longer hears the JobMaster.`);
}

function timedOut(execution: Execution, timeoutMs: number): FailureDescription {
  const { name } = execution;
  const what = `${name} did not stop within ${timeoutMs} ms after it was cancelled (task.cancellation.timeout); its slot was ended.`;
  return terminalFailure('task-cancellation-timeout', `${what} ${whereabouts(execution)}`);
}

function whereabouts({ executionId, seen }: Execution): string {
  if (seen === undefined) return 'Is there an endless loop, or a promise in close() that never settles?';
  const culprit = seen === null ? undefined : culpritOf(seen);
  const shared = culprit !== undefined && culprit.executionId !== executionId ? ` It shares the slot with ${culprit.taskName}.` : '';
  return `Last seen: ${describeReport(seen ?? undefined)}${shared}`;
}

function slotDropped({ name }: Execution): FailureDescription {
  return lostFailure(
    'slot-dropped',
    `The slot was ended because ${name}, which shared it, did not stop when it was cancelled. Look for an endless loop in ${name}.`,
  );
}
