/**
 * A slot: the thread's share of a job. Takes messages, binds the program, runs the tasks, tells their states.
 *
 * Owns its tasks, its loop and the channels between its tasks. Called by whoever receives its messages, in its thread; several slots may share a thread.
 *
 * S1 messages are handled in order. Events come only for tasks that have been opened: a reader is registered first.
 * S2 every task that was deployed reaches a terminal state, once, whatever `bind` does.
 * S3 tasks of one deployment are all built before the first is opened.
 */
import type { JobBindings } from '@millrace/streaming/graph/job-graph';
import { MemoryManager } from '../memory/memory-manager.ts';
import { LOCAL_MANAGED_BYTES } from '../memory/task-manager-memory.ts';
import { Doorbell } from '../network/doorbell.ts';
import type { ExecutionState, FailureDescription } from '../protocol/execution-state.ts';
import { type FromSlot, TASK_METRIC, type TaskInSlot, type ToSlot, UNKNOWN_THREAD } from '../protocol/slot-messages.ts';
import type { SlotReport } from '../protocol/slot-report.ts';
import { declineFailure } from './decline.ts';
import { LocalChannels } from './local-channels.ts';
import { MemoryGuard } from './memory-guard.ts';
import { describeMemory } from './memory-report.ts';
import { openSpillStorage } from './node/spill-files.ts';
import { TaskMemory } from './operator-memory.ts';
import { hostMemory } from './node/host-memory.ts';
import type { OperatorFunctions } from './operator-functions.ts';
import { SlotLoop, type TaskletLoop } from './slot-loop.ts';
import { examine } from './slot-examination.ts';
import type { SystemFigures } from './slot-figures.ts';
import { DEFAULT_CLOSE_TIMEOUT_MS, type SlotPorts } from './slot-ports.ts';
import { Task } from './task.ts';
import { buildTask } from './task-builder.ts';
import { taskKeyOf } from './task-channels.ts';
import type { Tasklet } from './tasklet.ts';

export type { SlotPorts } from './slot-ports.ts';

const METRICS_EVERY_MS = 100;
const ACCUMULATORS_EVERY_MS = 1000;

type Deploy = Extract<ToSlot, { readonly type: 'deploy' }>;

export class Slot {
  readonly #ports: SlotPorts;
  readonly #loop: TaskletLoop;
  readonly #guard: MemoryGuard;
  readonly #channels: LocalChannels;
  readonly #managed: MemoryManager;
  readonly #tasks = new Map<string, Task>();
  readonly #activity: Int32Array | undefined;
  #current: Tasklet | undefined = undefined;
  #workingDirectory: string | undefined = undefined;
  #system: SystemFigures | undefined = undefined;
  #publishedMs = Number.NEGATIVE_INFINITY;
  #accumulatorsMs = Number.NEGATIVE_INFINITY;

