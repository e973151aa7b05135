import type { Clock } from '@millrace/core/base/clock';
import { UsageError } from '@millrace/core/base/errors';
import type { RateLimiter, RateLimiterStrategy } from '../../contract/rate-limiter.ts';

/** What a limiter makes up for at most after standing still. */
const BURST_MS = 100;

/** The strategies that there are; one of your own implements `RateLimiterStrategy`. */
export const RateLimiterStrategies = {
  /** So many records a second of all subtasks together, each having its share. */
  perSecond(recordsPerSecond: number): RateLimiterStrategy {
    checkPositive(recordsPerSecond, 'perSecond');
    return { createRateLimiter: (parallelism, clock) => new RateOfTime(recordsPerSecond / parallelism, clock) };
  },
  /** So many records of all subtasks together between two checkpoints: the next ones when one is complete. For tests and demonstrations. */
  perCheckpoint(records: number): RateLimiterStrategy {
    checkPositive(records, 'perCheckpoint');
    return { createRateLimiter: (parallelism) => new RateOfCheckpoints(Math.max(1, Math.floor(records / parallelism))) };
  },
  /** No limit. */
  noOp(): RateLimiterStrategy {
    return { createRateLimiter: () => ({ permits: () => Number.POSITIVE_INFINITY, emitted() {}, delayMs: () => 0 }) };
  },
};

/** Emits what is due by the clock; what was not emitted in BURST_MS is not made up for. */
class RateOfTime implements RateLimiter {
  readonly #perMs: number;
  readonly #clock: Clock;
  readonly #burst: number;
  #since: number;
  #emitted = 0;

  constructor(recordsPerSecond: number, clock: Clock) {
    this.#perMs = recordsPerSecond / 1_000;
    this.#clock = clock;
    this.#burst = Math.max(1, BURST_MS * this.#perMs);
    this.#since = clock.monotonic();
  }

  permits(): number {
    const now = this.#clock.monotonic();
    const due = (now - this.#since) * this.#perMs - this.#emitted;
    if (due <= this.#burst) return Math.floor(due);
    this.#since = now - this.#burst / this.#perMs;
    this.#emitted = 0;
    return Math.floor(this.#burst);
  }

  emitted(records: number): void {
    this.#emitted += records;
  }

  delayMs(): number {
    return Math.max(0, this.#since + (this.#emitted + 1) / this.#perMs - this.#clock.monotonic());
  }
}

class RateOfCheckpoints implements RateLimiter {
  readonly #records: number;
  #left: number;

  constructor(records: number) {
    this.#records = records;
    this.#left = records;
  }

  permits(): number {
    return this.#left;
  }

  emitted(records: number): void {
    this.#left -= records;
  }

  delayMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  notifyCheckpointComplete(): void {
    this.#left = Math.min(this.#records, this.#left + this.#records);
  }
}

function checkPositive(value: number, call: string): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new UsageError(`RateLimiterStrategies.${call} got ${String(value)}. Give a number above 0.`);
}
