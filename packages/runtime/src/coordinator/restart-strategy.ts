/**
 * Whether a job that has failed is started again, and when. Each strategy is told of every failure that could be cured by a restart, in order.
 *
 * Pure but for what it remembers: time comes as an argument, chance from the generator it is made with.
 */
import { unreachable } from '@millrace/core/base/assert';
import type { Random } from '@millrace/core/base/random';
import type { RestartStrategySettings } from '@millrace/streaming/graph/job-graph';

export type RestartDecision =
  | { readonly restart: true; readonly delayMs: number }
  /** `limit` says which one was reached, for the message; absent where there never is a restart. */
  | { readonly restart: false; readonly limit?: string };

export interface RestartStrategy {
  readonly kind: RestartStrategySettings['kind'];
  failed(nowMs: number): RestartDecision;
}

/** Flink 2: exponential delay where there are checkpoints to start from, none where there are not. */
export function defaultRestartStrategy(isCheckpointing: boolean): RestartStrategySettings {
  return isCheckpointing ? EXPONENTIAL_DELAY : { kind: 'none' };
}

/** Flink's defaults. */
export const EXPONENTIAL_DELAY = {
  kind: 'exponential-delay',
  initialBackoffMs: 1_000,
  maxBackoffMs: 60_000,
  backoffMultiplier: 1.5,
  resetBackoffThresholdMs: 3_600_000,
  jitterFactor: 0.1,
  attemptsBeforeResetBackoff: undefined,
} as const satisfies RestartStrategySettings;

export function createRestartStrategy(settings: RestartStrategySettings, random: Random): RestartStrategy {
  switch (settings.kind) {
    case 'none':
      return { kind: 'none', failed: () => ({ restart: false }) };
    case 'fixed-delay':
      return new FixedDelay(settings);
    case 'failure-rate':
      return new FailureRate(settings);
    case 'exponential-delay':
      return new ExponentialDelay(settings, random);
    default:
      return unreachable(settings, 'createRestartStrategy');
  }
}

type Settings<K extends RestartStrategySettings['kind']> = Extract<RestartStrategySettings, { readonly kind: K }>;

class FixedDelay implements RestartStrategy {
  readonly kind = 'fixed-delay';
  readonly #settings: Settings<'fixed-delay'>;
  #failures = 0;

  constructor(settings: Settings<'fixed-delay'>) {
    this.#settings = settings;
  }

  failed(): RestartDecision {
    const { attempts, delayMs } = this.#settings;
    this.#failures += 1;
    if (this.#failures <= attempts) return { restart: true, delayMs };
    return { restart: false, limit: `fixed-delay allows ${times(attempts)}` };
  }
}

class FailureRate implements RestartStrategy {
  readonly kind = 'failure-rate';
  readonly #settings: Settings<'failure-rate'>;
  #failuresMs: readonly number[] = []; // those of the last interval

  constructor(settings: Settings<'failure-rate'>) {
    this.#settings = settings;
  }

  failed(nowMs: number): RestartDecision {
    const { maxFailures, intervalMs, delayMs } = this.#settings;
    this.#failuresMs = [...this.#failuresMs.filter((atMs) => nowMs - atMs < intervalMs), nowMs];
    if (this.#failuresMs.length <= maxFailures) return { restart: true, delayMs };
    return { restart: false, limit: `failure-rate allows ${times(maxFailures)} in ${intervalMs} ms` };
  }
}

class ExponentialDelay implements RestartStrategy {
  readonly kind = 'exponential-delay';
  readonly #settings: Settings<'exponential-delay'>;
  readonly #random: Random;
  #backoffMs: number;
  #attempts = 0;
  /** When the last failure is over and its delay has passed. */
  #resumedMs: number | undefined;

  constructor(settings: Settings<'exponential-delay'>, random: Random) {
    this.#settings = settings;
    this.#random = random;
    this.#backoffMs = settings.initialBackoffMs;
  }

  failed(nowMs: number): RestartDecision {
    const { initialBackoffMs, maxBackoffMs, backoffMultiplier, resetBackoffThresholdMs, attemptsBeforeResetBackoff } = this.#settings;
    const calm = this.#resumedMs !== undefined && nowMs - this.#resumedMs >= resetBackoffThresholdMs;
    if (calm) this.#attempts = 0;
    if (attemptsBeforeResetBackoff !== undefined && this.#attempts >= attemptsBeforeResetBackoff)
      return {
        restart: false,
        limit: `exponential-delay allows ${times(attemptsBeforeResetBackoff)} before a calm time of ${resetBackoffThresholdMs} ms`,
      };
    this.#backoffMs = this.#attempts === 0 ? initialBackoffMs : Math.min(maxBackoffMs, this.#backoffMs * backoffMultiplier);
    this.#attempts += 1;
    const delayMs = this.#jittered(this.#backoffMs);
    this.#resumedMs = nowMs + delayMs;
    return { restart: true, delayMs };
  }

  /** Many jobs that fail for one reason do not come back at one moment. */
  #jittered(backoffMs: number): number {
    const { jitterFactor, maxBackoffMs } = this.#settings;
    const spread = (this.#random.next() * 2 - 1) * jitterFactor * backoffMs;
    return Math.max(0, Math.min(maxBackoffMs, Math.round(backoffMs + spread)));
  }
}

function times(count: number): string {
  return count === 1 ? '1 restart' : `${count} restarts`;
}
