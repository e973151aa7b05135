/**
 * Follows the executions of one job: what their tasks report, what is lost, and their end on request.
 *
 * Owns the execution graph and the timer of a cancellation (J3 of job-master.ts). Used by the JobMaster, which hears of failures and of every end.
 */
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import type { UpdateTaskExecutionState } from '../protocol/control-messages.ts';
import { EXECUTION_TRANSITIONS, type ExecutionState, type FailureDescription, isTerminal } from '../protocol/execution-state.ts';
import { lostFailure, terminalFailure } from '../protocol/failure-description.ts';
import type { Execution, ExecutionGraph } from './execution-graph.ts';
import type { JobLifecycle } from './job-lifecycle.ts';
import { JobAccumulators } from './job-accumulators.ts';
import type { AllocatedSlot } from './slot-pool.ts';

export interface JobTasksPorts {
  readonly clock: Clock;
  readonly lifecycle: JobLifecycle;
  readonly taskCancellationTimeoutMs: number;
  /** Orders a task to stop. */
  cancel(slot: AllocatedSlot, executionId: string): void;
  /** Ends the slot of a task that does not stop. */
  drop(slot: AllocatedSlot): void;
  fail(failure: FailureDescription): void;
  /** An execution has come to a terminal state. */
  ended(): void;
}

export class JobTasks {
  readonly graph: ExecutionGraph;
  readonly accumulators: JobAccumulators;
  readonly #ports: JobTasksPorts;
  #cancelTimer: Cancellation | undefined;

  constructor(graph: ExecutionGraph, ports: JobTasksPorts) {
    this.graph = graph;
    this.accumulators = new JobAccumulators((failure) => ports.fail(failure));
    this.#ports = ports;
  }

  /** One that has not ended; undefined for an attempt that this leader never made, or that was given up before. */
  find(executionId: string): Execution | undefined {
    const execution = this.graph.find(executionId);
    return execution?.isTerminal === false ? execution : undefined;
  }

  update({ executionId, state, failure, metrics, accumulators }: UpdateTaskExecutionState): void {
    const execution = this.graph.find(executionId);
    if (execution === undefined) return;
    if (metrics !== undefined) execution.metrics = metrics; // also of one that was given up: they are the last that are known
    if (execution.isTerminal) return;
    this.accumulators.report(execution, accumulators);
    if (isTerminal(state)) return this.ended(execution, state, failure);
    if (execution.state === 'CANCELING') return; // the order to cancel crosses with news from the start
    if (EXECUTION_TRANSITIONS[execution.state].includes(state)) return this.graph.transition(execution, state);
    this.#ports.fail(illegal(execution, state, `while it was ${execution.state}`));
  }

  ended(execution: Execution, state: ExecutionState, failure: FailureDescription | undefined): void {
    if (execution.isTerminal) return;
    if (!EXECUTION_TRANSITIONS[execution.state].includes(state)) {
      return this.giveUp(execution, illegal(execution, state, 'before it was running'));
    }
    this.graph.transition(execution, state);
    if (state === 'FAILED') this.#ports.fail(failure ?? terminalFailure('unknown', `${execution.name} failed without saying why.`));
    else if (state === 'CANCELED' && this.#ports.lifecycle.status === 'RUNNING') this.#ports.fail(cancelledElsewhere(execution));
    this.#ports.ended();
  }

  /** Takes an execution for ended that nobody will report about. */
  giveUp(execution: Execution, failure: FailureDescription | undefined): void {
    if (execution.isTerminal) return;
    this.graph.transition(execution, 'FAILED');
    if (failure !== undefined) this.#ports.fail(failure);
    this.#ports.ended();
  }

  /** Ends all that has not ended; bounded (J3). */
  stop(): void {
    for (const execution of this.graph.executions) this.#stop(execution);
    const { clock, taskCancellationTimeoutMs } = this.#ports;
    this.#cancelTimer ??= clock.schedule(taskCancellationTimeoutMs, () => this.#cancelTimedOut());
  }

  close(): void {
    this.#cancelTimer?.cancel();
  }

  #stop(execution: Execution): void {
    if (execution.isTerminal || execution.state === 'CANCELING') return;
    if (execution.state === 'CREATED' || execution.state === 'SCHEDULED') return this.graph.transition(execution, 'CANCELED');
    this.graph.transition(execution, 'CANCELING');
    if (execution.slot !== undefined) this.#ports.cancel(execution.slot, execution.executionId);
  }

  #cancelTimedOut(): void {
    const stuck = this.graph.executions.filter(({ state }) => state === 'CANCELING');
    for (const { name, slot } of stuck) {
      if (slot !== undefined) this.#ports.drop(slot);
      this.#ports.lifecycle.suppress(
        terminalFailure(
          'task-cancellation-timeout',
          `${name} did not stop within ${this.#ports.taskCancellationTimeoutMs} ms after it was cancelled; its slot was ended. ` +
            'Is there an endless loop, or a promise in close() that never settles?',
        ),
      );
    }
    for (const execution of stuck) this.giveUp(execution, undefined);
  }
}

function illegal({ name }: Execution, state: ExecutionState, when: string): FailureDescription {
  return terminalFailure('illegal-transition', `${name} reported ${state} ${when}. This is a bug of Millrace; please report it.`);
}

function cancelledElsewhere({ name }: Execution): FailureDescription {
  return lostFailure('cancelled-by-task-manager', `${name} was cancelled by its TaskManager, which no longer hears the JobMaster.`);
}
