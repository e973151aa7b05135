import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { CheckpointSettings } from '../graph/job-graph.ts';
import { show } from './function-checks.ts';
import { checkText } from './operator-settings.ts';

export type CheckpointingMode = 'EXACTLY_ONCE' | 'AT_LEAST_ONCE';
export const CheckpointingMode: { readonly [M in CheckpointingMode]: M } = Object.freeze({
  EXACTLY_ONCE: 'EXACTLY_ONCE',
  AT_LEAST_ONCE: 'AT_LEAST_ONCE',
});

const RETENTIONS = ['RETAIN_ON_CANCELLATION', 'DELETE_ON_CANCELLATION', 'NO_EXTERNALIZED_CHECKPOINTS'] as const;
export type ExternalizedCheckpointRetention = (typeof RETENTIONS)[number];

/** How a job is to be checkpointed. Kept with the job; this version of Millrace takes no checkpoints yet and says so when the job is submitted. */
export class CheckpointConfig {
  #settings: CheckpointSettings = {};

  setCheckpointInterval(interval: DurationLike): this {
    return this.#set({ intervalMs: positive(interval, 'setCheckpointInterval') });
  }

  setCheckpointingMode(mode: CheckpointingMode): this {
    if (!Object.hasOwn(CheckpointingMode, mode))
      throw new UsageError(`setCheckpointingMode got ${show(mode)}. Give EXACTLY_ONCE or AT_LEAST_ONCE.`);
    return this.#set({ mode });
  }

  /** A URI, or a path; a relative one starts where the command runs. */
  setCheckpointStorage(location: string): this {
    return this.#set({ storage: checkText(location, 'setCheckpointStorage') });
  }

  setCheckpointTimeout(timeout: DurationLike): this {
    return this.#set({ timeoutMs: positive(timeout, 'setCheckpointTimeout') });
  }

  setMinPauseBetweenCheckpoints(pause: DurationLike): this {
    return this.#set({ minPauseMs: notNegative(pause, 'setMinPauseBetweenCheckpoints') });
  }

  setMaxConcurrentCheckpoints(max: number): this {
    return this.#set({ maxConcurrent: wholeNumber(max, 1, 'setMaxConcurrentCheckpoints') });
  }

  setTolerableCheckpointFailureNumber(failures: number): this {
    return this.#set({ tolerableFailures: wholeNumber(failures, 0, 'setTolerableCheckpointFailureNumber') });
  }

  setExternalizedCheckpointRetention(retention: ExternalizedCheckpointRetention): this {
    if (!RETENTIONS.includes(retention))
      throw new UsageError(`setExternalizedCheckpointRetention got ${show(retention)}. Give one of ${RETENTIONS.join(', ')}.`);
    return this.#set({ retention });
  }

  enableUnalignedCheckpoints(enabled = true): this {
    return this.#set({ unaligned: enabled });
  }

  setAlignedCheckpointTimeout(timeout: DurationLike): this {
    return this.#set({ alignedTimeoutMs: notNegative(timeout, 'setAlignedCheckpointTimeout') });
  }

  setCheckpointIntervalDuringBacklog(interval: DurationLike): this {
    return this.#set({ intervalDuringBacklogMs: notNegative(interval, 'setCheckpointIntervalDuringBacklog') });
  }

  /** Internal: undefined unless an interval was set, for checkpoints are off without one. */
  toSettings(): CheckpointSettings | undefined {
    return this.#settings.intervalMs === undefined ? undefined : this.#settings;
  }

  #set(settings: CheckpointSettings): this {
    this.#settings = { ...this.#settings, ...settings };
    return this;
  }
}

function positive(duration: DurationLike, where: string): number {
  const ms = Duration.from(duration).toMillis();
  if (ms <= 0) throw new UsageError(`${where} got ${Duration.from(duration).toString()}. Give a duration above 0 ms.`);
  return ms;
}

function notNegative(duration: DurationLike, where: string): number {
  const ms = Duration.from(duration).toMillis();
  if (ms < 0) throw new UsageError(`${where} got ${Duration.from(duration).toString()}. Give a duration of 0 ms or more.`);
  return ms;
}

function wholeNumber(value: number, least: number, where: string): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw new UsageError(`${where} got ${show(value)}. Give a whole number from ${least}.`);
  return value;
}
