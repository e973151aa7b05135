import { Histogram, RichSinkFunction } from 'millrace';
import { nowMicros } from './paced-source.ts';

/** The accumulator that has how often each latency was seen: microseconds, in steps of 1 below a millisecond and of 10 above. */
export const LATENCY = 'latency';

/** Observed minus ideal time of every record that was due after the warm-up. */
export class LatencySink<T> extends RichSinkFunction<T> {
  readonly #dueMicros: (record: T) => number;
  readonly #warmUpMicros: number;
  readonly #seen = new Histogram();
  #countFrom = 0;

  constructor(dueMicros: (record: T) => number, warmUpSeconds: number) {
    super();
    this.#dueMicros = dueMicros;
    this.#warmUpMicros = warmUpSeconds * 1e6;
  }

  override open() {
    this.#countFrom = nowMicros() + this.#warmUpMicros;
    this.getRuntimeContext().addAccumulator(LATENCY, this.#seen);
  }

  invoke(record: T) {
    const due = this.#dueMicros(record);
    if (due < this.#countFrom) return;
    const micros = Math.round(nowMicros() - due);
    if (micros < 0) return; // a window that the end of the input has ended before its time
    this.#seen.add(micros < 1000 ? micros : Math.round(micros / 10) * 10);
  }
}

/** In milliseconds. */
export function percentiles(histogram: ReadonlyMap<number, number>) {
  const sorted = [...histogram].sort(([a], [b]) => a - b);
  const count = sorted.reduce((sum, [, times]) => sum + times, 0);
  const at = (share: number) => {
    let left = Math.ceil(count * share);
    for (const [micros, times] of sorted) {
      left -= times;
      if (left <= 0) return micros / 1000;
    }
    return 0;
  };
  return { count, p50: at(0.5), p99: at(0.99), p999: at(0.999), p9999: at(0.9999), max: (sorted.at(-1)?.[0] ?? 0) / 1000 };
}
