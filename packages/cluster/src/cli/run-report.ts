/** The line that `--json` ends with. Its fields are an interface: add, never rename. */
import type { CheckpointStatistics } from '@millrace/runtime/protocol/control-messages';
import type { MonitoredJob } from '../client/job-monitor.ts';

export interface RunReport {
  readonly job: string | null; // null when no job was started
  readonly state: string;
  readonly durationMs: number; // from submission to end, as the client saw it
  readonly netRuntimeMs: number;
  readonly restarts: number;
  /** Null for a job that took none. */
  readonly checkpoints: { readonly completed: number; readonly failed: number; readonly restoredId: number | null } | null;
  readonly vertices: readonly {
    readonly name: string;
    readonly parallelism: number;
    readonly recordsIn: number;
    readonly recordsOut: number;
    readonly watermark: number | null;
  }[];
  /** The first failure, in a job that did not finish. */
  readonly error?: string;
}

export function reportOf(job: MonitoredJob): RunReport {
  const { restarts, checkpoints } = job.progress();
  return {
    job: job.name,
    state: job.state,
    durationMs: Math.round(job.durationMs ?? performance.now() - job.startedAtMs),
    netRuntimeMs: Math.round(job.netRuntimeMs),
    restarts,
    checkpoints: checkpoints === undefined ? null : checkpointsOf(checkpoints),
    vertices: job.figures().map(({ name, parallelism, recordsIn, recordsOut, watermark }) => ({
      name,
      parallelism,
      recordsIn,
      recordsOut,
      watermark: watermark ?? null,
    })),
    ...(job.error === undefined ? {} : { error: messageOf(job.error) }),
  };
}

/** For a program that was refused, or ended, before it started a job. */
export function reportWithoutJob(state: 'FAILED' | 'CANCELED', durationMs: number, error: unknown): RunReport {
  return {
    job: null,
    state,
    durationMs: Math.round(durationMs),
    netRuntimeMs: 0,
    restarts: 0,
    checkpoints: null,
    vertices: [],
    ...(error === undefined ? {} : { error: messageOf(error) }),
  };
}

function checkpointsOf({ counts, latestRestored }: CheckpointStatistics): RunReport['checkpoints'] {
  return { completed: counts.completed, failed: counts.failed, restoredId: latestRestored?.id ?? null };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
