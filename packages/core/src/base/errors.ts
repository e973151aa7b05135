/**
 * The kinds of failure. Policy (restart, refuse, exit code) reads `kind`, `reason` and `retryable`, never the text of a message.
 *
 * A brand stands in for `instanceof`: an error may come from another thread, or from a second copy of this module inside a job's bundle.
 */
const BRAND = Symbol.for('millrace.error');

export type ErrorKind = 'invariant' | 'usage' | 'config' | 'user-code' | 'data' | 'retryable' | 'terminal';

export interface MillraceErrorOptions {
  readonly cause?: unknown;
  /** A closed list per room; what policy and tests look at. */
  readonly reason?: string;
}

export class MillraceError extends Error {
  readonly kind: ErrorKind;
  readonly reason: string;
  readonly retryable: boolean;
  readonly [BRAND] = true;

  constructor(kind: ErrorKind, message: string, options: MillraceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.kind = kind;
    this.reason = options.reason ?? kind;
    this.retryable = kind === 'retryable';
  }
}

export function isMillraceError(value: unknown): value is MillraceError {
  return typeof value === 'object' && value !== null && BRAND in value;
}

/** Our bug: the task fails and keeps the evidence. */
export class InvariantError extends MillraceError {
  constructor(message: string, options?: MillraceErrorOptions) {
    super('invariant', message, options);
  }
}

/** The author's mistake, found before the job runs. */
export class UsageError extends MillraceError {
  constructor(message: string, options?: MillraceErrorOptions) {
    super('usage', message, options);
  }
}

/** An option that is unknown, malformed or at odds with another one. */
export class ConfigError extends MillraceError {
  constructor(message: string, options?: MillraceErrorOptions) {
    super('config', message, options);
  }
}

/** Input that cannot be read: a damaged file, a line that does not parse, a value that its declared type does not allow. */
export class DataError extends MillraceError {
  constructor(message: string, options?: MillraceErrorOptions) {
    super('data', message, options);
  }
}

/** Where in the job a user's function failed. */
export interface UserCodeLocation {
  readonly operatorName: string;
  readonly uid: string | undefined;
  readonly subtask: number; // from 0
  readonly parallelism: number;
  /** The record, shortened for reading; absent where the function got none. */
  readonly record?: string;
  /** `file.ts:line:column` of the first frame in the user's own code. */
  readonly position?: string;
  /** Which call it was, and for which key, where it got no record: `open`, or the timer that fired. */
  readonly call?: string;
}

/** Wraps what a user's function threw. The cause is the original. */
export class UserCodeError extends MillraceError {
  readonly location: UserCodeLocation;

  constructor(message: string, location: UserCodeLocation, cause: unknown) {
    super('user-code', message, { cause });
    this.location = location;
  }
}

/** May succeed when tried again: a lost peer, a time-out. */
export class RetryableError extends MillraceError {
  constructor(message: string, options?: MillraceErrorOptions) {
    super('retryable', message, options);
  }
}

/** Will not succeed however often it is tried. */
export class TerminalError extends MillraceError {
  constructor(message: string, options?: MillraceErrorOptions) {
    super('terminal', message, options);
  }
}
