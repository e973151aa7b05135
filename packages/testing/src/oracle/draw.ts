/** What generators ask of a seed. */
import type { Random } from '@millrace/core/base/random';

export class Draw {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  below(bound: number): number {
    return this.#random.nextInt(bound);
  }

  /** True once in so many times. */
  one(times: number): boolean {
    return this.#random.nextInt(times) === 0;
  }

  /** There is one at least. */
  of<T>(choices: readonly T[]): T {
    return choices[this.#random.nextInt(choices.length)] as T;
  }
}
