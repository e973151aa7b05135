/**
 * A job in one thread under a virtual clock: real slots, tasks, channels and source coordinators, whose turns and messages a seed puts in order. What the
 * control plane does for a job is done here in the plainest way: deploy everything, take a checkpoint when told to, fail with the first failure, cancel the rest.
 *
 * J1 `settle` returns when nothing can happen any more at this virtual time: no tasklet advances, no message is under way, and promises that had settled have been
 *    seen. A promise that waits for something outside, a file for instance, is not waited for.
 * J2 the first failure of a task is the job's, as the error that was thrown; from then on every call that waits rejects with it.
 * J3 nothing is left of a job that has ended: no timer, no handle of the process.
 * J4 `crashAndRestore` leaves what a crash at that moment would leave: nothing but the checkpoint and what is outside of the job.
 */
import { TerminalError, UsageError } from '@millrace/core/base/errors';
import { type Random, seededRandom } from '@millrace/core/base/random';
import { assignStates } from '@millrace/runtime/checkpoint/assign-states';
import { checkRestore } from '@millrace/runtime/checkpoint/check-restore';
import type { CheckpointMetadata } from '@millrace/runtime/checkpoint/checkpoint-metadata';
import { JobAccumulators, mergedAccumulators } from '@millrace/runtime/coordinator/job-accumulators';
import { vertexDetailsOf } from '@millrace/runtime/coordinator/job-details';
import type { VertexDetails } from '@millrace/runtime/protocol/control-messages';
import type { ExecutionState } from '@millrace/runtime/protocol/execution-state';
import { restoreFailure } from '@millrace/runtime/protocol/failure-description';
import type { FromSlot } from '@millrace/runtime/protocol/slot-messages';
import type { SystemPort } from '@millrace/runtime/task/slot-figures';
import { describedError } from '@millrace/runtime/task/failure';
import type { AccumulatorValues } from '@millrace/streaming/contract/accumulator-values';
import type { CompiledJob } from '@millrace/streaming/graph/job-graph';
import type { VirtualClock } from '../simulation/virtual-clock.ts';
import { CheckpointRound } from './checkpoint-round.ts';
import { SeededScheduler } from './seeded-scheduler.ts';
import { SimulatedAttempt } from './simulated-attempt.ts';

/** Turns of tasklets between two turns of the event loop. */
const TURNS = 10_000;
/** Turns of the event loop in which nothing may happen before a job counts as settled. */
const QUIET_TURNS = 2;
/** A task that is about to end declines; then there is another try. */
const CHECKPOINT_TRIES = 20;
/** Turns between a checkpoint and the crash behind it, at most. */
const TURNS_BEFORE_CRASH = 200;

export interface SimulatedJobOptions {
  readonly seed: number;
  readonly clock: VirtualClock;
  /** 1, unless said otherwise: all channels by reference. With more, subtasks of different slots are connected by rings. */
  readonly slots?: number;
  readonly generateCode?: boolean;
  /** Records in each channel within a slot, a power of two: small ones are full often. 64 unless set. */
  readonly channelCapacity?: number;
  /** Makes the figures of operators, too. */
  readonly system?: SystemPort;
  readonly write: (stream: 'stdout' | 'stderr', text: string) => void;
  readonly onCollected?: ((bytes: Uint8Array) => Promise<void>) | undefined;
}

export class SimulatedJob {
  readonly jobId: string;
  readonly #options: SimulatedJobOptions;
  readonly #random: Random;
  readonly #scheduler: SeededScheduler;
  readonly #accumulators = new JobAccumulators((failure) => this.#fail(restoreFailure(failure)));
  #job: CompiledJob;
  #attempt: SimulatedAttempt;
  #attempts = 0;
  #checkpointId = 0;
  #round: CheckpointRound | undefined = undefined;
  #failure: { readonly error: unknown } | undefined;
  #canceled = false;

  constructor(job: CompiledJob, options: SimulatedJobOptions) {
    this.#random = seededRandom(options.seed);
    this.#job = job;
    this.#options = options;
    this.#scheduler = new SeededScheduler(this.#random);
    this.jobId = `test-${options.seed}`;
    this.#attempt = this.#createAttempt(undefined);
  }

