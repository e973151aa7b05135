/** How long values of a state live after their last use. Flink: "State Time-To-Live (TTL)". In processing time. */
import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';

export interface StateTtlConfig {
  /** From the last use on that counts. */
  readonly ttl: DurationLike;
  /** Which uses count: writing alone (the default), or reading as well. */
  readonly updateType?: 'OnCreateAndWrite' | 'OnReadAndWrite';
  /** Whether a value that has expired may still be read once, as long as nothing has cleaned it up. By default none is. */
  readonly stateVisibility?: 'NeverReturnExpired' | 'ReturnExpiredIfNotCleanedUp';
  /**
   * What removes values that nobody reads: a few entries with each access to the state (`incremental`, the default), or nothing but that they are left out of checkpoints
   * (`full-snapshot`). `compaction` is for backends on disk; on the heap it is `incremental`.
   */
  readonly cleanup?: 'incremental' | 'full-snapshot' | 'compaction';
}

/** The same, compiled. */
export interface StateTtl {
  readonly ttlMs: number;
  readonly countsReads: boolean;
  readonly returnsExpired: boolean;
  readonly isIncremental: boolean;
}

const ALLOWED = {
  updateType: ['OnCreateAndWrite', 'OnReadAndWrite'],
  stateVisibility: ['NeverReturnExpired', 'ReturnExpiredIfNotCleanedUp'],
  cleanup: ['incremental', 'full-snapshot', 'compaction'],
} as const;

/** Throws a `UsageError` for what is none. */
export function compileTtl(state: string, config: StateTtlConfig): StateTtl {
  for (const [name, allowed] of Object.entries(ALLOWED)) {
    const given: unknown = config[name as keyof typeof ALLOWED];
    if (given === undefined || (allowed as readonly unknown[]).includes(given)) continue;
    throw new UsageError(
      `enableTimeToLive of state '${state}' got ${name} ${JSON.stringify(given)}. It takes ${allowed.map((each) => `'${each}'`).join(', ')}.`,
    );
  }
  const ttlMs = Duration.from(config.ttl).toMillis();
  if (ttlMs <= 0) throw new UsageError(`enableTimeToLive of state '${state}' got a ttl of ${ttlMs} ms. Give one above 0.`);
  const { updateType, stateVisibility, cleanup } = config;
  return {
    ttlMs,
    countsReads: updateType === 'OnReadAndWrite',
    returnsExpired: stateVisibility === 'ReturnExpiredIfNotCleanedUp',
    isIncremental: cleanup !== 'full-snapshot',
  };
}
