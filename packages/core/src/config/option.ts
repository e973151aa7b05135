/**
 * An option is declared once, next to the room that uses it: `option({ key, type, default, unit, text, deprecatedKeys })`. From the declaration come the
 * parser, the message for a bad value, the reference page and the help of the command line, so they cannot disagree.
 */
import { ConfigError } from '../base/errors.ts';
import { Duration } from './duration.ts';
import { MemorySize } from './memory-size.ts';
import { nearest } from './nearest.ts';

/** A list of words is an enumeration. */
export type OptionType = 'boolean' | 'int' | 'double' | 'string' | 'duration' | 'memory' | 'list' | readonly string[];

interface ValueByType {
  readonly boolean: boolean;
  readonly int: number;
  readonly double: number;
  readonly string: string;
  readonly duration: Duration;
  readonly memory: MemorySize;
  readonly list: readonly string[];
}
export type OptionValue<Y extends OptionType> = Y extends keyof ValueByType ? ValueByType[Y] : Y extends readonly (infer W)[] ? W : never;

export interface OptionSpecification<Y extends OptionType> {
  /** Flink's key where Flink has the option. */
  readonly key: string;
  readonly type: Y;
  /** As a user would write it; goes through the same parser. */
  readonly default?: string | number | boolean;
  /** Of an `int` or `double`, for the reference: `records`, `segments`. */
  readonly unit?: string;
  /** One or two sentences for the reference: what it does, and when to change it. */
  readonly text: string;
  /** Keys that meant the same in earlier versions, newest first. */
  readonly deprecatedKeys?: readonly string[];
  /** Of an option that is only there for old configurations: what to use instead, for the warning. */
  readonly deprecation?: string;
  /** Smallest and greatest value: of a number itself, of a duration in milliseconds, of a memory size in bytes. */
  readonly min?: number;
  readonly max?: number;
}

export interface ConfigOption<T = unknown> {
  readonly key: string;
  readonly type: OptionType;
  readonly defaultText: string | undefined;
  readonly unit: string | undefined;
  readonly text: string;
  readonly deprecatedKeys: readonly string[];
  readonly deprecation: string | undefined;
  readonly defaultValue: T;
  /** Throws a `ConfigError` that names `origin` (`-D`, `conf/config.yaml`), the key, the value and what is allowed. */
  parse(text: string, origin: string): T;
  /** `a whole number from 1 to 32768`: for messages and the reference. */
  allowed(): string;
}

type Defaulted<Y extends OptionType> = OptionSpecification<Y> & { readonly default: string | number | boolean };

export function option<const Y extends OptionType>(specification: Defaulted<Y>): ConfigOption<OptionValue<Y>>;
export function option<const Y extends OptionType>(specification: OptionSpecification<Y>): ConfigOption<OptionValue<Y> | undefined>;
export function option<const Y extends OptionType>(specification: OptionSpecification<Y>): ConfigOption<OptionValue<Y> | undefined> {
  const { key, type, text, unit, deprecation, deprecatedKeys = [] } = specification;
  const parse = (written: string, origin: string) => parseValue(specification, written, origin) as OptionValue<Y>;
  const defaultText = specification.default === undefined ? undefined : String(specification.default);
  const defaultValue = defaultText === undefined ? undefined : parse(defaultText, 'the default');
  return Object.freeze({
    key,
    type,
    defaultText,
    unit,
    text,
    deprecatedKeys,
    deprecation,
    defaultValue,
    parse,
    allowed: () => allowed(specification),
  });
}

function parseValue(specification: OptionSpecification<OptionType>, written: string, origin: string): unknown {
  const { key, type } = specification;
  const value = typeof type === 'string' ? PARSERS[type](written.trim()) : parseWord(type, written.trim());
  if (value === undefined || !isWithin(specification, measure(value))) {
    throw new ConfigError(
      `${key} is '${written}' (from ${origin}), but it must be ${allowed(specification)}.${suggestion(type, written)}`,
      {
        reason: 'option-value',
      },
    );
  }
  return value;
}

/** Each gives undefined for text that is no value of its type. */
const PARSERS: { readonly [Y in keyof ValueByType]: (text: string) => ValueByType[Y] | undefined } = {
  boolean: (text) => (/^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined),
  int: (text) => (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined),
  double: (text) => (/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined),
  string: (text) => text,
  duration: (text) => orUndefined(() => Duration.parse(text)),
  memory: (text) => orUndefined(() => MemorySize.parse(text)),
  // Flink separates the parts of a list by semicolons; commas are what many people write.
  list: (text) =>
    text
      .split(/[;,]/)
      .map((part) => part.trim())
      .filter((part) => part !== ''),
};

function parseWord(words: readonly string[], text: string): string | undefined {
  return words.find((word) => word.toLowerCase() === text.toLowerCase());
}

/** The message of the parser is replaced by one that names the key, so only whether it succeeded matters here. */
function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

function measure(value: unknown): number {
  if (value instanceof Duration) return value.toMillis();
  if (value instanceof MemorySize) return value.getBytes();
  return typeof value === 'number' ? value : 0;
}

function isWithin({ type, min, max }: OptionSpecification<OptionType>, amount: number): boolean {
  if (typeof type !== 'string') return true;
  return amount >= (min ?? Number.NEGATIVE_INFINITY) && amount <= (max ?? Number.POSITIVE_INFINITY);
}

const ALLOWED: Readonly<Record<keyof ValueByType, string>> = {
  boolean: 'true or false',
  int: 'a whole number',
  double: 'a number',
  string: 'text',
  duration: "a duration with a unit, for example '10 s'",
  memory: "a memory size, for example '64 mb'",
  list: 'a list, its parts separated by semicolons',
};

function allowed({ type, min, max }: OptionSpecification<OptionType>): string {
  if (typeof type !== 'string') return `one of ${type.join(', ')}`;
  const show = (bound: number) =>
    type === 'duration' ? `${bound} ms` : type === 'memory' ? MemorySize.ofBytes(bound).toString() : String(bound);
  const bounds = [min === undefined ? '' : `${show(min)} or more`, max === undefined ? '' : `${show(max)} or less`].filter(
    (part) => part !== '',
  );
  const range = min !== undefined && max !== undefined ? ` from ${show(min)} to ${show(max)}` : bounds.length === 0 ? '' : `, ${bounds[0]}`;
  return ALLOWED[type] + range;
}

function suggestion(type: OptionType, written: string): string {
  const word = typeof type === 'string' ? undefined : nearest(written, type);
  return word === undefined ? '' : ` Did you mean '${word}'?`;
}
