import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { RestartStrategySettings } from '../graph/job-graph.ts';
import { show } from './function-checks.ts';

/** What happens to a job that has failed: made by `RestartStrategies`, given to `env.setRestartStrategy`. */
export interface RestartStrategy {
  readonly kind: RestartStrategySettings['kind'] | 'cluster';
}

export interface ExponentialDelay {
  /** The time between the first failure and the restart; 1 s unless given. */
  readonly initialBackoff?: DurationLike;
  /** The longest one; 1 min unless given. */
  readonly maxBackoff?: DurationLike;
  /** How much longer it is after each further failure; 1.5 unless given. */
  readonly backoffMultiplier?: number;
  /** After so long without a failure it begins with the initial time again; 1 h unless given. */
  readonly resetBackoffThreshold?: DurationLike;
  /** By which share it may be longer or shorter; 0.1 unless given. */
  readonly jitterFactor?: number;
  /** How many restarts there are before the job has run calmly for the threshold; any number unless given. */
  readonly maxAttempts?: number;
}

/**
 * The restart strategies. Whatever the strategy, a failure that no restart cures (a mistake in the program, a `TerminalError`) ends the job at once.
 *
 * ```ts
 * env.setRestartStrategy(RestartStrategies.fixedDelayRestart(3, '10 s'));
 * ```
 */
export const RestartStrategies = Object.freeze({
  /** The first failure is the end. */
  noRestart(): RestartStrategy {
    return strategy({ kind: 'none' });
  },

  /** What command line and configuration say (`restart-strategy.type`), as if the program had set none. */
  fallBackRestart(): RestartStrategy {
    return Object.freeze({ kind: 'cluster' });
  },

  /** At most `attempts` restarts in the life of the job, each so long after its failure. */
  fixedDelayRestart(attempts: number, delay: DurationLike): RestartStrategy {
    return strategy({ kind: 'fixed-delay', attempts: whole(attempts, 0, 'attempts'), delayMs: millis(delay, 0, 'delay') });
  },

  /** At most `maxFailures` restarts within any `interval`, each `delay` after its failure. */
  failureRateRestart(maxFailures: number, interval: DurationLike, delay: DurationLike): RestartStrategy {
    return strategy({
      kind: 'failure-rate',
      maxFailures: whole(maxFailures, 1, 'maxFailures'),
      intervalMs: millis(interval, 1, 'interval'),
      delayMs: millis(delay, 0, 'delay'),
    });
  },

  /** Delays that grow with each failure up to a bound: what a job with checkpoints has unless another one is chosen. */
  exponentialDelayRestart(options: ExponentialDelay = {}): RestartStrategy {
    const initialBackoffMs = millis(options.initialBackoff ?? '1 s', 1, 'initialBackoff');
    return strategy({
      kind: 'exponential-delay',
      initialBackoffMs,
      maxBackoffMs: millis(options.maxBackoff ?? '1 min', initialBackoffMs, 'maxBackoff'),
      backoffMultiplier: within(options.backoffMultiplier ?? 1.5, 1, 1_000, 'backoffMultiplier'),
      resetBackoffThresholdMs: millis(options.resetBackoffThreshold ?? '1 h', 1, 'resetBackoffThreshold'),
      jitterFactor: within(options.jitterFactor ?? 0.1, 0, 1, 'jitterFactor'),
      attemptsBeforeResetBackoff: options.maxAttempts === undefined ? undefined : whole(options.maxAttempts, 0, 'maxAttempts'),
    });
  },
});

/** Internal: undefined for `fallBackRestart`. Throws a `UsageError` for what `RestartStrategies` has not made. */
export function settingsOf(made: RestartStrategy): RestartStrategySettings | undefined {
  if ((made as Partial<RestartStrategy> | undefined)?.kind === 'cluster') return undefined;
  const settings = SETTINGS.get(made);
  if (settings !== undefined) return settings;
  throw new UsageError(
    `setRestartStrategy got ${show(made)}. Give it one of RestartStrategies, for example RestartStrategies.fixedDelayRestart(3, '10 s').`,
  );
}

const SETTINGS = new WeakMap<RestartStrategy, RestartStrategySettings>();

function strategy(settings: RestartStrategySettings): RestartStrategy {
  const made: RestartStrategy = Object.freeze({ kind: settings.kind });
  SETTINGS.set(made, Object.freeze(settings));
  return made;
}

function whole(value: number, least: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw new UsageError(`A restart strategy got ${what} ${show(value)}. Give a whole number from ${least}.`);
  return value;
}

function within(value: number, least: number, most: number, what: string): number {
  if (!(value >= least && value <= most))
    throw new UsageError(`A restart strategy got ${what} ${show(value)}. Give a number from ${least} to ${most}.`);
  return value;
}

function millis(duration: DurationLike, least: number, what: string): number {
  const ms = Duration.from(duration).toMillis();
  if (ms < least) throw new UsageError(`A restart strategy got ${what} ${ms} ms. Give a duration of ${least} ms or more.`);
  return ms;
}
