/**
 * The last values of a histogram and what can be said of them. Taking a value is a write into an array; everything else is done for whoever reads.
 *
 * H1 `count` and `sum` are of all values, the statistics of the last `size` ones, as with Flink's DescriptiveStatisticsHistogram.
 * H2 a quantile between two values lies between them: at p of n values it is the place p·(n + 1) of the sorted ones, counted from 1.
 */

/** Those that Flink's reporters show, with what they call them. */
export const QUANTILES = [
  ['median', 0.5],
  ['p75', 0.75],
  ['p90', 0.9],
  ['p95', 0.95],
  ['p98', 0.98],
  ['p99', 0.99],
  ['p999', 0.999],
] as const;

export interface HistogramStatistics {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Of the values as a sample; 0 of one. */
  readonly stddev: number;
  /** In the order of QUANTILES. */
  readonly quantiles: readonly number[];
}

export class HistogramWindow {
  count = 0;
  sum = 0;
  readonly #values: Float64Array;
  #next = 0;
  /** Of the count at which they were made. */
  #statistics: HistogramStatistics | undefined = undefined;
  #madeAt = 0;

  constructor(size: number) {
    this.#values = new Float64Array(size);
  }

  add(value: number): void {
    this.#values[this.#next] = value;
    this.#next = this.#next + 1 === this.#values.length ? 0 : this.#next + 1;
    this.count += 1;
    this.sum += value;
  }

  /** Undefined before the first value. */
  get statistics(): HistogramStatistics | undefined {
    if (this.#madeAt === this.count) return this.#statistics;
    this.#madeAt = this.count;
    this.#statistics = statisticsOf(this.#values.slice(0, Math.min(this.count, this.#values.length)).sort());
    return this.#statistics;
  }
}

function statisticsOf(sorted: Float64Array): HistogramStatistics {
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    min: sorted[0] as number,
    max: sorted.at(-1) as number,
    mean,
    stddev: sorted.length === 1 ? 0 : Math.sqrt(squares / (sorted.length - 1)),
    quantiles: QUANTILES.map(([, p]) => quantile(sorted, p)),
  };
}

/** H2 */
function quantile(sorted: Float64Array, p: number): number {
  const place = p * (sorted.length + 1);
  const whole = Math.floor(place);
  if (whole < 1) return sorted[0] as number;
  if (whole >= sorted.length) return sorted.at(-1) as number;
  const below = sorted[whole - 1] as number;
  const above = sorted[whole] as number;
  return below + (place - whole) * (above - below);
}
