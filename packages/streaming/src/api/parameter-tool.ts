import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import { nearest } from '@millrace/core/config/nearest';
import { readTextFileSync } from '@millrace/core/fs/node/read-text-file';
import { show } from './function-checks.ts';
import { parseArguments } from './parse-arguments.ts';
import { parseProperties } from './parse-properties.ts';

/**
 * The parameters of a program: text under keys, immutable. Getters convert and name the key in what they throw. Flink: `ParameterTool`.
 *
 * ```ts
 * // millrace run job.ts -- --input words.txt --top 10
 * const params = ParameterTool.fromArgs(process.argv.slice(2));
 * const input = params.getRequired('input');
 * const top = params.getLong('top', 3);
 * ```
 */
export class ParameterTool {
  readonly #values: ReadonlyMap<string, string>;

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /**
   * From `--key value`, `-key value`, `--key=value` and flags, which are `true`: `--verbose`. A negative number is a value. Of a key that is given twice the last
   * value counts. Throws a `UsageError` for anything that belongs to no key.
   */
  static fromArgs(args: readonly string[]): ParameterTool {
    return new ParameterTool(parseArguments(args));
  }

  static fromMap(values: Readonly<Record<string, string>>): ParameterTool {
    return new ParameterTool(new Map(Object.entries(values)));
  }

  /** From lines of `key = value` or `key: value`; `#` and `!` begin comments, a backslash at a line's end joins it with the next. Java's escapes hold. */
  static fromPropertiesFile(path: string): ParameterTool {
    return new ParameterTool(parseProperties(readTextFileSync(path), path));
  }

  /** From the environment variables whose names begin with the prefix, which is taken off: with `APP_`, `APP_INPUT` becomes `INPUT`. */
  static fromEnvironment(prefix = ''): ParameterTool {
    // tidy-allow: the program asks for its own environment, which the client has frozen for it
    const variables = Object.entries(process.env);
    const named = variables.filter(
      (entry): entry is [string, string] => entry[0].startsWith(prefix) && entry[0] !== prefix && entry[1] !== undefined,
    );
    return new ParameterTool(new Map(named.map(([name, value]) => [name.slice(prefix.length), value])));
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  get(key: string): string | undefined;
  get(key: string, otherwise: string): string;
  get(key: string, otherwise?: string): string | undefined {
    return this.#values.get(key) ?? otherwise;
  }

  /** Throws a `UsageError` that names the key and those that were given. */
  getRequired(key: string): string {
    const value = this.#values.get(key);
    if (value !== undefined) return value;
    const keys = [...this.#values.keys()];
    const near = nearest(key, keys);
    const given = keys.length === 0 ? 'None were given' : `Given were ${keys.join(', ')}`;
    const next = near === undefined ? `add --${key} and a value` : `did you mean ${key} where it says ${near}?`;
    throw new UsageError(`The parameter '${key}' is missing. ${given}; ${next}${near === undefined ? '.' : ''}`, {
      reason: 'missing-parameter',
    });
  }

  /** A safe integer. */
  getLong(key: string, otherwise?: number): number {
    return this.#convert(key, otherwise, 'a whole number', (text) => {
      const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
      return Number.isSafeInteger(value) ? value : undefined;
    });
  }

  getDouble(key: string, otherwise?: number): number {
    return this.#convert(key, otherwise, 'a number', (text) => (DOUBLE.test(text) ? Number(text) : undefined));
  }

  /** `true` or `false`, in any case. A flag is true. */
  getBoolean(key: string, otherwise?: boolean): boolean {
    return this.#convert(key, otherwise, 'true or false', (text) =>
      /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined,
    );
  }

  /** A duration with a unit: `10 min`. */
  getDuration(key: string, otherwise?: DurationLike): Duration {
    const fallback = otherwise === undefined ? undefined : Duration.from(otherwise);
    return this.#convert(key, fallback, "a duration with a unit, for example '10 min'", durationOf);
  }

  /** Both together; where both have a key, the other wins. */
  mergeWith(other: ParameterTool): ParameterTool {
    return new ParameterTool(new Map([...this.#values, ...other.#values]));
  }

  toMap(): ReadonlyMap<string, string> {
    return new Map(this.#values);
  }

  #convert<V>(key: string, otherwise: V | undefined, allowed: string, convert: (text: string) => V | undefined): V {
    if (otherwise !== undefined && !this.#values.has(key)) return otherwise;
    const text = this.getRequired(key);
    const value = convert(text.trim());
    if (value === undefined)
      throw new UsageError(`The parameter '${key}' is ${show(text)}, but it must be ${allowed}.`, { reason: 'parameter-value' });
    return value;
  }
}

const DOUBLE = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** The message of the parser is replaced by one that names the key. */
function durationOf(text: string): Duration | undefined {
  try {
    return Duration.parse(text);
  } catch {
    return undefined;
  }
}
