import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { JobConfiguration } from '../graph/job-graph.ts';
import { show } from './function-checks.ts';
import { AUTO_WATERMARK_INTERVAL, AUTO_WATERMARK_RECORDS, LATENCY_INTERVAL } from './job-options.ts';
import type { JobSettingsReader } from './job-configuration.ts';
import { OLD_RETRIES, OLD_RETRY_DELAY } from './restart-options.ts';
import { ParameterTool } from './parameter-tool.ts';

/** Settings of the whole job that have no place at a single operator. What is set here counts more than command line and configuration. */
export class ExecutionConfig {
  readonly #settings: JobSettingsReader;
  #globalJobParameters = ParameterTool.fromMap({});

  /** Internal: got from `env.getConfig()`. */
  constructor(settings: JobSettingsReader) {
    this.#settings = settings;
  }

  /** After how many records of a split a watermark follows; 1000 unless set. Counting makes what is late the same on every run. */
  setAutoWatermarkRecords(records: number): this {
    if (!Number.isSafeInteger(records) || records < 1)
      throw new UsageError(`setAutoWatermarkRecords got ${show(records)}. Give a whole number from 1.`);
    this.#settings.set(AUTO_WATERMARK_RECORDS, records);
    return this;
  }

  getAutoWatermarkRecords(): number {
    return this.#settings.get(AUTO_WATERMARK_RECORDS);
  }

  /** How often a source that has nothing to read emits a watermark by the clock; 200 ms unless set, 0 ms never. */
  setAutoWatermarkInterval(interval: DurationLike): this {
    const duration = Duration.from(interval);
    if (duration.toMillis() < 0)
      throw new UsageError(`setAutoWatermarkInterval got ${duration.toString()}. Give a duration of 0 ms or more.`);
    this.#settings.set(AUTO_WATERMARK_INTERVAL, duration);
    return this;
  }

  getAutoWatermarkInterval(): Duration {
    return this.#settings.get(AUTO_WATERMARK_INTERVAL);
  }

  /**
   * How often each subtask of a source sends a latency marker, which flows with the records and shows at every operator how long they are under way (docs/metrics.md); a bare
   * number is milliseconds, as in Flink. 0 sends none, which is the default and costs nothing. How finely latencies are told apart is `metrics.latency.granularity`.
   */
  setLatencyTrackingInterval(interval: DurationLike | number): this {
    const duration = typeof interval === 'number' ? Duration.ofMillis(interval) : Duration.from(interval);
    if (duration.toMillis() < 0)
      throw new UsageError(
        `setLatencyTrackingInterval got ${duration.toString()}. Give a duration of 0 ms or more; 0 ms sends no markers.`,
      );
    this.#settings.set(LATENCY_INTERVAL, duration);
    return this;
  }

  getLatencyTrackingInterval(): Duration {
    return this.#settings.get(LATENCY_INTERVAL);
  }

  isLatencyTrackingConfigured(): boolean {
    return this.#settings.find(LATENCY_INTERVAL) !== undefined;
  }

  /** Changes nothing: records always pass by reference along a chain, which Flink does in this mode only. A record that was emitted must not be changed any more. */
  enableObjectReuse(): this {
    return this;
  }

  /** Parameters that every rich function of the job can read, by `getRuntimeContext().getGlobalJobParameters()`. */
  setGlobalJobParameters(parameters: ParameterTool): this {
    if (!(parameters instanceof ParameterTool))
      throw new UsageError(
        `setGlobalJobParameters got ${show(parameters)}. Give it a ParameterTool, for example ParameterTool.fromArgs(process.argv.slice(2)).`,
      );
    this.#globalJobParameters = parameters;
    return this;
  }

  getGlobalJobParameters(): ParameterTool {
    return this.#globalJobParameters;
  }

  /**
   * The old form of `env.setRestartStrategy(RestartStrategies.fixedDelayRestart(retries, delay))`: counts more than the configuration, less than that. −1 takes it back.
   *
   * @deprecated Use `env.setRestartStrategy`.
   */
  setNumberOfExecutionRetries(retries: number): this {
    if (!Number.isSafeInteger(retries) || retries < -1)
      throw new UsageError(`setNumberOfExecutionRetries got ${show(retries)}. Give a whole number from 0, or -1 for none set.`);
    this.#settings.set(OLD_RETRIES, retries);
    return this;
  }

  /**
   * Goes with `setNumberOfExecutionRetries`; a bare number is milliseconds, as it always was.
   *
   * @deprecated Use `env.setRestartStrategy`.
   */
  setExecutionRetryDelay(delay: DurationLike | number): this {
    const duration = typeof delay === 'number' ? Duration.ofMillis(delay) : Duration.from(delay);
    if (duration.toMillis() < 0)
      throw new UsageError(`setExecutionRetryDelay got ${duration.toString()}. Give a duration of 0 ms or more.`);
    this.#settings.set(OLD_RETRY_DELAY, duration);
    return this;
  }

  /** Internal: what tasks need to know. */
  toJobConfiguration(): JobConfiguration {
    return this.#settings.jobConfiguration();
  }
}
