/** The options of restart strategies, under Flink's keys, and what they come to for a job. */
import { option } from '@millrace/core/config/option';
import type { OptionGroup } from '@millrace/core/config/option-registry';
import type { RestartStrategySettings } from '../graph/job-graph.ts';
import type { FindOption } from './checkpoint-options.ts';

export const RESTART_STRATEGY = option({
  key: 'restart-strategy.type',
  type: ['none', 'off', 'disable', 'fixed-delay', 'fixeddelay', 'failure-rate', 'failurerate', 'exponential-delay', 'exponentialdelay'],
  deprecatedKeys: ['restart-strategy'],
  text: 'What happens to a job that has failed. By default `exponential-delay` for a job that takes checkpoints, `none` for one that does not.',
});
const FIXED_ATTEMPTS = option({
  key: 'restart-strategy.fixed-delay.attempts',
  type: 'int',
  default: 1,
  min: 0,
  text: 'How often `fixed-delay` restarts a job before it fails for good.',
});
const FIXED_DELAY = option({
  key: 'restart-strategy.fixed-delay.delay',
  type: 'duration',
  default: '1 s',
  min: 0,
  text: 'The time between a failure and the restart.',
});
const RATE_FAILURES = option({
  key: 'restart-strategy.failure-rate.max-failures-per-interval',
  type: 'int',
  default: 1,
  min: 1,
  text: 'How often `failure-rate` restarts a job within an interval.',
});
const RATE_INTERVAL = option({
  key: 'restart-strategy.failure-rate.failure-rate-interval',
  type: 'duration',
  default: '1 min',
  min: 1,
  text: 'The interval in which failures are counted.',
});
const RATE_DELAY = option({
  key: 'restart-strategy.failure-rate.delay',
  type: 'duration',
  default: '1 s',
  min: 0,
  text: 'The time between a failure and the restart.',
});
const INITIAL_BACKOFF = option({
  key: 'restart-strategy.exponential-delay.initial-backoff',
  type: 'duration',
  default: '1 s',
  min: 1,
  text: 'The time between the first failure and the restart.',
});
const MAX_BACKOFF = option({
  key: 'restart-strategy.exponential-delay.max-backoff',
  type: 'duration',
  default: '1 min',
  min: 1,
  text: 'The longest time between a failure and the restart.',
});
const BACKOFF_MULTIPLIER = option({
  key: 'restart-strategy.exponential-delay.backoff-multiplier',
  type: 'double',
  default: 1.5,
  min: 1,
  text: 'How much longer the time is after each further failure.',
});
const RESET_THRESHOLD = option({
  key: 'restart-strategy.exponential-delay.reset-backoff-threshold',
  type: 'duration',
  default: '1 h',
  min: 1,
  text: 'A job that has run for so long without a failure begins with the initial time again.',
});
const JITTER = option({
  key: 'restart-strategy.exponential-delay.jitter-factor',
  type: 'double',
  default: 0.1,
  min: 0,
  max: 1,
  text: 'By which share the time may be longer or shorter, so that many jobs do not come back at one moment.',
});
const EXPONENTIAL_ATTEMPTS = option({
  key: 'restart-strategy.exponential-delay.attempts-before-reset-backoff',
  type: 'int',
  min: 0,
  text: 'How often `exponential-delay` restarts a job before it has run calmly for the threshold. By default any number of times.',
});
export const OLD_RETRIES = option({
  key: 'execution-retries.default',
  type: 'int',
  min: -1,
  deprecation: 'Use restart-strategy.type: fixed-delay with restart-strategy.fixed-delay.attempts.',
  text: 'Deprecated: the old form of `restart-strategy.type: fixed-delay` with so many attempts. Counts only where no `restart-strategy.type` is set; -1 sets nothing.',
});
export const OLD_RETRY_DELAY = option({
  key: 'execution-retries.delay',
  type: 'duration',
  default: '0 ms',
  min: 0,
  deprecation: 'Use restart-strategy.fixed-delay.delay.',
  text: 'Deprecated: the delay that goes with `execution-retries.default`.',
});

export const RESTART_OPTIONS: OptionGroup = {
  room: 'Restarts',
  options: [
    RESTART_STRATEGY,
    FIXED_ATTEMPTS,
    FIXED_DELAY,
    RATE_FAILURES,
    RATE_INTERVAL,
    RATE_DELAY,
    INITIAL_BACKOFF,
    MAX_BACKOFF,
    BACKOFF_MULTIPLIER,
    RESET_THRESHOLD,
    JITTER,
    EXPONENTIAL_ATTEMPTS,
    OLD_RETRIES,
    OLD_RETRY_DELAY,
  ],
};

/** What the configuration says; undefined where it says nothing. */
export function restartStrategyOf(find: FindOption): RestartStrategySettings | undefined {
  switch (find(RESTART_STRATEGY)) {
    case 'none':
    case 'off':
    case 'disable':
      return { kind: 'none' };
    case 'fixed-delay':
    case 'fixeddelay':
      return {
        kind: 'fixed-delay',
        attempts: find(FIXED_ATTEMPTS) ?? FIXED_ATTEMPTS.defaultValue,
        delayMs: (find(FIXED_DELAY) ?? FIXED_DELAY.defaultValue).toMillis(),
      };
    case 'failure-rate':
    case 'failurerate':
      return {
        kind: 'failure-rate',
        maxFailures: find(RATE_FAILURES) ?? RATE_FAILURES.defaultValue,
        intervalMs: (find(RATE_INTERVAL) ?? RATE_INTERVAL.defaultValue).toMillis(),
        delayMs: (find(RATE_DELAY) ?? RATE_DELAY.defaultValue).toMillis(),
      };
    case 'exponential-delay':
    case 'exponentialdelay':
      return exponentialOf(find);
    default:
      return oldRetriesOf(find);
  }
}

function exponentialOf(find: FindOption): RestartStrategySettings {
  const initialBackoffMs = (find(INITIAL_BACKOFF) ?? INITIAL_BACKOFF.defaultValue).toMillis();
  return {
    kind: 'exponential-delay',
    initialBackoffMs,
    maxBackoffMs: Math.max(initialBackoffMs, (find(MAX_BACKOFF) ?? MAX_BACKOFF.defaultValue).toMillis()),
    backoffMultiplier: find(BACKOFF_MULTIPLIER) ?? BACKOFF_MULTIPLIER.defaultValue,
    resetBackoffThresholdMs: (find(RESET_THRESHOLD) ?? RESET_THRESHOLD.defaultValue).toMillis(),
    jitterFactor: find(JITTER) ?? JITTER.defaultValue,
    attemptsBeforeResetBackoff: find(EXPONENTIAL_ATTEMPTS),
  };
}

function oldRetriesOf(find: FindOption): RestartStrategySettings | undefined {
  const attempts = find(OLD_RETRIES) ?? -1;
  const delayMs = (find(OLD_RETRY_DELAY) ?? OLD_RETRY_DELAY.defaultValue).toMillis();
  return attempts < 0 ? undefined : { kind: 'fixed-delay', attempts, delayMs };
}
