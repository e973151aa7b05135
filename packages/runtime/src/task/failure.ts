/** An error as plain data, for the way to the JobMaster. */
import { isMillraceError } from '@millrace/core/base/errors';
import type { FailureDescription } from '../protocol/execution-state.ts';
import { shorten } from './shortened-record.ts';

const CAUSES_MAX = 8; // a chain of causes may be a ring

export function describeFailure(error: unknown, depth = 0): FailureDescription {
  const known = isMillraceError(error) ? error : undefined;
  const thrown = error instanceof Error ? error : undefined;
  return {
    name: thrown?.name ?? 'Error',
    kind: known?.kind ?? 'user-code',
    reason: known?.reason ?? 'user-code',
    message: thrown?.message ?? `something that is no Error was thrown: ${shorten(error)}`,
    stack: thrown?.stack,
    cause: thrown?.cause === undefined || depth >= CAUSES_MAX ? undefined : describeFailure(thrown.cause, depth + 1),
    retryable: known?.retryable ?? false,
  };
}
