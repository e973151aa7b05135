import { DataError } from '@millrace/core/base/errors';

/** What a function that emits through its collector must not return: something that looks as if it should be emitted, or be awaited. */
export function refuseResult(call: string, result: unknown): void {
  if (result === undefined) return;
  if (typeof result === 'object' && result !== null && typeof (result as { then?: unknown }).then === 'function') {
    throw new DataError(
      `${call} returned a promise. Functions in the record path are synchronous; asynchronous ones go to AsyncDataStream.`,
    );
  }
  throw new DataError(
    `${call} returned ${typeof result === 'object' ? 'an object' : `a ${typeof result}`}, which nobody emits. Emit with out.collect(…).`,
  );
}
