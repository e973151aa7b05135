/**
 * Brings executions into slots and speaks with the TaskExecutors in which they are: asks for slots, deploys when all of them are there, gives slots back.
 *
 * Owns the slots of the job and the connections to their TaskExecutors. Used by the JobMaster, which is told when a deployment may begin.
 * D1 slots are taken only while executions wait for them. D2 a slot is given back when nothing of the job is in it any more.
 */
import type { Clock } from '@millrace/core/base/clock';
import type { Random } from '@millrace/core/base/random';
import type {
  OfferSlots,
  SlotShortage,
  SlotsMissing,
  TaskSubmission,
  ToResourceManager,
  ToTaskExecutor,
} from '../protocol/control-messages.ts';
import type { JobInformation, TaskRestore } from '../protocol/deployment.ts';
import type { FailureDescription } from '../protocol/execution-state.ts';
import type { RpcCall, RpcGateway, RpcService } from '../protocol/rpc.ts';
import { planDeployments } from './deployment-plan.ts';
import type { Execution, ExecutionGraph } from './execution-graph.ts';
import type { JobEvent } from './job-event.ts';
import type { JobMasterIdentity, JobMasterOptions } from './job-master-ports.ts';
import { JobSlots } from './job-slots.ts';
import type { AllocatedSlot } from './slot-pool.ts';
import { TaskExecutorConnections } from './task-executor-connections.ts';

export interface JobDeploymentPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly rpc: RpcService;
  log(event: JobEvent): void;
  /** The executions that wait have their slots now. */
  ready(executions: readonly Execution[]): void;
  /** There are no slots and will be none. */
  failForGood(failure: FailureDescription): void;
  /** A TaskExecutor has refused these, or cannot be reached. */
  refused(executionIds: readonly string[], failure: FailureDescription): void;
  /** One has not answered for `silentMs`. */
  silent(taskManagerId: string, silentMs: number): void;
}

export class JobDeployment {
  readonly #job: JobInformation;
  readonly #identity: JobMasterIdentity;
  readonly #ports: JobDeploymentPorts;
  readonly #resourceManager: RpcGateway<ToResourceManager>;
  readonly #slots: JobSlots;
  readonly #taskExecutors: TaskExecutorConnections;
  /** What the slots are for that the job waits for; empty where it waits for none. */
  #waiting: readonly Execution[] = [];

  constructor(job: JobInformation, identity: JobMasterIdentity, options: JobMasterOptions, ports: JobDeploymentPorts) {
    this.#job = job;
    this.#identity = identity;
    this.#ports = ports;
    this.#resourceManager = ports.rpc.connect(identity.address, identity.resourceManager.address);
    this.#slots = this.#createSlots(options);
    this.#taskExecutors = this.#createConnections(options);
  }

  start(): void {
    this.#taskExecutors.start();
  }

  get shortage(): SlotShortage | undefined {
    return this.#waiting.length > 0 ? this.#slots.shortage : undefined;
  }

  /** All are SCHEDULED. `ready` follows, at once where no slot is missing. */
  schedule(executions: readonly Execution[]): void {
    this.#waiting = executions;
    this.#slots.request();
    this.#lookIfComplete();
  }

  stopWaiting(): void {
    this.#waiting = [];
    this.#slots.stopWaiting();
  }

