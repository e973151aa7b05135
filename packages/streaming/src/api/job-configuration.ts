/**
 * The settings of one environment: what its methods set, else what the executor was given, else the default. The only place of this room that reads options
 * by key.
 */
import { ConfigError } from '@millrace/core/base/errors';
import { Duration } from '@millrace/core/config/duration';
import type { ConfigOption } from '@millrace/core/config/option';
import { type OptionGroup, OptionRegistry } from '@millrace/core/config/option-registry';
import type { JobConfiguration, LatencyTrackingSettings, RestartStrategySettings } from '../graph/job-graph.ts';
import { CHECKPOINT_OPTIONS, checkpointSettingsOf } from './checkpoint-options.ts';
import { bufferDebloatOf, DEBLOAT_OPTIONS } from './debloat-options.ts';
import {
  AUTO_WATERMARK_INTERVAL,
  AUTO_WATERMARK_RECORDS,
  FREEZE_RECORDS,
  JOB_OPTIONS,
  LATENCY_GRANULARITY,
  LATENCY_HISTORY_SIZE,
  LATENCY_INTERVAL,
  MAX_SHAPES,
} from './job-options.ts';
import { OLD_RETRIES, OLD_RETRY_DELAY, RESTART_OPTIONS, restartStrategyOf } from './restart-options.ts';
import type { Configuration } from './stream-types.ts';

/** All groups of options that a program may set. */
export const JOB_OPTION_GROUPS: readonly OptionGroup[] = [JOB_OPTIONS, CHECKPOINT_OPTIONS, RESTART_OPTIONS, DEBLOAT_OPTIONS];
const REGISTRY = new OptionRegistry(JOB_OPTION_GROUPS);

export class JobSettingsReader {
  readonly #set = new Map<ConfigOption, unknown>();
  readonly #given: () => Readonly<Record<string, string>>;
  #restartStrategy: RestartStrategySettings | undefined;
  #cached: Readonly<Record<string, string>> | undefined;

  /** `given`: what command line and configuration say; asked once, when it is first needed. */
  constructor(given: () => Readonly<Record<string, string>>) {
    this.#given = given;
  }

  get<T>(option: ConfigOption<T>): T {
    return this.find(option) ?? option.defaultValue;
  }

  /** Undefined for one that nobody has set. */
  find<T>(option: ConfigOption<T>): T | undefined {
    if (this.#set.has(option)) return this.#set.get(option) as T;
    this.#cached ??= this.#given();
    for (const key of [option.key, ...option.deprecatedKeys]) {
      const text = this.#cached[key];
      if (text !== undefined) return option.parse(text, 'the configuration');
    }
    return undefined;
  }

  set<T>(option: ConfigOption<T>, value: T): void {
    this.#set.set(option, value);
  }

  /** What the program has chosen; undefined leaves it to the options. */
  setRestartStrategy(strategy: RestartStrategySettings | undefined): void {
    this.#restartStrategy = strategy;
  }

  /** The old form in the program counts more than the configuration, whichever form that has. */
  #restartStrategyOfJob(): RestartStrategySettings | undefined {
    if (this.#restartStrategy !== undefined) return this.#restartStrategy;
    const find = <T>(option: ConfigOption<T>) => this.find(option);
    const retries = this.#set.get(OLD_RETRIES) as number | undefined;
    if (retries === undefined || retries < 0) return restartStrategyOf(find);
    return { kind: 'fixed-delay', attempts: retries, delayMs: this.get(OLD_RETRY_DELAY).toMillis() };
  }

  isSet(option: ConfigOption): boolean {
    return this.#set.has(option);
  }

  /** Throws a `ConfigError` for a key that is none of a job's, and for a value that its option does not allow. */
  configure(configuration: Configuration): void {
    for (const [key, value] of Object.entries(configuration)) {
      const option = REGISTRY.find(key);
      if (option === undefined) throw unknownKey(key);
      this.#set.set(option, option.parse(textOf(value), 'env.configure'));
    }
  }

  jobConfiguration(): JobConfiguration {
    const checkpointing = checkpointSettingsOf((option) => this.find(option));
    const restartStrategy = this.#restartStrategyOfJob();
    const latencyTracking = this.#latencyTracking();
    const bufferDebloat = bufferDebloatOf((option) => this.get(option));
    return {
      autoWatermarkRecords: this.get(AUTO_WATERMARK_RECORDS),
      autoWatermarkIntervalMs: this.get(AUTO_WATERMARK_INTERVAL).toMillis(),
      freezeRecords: this.get(FREEZE_RECORDS),
      maxShapesPerEdge: this.get(MAX_SHAPES),
      ...(checkpointing?.intervalMs === undefined ? {} : { checkpointing }),
      ...(restartStrategy === undefined ? {} : { restartStrategy }),
      ...(latencyTracking === undefined ? {} : { latencyTracking }),
      ...(bufferDebloat === undefined ? {} : { bufferDebloat }),
    };
  }

  #latencyTracking(): LatencyTrackingSettings | undefined {
    const intervalMs = this.get(LATENCY_INTERVAL).toMillis();
    if (intervalMs === 0) return undefined;
    return { intervalMs, granularity: this.get(LATENCY_GRANULARITY), historySize: this.get(LATENCY_HISTORY_SIZE) };
  }
}

function unknownKey(key: string): ConfigError {
  const near = REGISTRY.nearestKey(key);
  const next = near === undefined ? "Options of the cluster go to 'millrace run -D key=value' or config.yaml." : `Did you mean ${near}?`;
  return new ConfigError(`${key} (from env.configure) is not an option of a job. ${next}`, { reason: 'unknown-key' });
}

function textOf(value: Configuration[string]): string {
  if (value instanceof Duration) return value.toString();
  return Array.isArray(value) ? value.join(';') : String(value);
}
