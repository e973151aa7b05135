/** What the face of a client (progress, the JSON line, exit codes) wants to know of jobs; the executor tells it and never reads it. */
import type { JobMetrics } from '../local/job-metrics.ts';
import type { JobProgress, SlotThread, VertexFigures } from '../local/local-cluster.ts';

export type JobState = 'RUNNING' | 'FINISHED' | 'FAILED' | 'CANCELED';

export interface MonitoredJob {
  readonly jobId: string;
  readonly name: string;
  readonly startedAtMs: number; // monotonic
  /** Undefined while it runs. */
  readonly durationMs: number | undefined;
  readonly netRuntimeMs: number;
  readonly state: JobState;
  /** The first failure. */
  readonly error: unknown;
  figures(): readonly VertexFigures[];
  threads(): readonly SlotThread[];
  progress(): JobProgress;
  metrics(): JobMetrics;
  cancel(): Promise<void>;
}

export interface JobMonitor {
  started(job: MonitoredJob): void;
  ended(job: MonitoredJob): void;
  warn(message: string): void;
  info(message: string): void;
}

export const silentMonitor: JobMonitor = { started() {}, ended() {}, warn() {}, info() {} };
