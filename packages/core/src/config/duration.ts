import { UsageError } from '../base/errors.ts';

export type TimeUnit =
  | 'ms'
  | 'millis'
  | 's'
  | 'sec'
  | 'second'
  | 'seconds'
  | 'min'
  | 'minute'
  | 'minutes'
  | 'h'
  | 'hour'
  | 'hours'
  | 'd'
  | 'day'
  | 'days';

/** Flink's duration text. A string known only at run time goes through `Duration.parse`. */
export type DurationText = `${number}${'' | ' '}${TimeUnit}`;
export type DurationLike = Duration | DurationText;

const MILLIS: Readonly<Record<TimeUnit, number>> = {
  ms: 1,
  millis: 1,
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  seconds: 1_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
};
const TEXT = /^\s*(?<amount>-?\d+(?:\.\d+)?)\s*(?<unit>[a-z]+)\s*$/;

/** A length of time in whole milliseconds; may be negative where Flink allows it (offsets, bounds of interval joins). Immutable. */
export class Duration {
  static readonly ZERO = new Duration(0);
  readonly #millis: number;

  private constructor(millis: number) {
    if (!Number.isSafeInteger(millis))
      throw new UsageError(`A duration of ${millis} ms is not a whole number of milliseconds. Round it first.`);
    this.#millis = millis;
  }

  static ofMillis(millis: number): Duration {
    return new Duration(millis);
  }

  static ofSeconds(seconds: number): Duration {
    return new Duration(seconds * 1_000);
  }

  static ofMinutes(minutes: number): Duration {
    return new Duration(minutes * 60_000);
  }

  static ofHours(hours: number): Duration {
    return new Duration(hours * 3_600_000);
  }

  static ofDays(days: number): Duration {
    return new Duration(days * 86_400_000);
  }

  /** Throws a `UsageError` for anything but a number and a unit: `250 ms`, `1.5 h`, `-5 s`. */
  static parse(text: string): Duration {
    const { amount, unit } = TEXT.exec(text)?.groups ?? {};
    const factor = unit !== undefined && Object.hasOwn(MILLIS, unit) ? MILLIS[unit as TimeUnit] : undefined;
    if (amount === undefined || factor === undefined) {
      throw new UsageError(`'${text}' is not a duration. Write a number and one of ms, s, min, h, d, for example '10 min'.`);
    }
    return new Duration(Math.round(Number(amount) * factor * 1e6) / 1e6);
  }

  static from(duration: DurationLike): Duration {
    if (duration instanceof Duration) return duration;
    if (typeof duration === 'string') return Duration.parse(duration);
    throw new UsageError(`${String(duration)} is not a duration. Give a Duration or text with a unit, for example '10 min'.`);
  }

  plus(other: DurationLike): Duration {
    return new Duration(this.#millis + Duration.from(other).toMillis());
  }

  negated(): Duration {
    return new Duration(0 - this.#millis);
  }

  toMillis(): number {
    return this.#millis;
  }

  toString(): string {
    return `${this.#millis} ms`;
  }
}
