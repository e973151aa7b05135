/**
 * Runs the jobs of a program that runs in this process on a mini cluster: bundles the program once, submits each job with what the slots need to bind it, and
 * keeps what the jobs gave for those that come after them (architecture D7).
 *
 * L1 jobs are numbered in the order in which the program calls `execute`; so are its constants.
 * L2 a job is submitted with the results of all jobs before it, as they stood at that moment.
 */
import { isMillraceError } from '@millrace/core/base/errors';
import type { Configuration } from '@millrace/core/config/configuration';
import type { ProgramDescriptor } from '@millrace/runtime/protocol/deployment';
import type { ExecuteOptions, Executor, JobResult, SubmittedJob } from '@millrace/streaming/graph/executor';
import type { CompiledJob, JobGraph } from '@millrace/streaming/graph/job-graph';
import type { LocalCluster } from '../local/local-cluster.ts';
import { phase } from '../local/phase.ts';
import { type ProfileSettings, profileWarning } from '../local/profile-settings.ts';
import type { ProgramBundle } from './bundle.ts';
import { recordConstant } from './constants.ts';
import { type CheckpointFlags, checkpointWarnings, restoreSelection, withCheckpointing } from './job-checkpointing.ts';
import type { JobMonitor, JobState, MonitoredJob } from './job-monitor.ts';
import { JobRecording } from './job-recording.ts';
import type { ClusterLease, LocalClusters } from './local-clusters.ts';
import { RESTORE_PATH } from './options.ts';
import { slotDemand } from './slot-demand.ts';

export interface LocalExecutorOptions {
  /** The program's entry, absolute. */
  readonly file: string;
  readonly args: readonly string[];
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly configuration: Configuration;
  readonly clusters: LocalClusters;
  readonly bundle: () => Promise<ProgramBundle>;
  readonly monitor: JobMonitor;
  /** Of the command; they count more than what the program says. */
  readonly checkpointing?: CheckpointFlags | undefined;
  readonly profile?: ProfileSettings | undefined;
}

export class LocalExecutor implements Executor {
  readonly configuration: Readonly<Record<string, string>>;
  readonly #options: LocalExecutorOptions;
  readonly #recordings: JobRecording[] = [];
  readonly #constants: string[] = [];

  constructor(options: LocalExecutorOptions) {
    this.#options = options;
    this.configuration = options.configuration.entries;
  }

  async execute({ jobGraph: compiled }: CompiledJob, options: ExecuteOptions): Promise<SubmittedJob> {
    phase('execute called');
    const { configuration, checkpointing = {}, workingDirectory } = this.#options;
    const jobGraph = withCheckpointing(compiled, checkpointing, workingDirectory);
    const restore = restoreSelection(configuration, jobGraph, { flags: checkpointing, workingDirectory });
    const isRestored = configuration.get(RESTORE_PATH) !== undefined;
    for (const warning of [...(options.warnings ?? []), ...checkpointWarnings(jobGraph, checkpointing, isRestored)])
      this.#options.monitor.warn(warning);
    this.#warnOfProfile(jobGraph);
    const recording = new JobRecording(jobGraph.name);
    const earlier = this.#recordings.slice();
    const constants = this.#constants.slice();
    this.#recordings.push(recording);
    const recordedResults = earlier.map((job) => job.result());
    // Before the bundle is awaited: a cluster that serves nobody is closed.
    const lease = await this.#options.clusters.lease(slotDemand(jobGraph));
    try {
      const bundle = await this.#options.bundle();
      const program = this.#describe(bundle, { executeIndex: earlier.length, recordedResults, constants });
      const onCollected = recorded(recording, options);
      const submission = { jobGraph, program, bundle: bundle.bytes, ...(onCollected && { onCollected }), ...(restore && { restore }) };
      const submitted = await lease.cluster.submitJob(submission);
      return this.#follow(submitted, jobGraph, recording, lease);
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  #warnOfProfile(jobGraph: JobGraph): void {
    const { profile, monitor } = this.#options;
    const warning = profile && profileWarning(profile, jobGraph);
    if (warning !== undefined) monitor.warn(warning);
  }

  constant<T>(make: () => T): T {
    const { text, value } = recordConstant(make(), this.#constants.length);
    this.#constants.push(text);
    return value as T;
  }

  #describe({ hash }: ProgramBundle, job: Pick<ProgramDescriptor, 'executeIndex' | 'recordedResults' | 'constants'>): ProgramDescriptor {
    const { args, file, workingDirectory, environment } = this.#options;
    return { bundle: hash, args, file, workingDirectory, environment, configuration: this.configuration, ...job };
  }

  #follow(submitted: SubmittedJob, { name }: JobGraph, recording: JobRecording, lease: ClusterLease): SubmittedJob {
    const job = new FollowedJob(submitted, name, lease.cluster);
    recording.submitted(submitted.jobId);
    this.#options.monitor.started(job);
    const result = submitted.result().then(
      (end) => {
        recording.finished(end);
        job.end('FINISHED', end.netRuntimeMs, undefined);
        return end;
      },
      (error: unknown) => {
        const state = isMillraceError(error) && error.reason === 'canceled' ? 'CANCELED' : 'FAILED';
        recording.failed(state, error instanceof Error ? error.message : String(error));
        job.end(state, undefined, error);
        throw error;
      },
    );
    const ended = result.finally(() => {
      this.#options.monitor.ended(job);
      lease.release();
    });
    // A program may submit a job and never ask for its result; the monitor has heard of the failure.
    ended.catch(() => {});
    return {
      jobId: submitted.jobId,
      status: () => submitted.status(),
      result: (): Promise<JobResult> => ended,
      cancel: () => submitted.cancel(),
      accumulators: async () => (await submitted.accumulators?.()) ?? {},
    };
  }
}

/** Keeps each batch before the program gets it. */
function recorded(recording: JobRecording, { onCollected }: ExecuteOptions): ExecuteOptions['onCollected'] {
  if (onCollected === undefined) return undefined;
  return (bytes) => {
    recording.collected(bytes);
    return onCollected(bytes);
  };
}

class FollowedJob implements MonitoredJob {
  readonly jobId: string;
  readonly name: string;
  readonly startedAtMs = performance.now();
  durationMs: number | undefined;
  netRuntimeMs = 0;
  state: JobState = 'RUNNING';
  error: unknown;
  readonly #submitted: SubmittedJob;
  readonly #cluster: LocalCluster;

  constructor(submitted: SubmittedJob, name: string, cluster: LocalCluster) {
    this.#submitted = submitted;
    this.#cluster = cluster;
    this.jobId = submitted.jobId;
    this.name = name;
  }

  figures() {
    return this.#cluster.metrics(this.jobId);
  }

  threads() {
    return this.#cluster.threads(this.jobId);
  }

  progress() {
    return this.#cluster.progress(this.jobId);
  }

  metrics() {
    return this.#cluster.jobMetrics(this.jobId);
  }

  cancel(): Promise<void> {
    return this.#submitted.cancel();
  }

  /** Of a job that did not finish only the client's own time is known. */
  end(state: JobState, netRuntimeMs: number | undefined, error: unknown): void {
    this.durationMs = performance.now() - this.startedAtMs;
    this.netRuntimeMs = netRuntimeMs ?? this.durationMs;
    this.state = state;
    this.error = error;
  }
}
