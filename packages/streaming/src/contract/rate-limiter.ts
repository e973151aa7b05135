/** How fast a source may read. Flink: `RateLimiterStrategy`, `RateLimiter`. */
import type { Clock } from '@millrace/core/base/clock';

/** For a whole source; makes the limiter of each of its subtasks. */
export interface RateLimiterStrategy {
  createRateLimiter(parallelism: number, clock: Clock): RateLimiter;
}

/** Of one subtask. Nothing in it waits: whoever asks and gets nothing comes back later. */
export interface RateLimiter {
  /** How many records may be emitted now; 0 or less: none. May be Infinity. */
  permits(): number;
  /** So many were emitted; they may be more than there were permits for, which later ones make up for. */
  emitted(records: number): void;
  /** In how many milliseconds there will be permits; Infinity: not by the clock, but when a checkpoint is complete. */
  delayMs(): number;
  notifyCheckpointComplete?(checkpointId: number): void;
}
