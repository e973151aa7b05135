/**
 * The JobMaster: takes one job from its job graph to a terminal state.
 *
 * Owns the parts, which do not know each other: lifecycle, deployment, tasks, recovery, checkpoints, sources. Takes messages (`receive`) and calls of the
 * Dispatcher (`start`, `cancel`, `fail`), one at a time; acts through its ports only.
 *
 * J1 the status changes only along JOB_STATUS_TRANSITIONS; a terminal status is reached when every execution is terminal, and never left.
 * J2 the first failure that no restart follows is the job's; those that come after it are attached to it and change nothing else.
 * J3 cancelling is bounded: an execution that has not ended in time is given up together with its slot.
 * J4 at the end every slot is given back, the coordinators are closed and the address is free again.
 * J5 a restart of everything begins with fresh isolates; one of a region leaves alone what is not connected to it, and shares their slots where it did before.
 */
import { unreachable } from '@millrace/core/base/assert';
import type {
  Collected,
  EnumeratorOperatorEvent,
  JobDetails,
  RestoreRequest,
  TaskManagerLost,
  TaskMetricsReport,
  ToJobMaster,
  ToTaskExecutor,
} from '../protocol/control-messages.ts';
import type { JobInformation } from '../protocol/deployment.ts';
import type { ExecutionState, FailureDescription } from '../protocol/execution-state.ts';
import { lostFailure } from '../protocol/failure-description.ts';
import type { RpcCall, RpcEndpoint } from '../protocol/rpc.ts';
import { JobCheckpoints } from './checkpoints/job-checkpoints.ts';
import { type Execution, ExecutionGraph } from './execution-graph.ts';
import { JobDeployment } from './job-deployment.ts';
import { detailsOf } from './job-details.ts';
import { JobLifecycle } from './job-lifecycle.ts';
import { JobLog } from './job-log.ts';
import type { JobMasterIdentity, JobMasterOptions, JobMasterPorts } from './job-master-ports.ts';
import { JobRecovery } from './job-recovery.ts';
import { JobResults } from './job-results.ts';
import { JobSources } from './job-sources.ts';
import { JobTasks } from './job-tasks.ts';

export type { JobMasterIdentity, JobMasterOptions, JobMasterPorts } from './job-master-ports.ts';

export class JobMaster implements RpcEndpoint<ToJobMaster> {
  readonly job: JobInformation;
  readonly #restoreRequest: RestoreRequest | undefined;
  readonly #identity: JobMasterIdentity;
  readonly #options: JobMasterOptions;
  readonly #ports: JobMasterPorts;
  readonly #onEnd: (details: JobDetails) => void;
  readonly #lifecycle: JobLifecycle;
  readonly #deployment: JobDeployment;
  readonly #sources: JobSources;
  readonly #results: JobResults;
  readonly #log: JobLog;
  /** Undefined until `start` has made the execution graph. */
  #tasks: JobTasks | undefined;
  #recovery: JobRecovery | undefined;
  #checkpoints: JobCheckpoints | undefined;
  /** What failed before there was a task, and may be cured by a restart. */
  #early: FailureDescription | undefined;
  /** All executions have ended and the status that follows is decided. */
  #isEnding = false;
  /** The store of checkpoints is there; `#started` waits for that. */
  #isOpen = false;
  #started: ((refused: undefined) => void) | undefined;

