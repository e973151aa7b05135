/**
 * One attempt of a simulated job: its slots, tasks, channels and source coordinators, from their deployment to their end or to a crash.
 *
 * Owned by its job (simulated-job.ts), which drives the scheduler.
 *
 * A1 after `crash` nothing of the attempt is heard any more, and when it settles nothing of it is left.
 * A2 a message to a task keeps its order among those of its sender: what an enumerator sends after its own snapshot comes after the trigger of that checkpoint.
 */

import type { Random } from '@millrace/core/base/random';
import type { CoordinatorState } from '@millrace/runtime/checkpoint/checkpoint-metadata';
import type { CheckpointBarrier } from '@millrace/runtime/checkpoint/checkpoint-options';
import { planDeployments } from '@millrace/runtime/coordinator/deployment-plan';
import { type Execution, ExecutionGraph } from '@millrace/runtime/coordinator/execution-graph';
import { JobIterations } from '@millrace/runtime/coordinator/job-iterations';
import { planSlots } from '@millrace/runtime/coordinator/slot-sharing';
import { SourceCoordinator } from '@millrace/runtime/coordinator/source-coordinator';
import { WatermarkAlignment } from '@millrace/runtime/coordinator/watermark-alignment';
import { NetworkMemory } from '@millrace/runtime/memory/network-memory';
import { Doorbell } from '@millrace/runtime/network/doorbell';
import type { JobInformation, TaskRestore } from '@millrace/runtime/protocol/deployment';
import {
  type EnumeratorEvent,
  type FromSlot,
  type ReaderEvent,
  TASK_METRICS,
  type TaskInSlot,
} from '@millrace/runtime/protocol/slot-messages';
import type { UserMetrics } from '@millrace/runtime/protocol/user-metrics';
import { Slot } from '@millrace/runtime/task/slot';
import { countRings, TaskExecutorRings } from '@millrace/runtime/task/task-executor-rings';
import type { CompiledJob } from '@millrace/streaming/graph/job-graph';
import type { SeededScheduler } from './seeded-scheduler.ts';
import type { SimulatedJobOptions } from './simulated-job.ts';

const TASK_MANAGER = 'test';
/** Small: channels cost little, and back-pressure is a daily event. */
const CHANNEL_CAPACITY = 64;
const SEGMENT_BYTES = 32 * 1024;
const SEGMENTS_PER_RING = 2;

export interface AttemptPorts {
  readonly jobId: string;
  readonly job: CompiledJob;
  readonly attempt: number;
  readonly options: SimulatedJobOptions;
  readonly scheduler: SeededScheduler;
  readonly random: Random;
  readonly restoreOf: (execution: Execution) => TaskRestore | undefined;
  readonly coordinatorState: (operatorId: string) => CoordinatorState | undefined;
  /** What a task says, but for its events for enumerators. */
  readonly receive: (slot: number, message: Exclude<FromSlot, { readonly type: 'operator-event' }>) => void;
  readonly snapshotTaken: (checkpointId: number, operatorId: string, state: CoordinatorState) => void;
  readonly fail: (error: unknown) => void;
}

export class SimulatedAttempt {
  readonly graph: ExecutionGraph;
  readonly #ports: AttemptPorts;
  readonly #slots: readonly Slot[];
  readonly #doorbells: readonly SharedArrayBuffer[];
  readonly #coordinators = new Map<string, SourceCoordinator>();
  /** By operator id of a source: the executions of its subtasks. */
  readonly #readers = new Map<string, readonly Execution[]>();
  readonly #iterations: JobIterations;
  readonly #metrics = new Map<string, SharedArrayBuffer>();
  /** Enumerators that have given their snapshots for a checkpoint whose triggers are not on their way yet, with what they have sent since (A2). */
  readonly #held = new Map<string, (() => void)[]>();
  #isCrashed = false;

