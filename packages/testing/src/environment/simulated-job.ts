/**
 * A job in one thread under a virtual clock: real slots, tasks, channels and source coordinators, whose turns and messages a seed puts in order. What the
 * control plane does for a job is done here in the plainest way: deploy everything, fail with the first failure, cancel the rest.
 *
 * J1 `settle` returns when nothing can happen any more at this virtual time: no tasklet advances, no message is under way, and promises that had settled have been
 *    seen. A promise that waits for something outside, a file for instance, is not waited for.
 * J2 the first failure of a task is the job's, as the error that was thrown; from then on every call that waits rejects with it.
 * J3 nothing is left of a job that has ended: no timer, no handle of the process.
 */
import { seededRandom } from '@millrace/core/base/random';
import { planDeployments } from '@millrace/runtime/coordinator/deployment-plan';
import { JobAccumulators, mergedAccumulators } from '@millrace/runtime/coordinator/job-accumulators';
import { type Execution, ExecutionGraph } from '@millrace/runtime/coordinator/execution-graph';
import { JobIterations } from '@millrace/runtime/coordinator/job-iterations';
import { planSlots } from '@millrace/runtime/coordinator/slot-sharing';
import { SourceCoordinator } from '@millrace/runtime/coordinator/source-coordinator';
import { WatermarkAlignment } from '@millrace/runtime/coordinator/watermark-alignment';
import { NetworkMemory } from '@millrace/runtime/memory/network-memory';
import { Doorbell } from '@millrace/runtime/network/doorbell';
import type { JobInformation } from '@millrace/runtime/protocol/deployment';
import type { ExecutionState } from '@millrace/runtime/protocol/execution-state';
import { restoreFailure } from '@millrace/runtime/protocol/failure-description';
import {
  type EnumeratorEvent,
  type FromSlot,
  type ReaderEvent,
  TASK_METRICS,
  type TaskInSlot,
} from '@millrace/runtime/protocol/slot-messages';
import { describedError } from '@millrace/runtime/task/failure';
import { Slot } from '@millrace/runtime/task/slot';
import { countRings, TaskExecutorRings } from '@millrace/runtime/task/task-executor-rings';
import type { AccumulatorValues } from '@millrace/streaming/contract/accumulator-values';
import type { CompiledJob } from '@millrace/streaming/graph/job-graph';
import type { VirtualClock } from '../simulation/virtual-clock.ts';
import { SeededScheduler } from './seeded-scheduler.ts';

const TASK_MANAGER = 'test';
/** Turns of tasklets between two turns of the event loop. */
const TURNS = 10_000;
/** Turns of the event loop in which nothing may happen before a job counts as settled. */
const QUIET_TURNS = 2;
/** Small: channels cost little, and back-pressure is a daily event. */
const CHANNEL_CAPACITY = 64;
const SEGMENT_BYTES = 32 * 1024;
const SEGMENTS_PER_RING = 2;

export interface SimulatedJobOptions {
  readonly seed: number;
  readonly clock: VirtualClock;
  /** 1, unless said otherwise: all channels by reference. With more, subtasks of different slots are connected by rings. */
  readonly slots?: number;
  readonly generateCode?: boolean;
  /** Records in each channel within a slot, a power of two: small ones are full often. 64 unless set. */
  readonly channelCapacity?: number;
  readonly write: (stream: 'stdout' | 'stderr', text: string) => void;
  readonly onCollected?: ((bytes: Uint8Array) => Promise<void>) | undefined;
}

export class SimulatedJob {
  readonly jobId: string;
  readonly #job: CompiledJob;
  readonly #options: SimulatedJobOptions;
  readonly #scheduler: SeededScheduler;
  readonly #graph: ExecutionGraph;
  readonly #slots: readonly Slot[];
  readonly #doorbells: readonly SharedArrayBuffer[];
  readonly #coordinators = new Map<string, SourceCoordinator>();
  readonly #iterations: JobIterations;
  /** By operator id of a source: the executions of its subtasks. */
  readonly #readers = new Map<string, readonly Execution[]>();
  readonly #accumulators = new JobAccumulators((failure) => this.#fail(restoreFailure(failure)));
  #failure: { readonly error: unknown } | undefined;
  #canceled = false;

