/**
 * The JobMaster: takes one job from its job graph to a terminal state.
 *
 * Owns the parts, which do not know each other: lifecycle, slots, tasks, sources, connections to TaskExecutors. Takes messages (`receive`) and calls of the
 * Dispatcher (`start`, `cancel`, `fail`), one at a time; acts through its ports only.
 *
 * J1 the status changes only along JOB_STATUS_TRANSITIONS; a terminal status is reached when every execution is terminal, and never left.
 * J2 the first failure is the job's; those that follow are attached to it and change nothing else.
 * J3 cancelling is bounded: an execution that has not ended in time is given up together with its slot.
 * J4 at the end every slot is given back, the coordinators are closed and the address is free again.
 */
import { unreachable } from '@millrace/core/base/assert';
import type {
  Collected,
  EnumeratorOperatorEvent,
  JobDetails,
  OfferSlots,
  TaskManagerLost,
  TaskMetricsReport,
  TaskSubmission,
  ToJobMaster,
  ToResourceManager,
} from '../protocol/control-messages.ts';
import type { JobInformation } from '../protocol/deployment.ts';
import type { ExecutionState, FailureDescription } from '../protocol/execution-state.ts';
import { lostFailure } from '../protocol/failure-description.ts';
import type { RpcCall, RpcEndpoint, RpcGateway } from '../protocol/rpc.ts';
import { planDeployments } from './deployment-plan.ts';
import { type Execution, ExecutionGraph } from './execution-graph.ts';
import { detailsOf, lastMemoryOf } from './job-details.ts';
import { JobLifecycle } from './job-lifecycle.ts';
import type { JobMasterIdentity, JobMasterOptions, JobMasterPorts } from './job-master-ports.ts';
import { JobSlots } from './job-slots.ts';
import { JobSources } from './job-sources.ts';
import { JobTasks } from './job-tasks.ts';
import type { AllocatedSlot } from './slot-pool.ts';
import { TaskExecutorConnections } from './task-executor-connections.ts';

export type { JobMasterIdentity, JobMasterOptions, JobMasterPorts } from './job-master-ports.ts';

export class JobMaster implements RpcEndpoint<ToJobMaster> {
  readonly job: JobInformation;
  readonly #identity: JobMasterIdentity;
  readonly #options: JobMasterOptions;
  readonly #ports: JobMasterPorts;
  readonly #onEnd: (details: JobDetails) => void;
  readonly #lifecycle: JobLifecycle;
  readonly #slots: JobSlots;
  readonly #taskExecutors: TaskExecutorConnections;
  readonly #sources: JobSources;
  readonly #resourceManager: RpcGateway<ToResourceManager>;
  /** Undefined until `start` has made the execution graph. */
  #tasks: JobTasks | undefined;

  constructor(
    job: JobInformation,
    identity: JobMasterIdentity,
    options: JobMasterOptions,
    wiring: JobMasterPorts & { readonly onEnd: (details: JobDetails) => void },
  ) {
    this.job = job;
    this.#identity = identity;
    this.#options = options;
    this.#ports = wiring;
    this.#onEnd = wiring.onEnd;
    this.#lifecycle = new JobLifecycle(job.jobId, wiring);
    this.#resourceManager = wiring.rpc.connect(identity.address, identity.resourceManager.address);
    this.#slots = this.#createSlots();
    this.#taskExecutors = this.#createConnections();
    this.#sources = this.#createSources();
  }

  // ---- calls of the Dispatcher ----

