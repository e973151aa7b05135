/**
 * The JobMaster: takes one job from its job graph to a terminal state.
 *
 * Owns the execution graph, the slot pool and the operator coordinators of the job. Takes messages (`receive`) and calls of the Dispatcher (`start`, `cancel`,
 * `fail`), one at a time; acts through its ports only.
 *
 * J1 the status changes only along JOB_STATUS_TRANSITIONS; a terminal status is reached when every execution is terminal, and never left.
 * J2 the first failure is the job's; those that follow are attached to it and change nothing else.
 * J3 cancelling is bounded: an execution that has not ended in time is given up together with its slot.
 * J4 at the end every slot is given back, the coordinators are closed and the address is free again.
 */
import { invariant, unreachable } from '@millrace/core/base/assert';
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import type { Random } from '@millrace/core/base/random';
import type { JobStatus } from '@millrace/streaming/graph/executor';
import type {
  Collected,
  EnumeratorOperatorEvent,
  JobDetails,
  LeaderAddress,
  OfferSlots,
  SlotShortage,
  TaskManagerLost,
  TaskMetricsReport,
  TaskSubmission,
  ToJobMaster,
  ToResourceManager,
  ToTaskExecutor,
  UpdateTaskExecutionState,
} from '../protocol/control-messages.ts';
import type { JobInformation } from '../protocol/deployment.ts';
import type { ExecutionState, FailureDescription } from '../protocol/execution-state.ts';
import { EXECUTION_TRANSITIONS, isTerminal } from '../protocol/execution-state.ts';
import { describeFailure, lostFailure, terminalFailure } from '../protocol/failure-description.ts';
import { randomId } from '../protocol/ids.ts';
import { isTerminalStatus, JOB_STATUS_TRANSITIONS } from '../protocol/job-status.ts';
import type { RpcCall, RpcEndpoint, RpcGateway, RpcService } from '../protocol/rpc.ts';
import type { ReaderEvent } from '../protocol/slot-messages.ts';
import { planDeployments } from './deployment-plan.ts';
import { type Execution, ExecutionGraph } from './execution-graph.ts';
import { Heartbeats } from './heartbeats.ts';
import { detailsOf, lastMemoryOf } from './job-details.ts';
import type { JobEvent } from './job-event.ts';
import type { OperatorCoordinatorProvider, OperatorCoordinators } from './operator-coordinators.ts';
import { SlotPool } from './slot-pool.ts';
import { planSlots } from './slot-sharing.ts';

export interface JobMasterPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly rpc: RpcService;
  readonly coordinators: OperatorCoordinatorProvider;
  /** Bytes for the client that reads the job's results; `settle` when they are taken, with a failure when the client gives up. */
  collected(jobId: string, bytes: Uint8Array, settle: (failure?: FailureDescription) => void): void;
  /** Everything that changes, in order: the job's history. */
  log(event: JobEvent): void;
}

export interface JobMasterOptions {
  /** A job that has no slots after so long fails; undefined waits for ever. */
  readonly slotRequestTimeoutMs: number | undefined;
  readonly taskCancellationTimeoutMs: number;
  readonly rpcTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatMissedLimit: number;
}

export interface JobMasterIdentity extends LeaderAddress {
  readonly resourceManager: LeaderAddress;
}

