/**
 * What functions may not return. Chained edges write no bytes, so the first records of every edge are checked here as they would be by its codec; an
 * unserializable value must not first be noticed when somebody changes the parallelism.
 */
import { DataError } from '@millrace/core/base/errors';
import type { Codec } from '@millrace/core/types/type-information';

export const CHECKED_RECORDS = 100;

/** Counts down while it checks. Generated code asks `left` before it calls. */
export class EdgeCheck {
  left = CHECKED_RECORDS;
  readonly #codec: Codec<unknown> | undefined;

  constructor(codec: Codec<unknown> | undefined) {
    this.#codec = codec;
  }

  /** A record that is emitted. */
  record(record: unknown): void {
    this.left -= 1;
    refusePromise(record);
    this.#codec?.check(record);
  }

  /** What the function of a filter returned: anything truthy keeps the record, so a promise would keep all. */
  predicate(result: unknown): void {
    this.left -= 1;
    refusePromise(result);
  }
}

export function refuseUndefined(): never {
  throw new DataError('map returned undefined. It must return exactly one record; use filter or flatMap to emit none.');
}

function refusePromise(value: unknown): void {
  if (typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function') {
    throw new DataError('it returned a promise. Functions in the record path are synchronous; asynchronous ones go to AsyncDataStream.');
  }
}

/** The iterator of what a flatMap returned; undefined where there is nothing to emit. */
export function iteratorOf(items: unknown): Iterator<unknown> | undefined {
  if (items === undefined) return undefined;
  refusePromise(items);
  if (typeof items === 'string') {
    throw new DataError(
      `flatMap returned the string ${JSON.stringify(items.slice(0, 40))}, which would be emitted letter by letter. Return an array: [text].`,
    );
  }
  if (!isIterable(items)) {
    const seen = items === null ? 'null' : typeof items === 'object' ? 'an object that is no iterable' : `a value of type ${typeof items}`;
    throw new DataError(`flatMap returned ${seen}. Return an iterable: an array, a Set, or what a generator gives.`);
  }
  return items[Symbol.iterator]();
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function';
}

/** For `pipeline.freeze-records`: whoever changes a record after emitting it is told at once. */
export function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  if (value instanceof Map) for (const [key, item] of value) freezeBoth(key, item);
  else if (value instanceof Set) for (const item of value) deepFreeze(item);
  else for (const item of Object.values(value)) deepFreeze(item);
}

function freezeBoth(key: unknown, item: unknown): void {
  deepFreeze(key);
  deepFreeze(item);
}