  /** Makes the execution graph, starts the coordinators and asks for slots. A job graph that is not right throws, and the job never was. */
  start(): void {
    const graph = new ExecutionGraph(this.job.jobGraph, this.#ports.random, (execution, from, to) =>
      this.#logExecution(execution, from, to),
    );
    this.#tasks = this.#createTasks(graph);
    this.#ports.rpc.register(this.#identity.address, this);
    this.#taskExecutors.start();
    this.#sources.start();
    if (this.#lifecycle.status !== 'INITIALIZING') return;
    this.#lifecycle.to('CREATED');
    for (const execution of graph.executions) graph.transition(execution, 'SCHEDULED');
    this.#slots.request();
  }

  cancel(): void {
    const { status, isTerminal: ended } = this.#lifecycle;
    if (ended || status === 'CANCELLING' || status === 'FAILING') return;
    this.#lifecycle.to('CANCELLING');
    this.#stopTasks();
  }

  /** From outside of any task: a coordinator, a lost TaskManager, the client that reads the results. */
  fail(failure: FailureDescription): void {
    if (!this.#lifecycle.isTerminal && this.#lifecycle.fail(failure)) this.#stopTasks();
  }

  details(): JobDetails {
    const lifecycle = this.#lifecycle.details();
    return detailsOf(this.job, this.#tasks?.graph, {
      ...lifecycle,
      waiting: lifecycle.status === 'CREATED' ? this.#slots.shortage : undefined,
    });
  }

  // ---- messages ----

  accepts(message: ToJobMaster): boolean {
    return message.leader === this.#identity.leader;
  }

  receive(message: ToJobMaster, call: RpcCall): void {
    switch (message.type) {
      case 'offer-slots':
        return this.#offerSlots(message, call);
      case 'update-task-execution-state':
        return this.#tasks?.update(message);
      case 'enumerator-event':
        return this.#enumeratorEvent(message);
      case 'acknowledge-checkpoint':
      case 'decline-checkpoint':
        return undefined;
      case 'collected':
        return this.#collected(message, call);
      case 'task-metrics':
        return this.#metrics(message, call);
      case 'slots-missing':
        return this.#lifecycle.status === 'CREATED' ? this.#slots.missing(message.shortage) : undefined;
      case 'task-manager-lost':
        return this.#taskManagerLost(message);
      default:
        return unreachable(message, 'JobMaster.receive');
    }
  }

  // ---- slots and deployment ----

  #offerSlots(offer: OfferSlots, call: RpcCall): void {
    const taken = this.#lifecycle.status === 'CREATED' ? this.#slots.offer(offer) : [];
    if (taken.length > 0) this.#taskExecutors.add(offer.address);
    call.reply(taken);
    if (this.#lifecycle.status === 'CREATED' && this.#slots.complete && this.#tasks !== undefined) this.#deploy(this.#tasks);
  }

  #deploy(tasks: JobTasks): void {
    const { graph } = tasks;
    this.#slots.assign(graph);
    this.#lifecycle.to('RUNNING');
    const plan = planDeployments(graph);
    for (const execution of graph.executions) graph.transition(execution, 'DEPLOYING');
    for (const [address, submissions] of plan) this.#submit(address, submissions, tasks);
  }

