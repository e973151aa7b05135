/** The gap of session windows, fixed or from the record, checked where it is known: a fixed one when the assigner is made, the others at each record. */
import { DataError, UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';

/** In milliseconds. */
export type SessionGap = (element: unknown) => number;

export interface SessionGaps {
  readonly of: SessionGap;
  readonly text: string;
}

export function fixedGap(assigner: string, gap: DurationLike): SessionGaps {
  const millis = Duration.from(gap).toMillis();
  if (millis <= 0) throw new UsageError(`${assigner}.withGap got a gap of ${millis} ms. Give one of at least 1 ms.`);
  return { of: () => millis, text: `${assigner}(${millis} ms)` };
}

export function dynamicGap<T>(assigner: string, gap: (element: T) => DurationLike): SessionGaps {
  if (typeof gap !== 'function') {
    throw new UsageError(
      `${assigner}.withDynamicGap got no function. Give it one from a record to its gap, or use withGap for one gap for all.`,
    );
  }
  const of = (element: unknown): number => {
    const millis = millisOf(gap(element as T), assigner, element);
    if (millis <= 0) throw refused(assigner, element, `${millis} ms. Return at least 1 ms`);
    return millis;
  };
  return { of, text: `${assigner}(dynamic gap)` };
}

function millisOf(gap: DurationLike, assigner: string, element: unknown): number {
  try {
    return Duration.from(gap).toMillis();
  } catch (cause) {
    throw refused(assigner, element, `no duration: ${(cause as Error).message.replace(/\.$/, '')}`, cause);
  }
}

function refused(assigner: string, element: unknown, seen: string, cause?: unknown): DataError {
  const text = `The gap function of ${assigner} returned, for the record ${recordText(element)}, ${seen}.`;
  return new DataError(text, { reason: 'session-gap', ...(cause === undefined ? {} : { cause }) });
}

const LONGEST = 120; // characters of a record in a message

function recordText(element: unknown): string {
  const text = typeof element === 'object' && element !== null ? safeJson(element) : String(element);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function safeJson(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return Object.prototype.toString.call(value); // a bigint or a cycle
  }
}
