/**
 * One checkpoint of a simulated job, from the snapshots of the enumerators to the last acknowledgement. The plainest coordinator there is: every task that had not
 * finished answers, or the round has failed.
 */
import { type CheckpointMetadata, type CoordinatorState, operatorMetadataOf } from '@millrace/runtime/checkpoint/checkpoint-metadata';
import type { CheckpointBarrier } from '@millrace/runtime/checkpoint/checkpoint-options';
import type { TaskStateSnapshot } from '@millrace/runtime/checkpoint/state-handles';
import type { FailureDescription } from '@millrace/runtime/protocol/execution-state';
import type { SimulatedAttempt } from './simulated-attempt.ts';

/** With the acknowledgement; nobody's test has more. */
const STATE_BYTES_MAX = 2 ** 30;

export class CheckpointRound {
  readonly barrier: CheckpointBarrier;
  readonly #attempt: SimulatedAttempt;
  readonly #coordinators: Record<string, CoordinatorState> = {};
  readonly #snapshots = new Map<string, TaskStateSnapshot>();
  #finished: ReadonlySet<string> = new Set();
  #isTriggered = false;
  failure: FailureDescription | undefined = undefined;

  constructor(attempt: SimulatedAttempt, checkpointId: number, timestamp: number) {
    this.#attempt = attempt;
    this.barrier = { checkpointId, timestamp, kind: 'checkpoint', location: { kind: 'memory', maxStateBytes: STATE_BYTES_MAX } };
  }

  begin(): void {
    this.#attempt.snapshotCoordinators(this.barrier.checkpointId);
    this.#triggerWhenReady();
  }

  coordinatorAnswered(operatorId: string, state: CoordinatorState): void {
    this.#coordinators[operatorId] = state;
    this.#triggerWhenReady();
  }

  acknowledged(executionId: string, snapshot: TaskStateSnapshot): void {
    this.#snapshots.set(executionId, snapshot);
  }

  declined(failure: FailureDescription): void {
    this.failure ??= failure;
  }

  /** A task has ended without an answer: nobody can say any more what it had. */
  get hasLostTask(): boolean {
    return (
      this.#isTriggered &&
      this.#attempt.graph.executions.some(
        ({ executionId, isTerminal }) => isTerminal && !this.#finished.has(executionId) && !this.#snapshots.has(executionId),
      )
    );
  }

  get isComplete(): boolean {
    const { executions } = this.#attempt.graph;
    return this.#isTriggered && executions.every(({ executionId }) => this.#finished.has(executionId) || this.#snapshots.has(executionId));
  }

  metadata(jobId: string): CheckpointMetadata {
    const { graph } = this.#attempt;
    const { checkpointId, kind, timestamp } = this.barrier;
    const vertices = graph.jobGraph.vertices.map(({ id, name, parallelism, maxParallelism, operators }) => ({
      id,
      name,
      parallelism,
      maxParallelism,
      operators: operators.map(operatorMetadataOf),
      subtasks: graph.subtasksOf(id).map(({ executionId }) => ({
        isFinished: this.#finished.has(executionId),
        operators: this.#snapshots.get(executionId)?.operators ?? {},
      })),
    }));
    return {
      checkpointId,
      kind,
      ...(graph.jobGraph.configuration.checkpointing?.mode === 'AT_LEAST_ONCE' ? { mode: 'AT_LEAST_ONCE' as const } : {}),
      triggerTimestamp: timestamp,
      completionTimestamp: timestamp,
      jobId,
      jobName: graph.jobGraph.name,
      graphDigest: graph.jobGraph.digest,
      writtenBy: 'test',
      vertices,
      coordinators: this.#coordinators,
    };
  }

  #triggerWhenReady(): void {
    if (this.#isTriggered || !this.#attempt.sources.every((operatorId) => this.#coordinators[operatorId] !== undefined)) return;
    this.#isTriggered = true;
    const finished = this.#attempt.graph.executions.filter(({ state }) => state === 'FINISHED');
    this.#finished = new Set(finished.map(({ executionId }) => executionId));
    this.#attempt.trigger(this.barrier);
  }
}