  #submit(address: string, submissions: readonly TaskSubmission[], tasks: JobTasks): void {
    const { leader } = this.#identity;
    this.#taskExecutors.ask(address, { type: 'submit-tasks', leader, job: this.job, tasks: submissions }, (outcome) => {
      if (outcome.ok) return;
      // It may have taken them all the same: they are cancelled like all others.
      for (const { task } of submissions) {
        const execution = tasks.find(task.executionId);
        if (execution !== undefined) tasks.ended(execution, 'FAILED', outcome.failure);
      }
    });
  }

  #collected({ executionId, operatorId, bytes }: Collected, call: RpcCall): void {
    this.#ports.collected(this.job.jobId, bytes, (failure) => {
      if (failure !== undefined) this.fail(failure);
      this.#taskExecutors.tell(call.from, { type: 'collect-ack', leader: this.#identity.leader, executionId, operatorId });
    });
  }

  #metrics({ metrics, accumulators }: TaskMetricsReport, call: RpcCall): void {
    this.#taskExecutors.heard(call.from);
    for (const [executionId, figures] of Object.entries(metrics)) {
      const execution = this.#tasks?.find(executionId);
      if (execution === undefined) continue;
      execution.metrics = figures;
      this.#tasks?.accumulators.report(execution, accumulators[executionId]);
    }
  }

  #enumeratorEvent({ executionId, operatorId, event }: EnumeratorOperatorEvent): void {
    const execution = this.#tasks?.find(executionId);
    if (execution !== undefined) this.#sources.enumeratorEvent(operatorId, execution.subtask, event);
  }

  #taskManagerSilent(address: string, silentMs: number): void {
    const slot = this.#slots.held.find((candidate) => candidate.address === address);
    if (slot === undefined) return;
    const { taskManagerId } = slot;
    const failure = lostFailure('task-manager-lost', `TaskManager ${taskManagerId} did not answer for ${silentMs} ms.`);
    this.#taskManagerLost({ type: 'task-manager-lost', leader: this.#identity.leader, taskManagerId, failure });
  }

  #taskManagerLost({ taskManagerId, failure }: TaskManagerLost): void {
    const slots = this.#slots.slotsOf(taskManagerId);
    // Slots that were allocated there and not yet offered will never come; a job without restarts cannot wait for others.
    if (slots.length === 0 && this.#lifecycle.status !== 'CREATED') return;
    const tasks = this.#tasks;
    const told = { ...failure, message: `${failure.message}${lastMemoryOf(tasks?.graph, taskManagerId)}` };
    for (const { address, allocationId } of slots) {
      this.#slots.remove(allocationId);
      this.#taskExecutors.remove(address);
    }
    const lost = tasks?.graph.executions.filter(({ slot }) => slot?.taskManagerId === taskManagerId) ?? [];
    if (lost.length === 0) this.fail(told); // it went before anything was deployed there
    for (const execution of lost) tasks?.giveUp(execution, this.#lifecycle.hasFailed ? undefined : told);
  }

  // ---- the end ----

  #stopTasks(): void {
    this.#slots.stopWaiting();
    this.#tasks?.stop();
    this.#concludeIfEnded();
  }

  #concludeIfEnded(): void {
    if (this.#lifecycle.isTerminal || this.#tasks?.graph.allTerminal === false) return;
    const status = this.#lifecycle.end();
    if (status === undefined) return;
    this.#lifecycle.to(status);
    this.#release();
    this.#onEnd(this.details());
  }

  #release(): void {
    this.#tasks?.close();
    this.#taskExecutors.stop();
    this.#sources.close();
    for (const slot of this.#slots.held) this.#freeSlot(slot);
    this.#slots.clear();
    this.#resourceManager.tell({ type: 'disconnect-job-master', leader: this.#identity.resourceManager.leader, jobId: this.job.jobId });
    this.#ports.rpc.unregister(this.#identity.address);
  }

  #freeSlot({ allocationId, address }: AllocatedSlot): void {
    this.#slots.remove(allocationId);
    this.#taskExecutors.tell(address, { type: 'free-slot', leader: this.#identity.leader, allocationId });
  }

  // ---- parts ----

  #createTasks(graph: ExecutionGraph): JobTasks {
    const { leader } = this.#identity;
    return new JobTasks(graph, {
      clock: this.#ports.clock,
      lifecycle: this.#lifecycle,
      taskCancellationTimeoutMs: this.#options.taskCancellationTimeoutMs,
      cancel: ({ address }, executionId) => this.#taskExecutors.tell(address, { type: 'cancel-task', leader, executionId }),
      drop: (slot) => this.#freeSlot(slot),
      fail: (failure) => this.fail(failure),
      ended: () => this.#concludeIfEnded(),
    });
  }

  #createSlots(): JobSlots {
    const { address, leader, resourceManager } = this.#identity;
    return new JobSlots(this.job, this.#options, {
      clock: this.#ports.clock,
      random: this.#ports.random,
      log: (event) => this.#ports.log(event),
      resourceManager: this.#resourceManager,
      resourceManagerLeader: resourceManager.leader,
      jobMaster: { address, leader },
      fail: (failure) => this.fail(failure),
    });
  }

  #createConnections(): TaskExecutorConnections {
    const { address: own, leader } = this.#identity;
    return new TaskExecutorConnections({
      ...this.#options,
      clock: this.#ports.clock,
      leader,
      connect: (address) => this.#ports.rpc.connect(own, address),
      onSilent: (address, silentMs) => this.#taskManagerSilent(address, silentMs),
    });
  }

  #createSources(): JobSources {
    return new JobSources(this.job, {
      coordinators: this.#ports.coordinators,
      fail: (failure) => this.fail(failure),
      send: ({ vertexId, subtask, operatorId }, event) => {
        const execution = this.#tasks?.graph.subtasksOf(vertexId)[subtask];
        if (execution?.slot === undefined || execution.isTerminal) return;
        const { executionId, slot } = execution;
        const { leader } = this.#identity;
        this.#taskExecutors.tell(slot.address, { type: 'reader-event', leader, executionId, operatorId, event });
      },
    });
  }

  #logExecution(execution: Execution, from: ExecutionState, to: ExecutionState): void {
    const { executionId, name, vertex, subtask } = execution;
    const time = this.#ports.clock.now();
    this.#ports.log({ kind: 'execution', jobId: this.job.jobId, time, executionId, name, vertexId: vertex.id, subtask, from, to });
  }
}
