/** Puts a mini cluster, the bundle and an executor together for one program file. The CLI, `node job.ts` and `submit` all begin here. */
import type { LogSettings } from '@millrace/core/base/log';
import type { Configuration } from '@millrace/core/config/configuration';
import { DEFAULT_PARALLELISM } from '@millrace/streaming/api/job-options';
import type { LocalClusterOptions } from '../local/local-cluster.ts';
import type { JobReporter } from '../local/job-reports.ts';
import type { ProfileSettings } from '../local/profile-settings.ts';
import type { ProgramBundle } from './bundle.ts';
import type { CheckpointFlags } from './job-checkpointing.ts';
import type { JobMonitor } from './job-monitor.ts';
import { LocalClusters, type StartCluster } from './local-clusters.ts';
import { LocalExecutor } from './local-executor.ts';
import { memorySettingsOf } from './memory-options.ts';
import {
  BUFFERS_PER_CHANNEL,
  EXTERNAL_PACKAGES,
  METRICS_PORT,
  OVERDRAFT_MEMORY,
  SLOT_REQUEST_TIMEOUT,
  SLOTS,
  TASK_CANCELLATION_INTERVAL,
  TASK_CANCELLATION_TIMEOUT,
  WATCHDOG_LIMIT,
} from './options.ts';

export interface LocalProgramOptions {
  readonly file: string; // absolute
  readonly args: readonly string[];
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly configuration: Configuration;
  readonly singleThread: boolean;
  readonly monitor: JobMonitor;
  readonly onOutput?: LocalClusterOptions['onOutput'];
  readonly startCluster?: StartCluster;
  readonly checkpointing?: CheckpointFlags;
  readonly profile?: ProfileSettings | undefined;
  readonly logging?: LogSettings;
  readonly reporter?: JobReporter | undefined;
  /** Also where no metrics are served. */
  readonly operatorFigures?: boolean;
}

/** Time in which a program that has just ended a job may begin the next on the same cluster. */
const IDLE_MS = 50;
/** Time in which a program that has been loaded comes to its first job on the cluster that was started ahead. */
const FIRST_JOB_MS = 1_000;

export interface LocalProgram {
  readonly executor: LocalExecutor;
  readonly clusters: LocalClusters;
  bundle(): Promise<ProgramBundle>;
}

export function createLocalProgram(options: LocalProgramOptions): LocalProgram {
  const { file, args, workingDirectory, configuration, monitor } = options;
  let bundled: Promise<ProgramBundle> | undefined;
  const bundle = () => {
    bundled ??= import('./bundle.ts')
      .then(({ bundleProgram }) => bundleProgram(file, { workingDirectory, externalPackages: configuration.get(EXTERNAL_PACKAGES) }))
      .then((made) => {
        for (const warning of made.warnings) monitor.warn(warning);
        return made;
      });
    return bundled;
  };
  const clusters = new LocalClusters({
    cluster: clusterOptions(options),
    pinnedSlots: configuration.get(SLOTS),
    idleMs: IDLE_MS,
    firstJobMs: FIRST_JOB_MS,
    ...(options.startCluster === undefined ? {} : { start: options.startCluster }),
  });
  const executor = new LocalExecutor({
    file,
    args,
    workingDirectory,
    environment: freeze(options.environment),
    configuration,
    clusters,
    bundle,
    monitor,
    checkpointing: options.checkpointing,
    profile: options.profile,
  });
  return { executor, clusters, bundle };
}

/** How many slots the first job most likely needs, before anything is known of it. */
export function likelySlots(configuration: Configuration): number {
  return configuration.get(DEFAULT_PARALLELISM);
}

function clusterOptions({
  configuration,
  singleThread,
  monitor,
  onOutput,
  profile,
  logging,
  reporter,
  operatorFigures,
}: LocalProgramOptions): Omit<LocalClusterOptions, 'slots'> {
  return {
    singleThread,
    memory: memorySettingsOf(configuration),
    segmentsPerChannel: configuration.get(BUFFERS_PER_CHANNEL),
    overdraftMemoryBytes: configuration.get(OVERDRAFT_MEMORY).getBytes(),
    slotRequestTimeoutMs: configuration.get(SLOT_REQUEST_TIMEOUT).toMillis(),
    taskCancellationTimeoutMs: configuration.get(TASK_CANCELLATION_TIMEOUT).toMillis(),
    taskCancellationIntervalMs: configuration.get(TASK_CANCELLATION_INTERVAL).toMillis(),
    watchdogLimitMs: configuration.get(WATCHDOG_LIMIT).toMillis(),
    onWarning: (message) => monitor.warn(message),
    onInformation: (message) => monitor.info(message),
    onWaitingForSlots: ({ jobName, neededSlots, freeSlots, totalSlots }) =>
      // Usual for a moment: while the TaskManager starts, and while slots are cleared of the job before.
      monitor.info(
        `The job '${jobName}' waits for slots: it needs ${neededSlots}, and ${freeSlots} of ${totalSlots} are free. Start with --slots ${neededSlots} or lower its parallelism.`,
      ),
    ...(onOutput === undefined ? {} : { onOutput }),
    ...(profile === undefined ? {} : { profile }),
    ...(logging === undefined ? {} : { logging }),
    ...(reporter === undefined ? {} : { reporter }),
    systemMetrics: operatorFigures === true || configuration.get(METRICS_PORT) !== undefined,
  };
}

/** The client's environment as it is at the start; later changes stay in the client. */
function freeze(environment: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.freeze(
    Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined)),
  );
}
