/**
 * The TaskExecutor: offers the slots of one TaskManager, deploys tasks into them, and says how they fare.
 *
 * Owns the table of slots and the table of tasks. Takes messages of the ResourceManager and of JobMasters (`receive`) and of its slots (`receiveFromSlot`,
 * `slotLost`), one at a time. Slots act by themselves; what they are (threads, or objects in this one) is behind `SlotHandle`.
 *
 * TE1 a slot is free or has one allocation; two jobs never share one. A slot that a job has left is reset before it is free again, so nothing of a job stays.
 * TE2 every task ends with exactly one terminal state told to its JobMaster, even if its slot is lost.
 * TE3 segments of a ring are released when both ends are in a terminal state or their slot's isolate is gone.
 * TE4 orders of a JobMaster count for its own allocations only: the fencing token is compared with that of the allocation.
 */
import { invariant, unreachable } from '@millrace/core/base/assert';
import type { AccumulatorValues } from '@millrace/streaming/contract/accumulator-values';
import type {
  AllocateSlots,
  LeaderAddress,
  NotifyCheckpoint,
  SlotAllocation,
  SubmitTasks,
  TasksStuck,
  TaskSubmission,
  ToJobMaster,
  ToResourceManager,
  ToTaskExecutor,
  TriggerCheckpoint,
} from '../protocol/control-messages.ts';
import type { JobInformation } from '../protocol/deployment.ts';
import { type ExecutionState, type FailureDescription, isTerminal } from '../protocol/execution-state.ts';
import { describeFailure, terminalFailure } from '../protocol/failure-description.ts';
import type { RpcCall, RpcEndpoint, RpcGateway } from '../protocol/rpc.ts';
import type { FromSlot, TaskInSlot, ToSlot } from '../protocol/slot-messages.ts';
import { culpritOf, type SlotReport } from '../protocol/slot-report.ts';
import type { UserMetrics } from '../protocol/user-metrics.ts';
import { CancellationWatch } from './cancellation-watch.ts';
import { TaskExecutorMemory } from './task-executor-memory.ts';
import type { SlotHandle, TaskExecutorOptions, TaskExecutorPorts } from './task-executor-ports.ts';
import { countRings, TaskExecutorRings } from './task-executor-rings.ts';
import { createMetricsBlock } from './task-metrics.ts';

export type { SlotHandle } from './task-executor-ports.ts';

interface Allocation extends SlotAllocation {
  readonly jobId: string;
  readonly jobMaster: LeaderAddress;
  readonly gateway: RpcGateway<ToJobMaster>;
}

interface Task {
  readonly executionId: string;
  readonly allocation: Allocation;
  readonly metrics: SharedArrayBuffer;
  /** What it has reported last. */
  accumulators: AccumulatorValues | undefined;
  userMetrics: UserMetrics | undefined;
  state: ExecutionState;
  /** Set when the order to cancel came before the slot had the task. */
  cancelled: boolean;
  deployed: boolean;
}

export class TaskExecutor implements RpcEndpoint<ToTaskExecutor> {
  readonly #options: TaskExecutorOptions;
  readonly #ports: TaskExecutorPorts;
  readonly #resourceManager: RpcGateway<ToResourceManager>;
  readonly #allocations: (Allocation | undefined)[]; // by slot
  readonly #resetting = new Set<string>(); // allocations that are on their way out
  readonly #tasks = new Map<string, Task>();
  readonly #rings: TaskExecutorRings;
  readonly #memory = new TaskExecutorMemory();
  readonly #cancellations: CancellationWatch;

