/**
 * What may be stored. Values of heap state become bytes only when a snapshot is taken, so the first ones of each state are checked when they are stored, as
 * the codec of their type would: what could not be written must not first be noticed by a checkpoint.
 */
import { DataError, isMillraceError } from '@millrace/core/base/errors';
import { createCodec } from '@millrace/core/types/codec';
import type { AnyTypeInformation, Codec } from '@millrace/core/types/type-information';
import { descriptionOf } from '@millrace/core/types/types';
import type { StoredTypeGuard } from './snapshot/stored-type-guard.ts';

export const CHECKED_VALUES = 100;

/** Makes a value immutable all the way down, for `pipeline.freeze-records`; undefined where that is off. */
export type Freeze = ((value: unknown) => void) | undefined;

export class ValueCheck {
  readonly #what: string;
  readonly #codec: Codec<unknown>;
  readonly #freeze: Freeze;
  readonly #guard: StoredTypeGuard | undefined;
  #left: number;

  /** `what` is the place for messages: `the value of state 'last-seen'`. `guard`: where the state is that of another program. */
  constructor(what: string, type: AnyTypeInformation | undefined, freeze: Freeze, guard?: StoredTypeGuard) {
    this.#what = what;
    this.#codec = createCodec(descriptionOf(type));
    this.#freeze = freeze;
    this.#guard = guard;
    this.#left = CHECKED_VALUES;
  }

  /** Throws a `DataError` for what cannot be stored. */
  check(value: unknown): void {
    if (value === undefined)
      throw new DataError(`${this.#what} would become undefined, which is no value. To forget it, clear or remove it.`);
    if (this.#left > 0) this.#checkWith(value);
    if (this.#freeze !== undefined) this.#freeze(value);
  }

  /** As `check`, of what stays changeable: accumulators. */
  checkMutable(value: unknown): void {
    if (value === undefined)
      throw new DataError(`${this.#what} would become undefined. Return the accumulator from createAccumulator, add and merge.`);
    if (this.#left > 0) this.#checkWith(value);
  }

  copy<V>(value: V): V {
    return typeof value === 'object' && value !== null ? (this.#codec.copy(value) as V) : value;
  }

  #checkWith(value: unknown): void {
    this.#left -= 1;
    if (typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function') {
      throw new DataError(`${this.#what} would become a promise. State is synchronous; await in asynchronous functions (AsyncDataStream).`);
    }
    try {
      this.#codec.check(value);
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      throw new DataError(`${this.#what} cannot be stored: ${error.message}`, { cause: error });
    }
    this.#guard?.(value);
  }
}
