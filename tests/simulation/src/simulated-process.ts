/**
 * One life of the program: JobManager, TaskManager and their client, as `millrace run` has them, on the simulated clock and disk, with the real actors and real slots.
 *
 * Owned by the run of a seed. P1 after `kill` nothing of it happens any more (isolate.ts). P2 it begins with the newest checkpoint that is complete, as `--restore latest` does.
 */
import type { Random } from '@millrace/core/base/random';
import { Dispatcher } from '@millrace/runtime/coordinator/dispatcher';
import type { JobEvent } from '@millrace/runtime/coordinator/job-event';
import { ResourceManager } from '@millrace/runtime/coordinator/resource-manager';
import type { JobEnd, ToDispatcher, ToResourceManager } from '@millrace/runtime/protocol/control-messages';
import type { ExecutionState, FailureDescription } from '@millrace/runtime/protocol/execution-state';
import { describeFailure, lostFailure } from '@millrace/runtime/protocol/failure-description';
import { randomId } from '@millrace/runtime/protocol/ids';
import { RpcRouter } from '@millrace/runtime/protocol/rpc-router';
import type { CompiledJob } from '@millrace/streaming/graph/job-graph';
import { PROGRAM } from '@millrace/testing/simulation/simulated-cluster';
import { CheckpointStores } from 'millrace/local/checkpoint-stores';
import { findRestore } from 'millrace/local/find-restore';
import { compileProgram, JOB_NAME } from './build-program.ts';
import { Isolate } from './isolate.ts';
import type { Program } from './program.ts';
import type { Scheduler } from './scheduler.ts';
import { SimulatedCoordinators } from './simulated-coordinators.ts';
import { SimulatedTaskManager } from './simulated-task-manager.ts';
import { CHECKPOINTS, type World } from './world.ts';

const RESOURCE_MANAGER = { address: 'jobmanager/resourcemanager', leader: 'rm' };
const DISPATCHER = { address: 'jobmanager/dispatcher', leader: 'dispatcher' };
const RPC = { rpcTimeoutMs: 10_000, heartbeatIntervalMs: 1_000, heartbeatMissedLimit: 5 };
const RESPAWN_MS = 60;

export interface ProcessPorts {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly program: Program;
  readonly parallelism: number;
  /** The command has ended by itself. */
  ended(end: { readonly job: JobEnd } | { readonly refused: FailureDescription }): void;
}

export class SimulatedProcess {
  readonly parallelism: number;
  readonly isolate: Isolate;
  readonly #ports: ProcessPorts;
  readonly #random: Random;
  readonly #router: RpcRouter;
  readonly #resourceManager: ResourceManager;
  readonly #dispatcher: Dispatcher;
  readonly #job: CompiledJob;
  #taskManager: SimulatedTaskManager;
  #taskManagers = 0;
  #locks = 0;
  #jobId: string | undefined;
  readonly #states = new Map<string, ExecutionState>();