  constructor(ports: AttemptPorts) {
    const { job, options, random } = ports;
    this.#ports = ports;
    this.graph = new ExecutionGraph(job.jobGraph, random, () => {});
    this.#iterations = new JobIterations(job.jobGraph, ({ vertexId, subtask, operatorId }, command) =>
      this.#toOperator(this.graph.subtasksOf(vertexId)[subtask], operatorId, command),
    );
    this.#doorbells = Array.from({ length: options.slots ?? 1 }, () => Doorbell.createMemory());
    this.#slots = this.#doorbells.map((doorbell, index) => this.#createSlot(doorbell, index));
  }

  get isUp(): boolean {
    return this.graph.executions.every(({ state, isTerminal }) => state === 'RUNNING' || isTerminal);
  }

  get sources(): readonly string[] {
    return [...this.#coordinators.keys()];
  }

  start(): void {
    this.#place();
    this.#startCoordinators();
    this.#deploy();
  }

  publishAccumulators(): void {
    for (const slot of this.#slots) slot.publishAccumulators();
  }

  /** As a TaskExecutor would; what functions have is as it was where it is not given. */
  reportMetrics(executionId: string, userMetrics: UserMetrics | undefined): void {
    const metrics = this.#metrics.get(executionId);
    if (metrics !== undefined) this.graph.find(executionId)?.reportMetrics([...new Float64Array(metrics)], userMetrics);
  }

  /** Asks the enumerators for their states; from each one's answer on, what it sends is held back until `trigger`. */
  snapshotCoordinators(checkpointId: number): void {
    for (const coordinator of this.#coordinators.values()) coordinator.snapshot(checkpointId);
  }

  /** Sources begin the barrier, and tasks whose producers have all finished, which nobody else would send one. */
  trigger(barrier: CheckpointBarrier): void {
    for (const execution of this.graph.executions) {
      if (execution.isTerminal || !this.#producersHaveFinished(execution)) continue;
      const { executionId } = execution;
      const pair = `${execution.vertex.operators[0]?.id}>${executionId}`;
      this.#toTask(pair, execution, { type: 'trigger-checkpoint', executionId, barrier });
    }
    const held = [...this.#held.values()].flat();
    this.#held.clear();
    for (const send of held) send();
  }

  notify(checkpointId: number, outcome: 'complete' | 'aborted'): void {
    for (const execution of this.graph.executions) {
      if (execution.isTerminal) continue;
      const { executionId } = execution;
      this.#toTask('job>tasks', execution, { type: 'notify-checkpoint', executionId, checkpointId, outcome });
    }
    for (const coordinator of this.#coordinators.values()) coordinator.notifyCheckpoint(checkpointId, outcome);
  }

  cancelTasks(): void {
    for (const execution of this.graph.executions) {
      if (!execution.isTerminal) this.#toTask('job>tasks', execution, { type: 'cancel', executionId: execution.executionId });
    }
  }

  acknowledgeCollected(slot: number, executionId: string, operatorId: string): void {
    this.#slots[slot]?.receive({ type: 'collect-ack', executionId, operatorId });
  }

  closeCoordinators(): void {
    for (const coordinator of this.#coordinators.values()) coordinator.close();
  }

  /** A1 */
  async crash(): Promise<void> {
    this.#isCrashed = true;
    this.closeCoordinators();
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }

  #createSlot(doorbell: SharedArrayBuffer, index: number): Slot {
    const { job, options, scheduler } = this.#ports;
    return new Slot({
      location: { taskManagerId: TASK_MANAGER, slot: index },
      doorbell,
      clock: options.clock,
      post: (message) => {
        if (!this.#isCrashed) this.#receive(index, message);
      },
      bind: () => Promise.resolve(job.bindings),
      standardStreams: { write: (stream, text) => options.write(stream, text) },
      hasCheckpointCoordinator: false,
      system: options.system,
      localChannelCapacity: options.channelCapacity ?? CHANNEL_CAPACITY,
      createLoop: (loop) => scheduler.createLoop(loop),
      ...(options.generateCode === undefined ? {} : { generateCode: options.generateCode }),
    });
  }

  #place(): void {
    const { slotsOf } = planSlots(this.#ports.job.jobGraph);
    for (const execution of this.graph.executions) {
      const slot = (slotsOf.get(execution.vertex.id)?.[execution.subtask] ?? 0) % this.#slots.length;
      execution.slot = { taskManagerId: TASK_MANAGER, slot, allocationId: `slot-${slot}`, address: TASK_MANAGER };
      this.graph.transition(execution, 'SCHEDULED');
    }
  }

  #startCoordinators(): void {
    const { job, options, coordinatorState, snapshotTaken, fail } = this.#ports;
    const alignment = new WatermarkAlignment(options.clock);
    for (const vertex of job.jobGraph.vertices) {
      const [head] = vertex.operators;
      const logic = head === undefined ? undefined : job.bindings.operators.get(head.id);
      if (head === undefined || logic?.kind !== 'source') continue;
      this.#readers.set(head.id, this.graph.subtasksOf(vertex.id));
      const coordinator = new SourceCoordinator({
        operatorName: head.name,
        uid: head.uid,
        source: logic.source,
        strategy: logic.strategy,
        alignment,
        parallelism: vertex.parallelism,
        clock: options.clock,
        restored: coordinatorState(head.id),
        send: (subtask, event) => this.#toReader(head.id, subtask, event),
        snapshotTaken: (checkpointId, state) => {
          this.#held.set(head.id, []);
          snapshotTaken(checkpointId, head.id, state);
        },
        fail: (error) => {
          if (!this.#isCrashed) fail(error);
        },
      });
      this.#coordinators.set(head.id, coordinator);
      coordinator.start();
    }
  }

  #deploy(): void {
    const { jobId, attempt, restoreOf } = this.#ports;
    const { jobGraph } = this.#ports.job;
    const job = { jobId, jobGraph, program: { workingDirectory: process.cwd() } } as unknown as JobInformation;
    const submissions = [...planDeployments(this.graph, this.graph.executions, restoreOf).values()].flat();
    const placed = submissions.map(({ task }) => ({
      task: { ...task, attempt },
      slot: this.graph.find(task.executionId)?.slot?.slot ?? 0,
    }));
    const numRings = countRings(placed);
    const memory = NetworkMemory.create(SEGMENT_BYTES * Math.max(1, numRings * SEGMENTS_PER_RING));
    const rings = new TaskExecutorRings(memory, (slot) => this.#doorbells[slot] as SharedArrayBuffer);
    const tasksOf = this.#slots.map((): TaskInSlot[] => []);
    for (const { task, slot } of placed) {
      const attachments = rings.attach({ job, task, taskManagerId: TASK_MANAGER, slot, segments: SEGMENTS_PER_RING });
      const metrics = new SharedArrayBuffer(TASK_METRICS * Float64Array.BYTES_PER_ELEMENT);
      this.#metrics.set(task.executionId, metrics);
      tasksOf[slot]?.push({ task, attachments, metrics });
    }
    for (const execution of this.graph.executions) this.graph.transition(execution, 'DEPLOYING');
    this.#slots.forEach((slot, index) => {
      const tasks = tasksOf[index] as TaskInSlot[];
      if (tasks.length > 0) slot.receive({ type: 'deploy', job, bundlePath: '', tasks });
    });
  }

  #receive(slot: number, message: FromSlot): void {
    if (message.type !== 'operator-event') return this.#ports.receive(slot, message);
    this.#toEnumerator(message.operatorId, message.executionId, message.event);
  }

  #producersHaveFinished({ vertex }: Execution): boolean {
    const { edges } = this.graph.jobGraph;
    const producers = edges.filter(({ target }) => target === vertex.id).flatMap(({ source }) => this.graph.subtasksOf(source));
    return producers.every(({ state }) => state === 'FINISHED');
  }

  #toEnumerator(operatorId: string, executionId: string, event: EnumeratorEvent): void {
    const subtask = this.graph.find(executionId)?.subtask ?? 0;
    this.#ports.scheduler.enqueue(`${executionId}>${operatorId}`, () => {
      if (this.#isCrashed || this.#iterations.handle(operatorId, subtask, event)) return;
      this.#coordinators.get(operatorId)?.handleEvent(subtask, event);
    });
  }

  #toReader(operatorId: string, subtask: number, event: ReaderEvent): void {
    const send = () => this.#toOperator(this.#readers.get(operatorId)?.[subtask], operatorId, event);
    const held = this.#held.get(operatorId);
    if (held === undefined) send();
    else held.push(send);
  }

  #toOperator(execution: Execution | undefined, operatorId: string, event: ReaderEvent): void {
    if (execution === undefined) return;
    const { executionId } = execution;
    this.#toTask(`${operatorId}>${executionId}`, execution, { type: 'operator-event', executionId, operatorId, event });
  }

  #toTask(pair: string, { slot }: Execution, message: Parameters<Slot['receive']>[0]): void {
    this.#ports.scheduler.enqueue(pair, () => {
      if (!this.#isCrashed) this.#slots[slot?.slot ?? 0]?.receive(message);
    });
  }
}