  slotsMissing({ shortage }: SlotsMissing): void {
    if (this.#waiting.length > 0) this.#slots.missing(shortage);
  }

  offerSlots(offer: OfferSlots, call: RpcCall): void {
    const taken = this.#waiting.length > 0 ? this.#slots.offer(offer) : []; // D1
    if (taken.length > 0) this.#taskExecutors.add(offer.address);
    call.reply(taken);
    this.#lookIfComplete();
  }

  /** What `ready` gave. */
  deploy(graph: ExecutionGraph, executions: readonly Execution[], restoreOf: (execution: Execution) => TaskRestore | undefined): void {
    const plan = planDeployments(graph, executions, restoreOf);
    for (const execution of executions) graph.transition(execution, 'DEPLOYING');
    for (const [address, submissions] of plan) this.#submit(address, submissions);
  }

  /** Its slots are gone with it. */
  taskManagerLost(taskManagerId: string): void {
    for (const { address, allocationId } of this.#slots.slotsOf(taskManagerId)) {
      this.#slots.remove(allocationId);
      this.#taskExecutors.remove(address);
    }
  }

  /**
   * Slots that were allocated on a lost TaskManager and not yet offered never come. A job that has nothing running gives back what it has and waits for all of its
   * slots at once, so that two jobs never hold half of what each needs (RM2 of resource-manager.ts).
   */
  askAgain(nothingRuns: boolean): void {
    if (this.#waiting.length === 0) return;
    if (nothingRuns) for (const slot of this.#slots.held) this.free(slot);
    this.#slots.request();
  }

  /** Of executions that are over, those slots in which nothing else goes on (D2). */
  freeSlotsOf(executions: readonly Execution[], graph: ExecutionGraph): void {
    const over = new Set(executions);
    const kept = new Set(graph.executions.filter((execution) => !over.has(execution)).map(({ slot }) => slot?.allocationId));
    for (const slot of this.#slots.held) if (!kept.has(slot.allocationId)) this.free(slot);
  }

  /** A TaskExecutor that has nothing of the job any more needs no heartbeat. */
  free({ allocationId, address }: AllocatedSlot): void {
    this.#slots.remove(allocationId);
    this.#taskExecutors.tell(address, { type: 'free-slot', leader: this.#identity.leader, allocationId });
    if (!this.#slots.held.some((slot) => slot.address === address)) this.#taskExecutors.remove(address);
  }

  /** Gives everything back; the job is over. */
  close(): void {
    this.stopWaiting();
    for (const slot of this.#slots.held) this.free(slot);
    this.#taskExecutors.stop();
    this.#slots.clear();
    const { leader } = this.#identity.resourceManager;
    this.#resourceManager.tell({ type: 'disconnect-job-master', leader, jobId: this.#job.jobId });
  }

  heard(address: string): void {
    this.#taskExecutors.heard(address);
  }

  /** To the TaskExecutor that has the execution, if any has. */
  tellTask({ slot }: Execution, message: ToTaskExecutor): void {
    if (slot !== undefined) this.#taskExecutors.tell(slot.address, message);
  }

  tell(address: string, message: ToTaskExecutor): void {
    this.#taskExecutors.tell(address, message);
  }

  #lookIfComplete(): void {
    const executions = this.#waiting;
    if (executions.length === 0 || !this.#slots.complete) return;
    this.#waiting = [];
    this.#slots.assign(executions);
    this.#ports.ready(executions);
  }

  #submit(address: string, tasks: readonly TaskSubmission[]): void {
    const { leader } = this.#identity;
    this.#taskExecutors.ask(address, { type: 'submit-tasks', leader, job: this.#job, tasks }, (outcome) => {
      if (outcome.ok) return;
      // It may have taken them all the same: they are cancelled like all others.
      this.#ports.refused(
        tasks.map(({ task }) => task.executionId),
        outcome.failure,
      );
    });
  }

  #silent(address: string, silentMs: number): void {
    const slot = this.#slots.held.find((candidate) => candidate.address === address);
    if (slot !== undefined) this.#ports.silent(slot.taskManagerId, silentMs);
  }

  #createSlots(options: JobMasterOptions): JobSlots {
    const { address, leader, resourceManager } = this.#identity;
    return new JobSlots(this.#job, options, {
      clock: this.#ports.clock,
      random: this.#ports.random,
      log: (event) => this.#ports.log(event),
      resourceManager: this.#resourceManager,
      resourceManagerLeader: resourceManager.leader,
      jobMaster: { address, leader },
      fail: (failure) => this.#ports.failForGood(failure),
    });
  }

  #createConnections(options: JobMasterOptions): TaskExecutorConnections {
    const { address: own, leader } = this.#identity;
    return new TaskExecutorConnections({
      ...options,
      clock: this.#ports.clock,
      leader,
      connect: (address) => this.#ports.rpc.connect(own, address),
      onSilent: (address, silentMs) => this.#silent(address, silentMs),
    });
  }
}
