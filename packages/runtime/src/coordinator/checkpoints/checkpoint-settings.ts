/** What a job says of its checkpoints, with Flink's defaults where it says nothing. */
import type { CheckpointSettings } from '@millrace/streaming/graph/job-graph';

export type CheckpointRetention = NonNullable<CheckpointSettings['retention']>;

export interface CompiledCheckpointing {
  readonly intervalMs: number;
  /** While a source works off a backlog; 0: no checkpoints then. */
  readonly intervalDuringBacklogMs: number;
  readonly timeoutMs: number;
  readonly minPauseMs: number;
  readonly maxConcurrent: number;
  readonly tolerableFailures: number;
  readonly retained: number;
  readonly retention: CheckpointRetention;
  /** Undefined: in the JobManager's memory. */
  readonly directory: string | undefined;
  readonly inlineBytesMax: number;
  readonly memoryBytesMax: number;
}

const DEFAULT_TIMEOUT_MS = 600_000;
const DEFAULT_INLINE_BYTES = 20 * 1024;
const DEFAULT_MEMORY_BYTES = 5 * 1024 * 1024;

/** Undefined for a job that takes no checkpoints. A minimum pause excludes checkpoints at the same time, as in Flink. */
export function compileCheckpointing(settings: CheckpointSettings | undefined): CompiledCheckpointing | undefined {
  if (settings?.intervalMs === undefined) return undefined;
  const { intervalMs, minPauseMs = 0 } = settings;
  return {
    intervalMs,
    intervalDuringBacklogMs: settings.intervalDuringBacklogMs ?? intervalMs,
    timeoutMs: settings.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    minPauseMs,
    maxConcurrent: minPauseMs > 0 ? 1 : (settings.maxConcurrent ?? 1),
    tolerableFailures: settings.tolerableFailures ?? 0,
    retained: settings.retained ?? 1,
    retention: settings.retention ?? 'DELETE_ON_CANCELLATION',
    directory: settings.storage,
    inlineBytesMax: settings.inlineBytesMax ?? DEFAULT_INLINE_BYTES,
    memoryBytesMax: settings.memoryBytesMax ?? DEFAULT_MEMORY_BYTES,
  };
}
