import type { Configuration } from '@millrace/core/config/configuration';
import { DEFAULT_PARALLELISM } from '@millrace/streaming/api/job-options';
import { compileConfiguration } from '../client/client-configuration.ts';
import { SLOTS } from '../client/options.ts';
import type { RunOptions } from './command-line.ts';

/** What the options of a command and the configuration file say together. Throws a `ConfigError` that names the option. */
export function configureCommand(options: Omit<RunOptions, 'logLevel'>, workingDirectory: string): Configuration {
  const { parallelism, slots, configDir, D } = options;
  const flags = [
    { flag: '--parallelism', key: DEFAULT_PARALLELISM.key, text: parallelism },
    { flag: '--slots', key: SLOTS.key, text: slots },
  ].filter((flag): flag is { flag: string; key: string; text: string } => flag.text !== undefined);
  const place = { workingDirectory, configDirectory: configDir, environment: process.env };
  return compileConfiguration(place, { dynamicProperties: D ?? [], flags });
}
