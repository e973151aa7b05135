/** Errors as plain data, and back. A failure keeps its kind, reason, stack and causes on its way from a slot to the user; only its class is lost. */
import { type ErrorKind, isMillraceError, MillraceError } from '@millrace/core/base/errors';
import type { FailureDescription } from './execution-state.ts';

/** Causes deeper than this are cut: a cycle of causes must not hang the one who describes it. */
const MAX_CAUSES = 16;
/** Of a thrown value that is no Error. */
const MAX_SHOWN_CHARS = 200;

/** `kind` is that of an error which does not say its own. */
export function describeFailure(error: unknown, kind: ErrorKind | 'unknown' = 'unknown'): FailureDescription {
  return describe(error, kind, 0);
}

function describe(error: unknown, otherKind: ErrorKind | 'unknown', depth: number): FailureDescription {
  if (!(error instanceof Error) && !isMillraceError(error))
    return plainFailure(`A value that is no Error was thrown: ${show(error)}`, otherKind);
  const { kind, reason, retryable } = isMillraceError(error) ? error : { kind: otherKind, reason: codeOf(error), retryable: false };
  const cause = error.cause === undefined || depth >= MAX_CAUSES ? undefined : describe(error.cause, otherKind, depth + 1);
  return { name: String(error.name), kind, reason, message: String(error.message), stack: error.stack, cause, retryable };
}

/** A failure that no one threw: found out by the control plane. `retryable`, as all that is lost may be had again. */
export function lostFailure(reason: string, message: string, cause?: FailureDescription): FailureDescription {
  return { name: 'RetryableError', kind: 'retryable', reason, message, stack: undefined, cause, retryable: true };
}

/** A failure of the control plane that trying again does not mend. */
export function terminalFailure(reason: string, message: string, cause?: FailureDescription): FailureDescription {
  return { name: 'TerminalError', kind: 'terminal', reason, message, stack: undefined, cause, retryable: false };
}

/** An Error to throw on this side. `instanceof` sees a MillraceError; policy reads `kind`, `reason` and `retryable` as ever. */
export function restoreFailure(failure: FailureDescription): MillraceError {
  const cause = failure.cause === undefined ? undefined : restoreFailure(failure.cause);
  const error = new MillraceError(failure.kind as ErrorKind, failure.message, { reason: failure.reason, ...(cause && { cause }) });
  error.name = failure.name;
  if (failure.stack !== undefined) error.stack = failure.stack;
  return error;
}

function plainFailure(message: string, kind: string): FailureDescription {
  return { name: 'Error', kind, reason: 'unknown', message, stack: undefined, cause: undefined, retryable: false };
}

/** Node's own errors carry a code (`ENOENT`), which says more than the kind. */
function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'unknown';
}

function show(value: unknown): string {
  try {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
    return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
  } catch {
    return Object.prototype.toString.call(value);
  }
}
