import { ConfigError } from '../base/errors.ts';

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  bytes: 1,
  k: 2 ** 10,
  kb: 2 ** 10,
  kibibytes: 2 ** 10,
  m: 2 ** 20,
  mb: 2 ** 20,
  mebibytes: 2 ** 20,
  g: 2 ** 30,
  gb: 2 ** 30,
  gibibytes: 2 ** 30,
  t: 2 ** 40,
  tb: 2 ** 40,
  tebibytes: 2 ** 40,
};
const TEXT = /^\s*(?<amount>\d+)\s*(?<unit>[a-z]*)\s*$/i;
const LARGEST_FIRST = ['tb', 'gb', 'mb', 'kb'] as const;

/** An amount of memory in whole bytes. As in Flink, `kb`, `mb`, `gb` and `tb` are powers of 1024 and a bare number is bytes. Immutable. */
export class MemorySize {
  readonly #bytes: number;

  private constructor(bytes: number) {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new ConfigError(`A memory size of ${bytes} bytes is not possible. Give a whole number of bytes from 0 to 2^53 - 1.`);
    }
    this.#bytes = bytes;
  }

  static ofBytes(bytes: number): MemorySize {
    return new MemorySize(bytes);
  }

  static ofMebiBytes(mebiBytes: number): MemorySize {
    return new MemorySize(mebiBytes * 2 ** 20);
  }

  /** Throws a `ConfigError` for anything but a whole number and a unit: `64 mb`, `512kb`, `1073741824`. */
  static parse(text: string): MemorySize {
    const { amount, unit = '' } = TEXT.exec(text)?.groups ?? {};
    const word = unit.toLowerCase();
    const factor = Object.hasOwn(FACTORS, word) ? FACTORS[word] : undefined;
    if (amount === undefined || factor === undefined) {
      throw new ConfigError(`'${text}' is not a memory size. Write a whole number and one of b, kb, mb, gb, tb, for example '64 mb'.`);
    }
    return new MemorySize(Number(amount) * factor);
  }

  getBytes(): number {
    return this.#bytes;
  }

  /** In the largest unit that divides it, which `parse` reads back to the same size. */
  toString(): string {
    const unit = LARGEST_FIRST.find((name) => this.#bytes > 0 && this.#bytes % FACTORS[name]! === 0);
    return unit === undefined ? `${this.#bytes} bytes` : `${this.#bytes / FACTORS[unit]!} ${unit}`;
  }
}
