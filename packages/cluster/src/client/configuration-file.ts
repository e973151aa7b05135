/**
 * Finds and reads `config.yaml`. The places, the first that applies:
 *
 * 1. the directory of `--config-dir`, where the file must exist;
 * 2. the directory of the environment variable MILLRACE_CONF_DIR, where it must exist;
 * 3. `conf/config.yaml`, then `config.yaml`, in the working directory, if there is one.
 *
 * As in Flink, `taskmanager: { numberOfTaskSlots: 4 }` and `taskmanager.numberOfTaskSlots: 4` mean the same.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { ConfigError } from '@millrace/core/base/errors';
import type { ConfigurationSource } from '@millrace/core/config/configuration';

export interface ConfigurationPlace {
  readonly workingDirectory: string;
  /** Of `--config-dir`. */
  readonly configDirectory?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function readConfigurationFile(place: ConfigurationPlace): ConfigurationSource | undefined {
  const path = findConfigurationFile(place);
  if (path === undefined) return undefined;
  const origin = nameOf(path, place.workingDirectory);
  return { origin, entries: parseYaml(readFileSync(path, 'utf8'), origin), strict: false };
}

function findConfigurationFile({ workingDirectory, configDirectory, environment }: ConfigurationPlace): string | undefined {
  const { MILLRACE_CONF_DIR: fromEnvironment } = environment;
  const named = configDirectory ?? (fromEnvironment === '' ? undefined : fromEnvironment);
  if (named !== undefined) {
    const path = join(resolve(workingDirectory, named), 'config.yaml');
    const source = configDirectory === undefined ? 'MILLRACE_CONF_DIR' : '--config-dir';
    if (!existsSync(path)) {
      throw new ConfigError(`${source} is '${named}', but there is no file ${path}. Create it, or name another directory.`, {
        reason: 'no-configuration-file',
      });
    }
    return path;
  }
  return ['conf/config.yaml', 'config.yaml'].map((name) => join(workingDirectory, name)).find((path) => existsSync(path));
}

/** Short where the file is near, whole where the way would lead up. */
function nameOf(path: string, workingDirectory: string): string {
  const short = relative(workingDirectory, path);
  return short.startsWith('..') ? path : short;
}

function parseYaml(text: string, origin: string): Record<string, string> {
  // Loaded only when there is a file: most programs have none, and their start should not wait for a parser.
  const { parse } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    const message = (cause as Error).message.split('\n')[0]?.replace(/:$/, '');
    throw new ConfigError(`${origin} is not YAML: ${message}. Correct the file.`, { cause, reason: 'configuration-file' });
  }
  if (content === null || content === undefined) return {};
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new ConfigError(`${origin} has no keys at its top. Write lines such as 'parallelism.default: 2'.`, {
      reason: 'configuration-file',
    });
  }
  const entries: Record<string, string> = {};
  flatten(content as Record<string, unknown>, '', entries, origin);
  return entries;
}

function flatten(node: Record<string, unknown>, prefix: string, entries: Record<string, string>, origin: string): void {
  for (const [name, value] of Object.entries(node)) {
    const key = prefix + name;
    if (value === null) continue;
    if (Array.isArray(value)) entries[key] = value.join(';');
    else if (typeof value === 'object') flatten(value as Record<string, unknown>, `${key}.`, entries, origin);
    else {
      if (Object.hasOwn(entries, key))
        throw new ConfigError(`${origin} sets ${key} twice. Keep one of the two.`, { reason: 'configuration-file' });
      entries[key] = `${value as string | number | boolean}`;
    }
  }
}
