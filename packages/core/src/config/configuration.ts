/**
 * What was configured, parsed and checked at the border: frozen, typed, asked by option and never by string.
 *
 * C1 every value has passed its option's parser; nothing below the border can meet a malformed one.
 * C2 of several values of one key the one added last counts: sources are added from the weakest to the strongest.
 */
import { ConfigError } from '../base/errors.ts';
import type { ConfigOption } from './option.ts';
import type { OptionRegistry } from './option-registry.ts';

/** Entries that come from one place. `strict`: an unknown key is refused even when no known one resembles it. */
export interface ConfigurationSource {
  readonly origin: string; // `-D`, `conf/config.yaml`: for messages
  readonly entries: Readonly<Record<string, string>>;
  readonly strict: boolean;
}

export class Configuration {
  /** The text of every key that was set, under its present name. */
  readonly entries: Readonly<Record<string, string>>;
  /** What a user should know but need not act on: deprecated keys, foreign keys of a configuration file. */
  readonly warnings: readonly string[];
  readonly #values: ReadonlyMap<ConfigOption, unknown>;

  private constructor(entries: Record<string, string>, values: ReadonlyMap<ConfigOption, unknown>, warnings: readonly string[]) {
    this.entries = Object.freeze(entries);
    this.warnings = Object.freeze(warnings);
    this.#values = values;
  }

  static parse(registry: OptionRegistry, sources: readonly ConfigurationSource[]): Configuration {
    const entries: Record<string, string> = {};
    const values = new Map<ConfigOption, unknown>();
    const warnings: string[] = [];
    for (const source of sources) {
      for (const [key, text] of Object.entries(source.entries)) {
        const declared = registry.find(key);
        if (declared === undefined) {
          warnings.push(unknownKey(registry, key, source));
          continue;
        }
        if (declared.key !== key) warnings.push(`${key} (from ${source.origin}) is now called ${declared.key}. Rename it.`);
        if (declared.deprecation !== undefined) warnings.push(`${key} (from ${source.origin}) is deprecated. ${declared.deprecation}`);
        values.set(declared, declared.parse(text, source.origin));
        entries[declared.key] = text;
      }
    }
    return new Configuration(entries, values, warnings);
  }

  get<T>(declared: ConfigOption<T>): T {
    return this.#values.has(declared) ? (this.#values.get(declared) as T) : declared.defaultValue;
  }

  /** Whether somebody set it, as opposed to its default being in force. */
  isSet(declared: ConfigOption): boolean {
    return this.#values.has(declared);
  }
}

/**
 * A key close to a known one is a typing error and is refused wherever it stands. One that resembles nothing is refused on the command line, where somebody
 * has just typed it; in a file it may belong to another version or program and gets a warning, which this returns.
 */
function unknownKey(registry: OptionRegistry, key: string, { origin, strict }: ConfigurationSource): string {
  const near = registry.nearestKey(key);
  const failure = `${key} (from ${origin}) is not a configuration key.`;
  if (near !== undefined) throw new ConfigError(`${failure} Did you mean ${near}?`, { reason: 'unknown-key' });
  if (strict) throw new ConfigError(`${failure} See docs/configuration.md for the keys that there are.`, { reason: 'unknown-key' });
  return `${failure} It is ignored.`;
}
