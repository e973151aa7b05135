/**
 * The real actors of the control plane in one thread: virtual clock, messages through the codec and reordered between pairs from a seed, slots that do what
 * a test tells them. The same seed gives the same run.
 */
import { type Random, seededRandom } from '@millrace/core/base/random';
import { Dispatcher } from '@millrace/runtime/coordinator/dispatcher';
import type { JobEvent } from '@millrace/runtime/coordinator/job-event';
import type { OperatorCoordinatorProvider } from '@millrace/runtime/coordinator/operator-coordinators';
import { ResourceManager } from '@millrace/runtime/coordinator/resource-manager';
import { NetworkMemory } from '@millrace/runtime/memory/network-memory';
import type { JobDetails, RestoreRequest, ToDispatcher } from '@millrace/runtime/protocol/control-messages';
import type { FailureDescription } from '@millrace/runtime/protocol/execution-state';
import type { ProgramDescriptor } from '@millrace/runtime/protocol/deployment';
import { RpcRouter } from '@millrace/runtime/protocol/rpc-router';
import type { RpcOutcome } from '@millrace/runtime/protocol/rpc';
import type { FromSlot, ToSlot } from '@millrace/runtime/protocol/slot-messages';
import type { SlotReport } from '@millrace/runtime/protocol/slot-report';
import { TaskExecutor } from '@millrace/runtime/task/task-executor';
import type { ChainedOperator, JobConfiguration, JobEdge, JobGraph, JobVertex } from '@millrace/streaming/graph/job-graph';
import { SimulatedCheckpointStores } from './simulated-checkpoint-stores.ts';
import { VirtualClock } from './virtual-clock.ts';

const RESOURCE_MANAGER = { address: 'jobmanager/resourcemanager', leader: 'rm-1' };
const DISPATCHER = { address: 'jobmanager/dispatcher', leader: 'dispatcher-1' };
const OPTIONS = { rpcTimeoutMs: 10_000, heartbeatIntervalMs: 1_000, heartbeatMissedLimit: 5 };
const MEMORY_BYTES = 8 * 1024 * 1024;

/** What a submission says of its program, where nothing is loaded from it. */
export const PROGRAM: ProgramDescriptor = {
  bundle: 'b',
  args: [],
  file: 'job.ts',
  workingDirectory: '/',
  environment: {},
  configuration: {},
  executeIndex: 0,
  recordedResults: [],
  constants: [],
};

export interface SimulationOptions {
  readonly seed?: number;
  readonly slotRequestTimeoutMs?: number;
  readonly taskCancellationTimeoutMs?: number;
  /** The split enumerators; without, sources have none that does anything. */
  readonly coordinators?: OperatorCoordinatorProvider;
}

const NO_COORDINATORS: OperatorCoordinatorProvider = {
  start: ({ jobGraph }, _restored, listener) => ({
    handleEvent() {},
    snapshot: (checkpointId) => {
      for (const { id, kind } of jobGraph.vertices.flatMap(({ operators }) => operators))
        if (kind === 'source') listener.onSnapshot(checkpointId, id, { version: 1, bytes: new Uint8Array() });
    },
    notifyCheckpoint() {},
    resetSubtask() {},
    close() {},
  }),
};

/** What a slot does with what it gets; the default runs tasks and ends them when they are cancelled. */
export type SlotScript = (message: ToSlot, post: (message: FromSlot) => void) => void;

export interface SimulatedTaskManager {
  readonly executor: TaskExecutor;
  readonly memory: NetworkMemory;
  readonly received: ToSlot[];
  /** From here on it hears and says nothing, and nobody is told. */
  silence(): void;
  post(slot: number, message: FromSlot): void;
  slotLost(slot: number, failure: FailureDescription): void;
}

