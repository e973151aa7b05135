/** The key that keyed state and timers of one operator belong to at the moment. One object for all of them, so that a key is set once per record. */
import { UsageError } from '@millrace/core/base/errors';
import { hashKey } from '@millrace/core/types/key';

const NO_KEY = Symbol('no key');

export class CurrentKey {
  #key: unknown;
  #hash: number;
  #isHashed: boolean;

  constructor() {
    this.#key = NO_KEY;
    this.#hash = 0;
    this.#isHashed = false;
  }

  set(key: unknown): void {
    this.#key = key;
    this.#isHashed = false;
  }

  clear(): void {
    this.#key = NO_KEY;
  }

  get(): unknown {
    if (this.#key === NO_KEY) throw noKey();
    return this.#key;
  }

  /** What decides the key's key group; computed when it is first asked for. */
  hash(): number {
    if (!this.#isHashed) {
      this.#hash = hashKey(this.get());
      this.#isHashed = true;
    }
    return this.#hash;
  }
}

function noKey(): UsageError {
  return new UsageError(
    'There is no key here. Keyed state and timers belong to the key of the record or the timer under way: use them in processElement and onTimer, not in open, in close, or after an await.',
  );
}