  constructor(
    job: JobInformation,
    identity: JobMasterIdentity,
    options: JobMasterOptions,
    wiring: JobMasterPorts & { readonly onEnd: (details: JobDetails) => void; readonly restore?: RestoreRequest | undefined },
  ) {
    this.job = job;
    this.#restoreRequest = wiring.restore;
    this.#identity = identity;
    this.#options = options;
    this.#ports = wiring;
    this.#onEnd = wiring.onEnd;
    this.#log = new JobLog(job, wiring);
    this.#lifecycle = new JobLifecycle(job.jobId, wiring);
    this.#deployment = this.#createDeployment(options);
    this.#sources = this.#createSources();
    this.#results = new JobResults(job.jobGraph.configuration.checkpointing?.intervalMs !== undefined, {
      deliver: (bytes, settle) => wiring.collected(job.jobId, bytes, settle),
      fail: (failure) => this.#failWithoutRestart(failure),
    });
  }

  // ---- calls of the Dispatcher ----

  /**
   * Makes the execution graph, opens the store of checkpoints, starts the coordinators and asks for slots. A job graph that is not right throws, a checkpoint that does
   * not fit comes to `settle`: the job never was.
   */
  start(settle: (refused: FailureDescription | undefined) => void): void {
    const graph = new ExecutionGraph(this.job.jobGraph, this.#ports.random, (execution, from, to) =>
      this.#executionChanged(execution, from, to),
    );
    this.#tasks = this.#createTasks(graph);
    this.#recovery = new JobRecovery(graph, { ...this.#ports, resume: (isWhole) => this.#resume(isWhole) });
    const checkpoints = this.#createCheckpoints(graph);
    this.#checkpoints = checkpoints;
    this.#ports.rpc.register(this.#identity.address, this);
    this.#started = settle;
    checkpoints.open((refused) => {
      this.#isOpen = true;
      this.#started = undefined;
      settle(refused);
      if (refused !== undefined) return this.#release();
      this.#deployment.start();
      checkpoints.prepareRestore();
      this.#sources.start(checkpoints.enumeratorStates);
      if (this.#lifecycle.status !== 'INITIALIZING') return;
      this.#lifecycle.to('CREATED');
      this.#schedule(graph.executions);
    });
  }

  cancel(): void {
    if (this.#isStopping) return;
    this.#lifecycle.to('CANCELLING');
    this.#stopForGood();
  }

  /** `executions` have failed; without them it is something outside of any task: a coordinator, the client that reads the results. */
  fail(reported: FailureDescription, executions?: readonly Execution[]): void {
    if (this.#isStopping) return this.#lifecycle.suppress(reported);
    const { status } = this.#lifecycle;
    const examined = status === 'RUNNING' ? this.#checkpoints?.examine(reported) : undefined;
    const { failure, isWhole } = examined ?? { failure: reported, isWhole: false };
    // A job that waits for its slots is restarted when it has them: only what runs can be.
    if (status === 'CREATED' && this.#recovery?.mayCure(failure) === true) {
      this.#early ??= failure;
      return;
    }
    const recovery = this.#recovery?.decide(failure) ?? { restart: false, failure };
    const { obstacle } = this.#results;
    if (recovery.restart && obstacle !== undefined) this.#failForGood({ ...failure, message: `${failure.message} ${obstacle.message}` });
    else if (recovery.restart && status !== 'INITIALIZING') this.#restart(failure, isWhole ? undefined : executions, recovery.delayMs);
    else this.#failForGood(recovery.restart ? failure : recovery.failure);
  }

  details(): JobDetails {
    return detailsOf(this.job, this.#tasks?.graph, {
      ...this.#lifecycle.details(),
      checkpoints: this.#checkpoints?.statistics(),
      waiting: this.#deployment.shortage,
    });
  }

  // ---- messages ----

  accepts(message: ToJobMaster): boolean {
    return message.leader === this.#identity.leader;
  }

  receive(message: ToJobMaster, call: RpcCall): void {
    switch (message.type) {
      case 'offer-slots':
        return this.#deployment.offerSlots(message, call);
      case 'update-task-execution-state':
        return this.#tasks?.update(message);
      case 'tasks-stuck':
        return this.#tasks?.stuck(message);
      case 'enumerator-event':
        return this.#enumeratorEvent(message);
      case 'acknowledge-checkpoint':
        return this.#checkpoints?.acknowledge(this.#tasks?.find(message.executionId), message);
      case 'request-checkpoint':
        return this.#checkpoints?.request();
      case 'decline-checkpoint':
        return this.#checkpoints?.decline(this.#tasks?.find(message.executionId), message);
      case 'collected':
        return this.#collected(message, call);
      case 'task-metrics':
        return this.#metrics(message, call);
      case 'slots-missing':
        return this.#deployment.slotsMissing(message);
      case 'task-manager-lost':
        return this.#taskManagerLost(message);
      default:
        return unreachable(message, 'JobMaster.receive');
    }
  }

  /** The slots are there. */
  #ready(executions: readonly Execution[], tasks = this.#tasks): void {
    if (tasks === undefined) return;
    this.#recovery?.deployed();
    this.#lifecycle.to('RUNNING');
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined) return this.fail(early);
    this.#deployment.deploy(tasks.graph, executions, (execution) => this.#checkpoints?.restoreOf(execution));
  }

  #schedule(executions: readonly Execution[]): void {
    for (const execution of executions) this.#tasks?.graph.transition(execution, 'SCHEDULED');
    this.#deployment.schedule(executions);
  }

  /** Of an attempt that is over nothing is wanted any more. */
  #collected(batch: Collected, call: RpcCall): void {
    const { executionId, operatorId, leader } = batch;
    if (this.#tasks?.find(executionId) === undefined) return;
    this.#results.received(batch, () => this.#deployment.tell(call.from, { type: 'collect-ack', leader, executionId, operatorId }));
  }

  #metrics({ taskManagerId, metrics, accumulators, userMetrics, memory }: TaskMetricsReport, call: RpcCall): void {
    this.#deployment.heard(call.from);
    this.#tasks?.memory.report(taskManagerId, memory);
    for (const [executionId, figures] of Object.entries(metrics)) {
      const execution = this.#tasks?.find(executionId);
      if (execution === undefined) continue;
      execution.reportMetrics(figures, userMetrics?.[executionId]);
      this.#tasks?.accumulators.report(execution, accumulators[executionId]);
    }
  }

  #enumeratorEvent({ executionId, operatorId, event }: EnumeratorOperatorEvent): void {
    const execution = this.#tasks?.find(executionId);
    if (execution !== undefined) this.#sources.enumeratorEvent(operatorId, execution.subtask, event);
  }

  #taskManagerSilent(taskManagerId: string, silentMs: number): void {
    const failure = lostFailure('task-manager-lost', `TaskManager ${taskManagerId} did not answer for ${silentMs} ms.`);
    this.#taskManagerLost({ type: 'task-manager-lost', leader: this.#identity.leader, taskManagerId, failure });
  }

  #taskManagerLost({ taskManagerId, failure }: TaskManagerLost): void {
    const tasks = this.#tasks;
    if (tasks === undefined || this.#lifecycle.isTerminal) return;
    const told = { ...failure, message: `${failure.message}${tasks.lastMemoryOf(taskManagerId)}` };
    this.#deployment.taskManagerLost(taskManagerId);
    tasks.giveUp(
      tasks.graph.executions.filter(({ slot }) => slot?.taskManagerId === taskManagerId),
      told,
    );
    this.#deployment.askAgain(this.#lifecycle.status === 'CREATED');
  }

  // ---- restart ----

  #restart(failure: FailureDescription, executions: readonly Execution[] | undefined, delayMs: number): void {
    const [tasks, recovery] = [this.#tasks, this.#recovery];
    if (tasks === undefined || recovery === undefined) return;
    const scope = recovery.begin(executions, delayMs);
    if (this.#lifecycle.status === 'RUNNING') {
      this.#lifecycle.restart(failure);
      this.#log.restart(failure, this.#lifecycle.restarts, delayMs, scope.length);
    } else this.#lifecycle.suppress(failure);
    this.#deployment.stopWaiting();
    this.#checkpoints?.stop('JOB_FAILOVER_REGION');
    tasks.stop(scope);
    recovery.advance();
  }

  /** The old attempts are over: when the last checkpoint is written, the next ones take their places. */
  #resume(isWhole: boolean): void {
    this.#checkpoints?.whenWritten(() => {
      const [tasks, recovery, checkpoints] = [this.#tasks, this.#recovery, this.#checkpoints];
      if (tasks === undefined || checkpoints === undefined || recovery?.isRestarting !== true) return;
      const executions = recovery.scope();
      if (executions.some(({ isTerminal: hasEnded }) => !hasEnded)) return; // called twice for one restart
      this.#results.restarted(new Set(executions.map(({ executionId }) => executionId)));
      this.#deployment.freeSlotsOf(executions, tasks.graph);
      checkpoints.prepareRestore();
      if (!isWhole) for (const { vertex, subtask } of executions) this.#sources.resetSubtask(vertex.id, subtask, checkpoints.restoredId);
      else {
        this.#sources.close();
        checkpoints.sourcesRestarted();
        this.#lifecycle.to('CREATED');
        this.#sources.start(checkpoints.enumeratorStates);
      }
      const next = tasks.graph.restart(executions);
      // A coordinator that cannot be started has failed the job already.
      if (this.#lifecycle.status === 'CREATED' || this.#lifecycle.status === 'RESTARTING') this.#schedule(next);
    });
  }

  // ---- the end ----

  #failWithoutRestart(failure: FailureDescription): void {
    if (this.#isStopping) this.#lifecycle.suppress(failure);
    else this.#failForGood(failure);
  }

  /** On its way to a terminal status, or in one. */
  get #isStopping(): boolean {
    const { status, isTerminal: ended } = this.#lifecycle;
    return ended || status === 'CANCELLING' || status === 'FAILING' || this.#isEnding;
  }

  #failForGood(failure: FailureDescription): void {
    this.#lifecycle.fail(failure);
    this.#stopForGood();
  }

  #stopForGood(): void {
    this.#recovery?.stop();
    this.#deployment.stopWaiting();
    this.#checkpoints?.stop('CHECKPOINT_COORDINATOR_SHUTDOWN');
    this.#tasks?.stop();
    this.#concludeIfEnded();
  }

  #executionEnded(): void {
    if (this.#recovery?.isRestarting === true) this.#recovery.advance();
    else this.#concludeIfEnded();
  }

  #concludeIfEnded(): void {
    if (this.#lifecycle.isTerminal || this.#isEnding || this.#tasks?.graph.allTerminal === false) return;
    const status = this.#lifecycle.end();
    if (status === undefined) return;
    // The client may take its time: until then the job can be cancelled.
    if (status === 'FINISHED' && !this.#results.isEmpty) return this.#results.finish(() => this.#concludeIfEnded());
    this.#isEnding = true;
    const end = () => {
      this.#started?.(undefined); // cancelled before it was looked at
      this.#lifecycle.to(status);
      this.#release();
      this.#onEnd(this.details());
    };
    if (this.#checkpoints === undefined) end();
    else if (this.#isOpen) this.#checkpoints.end(status, end);
    else this.#checkpoints.abandon(end);
  }

  #release(): void {
    this.#tasks?.close();
    this.#sources.close();
    this.#deployment.close();
    this.#ports.rpc.unregister(this.#identity.address);
  }

  // ---- parts ----

  #createTasks(graph: ExecutionGraph): JobTasks {
    return new JobTasks(graph, {
      clock: this.#ports.clock,
      taskCancellationTimeoutMs: this.#options.taskCancellationTimeoutMs,
      cancel: ({ address }, executionId) =>
        this.#deployment.tell(address, { type: 'cancel-task', leader: this.#identity.leader, executionId }),
      drop: (slot) => this.#deployment.free(slot),
      fail: (failure, executions) => this.fail(failure, executions),
      suppress: (failure) => this.#lifecycle.suppress(failure),
      warn: (message) => this.#log.warning(message),
      ended: () => this.#executionEnded(),
    });
  }

  #createCheckpoints(graph: ExecutionGraph): JobCheckpoints {
    const { leader } = this.#identity;
    const tell = (execution: Execution, message: ToTaskExecutor) => this.#deployment.tellTask(execution, message);
    return new JobCheckpoints(this.job, this.#restoreRequest, {
      clock: this.#ports.clock,
      stores: this.#ports.checkpointStores,
      graph,
      sources: this.#sources,
      trigger: (execution, barrier) => tell(execution, { type: 'trigger-checkpoint', leader, executionId: execution.executionId, barrier }),
      notify: (execution, checkpointId, outcome) =>
        tell(execution, { type: 'notify-checkpoint', leader, executionId: execution.executionId, checkpointId, outcome }),
      fail: (failure) => this.fail(failure),
      ended: (details) => {
        if (details.status === 'COMPLETED') this.#results.completed(details.id);
        this.#log.checkpoint(details);
      },
      warn: (message) => this.#log.warning(message),
    });
  }

  #createDeployment(options: JobMasterOptions): JobDeployment {
    return new JobDeployment(this.job, this.#identity, options, {
      ...this.#ports,
      ready: (executions) => this.#ready(executions),
      failForGood: (failure) => this.#failWithoutRestart(failure),
      refused: (executionIds, failure) => this.#tasks?.refused(executionIds, failure),
      silent: (taskManagerId, silentMs) => this.#taskManagerSilent(taskManagerId, silentMs),
    });
  }

  #createSources(): JobSources {
    return new JobSources(this.job, {
      coordinators: this.#ports.coordinators,
      fail: (failure) => this.fail(failure),
      backlog: (operatorId, isProcessingBacklog) => this.#checkpoints?.setBacklog(operatorId, isProcessingBacklog),
      send: ({ vertexId, subtask, operatorId }, event) => {
        const execution = this.#tasks?.graph.subtasksOf(vertexId)[subtask];
        if (execution?.slot === undefined || execution.isTerminal) return;
        const of = { leader: this.#identity.leader, executionId: execution.executionId };
        this.#deployment.tellTask(execution, { type: 'reader-event', ...of, operatorId, event });
      },
    });
  }

  #executionChanged(execution: Execution, from: ExecutionState, to: ExecutionState): void {
    if (to === 'RUNNING' || to === 'FINISHED') this.#checkpoints?.taskChanged(execution);
    this.#log.execution(execution, from, to);
  }
}