  constructor(options: TaskExecutorOptions, ports: TaskExecutorPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#resourceManager = ports.rpc.connect(options.address, options.resourceManager.address);
    this.#allocations = Array.from({ length: ports.slots.length }, () => undefined);
    this.#cancellations = new CancellationWatch({
      clock: ports.clock,
      intervalMs: options.cancellationIntervalMs,
      examine: (slot, settle) => this.#slot(slot).examine(settle),
      stuck: (slot, report, sinceMs) => this.#tellStuck(slot, 'cancelled', report, sinceMs),
    });
    this.#rings = new TaskExecutorRings(ports.memory, (slot) => this.#slot(slot).doorbell);
  }

  /** Registers with the ResourceManager; a failure comes to `onRefused`. */
  start(onRefused: (failure: FailureDescription) => void): void {
    const { address, taskManagerId, resourceManager, rpcTimeoutMs } = this.#options;
    this.#ports.rpc.register(address, this);
    const slots = this.#ports.slots.length;
    this.#resourceManager.ask(
      { type: 'register-task-executor', leader: resourceManager.leader, taskManagerId, address, slots },
      rpcTimeoutMs,
      (outcome) => {
        if (!outcome.ok) onRefused(outcome.failure);
      },
    );
  }

  /** Tasks that have not ended, for the leak check of tests. */
  get numTasks(): number {
    return this.#tasks.size;
  }

  accepts(message: ToTaskExecutor): boolean {
    switch (message.type) {
      case 'allocate-slots':
      case 'resource-manager-heartbeat':
        return message.leader === this.#options.resourceManager.leader;
      case 'job-master-heartbeat':
        return this.#allocations.some((allocation) => allocation?.jobMaster.leader === message.leader);
      case 'submit-tasks':
        return message.tasks.every(({ allocationId }) => this.#allocation(allocationId, message.leader) !== undefined);
      case 'free-slot':
        // What is free already may be freed again; another's slot may not.
        return this.#allocations.every((held) => held?.allocationId !== message.allocationId || held.jobMaster.leader === message.leader);
      default:
        return this.#ownerOf(message.executionId) === undefined || this.#ownerOf(message.executionId) === message.leader;
    }
  }

  receive(message: ToTaskExecutor, call: RpcCall): void {
    switch (message.type) {
      case 'allocate-slots':
        return this.#allocate(message, call);
      case 'resource-manager-heartbeat':
        return this.#tellResourceManager({
          type: 'task-executor-alive',
          leader: message.leader,
          taskManagerId: this.#options.taskManagerId,
        });
      case 'submit-tasks':
        return this.#submit(message, call);
      case 'cancel-task':
        return this.#cancel(message.executionId);
      case 'free-slot':
        return this.#release(message.allocationId);
      case 'reader-event':
        return this.#forward(message.executionId, { ...message, type: 'operator-event' });
      case 'collect-ack':
        return this.#forward(message.executionId, message);
      case 'trigger-checkpoint':
      case 'notify-checkpoint':
        return this.#postToTask(message);
      case 'job-master-heartbeat':
        return this.#reportMetrics(message.leader);
      default:
        return unreachable(message, 'TaskExecutor.receive');
    }
  }

  receiveFromSlot(slot: number, message: FromSlot): void {
    if (message.type === 'output') return this.#ports.output(message.stream, message.text);
    if (message.type === 'memory-report') return this.#memory.report(slot, message.report);
    const task = this.#tasks.get(message.executionId);
    if (task === undefined || task.allocation.slot !== slot) return; // of a job that has left
    const { executionId } = message;
    const { gateway, jobMaster } = task.allocation;
    switch (message.type) {
      case 'state':
        return this.#stateChanged(task, message.state, message.failure);
      case 'operator-event':
        return gateway.tell({ ...message, type: 'enumerator-event', leader: jobMaster.leader });
      case 'acknowledge-checkpoint':
      case 'decline-checkpoint':
      case 'request-checkpoint':
        return gateway.tell({ ...message, leader: jobMaster.leader });
      case 'accumulators':
        task.accumulators = message.accumulators;
        return;
      case 'user-metrics':
        task.userMetrics = message.metrics;
        return;
      case 'collected':
        return gateway.tell({
          type: 'collected',
          leader: jobMaster.leader,
          executionId,
          operatorId: message.operatorId,
          bytes: message.bytes,
          afterCheckpoint: message.afterCheckpoint,
        });
      default:
        return unreachable(message, 'TaskExecutor.receiveFromSlot');
    }
  }

  /** The slot's isolate has ended by itself, and a fresh one is in its place: what ran there has failed (TE2). */
  slotLost(slot: number, failure: FailureDescription): void {
    const tasks = this.#tasksOf(slot);
    // Who was ended for its memory has said what it holds.
    const last = failure.reason === 'slot-memory' ? '' : this.#memory.lastOf(slot, tasks.map(figuresOf));
    const told = { ...failure, message: `${failure.message}${last}` };
    this.#memory.forget(slot);
    for (const task of tasks) this.#stateChanged(task, 'FAILED', told);
  }

  /** The slot's thread has not come back for so long. */
  slotBusy(slot: number, report: SlotReport | undefined, sinceMs: number): void {
    this.#tellStuck(slot, 'busy', report, sinceMs);
  }

  #tellStuck(slot: number, reason: TasksStuck['reason'], report: SlotReport | undefined, sinceMs: number): void {
    const tasks = this.#tasksOf(slot);
    const { executionId: culprit } = culpritOf(report) ?? {};
    const executionIds = tasks.map(({ executionId }) => executionId).sort((a, b) => Number(b === culprit) - Number(a === culprit));
    const { gateway, jobMaster } = this.#allocations[slot] ?? {};
    if (executionIds.length > 0 && jobMaster !== undefined)
      gateway?.tell({ type: 'tasks-stuck', leader: jobMaster.leader, executionIds, reason, sinceMs, report });
  }

  // ---- slots ----

  #allocate({ jobId, jobMaster, slots, leader }: AllocateSlots, call: RpcCall): void {
    const taken = slots.find(({ slot }) => this.#allocations[slot] !== undefined || this.#ports.slots[slot] === undefined);
    if (taken !== undefined) {
      const why = `slot ${taken.slot} of TaskManager ${this.#options.taskManagerId} is not free`;
      return call.fail(terminalFailure('slot-occupied', `The ResourceManager ${leader} allocated what it has not: ${why}.`));
    }
    const gateway = this.#ports.rpc.connect<ToJobMaster>(this.#options.address, jobMaster.address);
    for (const allocation of slots) this.#allocations[allocation.slot] = { ...allocation, jobId, jobMaster, gateway };
    call.reply({ allocated: true });
    this.#offer(gateway, jobMaster, slots);
  }

  #offer(gateway: RpcGateway<ToJobMaster>, jobMaster: LeaderAddress, slots: readonly SlotAllocation[]): void {
    const { taskManagerId, address, rpcTimeoutMs } = this.#options;
    gateway.ask<readonly string[]>(
      { type: 'offer-slots', leader: jobMaster.leader, taskManagerId, address, slots },
      rpcTimeoutMs,
      (outcome) => {
        const wanted = outcome.ok ? outcome.answer : [];
        for (const { allocationId } of slots) if (!wanted.includes(allocationId)) this.#release(allocationId);
      },
    );
  }

  /** TE1: the slot is another's only when the old isolate is gone, with whatever still ran in it. */
  #release(allocationId: string): void {
    const allocation = this.#allocations.find((held) => held?.allocationId === allocationId);
    if (allocation === undefined || this.#resetting.has(allocationId)) return;
    const { slot } = allocation;
    this.#resetting.add(allocationId);
    this.#slot(slot).reset(() => {
      this.#resetting.delete(allocationId);
      for (const task of [...this.#tasks.values()]) if (task.allocation === allocation) this.#forget(task);
      this.#allocations[slot] = undefined;
      this.#memory.forget(slot);
      const { taskManagerId, resourceManager } = this.#options;
      this.#tellResourceManager({ type: 'slot-available', leader: resourceManager.leader, taskManagerId, slot, allocationId });
    });
  }

  // ---- tasks ----

  /** Answers when the slots have the tasks: or with what prevented it, and then nothing of them runs. */
  #submit({ job, tasks, leader }: SubmitTasks, call: RpcCall): void {
    for (const { task, allocationId } of tasks) {
      const allocation = this.#allocation(allocationId, leader);
      invariant(allocation !== undefined, () => `accepts() let a task for ${allocationId} pass`);
      const metrics = createMetricsBlock();
      this.#tasks.set(task.executionId, {
        executionId: task.executionId,
        allocation,
        metrics,
        accumulators: undefined,
        userMetrics: undefined,
        state: 'DEPLOYING',
        cancelled: false,
        deployed: false,
      });
    }
    this.#ports.bundles.fetch(job.program.bundle, (outcome) => {
      if ('failure' in outcome) return this.#deploymentFailed(tasks, outcome.failure, call);
      try {
        this.#deploy(job, outcome.path, tasks);
        call.reply({ deployed: true });
      } catch (error) {
        this.#deploymentFailed(tasks, describeFailure(error), call);
      }
    });
  }

  #deploy(job: JobInformation, bundlePath: string, tasks: readonly TaskSubmission[]): void {
    const bySlot = new Map<number, TaskInSlot[]>();
    const live = tasks.flatMap(({ task }) => {
      const known = this.#tasks.get(task.executionId);
      if (known?.cancelled === true) this.#stateChanged(known, 'CANCELED', undefined);
      return known === undefined || known.cancelled ? [] : [{ task, known, slot: known.allocation.slot }];
    });
    const segments = this.#rings.segmentsFor(countRings(live), this.#options.segmentsPerChannel);
    for (const { task, known, slot } of live) {
      const attachments = this.#rings.attach({ job, task, taskManagerId: this.#options.taskManagerId, slot, segments });
      bySlot.set(slot, [...(bySlot.get(slot) ?? []), { task, attachments, metrics: known.metrics }]);
    }
    for (const [slot, inSlot] of bySlot) this.#slot(slot).post({ type: 'deploy', job, bundlePath, tasks: inSlot });
    for (const { known } of live) known.deployed = true;
  }

  #deploymentFailed(tasks: readonly TaskSubmission[], failure: FailureDescription, call: RpcCall): void {
    for (const { task } of tasks) {
      const known = this.#tasks.get(task.executionId);
      if (known !== undefined) this.#forget(known);
    }
    call.fail(failure);
  }

  #cancel(executionId: string): void {
    const task = this.#tasks.get(executionId);
    if (task === undefined) return; // has ended, and that is told already
    task.cancelled = true;
    if (task.deployed) this.#slot(task.allocation.slot).post({ type: 'cancel', executionId });
    this.#cancellations.begin(task.allocation.slot);
  }

  #forward(executionId: string, message: ToSlot & { readonly executionId: string; readonly operatorId: string }): void {
    const task = this.#tasks.get(executionId);
    if (task?.deployed !== true) return;
    const { operatorId } = message;
    if (message.type === 'operator-event')
      this.#slot(task.allocation.slot).post({ type: 'operator-event', executionId, operatorId, event: message.event });
    else this.#slot(task.allocation.slot).post({ type: 'collect-ack', executionId, operatorId });
  }

  #postToTask(message: TriggerCheckpoint | NotifyCheckpoint): void {
    const task = this.#tasks.get(message.executionId);
    if (task?.deployed === true) this.#slot(task.allocation.slot).post(message);
  }

  #stateChanged(task: Task, state: ExecutionState, failure: FailureDescription | undefined): void {
    task.state = state;
    const metrics = isTerminal(state) ? figuresOf(task) : undefined;
    const last = isTerminal(state) ? { accumulators: task.accumulators, userMetrics: task.userMetrics } : {};
    if (isTerminal(state)) this.#forget(task);
    const { gateway, jobMaster } = task.allocation;
    const { executionId } = task;
    gateway.tell({ type: 'update-task-execution-state', leader: jobMaster.leader, executionId, state, failure, metrics, ...last });
  }

  #forget(task: Task): void {
    const { slot } = task.allocation;
    this.#tasks.delete(task.executionId);
    if (task.cancelled && !this.#tasksOf(slot).some(({ cancelled }) => cancelled)) this.#cancellations.end(slot);
    this.#rings.release(task.executionId);
  }

  #reportMetrics(leader: string): void {
    const metrics: Record<string, readonly number[]> = {};
    const accumulators: Record<string, AccumulatorValues> = {};
    const userMetrics: Record<string, UserMetrics> = {};
    let gateway: RpcGateway<ToJobMaster> | undefined = this.#allocations.find((held) => held?.jobMaster.leader === leader)?.gateway;
    for (const task of this.#tasks.values()) {
      if (task.allocation.jobMaster.leader !== leader) continue;
      gateway = task.allocation.gateway;
      metrics[task.executionId] = figuresOf(task);
      if (task.accumulators !== undefined) accumulators[task.executionId] = task.accumulators;
      if (task.userMetrics !== undefined) userMetrics[task.executionId] = task.userMetrics;
    }
    const memory = this.#memory.take(this.#allocations.flatMap((held, slot) => (held?.jobMaster.leader === leader ? [slot] : [])));
    const { taskManagerId } = this.#options;
    gateway?.tell({ type: 'task-metrics', leader, taskManagerId, metrics, accumulators, userMetrics, ...(memory && { memory }) });
  }

  // ---- lookups ----

  #tasksOf(slot: number): readonly Task[] {
    return [...this.#tasks.values()].filter((task) => task.allocation.slot === slot);
  }

  #allocation(allocationId: string, leader: string): Allocation | undefined {
    return this.#allocations.find((held) => held?.allocationId === allocationId && held.jobMaster.leader === leader);
  }

  #ownerOf(executionId: string): string | undefined {
    return this.#tasks.get(executionId)?.allocation.jobMaster.leader;
  }

  #slot(slot: number): SlotHandle {
    const handle = this.#ports.slots[slot];
    invariant(handle !== undefined, () => `there is no slot ${slot}`);
    return handle;
  }

  #tellResourceManager(message: ToResourceManager): void {
    this.#resourceManager.tell(message);
  }
}

function figuresOf(task: Task): readonly number[] {
  return [...new Float64Array(task.metrics)];
}
