/** How fast a count grows: per second, over the last `windowMs` of whatever clock its samples come with. Keeps a bounded number of them. */

/** A window has about so many samples; of those that come closer together the newer takes the place of the older. */
const SAMPLES = 32;

export class RateWindow {
  readonly #windowMs: number;
  readonly #samples: { readonly atMs: number; readonly count: number }[];
  #ratePerSecond = 0;

  /** `atMs` and `count`: where the counting begins. */
  constructor(windowMs: number, atMs = 0, count = 0) {
    this.#windowMs = windowMs;
    this.#samples = [{ atMs, count }];
  }

  get ratePerSecond(): number {
    return this.#ratePerSecond;
  }

  /** A sample without time behind the one before changes nothing. */
  report(atMs: number, count: number): void {
    const samples = this.#samples;
    const last = samples.at(-1);
    if (last === undefined || atMs <= last.atMs) return;
    const beforeLast = samples.at(-2);
    if (beforeLast !== undefined && last.atMs - beforeLast.atMs < this.#windowMs / SAMPLES) samples.pop();
    samples.push({ atMs, count });
    while (samples.length > 2 && atMs - (samples[1]?.atMs ?? atMs) >= this.#windowMs) samples.shift();
    const first = samples[0] as { readonly atMs: number; readonly count: number };
    this.#ratePerSecond = ((count - first.count) * 1000) / (atMs - first.atMs);
  }
}
