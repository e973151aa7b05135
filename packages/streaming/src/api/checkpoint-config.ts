import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import {
  CHECKPOINT_ALIGNED_TIMEOUT,
  CHECKPOINT_BACKLOG_INTERVAL,
  CHECKPOINT_DIRECTORY,
  CHECKPOINT_INTERVAL,
  CHECKPOINT_MAX_CONCURRENT,
  CHECKPOINT_MIN_PAUSE,
  CHECKPOINT_MODE,
  CHECKPOINT_RETENTION,
  CHECKPOINT_RETENTIONS,
  CHECKPOINT_TIMEOUT,
  CHECKPOINT_TOLERABLE_FAILURES,
  CHECKPOINT_UNALIGNED,
  CHECKPOINTS_RETAINED,
} from './checkpoint-options.ts';
import { show } from './function-checks.ts';
import type { JobSettingsReader } from './job-configuration.ts';
import { checkText } from './operator-settings.ts';

export type CheckpointingMode = 'EXACTLY_ONCE' | 'AT_LEAST_ONCE';
export const CheckpointingMode: { readonly [M in CheckpointingMode]: M } = Object.freeze({
  EXACTLY_ONCE: 'EXACTLY_ONCE',
  AT_LEAST_ONCE: 'AT_LEAST_ONCE',
});

export type ExternalizedCheckpointRetention = (typeof CHECKPOINT_RETENTIONS)[number];
export const ExternalizedCheckpointRetention: { readonly [R in ExternalizedCheckpointRetention]: R } = Object.freeze({
  RETAIN_ON_CANCELLATION: 'RETAIN_ON_CANCELLATION',
  DELETE_ON_CANCELLATION: 'DELETE_ON_CANCELLATION',
  NO_EXTERNALIZED_CHECKPOINTS: 'NO_EXTERNALIZED_CHECKPOINTS',
});

/**
 * How a job is checkpointed: got from `env.getCheckpointConfig()`. What is set here counts more than configuration and `-D`, and less than `--checkpoint-dir` and
 * `--checkpoint-interval`. There are no checkpoints without an interval.
 */
export class CheckpointConfig {
  readonly #settings: JobSettingsReader;

  /** Internal: got from `env.getCheckpointConfig()`. */
  constructor(settings: JobSettingsReader) {
    this.#settings = settings;
  }

  /** How often a checkpoint is begun. */
  setCheckpointInterval(interval: DurationLike): this {
    this.#settings.set(CHECKPOINT_INTERVAL, positive(interval, 'setCheckpointInterval'));
    return this;
  }

  /** `EXACTLY_ONCE` unless set. */
  setCheckpointingMode(mode: CheckpointingMode): this {
    if (!Object.hasOwn(CheckpointingMode, mode))
      throw new UsageError(`setCheckpointingMode got ${show(mode)}. Give EXACTLY_ONCE or AT_LEAST_ONCE.`);
    this.#settings.set(CHECKPOINT_MODE, mode);
    return this;
  }

  /** A URI, or a path; a relative one starts where the command runs. Unless set, checkpoints are in the JobManager's memory and end with it. */
  setCheckpointStorage(location: string): this {
    this.#settings.set(CHECKPOINT_DIRECTORY, checkText(location, 'setCheckpointStorage'));
    return this;
  }

  /** A checkpoint that is not complete after so long is given up; 10 min unless set. */
  setCheckpointTimeout(timeout: DurationLike): this {
    this.#settings.set(CHECKPOINT_TIMEOUT, positive(timeout, 'setCheckpointTimeout'));
    return this;
  }

  /** The least time between the end of a checkpoint and the begin of the next. Above 0 ms there is one at a time. */
  setMinPauseBetweenCheckpoints(pause: DurationLike): this {
    this.#settings.set(CHECKPOINT_MIN_PAUSE, notNegative(pause, 'setMinPauseBetweenCheckpoints'));
    return this;
  }

  /** How many may be under way at the same time; 1 unless set. */
  setMaxConcurrentCheckpoints(max: number): this {
    this.#settings.set(CHECKPOINT_MAX_CONCURRENT, wholeNumber(max, 1, 'setMaxConcurrentCheckpoints'));
    return this;
  }

  /** So many in a row may fail; one more fails the job. 0 unless set. */
  setTolerableCheckpointFailureNumber(failures: number): this {
    this.#settings.set(CHECKPOINT_TOLERABLE_FAILURES, wholeNumber(failures, 0, 'setTolerableCheckpointFailureNumber'));
    return this;
  }

  /** What becomes of them when the job has been cancelled or has failed. */
  setExternalizedCheckpointRetention(retention: ExternalizedCheckpointRetention): this {
    if (!CHECKPOINT_RETENTIONS.includes(retention))
      throw new UsageError(`setExternalizedCheckpointRetention got ${show(retention)}. Give one of ${CHECKPOINT_RETENTIONS.join(', ')}.`);
    this.#settings.set(CHECKPOINT_RETENTION, retention);
    return this;
  }

  /** How many complete checkpoints are kept; 1 unless set. */
  setMaxRetainedCheckpoints(max: number): this {
    this.#settings.set(CHECKPOINTS_RETAINED, wholeNumber(max, 1, 'setMaxRetainedCheckpoints'));
    return this;
  }

  /** Kept with the job; barriers are aligned all the same, and a warning says so. */
  enableUnalignedCheckpoints(enabled = true): this {
    this.#settings.set(CHECKPOINT_UNALIGNED, enabled);
    return this;
  }

  setAlignedCheckpointTimeout(timeout: DurationLike): this {
    this.#settings.set(CHECKPOINT_ALIGNED_TIMEOUT, notNegative(timeout, 'setAlignedCheckpointTimeout'));
    return this;
  }

  /** The interval while a source works off a backlog; 0 ms takes none then. */
  setCheckpointIntervalDuringBacklog(interval: DurationLike): this {
    this.#settings.set(CHECKPOINT_BACKLOG_INTERVAL, notNegative(interval, 'setCheckpointIntervalDuringBacklog'));
    return this;
  }
}

function positive(duration: DurationLike, where: string): Duration {
  const made = Duration.from(duration);
  if (made.toMillis() <= 0) throw new UsageError(`${where} got ${made.toString()}. Give a duration above 0 ms.`);
  return made;
}

function notNegative(duration: DurationLike, where: string): Duration {
  const made = Duration.from(duration);
  if (made.toMillis() < 0) throw new UsageError(`${where} got ${made.toString()}. Give a duration of 0 ms or more.`);
  return made;
}

function wholeNumber(value: number, least: number, where: string): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw new UsageError(`${where} got ${show(value)}. Give a whole number from ${least}.`);
  return value;
}