  constructor(job: CompiledJob, options: SimulatedJobOptions) {
    const random = seededRandom(options.seed);
    this.#job = job;
    this.#options = options;
    this.#scheduler = new SeededScheduler(random);
    this.#graph = new ExecutionGraph(job.jobGraph, random, () => {});
    this.#iterations = new JobIterations(job.jobGraph, ({ vertexId, subtask, operatorId }, command) =>
      this.#toTask(this.#graph.subtasksOf(vertexId)[subtask], operatorId, command),
    );
    this.jobId = `test-${options.seed}`;
    this.#doorbells = Array.from({ length: options.slots ?? 1 }, () => Doorbell.createMemory());
    this.#slots = this.#doorbells.map((doorbell, index) => this.#createSlot(doorbell, index));
  }

  get isTerminal(): boolean {
    return this.#graph.allTerminal;
  }

  get failure(): unknown {
    return this.#failure?.error;
  }

  /** As of this moment; of a task that has ended, its last ones. */
  accumulators(): AccumulatorValues {
    for (const slot of this.#slots) slot.publishAccumulators();
    return mergedAccumulators(this.#graph);
  }

  get isCanceled(): boolean {
    return this.#canceled;
  }

  /** Deploys all tasks; settles when every one of them is running or has ended. */
  async start(): Promise<void> {
    this.#place();
    this.#startCoordinators();
    this.#deploy();
    while (!this.#isUp()) {
      this.#scheduler.deliver();
      await eventLoopTurn();
    }
    this.throwIfFailed();
  }

  async settle(): Promise<void> {
    await this.#quiesce();
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
    for (const coordinator of this.#coordinators.values()) coordinator.close();
    this.throwIfFailed();
  }

  cancel(): void {
    if (this.isTerminal) return;
    this.#canceled = true;
    this.#cancelTasks();
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
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

  #createSlot(doorbell: SharedArrayBuffer, index: number): Slot {
    return new Slot({
      location: { taskManagerId: TASK_MANAGER, slot: index },
      doorbell,
      clock: this.#options.clock,
      post: (message) => this.#receive(index, message),
      bind: () => Promise.resolve(this.#job.bindings),
      standardStreams: { write: (stream, text) => this.#options.write(stream, text) },
      hasCheckpointCoordinator: false,
      localChannelCapacity: this.#options.channelCapacity ?? CHANNEL_CAPACITY,
      createLoop: (options) => this.#scheduler.createLoop(options),
      ...(this.#options.generateCode === undefined ? {} : { generateCode: this.#options.generateCode }),
    });
  }

  #place(): void {
    const { slotsOf } = planSlots(this.#job.jobGraph);
    for (const execution of this.#graph.executions) {
      const slot = (slotsOf.get(execution.vertex.id)?.[execution.subtask] ?? 0) % this.#slots.length;
      execution.slot = { taskManagerId: TASK_MANAGER, slot, allocationId: `slot-${slot}`, address: TASK_MANAGER };
      this.#graph.transition(execution, 'SCHEDULED');
    }
  }

  #startCoordinators(): void {
    const alignment = new WatermarkAlignment(this.#options.clock);
    for (const vertex of this.#job.jobGraph.vertices) {
      const [head] = vertex.operators;
      const logic = head === undefined ? undefined : this.#job.bindings.operators.get(head.id);
      if (head === undefined || logic?.kind !== 'source') continue;
      const readers = this.#graph.subtasksOf(vertex.id);
      this.#readers.set(head.id, readers);
      const coordinator = new SourceCoordinator({
        operatorName: head.name,
        uid: head.uid,
        source: logic.source,
        strategy: logic.strategy,
        alignment,
        parallelism: vertex.parallelism,
        clock: this.#options.clock,
        send: (subtask, event) => this.#toReader(head.id, subtask, event),
        fail: (error) => this.#fail(error),
      });
      this.#coordinators.set(head.id, coordinator);
      coordinator.start();
    }
  }

  #deploy(): void {
    const job = {
      jobId: this.jobId,
      jobGraph: this.#job.jobGraph,
      program: { workingDirectory: process.cwd() },
    } as unknown as JobInformation;
    const submissions = [...planDeployments(this.#graph).values()].flat();
    const placed = submissions.map(({ task }) => ({ task, slot: this.#graph.find(task.executionId)?.slot?.slot ?? 0 }));
    const numRings = countRings(placed);
    const memory = NetworkMemory.create(SEGMENT_BYTES * Math.max(1, numRings * SEGMENTS_PER_RING));
    const rings = new TaskExecutorRings(memory, (slot) => this.#doorbells[slot] as SharedArrayBuffer);
    const tasksOf = this.#slots.map((): TaskInSlot[] => []);
    for (const { task, slot } of placed) {
      const attachments = rings.attach({ job, task, taskManagerId: TASK_MANAGER, slot, segments: SEGMENTS_PER_RING });
      tasksOf[slot]?.push({ task, attachments, metrics: new SharedArrayBuffer(TASK_METRICS * 8) });
    }
    for (const execution of this.#graph.executions) this.#graph.transition(execution, 'DEPLOYING');
    this.#slots.forEach((slot, index) => {
      const tasks = tasksOf[index] as TaskInSlot[];
      if (tasks.length > 0) slot.receive({ type: 'deploy', job, bundlePath: '', tasks });
    });
  }

  #isUp(): boolean {
    return this.#graph.executions.every(({ state, isTerminal }) => state === 'RUNNING' || isTerminal);
  }

  #receive(slot: number, message: FromSlot): void {
    switch (message.type) {
      case 'state':
        return this.#stateChanged(message.executionId, message.state, message);
      case 'operator-event':
        return this.#toEnumerator(message.operatorId, message.executionId, message.event);
      case 'collected':
        return this.#collected(slot, message);
      case 'accumulators': {
        const execution = this.#graph.find(message.executionId);
        return execution === undefined ? undefined : this.#accumulators.report(execution, message.accumulators);
      }
      case 'output':
        return this.#options.write(message.stream, message.text);
    }
  }

  #stateChanged(executionId: string, state: ExecutionState, { failure }: Extract<FromSlot, { type: 'state' }>): void {
    const execution = this.#graph.find(executionId);
    if (execution === undefined) return;
    this.#graph.transition(execution, state);
    this.#scheduler.wake();
    if (failure !== undefined) this.#fail(describedError(failure) ?? restoreFailure(failure));
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#cancelTasks();
  }

  #cancelTasks(): void {
    for (const { executionId, slot, isTerminal } of this.#graph.executions) {
      if (!isTerminal) this.#scheduler.enqueue('job>tasks', () => this.#slots[slot?.slot ?? 0]?.receive({ type: 'cancel', executionId }));
    }
  }

  #toEnumerator(operatorId: string, executionId: string, event: EnumeratorEvent): void {
    const subtask = this.#graph.find(executionId)?.subtask ?? 0;
    this.#scheduler.enqueue(`${executionId}>${operatorId}`, () => {
      if (!this.#iterations.handle(operatorId, subtask, event)) this.#coordinators.get(operatorId)?.handleEvent(subtask, event);
    });
  }

  #toReader(operatorId: string, subtask: number, event: ReaderEvent): void {
    this.#toTask(this.#readers.get(operatorId)?.[subtask], operatorId, event);
  }

  #toTask(execution: Execution | undefined, operatorId: string, event: ReaderEvent): void {
    if (execution === undefined) return;
    const { executionId, slot } = execution;
    this.#scheduler.enqueue(`${operatorId}>${executionId}`, () =>
      this.#slots[slot?.slot ?? 0]?.receive({ type: 'operator-event', executionId, operatorId, event }),
    );
  }

  #collected(slot: number, { executionId, operatorId, bytes }: Extract<FromSlot, { type: 'collected' }>): void {
    const acknowledge = () => this.#slots[slot]?.receive({ type: 'collect-ack', executionId, operatorId });
    const taken = this.#options.onCollected?.(bytes) ?? Promise.resolve();
    taken.then(acknowledge, (error: unknown) => this.#fail(error));
  }
}

/** Promises that have settled are seen, and the process stays responsive. */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