  constructor(ports: ProcessPorts) {
    const { world, scheduler, program, parallelism } = ports;
    this.#ports = ports;
    this.parallelism = parallelism;
    this.#random = world.fork();
    this.isolate = new Isolate(`process-${world.generation}`, world.clock);
    const { clock } = this.isolate;
    this.#router = new RpcRouter({
      clock,
      name: 'simulation',
      encodeAlways: true,
      report: (failure) => world.trace.note(`reported: ${failure.message}`),
      deliver: (from, to, action) => {
        const sender = Isolate.current ?? this.isolate;
        if (!sender.isDead && !this.#isLost(from))
          scheduler.enqueue(`${from}>${to}`, this.isolate, () => (this.#isLost(to) ? undefined : this.#isolateOf(to).run(action)));
      },
    });
    this.#job = compileProgram(program, parallelism);
    const actors = {
      clock,
      random: this.#random,
      rpc: this.#router,
      coordinators: new SimulatedCoordinators(this.isolate, scheduler, () => compileProgram(program, parallelism).bindings),
      checkpointStores: new CheckpointStores(
        (message) => world.trace.note(`warning: ${message}`),
        () => {
          this.#locks += 1;
          const release = async () => {
            this.#locks -= 1;
          };
          return Promise.resolve({ release });
        },
      ),
      collected: (_jobId: string, _bytes: Uint8Array, settle: () => void) => settle(),
      log: (event: JobEvent) => this.#log(event),
    };
    const jobMaster = { ...RPC, slotRequestTimeoutMs: undefined, taskCancellationTimeoutMs: 5_000 };
    this.#resourceManager = new ResourceManager(RESOURCE_MANAGER, RPC, actors);
    this.#dispatcher = new Dispatcher(DISPATCHER, { resourceManager: RESOURCE_MANAGER, jobMaster, maxEndedJobs: 10 }, actors);
    this.#taskManager = this.#newTaskManager();
    this.isolate.run(() => {
      this.#resourceManager.start();
      this.#dispatcher.start();
      this.#taskManager.start();
      void this.#run();
    });
  }

  get taskManager(): SimulatedTaskManager {
    return this.#taskManager;
  }

  /** All has been committed: who is killed from here on and started again begins a second job. */
  get hasFinished(): boolean {
    const tasks = this.#job.jobGraph.vertices.reduce((sum, { parallelism }) => sum + parallelism, 0);
    return this.#states.size === tasks && [...this.#states.values()].every((state) => state === 'FINISHED');
  }

  /** The user ends the job; false where there is none yet, or none any more. */
  cancel(): boolean {
    const jobId = this.#jobId;
    if (jobId === undefined || this.hasFinished || !this.#dispatcher.runningJobs.includes(jobId)) return false;
    const dispatcher = this.#router.connect<ToDispatcher>('client', DISPATCHER.address);
    this.isolate.run(() => dispatcher.tell({ type: 'cancel-job', leader: DISPATCHER.leader, jobId }));
    return true;
  }

  /** P1 */
  kill(): void {
    this.isolate.kill();
  }

  /** Its process ends; its parent sees that, or nobody does and its silence is noticed. */
  killTaskManager(isSeen: boolean): void {
    const lost = this.#taskManager;
    if (lost.isolate.isDead) return; // another one is on its way
    lost.kill();
    const failure = lostFailure('task-manager-lost', `TaskManager ${lost.id} was killed.`);
    const message: ToResourceManager = { type: 'task-executor-lost', leader: RESOURCE_MANAGER.leader, taskManagerId: lost.id, failure };
    this.isolate.run(() => {
      this.#router.unregister(lost.address);
      if (isSeen) this.#router.connect<ToResourceManager>('client', RESOURCE_MANAGER.address).tell(message);
      this.isolate.clock.schedule(RESPAWN_MS, () => {
        this.#taskManager = this.#newTaskManager();
        this.#taskManager.start();
      });
    });
  }

  /** What should be gone when the job has ended. */
  leftovers(): readonly string[] {
    const left: string[] = [];
    const { executor, memory } = this.#taskManager;
    if (executor.numTasks > 0) left.push(`${executor.numTasks} tasks`);
    if (memory.usedSegments > 0) left.push(`${memory.usedSegments} segments of network memory`);
    if (this.#ports.scheduler.numTasklets > 0) left.push(`${this.#ports.scheduler.numTasklets} tasklets`);
    if (this.#dispatcher.runningJobs.length > 0) left.push('a running job');
    if (this.#locks > 0) left.push(`${this.#locks} locks of checkpoint directories`);
    const { slotsFree, slotsTotal } = this.#resourceManager.overview();
    if (slotsFree < slotsTotal) left.push(`${slotsTotal - slotsFree} slots that are not free`);
    return [...left, ...this.#taskManager.leftovers()];
  }

  async #run(): Promise<void> {
    const { world } = this.#ports;
    try {
      const warn = (message: string) => world.trace.note(`warning: ${message}`);
      const { restore, jobId = randomId(this.#random) } = await findRestore(
        { kind: 'latest', directory: CHECKPOINTS, allowNonRestoredState: false },
        JOB_NAME,
        warn,
      );
      world.trace.step(
        `process ${world.generation} at parallelism ${this.parallelism} from ${restore?.path.replace(jobId, '*') ?? 'nothing'}`,
      );
      if (restore === undefined) world.oracles.begunAnew();
      this.#submit(jobId, restore);
    } catch (error) {
      this.#ports.ended({ refused: describeFailure(error) });
    }
  }

  #submit(jobId: string, restore: { readonly path: string; readonly allowNonRestoredState: boolean } | undefined): void {
    const { leader } = DISPATCHER;
    this.#jobId = jobId;
    const dispatcher = this.#router.connect<ToDispatcher>('client', DISPATCHER.address);
    const submission: ToDispatcher = {
      type: 'submit-job',
      leader,
      jobId,
      jobGraph: this.#job.jobGraph,
      program: PROGRAM,
      ...(restore !== undefined && { restore }),
    };
    dispatcher.ask<unknown>(submission, undefined, (submitted) => {
      if (!submitted.ok) return this.#ports.ended({ refused: submitted.failure });
      dispatcher.ask<JobEnd>({ type: 'request-job-result', leader, jobId }, undefined, (result) =>
        this.#ports.ended(result.ok ? { job: result.answer } : { refused: result.failure }),
      );
    });
  }

  #newTaskManager(): SimulatedTaskManager {
    const { world, scheduler, program, parallelism } = this.#ports;
    this.#taskManagers += 1;
    return new SimulatedTaskManager({
      id: `tm-${this.#taskManagers}`,
      slots: parallelism,
      world,
      scheduler,
      parent: this.isolate,
      router: this.#router,
      resourceManager: RESOURCE_MANAGER,
      generateCode: program.generateCode,
      channelCapacity: program.channelCapacity,
      bind: () => compileProgram(program, parallelism).bindings,
    });
  }

  #log(event: JobEvent): void {
    const { oracles, trace, faults } = this.#ports.world;
    if (event.kind === 'checkpoint') {
      const { id, status, failure } = event.details;
      trace.step(`checkpoint ${id} ${status} ${failure?.reason ?? ''}`);
      oracles.checkpointEnded(event.details);
      if (status === 'COMPLETED') faults.happened('metadata');
    } else if (event.kind === 'restart') {
      oracles.restarts += 1;
      trace.step(`restart ${event.restart}`);
      trace.note(event.failure.message);
      oracles.failed(event.failure);
    } else if (event.kind === 'execution') this.#states.set(`${event.vertexId}/${event.subtask}`, event.to);
    else if (event.kind === 'job-status') trace.step(`job ${event.from} -> ${event.to}`);
  }

  /** Messages from and to a TaskManager that was killed are lost. */
  #isLost(address: string): boolean {
    return address.startsWith('taskmanager/') && (address !== this.#taskManager.address || this.#taskManager.isolate.isDead);
  }

  #isolateOf(address: string): Isolate {
    return address === this.#taskManager.address ? this.#taskManager.isolate : this.isolate;
  }
}