  get isTerminal(): boolean {
    return this.#attempt.graph.allTerminal;
  }

  get failure(): unknown {
    return this.#failure?.error;
  }

  get isCanceled(): boolean {
    return this.#canceled;
  }

  /** As of this moment; of a task that has ended, its last ones. Those of an attempt that has crashed are lost. */
  accumulators(): AccumulatorValues {
    this.#attempt.publishAccumulators();
    return mergedAccumulators(this.#attempt.graph);
  }

  /** With the last figures of every task that has ended. */
  vertices(): readonly VertexDetails[] {
    return vertexDetailsOf(this.#job.jobGraph, this.#attempt.graph);
  }

  /** Deploys all tasks; settles when every one of them is running or has ended. */
  async start(): Promise<void> {
    this.#attempt.start();
    while (!this.#attempt.isUp) {
      this.#scheduler.deliver();
      await eventLoopTurn();
    }
    this.throwIfFailed();
  }

  async settle(): Promise<void> {
    await this.#quiesce();
    this.throwIfFailed();
  }

  /** Lets some of it happen and stops anywhere. */
  async run(turns: number): Promise<void> {
    this.#scheduler.run(turns);
    await eventLoopTurn();
    this.throwIfFailed();
  }

  /** Lets virtual time pass, with all that happens in it, each at its time. */
  async advance(ms: number): Promise<void> {
    const { clock } = this.#options;
    const untilMs = clock.monotonic() + ms;
    let dueMs = await this.#quiesce();
    while (clock.monotonic() < untilMs && this.#failure === undefined) {
      const nextMs = Math.min(untilMs, clock.monotonic() + Math.max(dueMs, 1));
      if (clock.step(nextMs)) while (clock.step(clock.monotonic()));
      dueMs = await this.#quiesce();
    }
    this.throwIfFailed();
  }

  /** Runs to the end of the job, however long promises take. No virtual time passes. */
  async end(): Promise<void> {
    while (!this.isTerminal) {
      if (this.#scheduler.run(TURNS)) this.#scheduler.elapse();
      await eventLoopTurn();
    }
    this.#attempt.closeCoordinators();
    this.throwIfFailed();
  }

  /**
   * Takes a checkpoint as of now, lets the job go on for a moment that the seed chooses, throws all of it away, and begins again from the checkpoint: as this job,
   * which may have another parallelism, or as the one that ran.
   */
  async crashAndRestore(job: CompiledJob = this.#job): Promise<void> {
    const metadata = await this.#checkpoint();
    if (this.#random.nextInt(2) === 0) this.#attempt.notify(metadata.checkpointId, 'complete');
    await this.run(this.#random.nextInt(TURNS_BEFORE_CRASH));
    await this.#attempt.crash();
    this.#scheduler.clear();
    checkRestore(metadata, job.jobGraph.vertices, { path: `checkpoint ${metadata.checkpointId}`, allowNonRestoredState: false });
    this.#job = job;
    this.#attempts += 1;
    this.#attempt = this.#createAttempt(metadata);
    await this.start();
  }

  cancel(): void {
    if (this.isTerminal) return;
    this.#canceled = true;
    this.#attempt.cancelTasks();
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #checkpoint(): Promise<CheckpointMetadata> {
    for (let tries = 1; ; tries++) {
      if (this.isTerminal) throw new UsageError('The job has ended: there is nothing left to take a checkpoint of. Call it before finish.');
      this.#checkpointId += 1;
      const round = new CheckpointRound(this.#attempt, this.#checkpointId, this.#options.clock.now());
      this.#round = round;
      round.begin();
      while (!round.isComplete && round.failure === undefined && !round.hasLostTask) {
        if (this.#scheduler.run(TURNS)) this.#scheduler.elapse();
        await eventLoopTurn();
        this.throwIfFailed();
      }
      this.#round = undefined;
      if (round.isComplete) return round.metadata(this.jobId);
      this.#attempt.notify(this.#checkpointId, 'aborted');
      if (tries < CHECKPOINT_TRIES) continue;
      const cause = round.failure === undefined ? undefined : restoreFailure(round.failure);
      throw new TerminalError(`The checkpoint was declined ${tries} times: ${cause?.message ?? 'a task ended meanwhile'}`, { cause });
    }
  }

  #createAttempt(metadata: CheckpointMetadata | undefined): SimulatedAttempt {
    const { vertices } = this.#job.jobGraph;
    const assigned = metadata === undefined ? undefined : assignStates(metadata, vertices);
    return new SimulatedAttempt({
      jobId: this.jobId,
      job: this.#job,
      attempt: this.#attempts,
      options: this.#options,
      scheduler: this.#scheduler,
      random: this.#random,
      restoreOf: ({ vertex, subtask }) => {
        const state = assigned?.get(vertex.id)?.[subtask];
        return metadata === undefined || state === undefined
          ? undefined
          : { checkpointId: metadata.checkpointId, base: undefined, isOfSameProgram: true, ...state };
      },
      coordinatorState: (operatorId) => metadata?.coordinators[operatorId],
      receive: (slot, message) => this.#receive(slot, message),
      snapshotTaken: (checkpointId, operatorId, state) => {
        if (checkpointId === this.#round?.barrier.checkpointId) this.#round.coordinatorAnswered(operatorId, state);
      },
      fail: (error) => this.#fail(error),
    });
  }

  /** Returns in how many milliseconds of virtual time a tasklet wants a turn. */
  async #quiesce(): Promise<number> {
    let dueMs = Number.POSITIVE_INFINITY;
    for (let quiet = 0; quiet < QUIET_TURNS; ) {
      const { activity } = this.#scheduler;
      if (this.#scheduler.run(TURNS)) dueMs = this.#scheduler.elapse();
      await eventLoopTurn();
      quiet = this.#scheduler.activity === activity ? quiet + 1 : 0;
    }
    return dueMs;
  }

  #receive(slot: number, message: Exclude<FromSlot, { readonly type: 'operator-event' }>): void {
    switch (message.type) {
      case 'state':
        return this.#stateChanged(message.executionId, message.state, message);
      case 'acknowledge-checkpoint':
        if (message.checkpointId === this.#round?.barrier.checkpointId) this.#round.acknowledged(message.executionId, message.snapshot);
        return this.#scheduler.wake();
      case 'decline-checkpoint':
        if (message.checkpointId === this.#round?.barrier.checkpointId) this.#round.declined(message.failure);
        return this.#scheduler.wake();
      case 'collected':
        return this.#collected(slot, message);
      case 'accumulators': {
        const execution = this.#attempt.graph.find(message.executionId);
        return execution === undefined ? undefined : this.#accumulators.report(execution, message.accumulators);
      }
      case 'user-metrics':
        return this.#attempt.reportMetrics(message.executionId, message.metrics);
      case 'output':
        return this.#options.write(message.stream, message.text);
    }
  }

  #stateChanged(executionId: string, state: ExecutionState, { failure }: Extract<FromSlot, { type: 'state' }>): void {
    const { graph } = this.#attempt;
    const execution = graph.find(executionId);
    if (execution === undefined) return;
    graph.transition(execution, state);
    if (execution.isTerminal) this.#attempt.reportMetrics(executionId, undefined);
    this.#scheduler.wake();
    if (failure !== undefined) this.#fail(describedError(failure) ?? restoreFailure(failure));
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#attempt.cancelTasks();
  }

  #collected(slot: number, { executionId, operatorId, bytes }: Extract<FromSlot, { type: 'collected' }>): void {
    const attempt = this.#attempt;
    const acknowledge = () => attempt.acknowledgeCollected(slot, executionId, operatorId);
    const taken = this.#options.onCollected?.(bytes) ?? Promise.resolve();
    taken.then(acknowledge, (error: unknown) => this.#fail(error));
  }
}

/** Promises that have settled are seen, and the process stays responsive. */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