  constructor(ports: SlotPorts) {
    this.#ports = ports;
    this.#activity = ports.activity && new Int32Array(ports.activity);
    this.#channels = new LocalChannels(ports.localChannelCapacity);
    this.#managed = new MemoryManager(ports.managedMemoryBytes ?? LOCAL_MANAGED_BYTES);
    const { slot, taskManagerId } = ports.location;
    this.#guard = new MemoryGuard({
      memory: ports.memory ?? hostMemory,
      managedBytes: () => this.#managed.usedBytes,
      limitBytes: ports.memoryLimitBytes ?? Number.POSITIVE_INFINITY,
      slot: `Slot ${slot} of TaskManager ${taskManagerId}`,
      describe: (usedBytes) =>
        describeMemory(
          [...this.#tasks.values()].flatMap((task) => task.memory()),
          usedBytes,
        ),
      report: (report) => ports.post({ type: 'memory-report', report }),
    });
    const createLoop = ports.createLoop ?? ((options) => new SlotLoop(options));
    this.#loop = createLoop({
      clock: ports.clock,
      doorbell: new Doorbell(ports.doorbell, ports.clock),
      nextTurn: ports.nextTurn?.bind(ports) ?? ((action) => void setImmediate(action)),
      onTurn: (nowMs) => this.#onTurn(nowMs),
      onSwitch: (tasklet) => {
        this.#current = tasklet;
      },
    });
  }

  receive(message: ToSlot): void {
    switch (message.type) {
      case 'deploy':
        this.#deploy(message);
        break;
      case 'cancel':
        this.#tasks.get(message.executionId)?.cancel();
        break;
      case 'operator-event':
        this.#tasks.get(message.executionId)?.handleEvent(message.event);
        break;
      case 'trigger-checkpoint':
        this.#trigger(message);
        break;
      case 'notify-checkpoint':
        this.#tasks.get(message.executionId)?.notifyCheckpoint(message.checkpointId, message.outcome);
        break;
      case 'collect-ack':
        this.#tasks.get(message.executionId)?.acknowledgeCollected(message.operatorId);
        break;
    }
  }

  /** The task whose code runs right now; undefined between turns. For the text that user code logs. */
  currentTaskName(): string | undefined {
    return this.#current?.name;
  }

  /** What the thread is doing. Called from outside of everything that it does, at any moment; `stack` is that of the thread. */
  report(stack: string): SlotReport {
    const tasks = [...this.#tasks.values()];
    const current = tasks.find(({ built }) => built !== undefined && built.tasklet === this.#current);
    const seen = examine({ tasks, current, stack, workingDirectory: this.#workingDirectory });
    const overLimit = this.#guard.look(this.#ports.clock.monotonic())?.message;
    const { heapUsedBytes, externalBytes } = this.#guard;
    return { ...seen, heapUsedBytes, externalBytes, overLimit };
  }

  /** Of all operators that are in the slot: whose the functions in a profile are. */
  operatorFunctions(): readonly OperatorFunctions[] {
    return [...this.#tasks.values()].flatMap((task) => task.operatorFunctions());
  }

  /** What of the slot's managed memory is in use: 0 where no task runs. */
  get managedBytesUsed(): number {
    return this.#managed.usedBytes;
  }

  /** Posts what the accumulators of every task hold now; by itself it does so once in a second, and before a task ends. */
  publishAccumulators(): void {
    for (const task of this.#tasks.values()) task.publishAccumulators();
  }

  /** Cancels what runs; settles when every task has ended. */
  async close(): Promise<void> {
    const tasks = [...this.#tasks.values()];
    for (const task of tasks) task.cancel();
    await Promise.all(tasks.map((task) => task.finished));
  }

  /** A task that has ended, or was never here, answers too: nobody should wait for it until a time-out. */
  #trigger({ executionId, barrier }: Extract<ToSlot, { readonly type: 'trigger-checkpoint' }>): void {
    const task = this.#tasks.get(executionId);
    if (task !== undefined) return task.triggerCheckpoint(barrier);
    const { checkpointId } = barrier;
    const failure = declineFailure.notRunning(`task ${executionId}`, checkpointId);
    this.#ports.post({ type: 'decline-checkpoint', executionId, checkpointId, failure });
  }

  #deploy(message: Deploy): void {
    // A deployment has functions of its own: those of an earlier attempt keep what they closed over, and what they have changed of it.
    this.#workingDirectory = message.job.program.workingDirectory;
    const bindings = this.#ports.bind(message.job, message.bundlePath, this.#ports.location.slot);
    bindings.catch(() => {}); // told to every task of the deployment
    const tasks = message.tasks.map((deployed) => this.#createTask(message, deployed));
    void this.#start(tasks, bindings);
  }

  async #start(tasks: readonly DeployedTask[], binding: Promise<JobBindings>): Promise<void> {
    let bindings: JobBindings;
    try {
      bindings = await binding;
    } catch (error) {
      for (const { task } of tasks) task.fail(error);
      return;
    }
    for (const deployed of tasks) deployed.bindings = bindings;
    for (const { task } of tasks) task.build();
    for (const { task } of tasks) void task.open();
  }

  #createTask({ job }: Deploy, inSlot: TaskInSlot): DeployedTask {
    const { executionId, vertexId, subtask, attempt } = inSlot.task;
    new Float64Array(inSlot.metrics)[TASK_METRIC.threadId] = this.#ports.threadId ?? UNKNOWN_THREAD;
    const memory = new TaskMemory({ manager: this.#managed, openSpill: this.#ports.openSpillStorage ?? openSpillStorage });
    const vertex = job.jobGraph.vertices.find(({ id }) => id === vertexId);
    const deployed: DeployedTask = { bindings: undefined, task: undefined as unknown as Task };
    deployed.task = new Task({
      executionId,
      name: `${vertex?.name ?? vertexId} (${subtask + 1}/${vertex?.parallelism})`,
      closeTimeoutMs: this.#ports.closeTimeoutMs ?? DEFAULT_CLOSE_TIMEOUT_MS,
      isRestoredFinished: inSlot.task.restore?.isFinished === true,
      postDecline: (checkpointId, failure) => this.#ports.post({ type: 'decline-checkpoint', executionId, checkpointId, failure }),
      clock: this.#ports.clock,
      loop: this.#loop,
      build: () =>
        buildTask({
          ports: this.#ports,
          job,
          bindings: deployed.bindings as JobBindings,
          deployed: inSlot,
          channels: this.#channels,
          memory,
          wake: () => this.#loop.wake(),
          post: (message: FromSlot) => this.#ports.post(message),
        }),
      postState: (state: ExecutionState, failure: FailureDescription | undefined) =>
        this.#ports.post({ type: 'state', executionId, state, failure }),
      postAccumulators: (accumulators) => this.#ports.post({ type: 'accumulators', executionId, accumulators }),
      postUserMetrics: (metrics) => this.#ports.post({ type: 'user-metrics', executionId, metrics }),
      released: () => void memory.close(),
      ended: () => {
        this.#tasks.delete(executionId);
        this.#channels.forget(taskKeyOf(vertexId, subtask, attempt));
      },
    });
    this.#tasks.set(executionId, deployed.task);
    return deployed;
  }

  #onTurn(nowMs: number): void {
    if (this.#activity !== undefined) Atomics.add(this.#activity, 0, 1);
    const overLimit = this.#guard.look(nowMs);
    if (overLimit !== undefined) for (const task of this.#tasks.values()) task.fail(overLimit);
    if (nowMs - this.#publishedMs < METRICS_EVERY_MS) return;
    this.#publishedMs = nowMs;
    const isReport = nowMs - this.#accumulatorsMs >= ACCUMULATORS_EVERY_MS;
    if (isReport) this.#system = this.#ports.system?.read();
    const { heapUsedBytes, externalBytes } = this.#guard;
    const figures = { heapUsedBytes, externalBytes, system: this.#system };
    for (const task of this.#tasks.values()) task.publishMetrics(figures);
    if (!isReport) return;
    this.#accumulatorsMs = nowMs;
    this.publishAccumulators();
  }
}

interface DeployedTask {
  task: Task;
  bindings: JobBindings | undefined;
}
