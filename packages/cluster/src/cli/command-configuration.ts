import type { Configuration } from '@millrace/core/config/configuration';
import { CHECKPOINT_DIRECTORY, CHECKPOINT_INTERVAL } from '@millrace/streaming/api/checkpoint-options';
import { DEFAULT_PARALLELISM } from '@millrace/streaming/api/job-options';
import { compileConfiguration } from '../client/client-configuration.ts';
import type { CheckpointFlags } from '../client/job-checkpointing.ts';
import { IGNORE_UNCLAIMED_STATE, METRICS_ALLOW_REMOTE, METRICS_HOST, METRICS_PORT, RESTORE_PATH, SLOTS } from '../client/options.ts';
import type { RunOptions } from './command-line.ts';

/** What the options of a command and the configuration file say together. Throws a `ConfigError` that names the option. */
export function configureCommand(options: Omit<RunOptions, 'logLevel' | 'logFormat'>, workingDirectory: string): Configuration {
  const { parallelism, slots, checkpointDir, checkpointInterval, restore, allowNonRestoredState, configDir, D } = options;
  const { metricsPort, metricsHost, metricsAllowRemote } = options;
  const flags = [
    { flag: '--parallelism', key: DEFAULT_PARALLELISM.key, text: parallelism },
    { flag: '--slots', key: SLOTS.key, text: slots },
    { flag: '--checkpoint-dir', key: CHECKPOINT_DIRECTORY.key, text: checkpointDir },
    { flag: '--checkpoint-interval', key: CHECKPOINT_INTERVAL.key, text: checkpointInterval },
    { flag: '--restore', key: RESTORE_PATH.key, text: restore },
    { flag: '--allow-non-restored-state', key: IGNORE_UNCLAIMED_STATE.key, text: allowNonRestoredState === true ? 'true' : undefined },
    { flag: '--metrics-port', key: METRICS_PORT.key, text: metricsPort },
    { flag: '--metrics-host', key: METRICS_HOST.key, text: metricsHost },
    { flag: '--metrics-allow-remote', key: METRICS_ALLOW_REMOTE.key, text: metricsAllowRemote === true ? 'true' : undefined },
  ].filter((flag): flag is { flag: string; key: string; text: string } => flag.text !== undefined);
  const place = { workingDirectory, configDirectory: configDir, environment: process.env };
  return compileConfiguration(place, { dynamicProperties: D ?? [], flags });
}

/** Of a configuration that `configureCommand` has made of the same options. */
export function checkpointFlags({ checkpointDir, checkpointInterval }: RunOptions, configuration: Configuration): CheckpointFlags {
  const intervalMs = checkpointInterval === undefined ? undefined : configuration.get(CHECKPOINT_INTERVAL)?.toMillis();
  return {
    ...(checkpointDir === undefined ? {} : { directory: checkpointDir }),
    ...(intervalMs === undefined ? {} : { intervalMs }),
  };
}
