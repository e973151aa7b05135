/**
 * A local cluster that runs: JobManager parts here, TaskManager in a child process or, with `singleThread`, here as well.
 *
 * Owns the router, the blob directory, the TaskManager and the coordinator isolates.
 * LC1 `close` leaves nothing behind: no job, no process, no thread, no file. It is done once.
 * LC2 when the TaskManager's process is lost its jobs fail with what is known of the loss, or are restarted: for them another process is started, a bounded number
 *     of times; for others the next submission starts one.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { ClusterOverview } from '@millrace/runtime/coordinator/resource-manager';
import type { JobEvent } from '@millrace/runtime/coordinator/job-event';
import type { JobDetails } from '@millrace/runtime/protocol/control-messages';
import type { FailureDescription } from '@millrace/runtime/protocol/execution-state';
import { describeFailure } from '@millrace/runtime/protocol/failure-description';
import type { RpcRouter } from '@millrace/runtime/protocol/rpc-router';
import type { SubmittedJob } from '@millrace/streaming/graph/executor';
import { BlobDirectory } from './blob-directory.ts';
import { CheckpointStores } from './checkpoint-stores.ts';
import { type CompiledOptions, compileOptions, describeShares } from './cluster-options.ts';
import { CoordinatorWorkers } from './coordinator-workers.ts';
import { culpritNameOf, type JobMetrics, jobMetricsOf } from './job-metrics.ts';
import { JobManager, newJobId } from './job-manager.ts';
import { findRestore, type FoundRestore } from './find-restore.ts';
import type {
  JobProgress,
  JobSubmission,
  LocalCluster,
  LocalClusterOptions,
  RestoreSelection,
  SlotThread,
  VertexFigures,
} from './local-cluster.ts';
import { jobNotice } from './job-notices.ts';
import { JobReports } from './job-reports.ts';
import { slotThreadsOf } from './slot-threads.ts';
import { createRouter, reportQuietly } from './router.ts';
import { callbackOutput, processOutput } from './standard-streams.ts';
import { ask, ClusterJob, figuresOf } from './submitted-job.ts';
import { systemClock } from '@millrace/core/base/clock';
import { type TaskManagerConfiguration, taskManagerAddress } from './task-manager.ts';
import { TaskManagerProcess } from './task-manager-process.ts';
import { TaskManagerRespawn } from './task-manager-respawn.ts';

const SUBMIT_TIMEOUT_MS = 30_000;

interface Closable {
  close(): Promise<void>;
}

export class RunningCluster implements LocalCluster {
  readonly #options: LocalClusterOptions;
  readonly #compiled: CompiledOptions;
  readonly #inProcess: InProcessParts | undefined;
  readonly #blobs: BlobDirectory;
  readonly #router: RpcRouter;
  readonly #jobManager: JobManager;
  readonly #coordinators: Closable;
  readonly #jobs = new Map<string, ClusterJob>();
  readonly #collectors = new Map<string, (bytes: Uint8Array) => Promise<void>>();
  readonly #removeBlobs = () => this.#blobs.remove();
  readonly #respawn = new TaskManagerRespawn(systemClock);
  readonly #reports: JobReports | undefined;
  #taskManager: Closable | undefined;
  #taskManagers = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: LocalClusterOptions, inProcess: InProcessParts | undefined) {
    this.#compiled = compileOptions(options); // first: what is refused leaves no directory behind
    this.#blobs = BlobDirectory.create();
    this.#options = options;
    this.#inProcess = inProcess;
    const { reporter } = options;
    this.#reports = reporter && new JobReports({ reporter, jobOf: (jobId) => this.#jobManager.dispatcher.details(jobId) });
    process.on('exit', this.#removeBlobs); // for those who call process.exit()
    this.#router = createRouter('jobmanager', reportQuietly);
    const output = options.onOutput === undefined ? processOutput() : callbackOutput(options.onOutput);
    const coordinators = inProcess?.createCoordinators(this.#blobs) ?? new CoordinatorWorkers(this.#blobs, output);
    this.#coordinators = coordinators;
    this.#jobManager = new JobManager({
      router: this.#router,
      coordinators,
      checkpointStores: new CheckpointStores((message) => this.#options.onWarning?.(message)),
      jobMaster: this.#compiled.jobMaster,
      collected: (jobId, bytes, settle) => this.#collected(jobId, bytes, settle),
      log: (event) => this.#log(event),
    });
    this.#startTaskManager();
  }

  static async start(options: LocalClusterOptions): Promise<RunningCluster> {
    // Engine and API are loaded into this process only where they run in it.
    const inProcess = options.singleThread === true ? await import('./in-process-parts.ts') : undefined;
    return new RunningCluster(options, inProcess);
  }

  async submitJob({ jobGraph, program, bundle, onCollected, restore: selection }: JobSubmission): Promise<SubmittedJob> {
    if (this.#closing !== undefined)
      throw new UsageError(`Job '${jobGraph.name}' was submitted to a cluster that is closed. Start another one.`);
    if (this.#taskManager === undefined) this.#startTaskManager();
    this.#blobs.put(program.bundle, bundle);
    const { jobId, restore } = await this.#findRestore(selection, jobGraph.name);
    if (onCollected !== undefined) this.#collectors.set(jobId, onCollected);
    const { dispatcherGateway, dispatcherLeader: leader } = this.#jobManager;
    try {
      await ask(
        dispatcherGateway,
        { type: 'submit-job', leader, jobId, jobGraph, program, ...(restore && { restore }) },
        SUBMIT_TIMEOUT_MS,
      );
    } catch (error) {
      this.#collectors.delete(jobId);
      throw error;
    }
    const job = new ClusterJob(jobId, dispatcherGateway, leader);
    this.#jobs.set(jobId, job);
    void job.ended().then(() => {
      this.#jobs.delete(jobId);
      this.#collectors.delete(jobId);
    });
    return job;
  }

  metrics(jobId: string): readonly VertexFigures[] {
    return figuresOf(this.#details(jobId));
  }

  threads(jobId: string): readonly SlotThread[] {
    return slotThreadsOf(this.#details(jobId));
  }

  progress(jobId: string): JobProgress {
    const details = this.#details(jobId);
    const { status, restarts, checkpoints } = details;
    return { status, restarts, checkpoints, backPressureCulprit: culpritNameOf(details) };
  }

  jobMetrics(jobId: string): JobMetrics {
    return jobMetricsOf(this.#details(jobId));
  }

  overview(): ClusterOverview {
    return this.#jobManager.resourceManager.overview();
  }

  #details(jobId: string): JobDetails {
    const details = this.#jobManager.dispatcher.details(jobId);
    if (details === undefined)
      throw new UsageError(`There is no job with the id ${jobId} in this cluster. Ask with an id that submitJob of this cluster gave.`);
    return details;
  }

  async #findRestore(selection: RestoreSelection | undefined, jobName: string): Promise<FoundRestore & { readonly jobId: string }> {
    if (selection === undefined) return { jobId: newJobId(), restore: undefined };
    const { jobId, restore } = await findRestore(selection, jobName, (message) => this.#options.onWarning?.(message));
    if (restore !== undefined) this.#options.onInformation?.(`the job '${jobName}' begins with the checkpoint ${restore.path}`);
    const isNew = jobId === undefined || this.#jobManager.dispatcher.details(jobId) !== undefined;
    return { restore, jobId: isNew ? newJobId() : jobId };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const running = [...this.#jobs.values()];
    await Promise.all(running.map((job) => job.cancel().catch(() => {})));
    await Promise.all(running.map((job) => job.ended()));
    this.#respawn.stop();
    await this.#taskManager?.close();
    await this.#coordinators.close();
    this.#jobManager.close();
    this.#blobs.remove();
    process.off('exit', this.#removeBlobs);
  }

  #startTaskManager(): void {
    const { slots, networkMemoryBytes, segmentsPerChannel, overdraftMemoryBytes, slotMemoryLimitBytes, managedMemoryBytes, rpcTimeoutMs } =
      this.#compiled;
    const { jobMaster, taskCancellationIntervalMs, watchdogLimitMs } = this.#compiled;
    const configuration: TaskManagerConfiguration = {
      taskManagerId: `tm-${++this.#taskManagers}`,
      slots,
      networkMemoryBytes,
      segmentsPerChannel,
      overdraftMemoryBytes,
      slotMemoryLimitBytes,
      managedMemoryBytes,
      rpcTimeoutMs,
      taskCancellationIntervalMs,
      taskCancellationTimeoutMs: jobMaster.taskCancellationTimeoutMs,
      watchdogLimitMs,
      blobDirectory: this.#blobs.path,
      resourceManager: this.#jobManager.resourceManagerAddress,
      ...(this.#options.profile === undefined ? {} : { profile: this.#options.profile }),
      systemMetrics: this.#options.systemMetrics === true,
      logging: this.#options.logging ?? { level: 'warn', format: 'text' },
    };
    this.#options.onInformation?.(`TaskManager ${configuration.taskManagerId} starts: ${describeShares(this.#compiled)}`);
    if (this.#inProcess !== undefined)
      this.#taskManager = this.#inProcess.startTaskManager(configuration, this.#router, this.#options.onOutput);
    else this.#taskManager = this.#forkTaskManager(configuration);
  }

  #forkTaskManager(configuration: TaskManagerConfiguration): TaskManagerProcess {
    const prefix = taskManagerAddress(configuration.taskManagerId);
    const child = new TaskManagerProcess(configuration, {
      onOutput: this.#options.onOutput,
      receive: (text) => this.#receive(child, text),
      onExit: (failure) => this.#taskManagerEnded(prefix, configuration.taskManagerId, failure),
    });
    this.#router.addLink(prefix, child);
    return child;
  }

  #receive(child: TaskManagerProcess, text: string): void {
    try {
      this.#router.receiveText(text);
    } catch (error) {
      reportQuietly(describeFailure(error));
      child.kill(`it sent what is no message: ${describeFailure(error).message}`); // its process is not to be trusted any more
    }
  }

  #taskManagerEnded(prefix: string, taskManagerId: string, failure: FailureDescription | undefined): void {
    if (failure === undefined) return;
    this.#taskManager = undefined;
    this.#router.removeLink(prefix, failure);
    const { resourceManagerGateway, resourceManagerAddress, dispatcher } = this.#jobManager;
    resourceManagerGateway.tell({ type: 'task-executor-lost', leader: resourceManagerAddress.leader, taskManagerId, failure });
    this.#respawn.lost(failure, {
      isNeeded: () => this.#closing === undefined && this.#taskManager === undefined && dispatcher.runningJobs.length > 0,
      start: () => this.#startTaskManager(),
      giveUp: (why) => dispatcher.failJobs(why),
    });
  }

  #collected(jobId: string, bytes: Uint8Array, settle: (failure?: FailureDescription) => void): void {
    const collector = this.#collectors.get(jobId);
    if (collector === undefined) return settle();
    collector(bytes).then(
      () => settle(),
      (error: unknown) => settle(describeFailure(error)),
    );
  }

  #log(event: JobEvent): void {
    this.#reports?.take(event);
    const notice = jobNotice(event);
    if (notice?.level === 'warn') this.#options.onWarning?.(notice.message);
    if (notice?.level === 'info') this.#options.onInformation?.(notice.message);
    if (event.kind !== 'waiting') return;
    const { needed, free, total } = event.shortage;
    if (total === 0) return; // the TaskManager is on its way
    this.#options.onWaitingForSlots?.({
      jobId: event.jobId,
      jobName: event.jobName,
      neededSlots: needed,
      freeSlots: free,
      totalSlots: total,
    });
  }
}

type InProcessParts = typeof import('./in-process-parts.ts');