export class SimulatedCluster {
  readonly clock = new VirtualClock(1_000_000);
  readonly random: Random;
  readonly events: JobEvent[] = [];
  readonly reported: FailureDescription[] = [];
  readonly router: RpcRouter;
  readonly dispatcher: Dispatcher;
  readonly resourceManager: ResourceManager;
  readonly checkpoints = new SimulatedCheckpointStores((action) => this.enqueue('checkpoints', action));
  readonly #queues = new Map<string, (() => void)[]>();
  readonly #silent = new Set<string>();

  constructor({
    seed = 1,
    slotRequestTimeoutMs,
    taskCancellationTimeoutMs = 30_000,
    coordinators = NO_COORDINATORS,
  }: SimulationOptions = {}) {
    this.random = seededRandom(seed);
    this.router = new RpcRouter({
      clock: this.clock,
      name: 'simulation',
      encodeAlways: true,
      report: (failure) => void this.reported.push(failure),
      deliver: (from, to, action) =>
        this.enqueue(`${from}>${to}`, () => (this.#silent.has(from) || this.#silent.has(to) ? undefined : action())),
    });
    const ports = {
      clock: this.clock,
      random: this.random,
      rpc: this.router,
      coordinators,
      checkpointStores: this.checkpoints,
      collected: (_jobId: string, _bytes: Uint8Array, settle: () => void) => settle(),
      log: (event: JobEvent) => void this.events.push(event),
    };
    const jobMaster = { ...OPTIONS, slotRequestTimeoutMs, taskCancellationTimeoutMs };
    this.resourceManager = new ResourceManager(RESOURCE_MANAGER, OPTIONS, ports);
    this.dispatcher = new Dispatcher(DISPATCHER, { resourceManager: RESOURCE_MANAGER, jobMaster, maxEndedJobs: 100 }, ports);
    this.resourceManager.start();
    this.dispatcher.start();
  }

  addTaskManager(
    taskManagerId: string,
    slots: number,
    script: SlotScript = obedient,
    examine?: () => SlotReport | undefined,
  ): SimulatedTaskManager {
    const received: ToSlot[] = [];
    const memory = NetworkMemory.create(MEMORY_BYTES);
    const address = `taskmanager/${taskManagerId}`;
    const post = (slot: number, message: FromSlot) =>
      this.enqueue(`${address}/slot-${slot}>`, () => executor.receiveFromSlot(slot, message));
    const handles = Array.from({ length: slots }, (_, slot) => ({
      doorbell: new SharedArrayBuffer(64),
      post: (message: ToSlot) => {
        received.push(message);
        this.enqueue(`>${address}/slot-${slot}`, () => script(message, (answer) => post(slot, answer)));
      },
      examine: (settle: (report: SlotReport | undefined) => void) =>
        this.enqueue(`examine ${address}/slot-${slot}`, () => settle(examine?.())),
      reset: (done: () => void) => this.enqueue(`reset ${address}/slot-${slot}`, done),
    }));
    const executor: TaskExecutor = new TaskExecutor(
      {
        taskManagerId,
        address,
        resourceManager: RESOURCE_MANAGER,
        rpcTimeoutMs: OPTIONS.rpcTimeoutMs,
        segmentsPerChannel: 2,
        cancellationIntervalMs: 1_000,
      },
      {
        clock: this.clock,
        rpc: this.router,
        slots: handles,
        memory,
        bundles: { fetch: (_hash, settle) => this.enqueue(`bundle ${address}`, () => settle({ path: '/bundle.mjs' })) },
        output: () => {},
      },
    );
    executor.start((failure) => void this.reported.push(failure));
    return {
      executor,
      memory,
      received,
      post,
      silence: () => void this.#silent.add(address),
      slotLost: (slot, failure) => executor.slotLost(slot, failure),
    };
  }

  submit(jobId: string, jobGraph: JobGraph, restore?: RestoreRequest): { outcome?: RpcOutcome<unknown> } {
    return this.ask({ type: 'submit-job', leader: DISPATCHER.leader, jobId, jobGraph, program: PROGRAM, ...(restore && { restore }) });
  }

  cancel(jobId: string): void {
    this.ask({ type: 'cancel-job', leader: DISPATCHER.leader, jobId });
  }

  ask(message: ToDispatcher): { outcome?: RpcOutcome<unknown> } {
    const result: { outcome?: RpcOutcome<unknown> } = {};
    this.router.connect<ToDispatcher>('client', DISPATCHER.address).ask(message, OPTIONS.rpcTimeoutMs, (outcome) => {
      result.outcome = outcome;
    });
    return result;
  }

  details(jobId: string): JobDetails {
    const details = this.dispatcher.details(jobId);
    if (details === undefined) throw new Error(`no job ${jobId}`);
    return details;
  }

  /** Delivers messages until none is left, or at most `limit`; pairs take turns as the seed has it. */
  settle(limit = Number.POSITIVE_INFINITY): number {
    let delivered = 0;
    while (delivered < limit && this.#queues.size > 0) {
      const keys = [...this.#queues.keys()];
      const key = keys[this.random.nextInt(keys.length)]!;
      const queue = this.#queues.get(key)!;
      const action = queue.shift();
      if (queue.length === 0) this.#queues.delete(key);
      action?.();
      delivered++;
    }
    return delivered;
  }

  /** Lets time pass, with all that happens in it. */
  advance(ms: number): void {
    const until = this.clock.now() + ms;
    this.settle();
    while (this.clock.step(until)) this.settle();
  }

  enqueue(key: string, action: () => void): void {
    const queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, [action]);
    else queue.push(action);
  }
}

/** Brings tasks to RUNNING and keeps them there until they are cancelled. */
export const obedient: SlotScript = (message, post) => {
  if (message.type === 'deploy') for (const { task } of message.tasks) bringUp(task.executionId, post);
  else if (message.type === 'cancel') post(stateOf(message.executionId, 'CANCELED'));
};

/** Runs every task to its end at once. */
export const finishing: SlotScript = (message, post) => {
  obedient(message, post);
  if (message.type === 'deploy') for (const { task } of message.tasks) post(stateOf(task.executionId, 'FINISHED'));
};

function bringUp(executionId: string, post: (message: FromSlot) => void): void {
  post(stateOf(executionId, 'INITIALIZING'));
  post(stateOf(executionId, 'RUNNING'));
}

export function stateOf(executionId: string, state: Extract<FromSlot, { type: 'state' }>['state'], failure?: FailureDescription): FromSlot {
  return { type: 'state', executionId, state, failure };
}

export interface VertexSpec {
  readonly name: string;
  readonly parallelism: number;
  readonly group?: string;
  readonly kind?: ChainedOperator['kind'];
}

export interface JobSpec {
  readonly configuration?: Partial<JobConfiguration>;
  readonly partitioner?: JobEdge['partitioner'];
}

/** A job graph with these vertices and edges between the named pairs: hash edges, unless the spec says otherwise. */
export function jobOf(
  name: string,
  vertices: readonly VertexSpec[],
  edges: readonly (readonly [string, string])[] = [],
  { configuration = {}, partitioner = 'hash' }: JobSpec = {},
): JobGraph {
  return {
    name,
    digest: name,
    vertices: vertices.map(vertexOf),
    edges: edges.map(([source, target]) => ({
      id: `${source}-${target}`,
      source,
      sourceOperator: 0,
      sourceTag: undefined,
      target,
      inputIndex: 0,
      partitioner,
      type: { kind: 'shape' },
      keyType: undefined,
      bufferTimeoutMs: 100,
    })),
    configuration: {
      autoWatermarkRecords: 1_000,
      autoWatermarkIntervalMs: 200,
      freezeRecords: false,
      maxShapesPerEdge: 64,
      ...configuration,
    },
  };
}

function vertexOf({ name, parallelism, group = 'default', kind = 'map' }: VertexSpec): JobVertex {
  const operator = { id: name, uid: undefined, name, kind, input: -1, inputTag: undefined } as const;
  return { id: name, name, parallelism, maxParallelism: 128, slotSharingGroup: group, operators: [operator] };
}
