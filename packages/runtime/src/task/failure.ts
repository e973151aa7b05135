/** An error as plain data, for the way to the JobMaster. */
import { isMillraceError } from '@millrace/core/base/errors';
import type { FailureDescription } from '../protocol/execution-state.ts';
import { shorten } from './shortened-record.ts';

const CAUSES_MAX = 8; // a chain of causes may be a ring

/** What was described, for whoever holds the description in the same thread. */
const errors = new WeakMap<FailureDescription, unknown>();

export function describeFailure(error: unknown): FailureDescription {
  const description = describe(error, 0);
  errors.set(description, error);
  return description;
}

/** The error itself, class and all, where the description has not left its thread; else undefined. */
export function describedError(description: FailureDescription): unknown {
  return errors.get(description);
}

function describe(error: unknown, depth: number): FailureDescription {
  const known = isMillraceError(error) ? error : undefined;
  const thrown = error instanceof Error ? error : undefined;
  return {
    name: thrown?.name ?? 'Error',
    kind: known?.kind ?? 'user-code',
    reason: known?.reason ?? 'user-code',
    message: thrown?.message ?? `something that is no Error was thrown: ${shorten(error)}`,
    stack: thrown?.stack,
    cause: thrown?.cause === undefined || depth >= CAUSES_MAX ? undefined : describe(thrown.cause, depth + 1),
    retryable: known?.retryable ?? false,
  };
}