export class JobMaster implements RpcEndpoint<ToJobMaster> {
  readonly job: JobInformation;
  readonly #identity: JobMasterIdentity;
  readonly #options: JobMasterOptions;
  readonly #ports: JobMasterPorts;
  readonly #onEnd: (details: JobDetails) => void;
  readonly #pool = new SlotPool();
  readonly #taskExecutors = new Map<string, RpcGateway<ToTaskExecutor>>(); // by address
  readonly #heartbeats: Heartbeats;
  readonly #suppressed: FailureDescription[] = [];
  readonly #startTime: number;
  readonly #resourceManager: RpcGateway<ToResourceManager>;
  #graph: ExecutionGraph | undefined;
  #coordinators: OperatorCoordinators | undefined;
  #status: JobStatus = 'INITIALIZING';
  #failure: FailureDescription | undefined;
  #shortage: SlotShortage | undefined;
  #slotTimer: Cancellation | undefined;
  #cancelTimer: Cancellation | undefined;
  #runningSince: number | undefined;
  #endTime: number | undefined;
  #netRuntimeMs = 0;

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
    this.#startTime = wiring.clock.now();
    this.#resourceManager = wiring.rpc.connect(identity.address, identity.resourceManager.address);
    this.#heartbeats = new Heartbeats({
      clock: wiring.clock,
      intervalMs: options.heartbeatIntervalMs,
      missedLimit: options.heartbeatMissedLimit,
      ask: (address) => this.#tell(address, { type: 'job-master-heartbeat', leader: identity.leader }),
      onLost: (address) => this.#taskManagerSilent(address),
    });
  }

  // ---- calls of the Dispatcher ----

  /** Makes the execution graph, starts the coordinators and asks for slots. A job graph that is not right throws, and the job never was. */
  start(): void {
    const graph = new ExecutionGraph(this.job.jobGraph, this.#ports.random, (execution, from, to) =>
      this.#logExecution(execution, from, to),
    );
    this.#graph = graph;
    this.#ports.rpc.register(this.#identity.address, this);
    this.#heartbeats.start();
    this.#startCoordinators();
    if (this.#status !== 'INITIALIZING') return;
    this.#setStatus('CREATED');
    for (const execution of graph.executions) graph.transition(execution, 'SCHEDULED');
    this.#requestSlots();
  }

  cancel(): void {
    if (isTerminalStatus(this.#status) || this.#status === 'CANCELLING' || this.#status === 'FAILING') return;
    this.#setStatus('CANCELLING');
    this.#stopTasks();
  }

  /** From outside of any task: a coordinator, a lost TaskManager, the client that reads the results. */
  fail(failure: FailureDescription): void {
    if (isTerminalStatus(this.#status)) return;
    // What breaks while everything is being stopped on request does not make the job a failed one.
    if (this.#failure !== undefined || this.#status === 'CANCELLING') {
      this.#suppressed.push(failure);
      return;
    }
    this.#failure = failure;
    this.#setStatus('FAILING');
    this.#stopTasks();
  }

  details(): JobDetails {
    return detailsOf(this.job, this.#graph, {
      status: this.#status,
      startTime: this.#startTime,
      endTime: this.#endTime,
      netRuntimeMs: this.#netRuntime(),
      failure: this.#failure,
      suppressed: [...this.#suppressed],
      waiting: this.#status === 'CREATED' ? this.#shortage : undefined,
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
        return this.#updateState(message);
      case 'enumerator-event':
        return this.#enumeratorEvent(message);
      case 'collected':
        return this.#collected(message, call);
      case 'task-metrics':
        return this.#metrics(message, call);
      case 'slots-missing':
        return this.#slotsMissing(message.shortage);
      case 'task-manager-lost':
        return this.#taskManagerLost(message);
      default:
        return unreachable(message, 'JobMaster.receive');
    }
  }

  // ---- slots ----

  #requestSlots(): void {
    const { neededSlots } = planSlots(this.job.jobGraph);
    const allocationIds = Array.from({ length: neededSlots }, () => randomId(this.#ports.random));
    this.#pool.request(allocationIds);
    const { address, leader, resourceManager } = this.#identity;
    this.#resourceManager.ask(
      { type: 'request-slots', leader: resourceManager.leader, jobId: this.job.jobId, jobMaster: { address, leader }, allocationIds },
      this.#options.rpcTimeoutMs,
      (outcome) => {
        if (!outcome.ok) this.fail(outcome.failure);
      },
    );
    const { slotRequestTimeoutMs } = this.#options;
    if (slotRequestTimeoutMs !== undefined) this.#slotTimer = this.#ports.clock.schedule(slotRequestTimeoutMs, () => this.#slotsTimedOut());
  }

  #slotsMissing(shortage: SlotShortage): void {
    if (this.#status !== 'CREATED') return;
    this.#shortage = shortage;
    this.#ports.log({ kind: 'waiting', jobId: this.job.jobId, time: this.#ports.clock.now(), jobName: this.job.jobGraph.name, shortage });
  }

  #slotsTimedOut(): void {
    if (this.#status !== 'CREATED') return;
    const { needed, free, total } = this.#shortage ?? { needed: this.#pool.numPending, free: 0, total: 0 };
    const seen = `${free} of ${total} ${total === 1 ? 'slot is' : 'slots are'} free`;
    this.fail(
      terminalFailure(
        'no-resource-available',
        `Job '${this.job.jobGraph.name}' needs ${needed} slots and did not get them within ${this.#options.slotRequestTimeoutMs} ms: ${seen}. ` +
          'Lower the parallelism, give the TaskManagers more slots (taskmanager.numberOfTaskSlots, --slots), or add TaskManagers.',
      ),
    );
  }

  #offerSlots({ taskManagerId, address, slots }: OfferSlots, call: RpcCall): void {
    const taken = this.#status === 'CREATED' ? this.#pool.offer(taskManagerId, address, slots) : [];
    if (taken.length > 0) this.#connectTaskExecutor(address);
    call.reply(taken);
    if (this.#status === 'CREATED' && this.#pool.numPending === 0) this.#deploy();
  }

  #connectTaskExecutor(address: string): void {
    if (this.#taskExecutors.has(address)) return;
    this.#taskExecutors.set(address, this.#ports.rpc.connect(this.#identity.address, address));
    this.#heartbeats.add(address);
  }

  // ---- deployment ----

  #deploy(): void {
    const graph = this.#executions();
    this.#slotTimer?.cancel();
    this.#assignSlots(graph);
    this.#setStatus('RUNNING');
    this.#runningSince = this.#ports.clock.monotonic();
    const plan = planDeployments(graph);
    for (const execution of graph.executions) graph.transition(execution, 'DEPLOYING');
    for (const [address, tasks] of plan) this.#submit(address, tasks);
  }

  #assignSlots(graph: ExecutionGraph): void {
    const { slotsOf } = planSlots(this.job.jobGraph);
    const { slots } = this.#pool;
    for (const execution of graph.executions) {
      const index = slotsOf.get(execution.vertex.id)?.[execution.subtask];
      execution.slot = index === undefined ? undefined : slots[index];
      invariant(execution.slot !== undefined, () => `${execution.name} has no slot among ${slots.length}`);
    }
  }

  #submit(address: string, tasks: readonly TaskSubmission[]): void {
    const message: ToTaskExecutor = { type: 'submit-tasks', leader: this.#identity.leader, job: this.job, tasks };
    this.#taskExecutors.get(address)?.ask(message, this.#options.rpcTimeoutMs, (outcome) => {
      if (outcome.ok) return;
      // It may have taken them all the same: they are cancelled like all others.
      for (const { task } of tasks) {
        const execution = this.#graph?.find(task.executionId);
        if (execution !== undefined) this.#ended(execution, 'FAILED', outcome.failure);
      }
    });
  }

  // ---- what tasks report ----

  #updateState({ executionId, state, failure, metrics }: UpdateTaskExecutionState): void {
    const execution = this.#graph?.find(executionId);
    if (execution === undefined) return; // of an attempt that this leader never made
    if (metrics !== undefined) execution.metrics = metrics;
    if (execution.isTerminal) return; // was given up before (J3), or its TaskManager was lost
    if (isTerminal(state)) return this.#ended(execution, state, failure);
    if (execution.state === 'CANCELING') return; // the order to cancel crosses with news from the start
    if (EXECUTION_TRANSITIONS[execution.state].includes(state)) return this.#executions().transition(execution, state);
    this.fail(
      terminalFailure(
        'illegal-transition',
        `${execution.name} reported ${state} while it was ${execution.state}. This is a bug of Millrace; please report it.`,
      ),
    );
  }

  #ended(execution: Execution, state: ExecutionState, failure: FailureDescription | undefined): void {
    if (execution.isTerminal) return;
    const graph = this.#executions();
    if (!EXECUTION_TRANSITIONS[execution.state].includes(state)) {
      graph.transition(execution, 'FAILED');
      this.fail(
        terminalFailure(
          'illegal-transition',
          `${execution.name} reported ${state} before it was running. This is a bug of Millrace; please report it.`,
        ),
      );
      return this.#concludeIfEnded();
    }
    graph.transition(execution, state);
    if (state === 'FAILED') this.fail(failure ?? terminalFailure('unknown', `${execution.name} failed without saying why.`));
    else if (state === 'CANCELED' && this.#status === 'RUNNING') {
      this.fail(
        lostFailure(
          'cancelled-by-task-manager',
          `${execution.name} was cancelled by its TaskManager, which no longer hears the JobMaster.`,
        ),
      );
    }
    this.#concludeIfEnded();
  }

  #collected({ executionId, operatorId, bytes }: Collected, call: RpcCall): void {
    this.#ports.collected(this.job.jobId, bytes, (failure) => {
      if (failure !== undefined) this.fail(failure);
      this.#tell(call.from, { type: 'collect-ack', leader: this.#identity.leader, executionId, operatorId });
    });
  }

  #metrics({ metrics }: TaskMetricsReport, call: RpcCall): void {
    this.#heartbeats.heard(call.from);
    for (const [executionId, figures] of Object.entries(metrics)) {
      const execution = this.#graph?.find(executionId);
      if (execution !== undefined && !execution.isTerminal) execution.metrics = figures;
    }
  }

  // ---- sources ----

  #startCoordinators(): void {
    const hasSources = this.job.jobGraph.vertices.some((vertex) => vertex.operators.some((operator) => operator.kind === 'source'));
    if (!hasSources) return;
    try {
      this.#coordinators = this.#ports.coordinators.start(this.job, {
        onReaderEvent: (operatorId, subtask, event) => this.#readerEvent(operatorId, subtask, event),
        onFailure: (failure) => this.fail(failure),
      });
    } catch (error) {
      this.fail(describeFailure(error));
    }
  }

  #enumeratorEvent({ executionId, operatorId, event }: EnumeratorOperatorEvent): void {
    const execution = this.#graph?.find(executionId);
    if (execution === undefined || execution.isTerminal) return;
    this.#coordinators?.handleEvent(operatorId, execution.subtask, event);
  }

  #readerEvent(operatorId: string, subtask: number, event: ReaderEvent): void {
    const vertex = this.job.jobGraph.vertices.find(({ operators }) => operators.some(({ id }) => id === operatorId));
    const execution = vertex === undefined ? undefined : this.#graph?.subtasksOf(vertex.id)[subtask];
    if (execution?.slot === undefined || execution.isTerminal) return;
    const { executionId, slot } = execution;
    this.#tell(slot.address, { type: 'reader-event', leader: this.#identity.leader, executionId, operatorId, event });
  }

  // ---- loss ----

  #taskManagerSilent(address: string): void {
    const slot = this.#pool.slots.find((candidate) => candidate.address === address);
    if (slot === undefined) return;
    const waitedMs = this.#options.heartbeatIntervalMs * this.#options.heartbeatMissedLimit;
    const failure = lostFailure('task-manager-lost', `TaskManager ${slot.taskManagerId} did not answer for ${waitedMs} ms.`);
    this.#taskManagerLost({ type: 'task-manager-lost', leader: this.#identity.leader, taskManagerId: slot.taskManagerId, failure });
  }

  #taskManagerLost({ taskManagerId, failure }: TaskManagerLost): void {
    const slots = this.#pool.slotsOf(taskManagerId);
    // Slots that were allocated there and not yet offered will never come; a job without restarts cannot wait for others.
    if (slots.length === 0 && this.#status !== 'CREATED') return;
    const told = { ...failure, message: `${failure.message}${lastMemoryOf(this.#graph, taskManagerId)}` };
    for (const { address, allocationId } of slots) {
      this.#pool.remove(allocationId);
      this.#taskExecutors.delete(address);
      this.#heartbeats.remove(address);
    }
    const lost = this.#graph?.executions.filter(({ slot }) => slot?.taskManagerId === taskManagerId) ?? [];
    if (lost.length === 0) this.fail(told); // it went before anything was deployed there
    for (const execution of lost)
      if (this.#failure !== undefined) this.#giveUp(execution, undefined);
      else this.#giveUp(execution, told);
  }

  /** Takes an execution for ended that nobody will report about. */
  #giveUp(execution: Execution, failure: FailureDescription | undefined): void {
    if (execution.isTerminal) return;
    this.#executions().transition(execution, 'FAILED');
    if (failure !== undefined) this.fail(failure);
    this.#concludeIfEnded();
  }

  // ---- the end ----

  #stopTasks(): void {
    const graph = this.#graph;
    if (graph === undefined) return this.#concludeIfEnded();
    this.#slotTimer?.cancel();
    for (const execution of graph.executions) this.#stopTask(graph, execution);
    this.#cancelTimer ??= this.#ports.clock.schedule(this.#options.taskCancellationTimeoutMs, () => this.#cancelTimedOut());
    this.#concludeIfEnded();
  }

  #stopTask(graph: ExecutionGraph, execution: Execution): void {
    if (execution.isTerminal || execution.state === 'CANCELING') return;
    if (execution.state === 'CREATED' || execution.state === 'SCHEDULED') return graph.transition(execution, 'CANCELED');
    graph.transition(execution, 'CANCELING');
    const { slot, executionId } = execution;
    if (slot !== undefined) this.#tell(slot.address, { type: 'cancel-task', leader: this.#identity.leader, executionId });
  }

  #cancelTimedOut(): void {
    const stuck = this.#graph?.executions.filter(({ state }) => state === 'CANCELING') ?? [];
    for (const execution of stuck) {
      if (execution.slot !== undefined) this.#freeSlot(execution.slot.allocationId, execution.slot.address);
      this.#suppressed.push(
        terminalFailure(
          'task-cancellation-timeout',
          `${execution.name} did not stop within ${this.#options.taskCancellationTimeoutMs} ms after it was cancelled; its slot was ended. ` +
            'Is there an endless loop, or a promise in close() that never settles?',
        ),
      );
    }
    for (const execution of stuck) this.#giveUp(execution, undefined);
  }

  #concludeIfEnded(): void {
    if (isTerminalStatus(this.#status) || this.#graph?.allTerminal === false) return;
    const end = { RUNNING: 'FINISHED', FAILING: 'FAILED', CANCELLING: 'CANCELED' } as const;
    const status = end[this.#status as keyof typeof end];
    if (status === undefined) return;
    this.#netRuntimeMs = this.#netRuntime();
    this.#endTime = this.#ports.clock.now();
    this.#runningSince = undefined;
    this.#setStatus(status);
    this.#release();
    this.#onEnd(this.details());
  }

  #release(): void {
    this.#slotTimer?.cancel();
    this.#cancelTimer?.cancel();
    this.#heartbeats.stop();
    this.#coordinators?.close();
    for (const { allocationId, address } of this.#pool.slots) this.#freeSlot(allocationId, address);
    this.#pool.clear();
    this.#resourceManager.tell({ type: 'disconnect-job-master', leader: this.#identity.resourceManager.leader, jobId: this.job.jobId });
    this.#ports.rpc.unregister(this.#identity.address);
  }

  #freeSlot(allocationId: string, address: string): void {
    this.#pool.remove(allocationId);
    this.#tell(address, { type: 'free-slot', leader: this.#identity.leader, allocationId });
  }

  #tell(address: string, message: ToTaskExecutor): void {
    this.#taskExecutors.get(address)?.tell(message);
  }

  #executions(): ExecutionGraph {
    invariant(this.#graph !== undefined, () => `job ${this.job.jobId} has not started`);
    return this.#graph;
  }

  #netRuntime(): number {
    return this.#runningSince === undefined ? this.#netRuntimeMs : this.#ports.clock.monotonic() - this.#runningSince;
  }

  #setStatus(to: JobStatus): void {
    const from = this.#status;
    invariant(
      JOB_STATUS_TRANSITIONS[from].includes(to),
      () => `J1: job ${this.job.jobId} went from ${from} to ${to}, which is no legal transition`,
    );
    this.#status = to;
    this.#ports.log({ kind: 'job-status', jobId: this.job.jobId, time: this.#ports.clock.now(), from, to });
  }

  #logExecution(execution: Execution, from: ExecutionState, to: ExecutionState): void {
    const { executionId, name, vertex, subtask } = execution;
    const time = this.#ports.clock.now();
    this.#ports.log({ kind: 'execution', jobId: this.job.jobId, time, executionId, name, vertexId: vertex.id, subtask, from, to });
  }
}
