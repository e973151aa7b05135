/** What window operators say of input that they cannot take. */
import { UsageError } from '@millrace/core/base/errors';
import type { Window } from '../window/window.ts';

export function promiseRefused(where: string): UsageError {
  return new UsageError(
    `${where} returned a promise. Return the record itself; asynchronous work goes to AsyncDataStream, behind the window.`,
  );
}

export function withoutTimestamp(): UsageError {
  return new UsageError(
    'A record without a timestamp reached an event-time window. Give the source a WatermarkStrategy with a timestamp assigner, or call ' +
      'assignTimestampsAndWatermarks before the window.',
  );
}

/** Only an assigner of one's own can do that: what has fired and gone would come to life again. */
export function shrunk(result: Window, merged: readonly Window[]): UsageError {
  return new UsageError(
    `mergeWindows merged ${merged.join(', ')} to ${String(result)}, whose end has passed already. Return a merged window that ends no earlier than the windows it came from.`,
  );
}
