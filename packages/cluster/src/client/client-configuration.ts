/**
 * What applies to a job started from here. From the weakest to the strongest: defaults, `config.yaml`, `-D key=value` in the order given, the command's own
 * options (`--parallelism`, `--slots`). What the program itself sets (`env.setParallelism`, `getExecutionEnvironment({...})`) is stronger than all of them.
 */
import { ConfigError } from '@millrace/core/base/errors';
import { Configuration, type ConfigurationSource } from '@millrace/core/config/configuration';
import { type ConfigurationPlace, readConfigurationFile } from './configuration-file.ts';
import { OPTIONS } from './options.ts';

export interface ConfigurationOverrides {
  /** Of `-D`, as written: `key=value`. */
  readonly dynamicProperties?: readonly string[];
  /** Of the command's own options: text by key, with the option's name for messages. */
  readonly flags?: readonly { readonly flag: string; readonly key: string; readonly text: string }[];
}

export function compileConfiguration(place: ConfigurationPlace, overrides: ConfigurationOverrides = {}): Configuration {
  const file = readConfigurationFile(place);
  const sources: ConfigurationSource[] = file === undefined ? [] : [file];
  for (const property of overrides.dynamicProperties ?? []) sources.push(dynamicProperty(property));
  for (const { flag, key, text } of overrides.flags ?? []) sources.push({ origin: flag, entries: { [key]: text }, strict: true });
  return Configuration.parse(OPTIONS, sources);
}

function dynamicProperty(property: string): ConfigurationSource {
  const at = property.indexOf('=');
  if (at < 1)
    throw new ConfigError(`-D ${property} sets nothing. Write -D key=value, for example -D parallelism.default=2.`, {
      reason: 'option-value',
    });
  return { origin: '-D', entries: { [property.slice(0, at).trim()]: property.slice(at + 1) }, strict: true };
}
