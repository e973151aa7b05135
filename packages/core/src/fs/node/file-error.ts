import { DataError, isMillraceError } from '../../base/errors.ts';
import type { FileErrorReason } from '../file-system.ts';

interface Explanation {
  readonly reason: FileErrorReason;
  readonly text: string;
}

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  ENOENT: { reason: 'file-not-found', text: 'there is no such file or directory' },
  EEXIST: { reason: 'file-exists', text: 'something of that name exists already' },
  EACCES: { reason: 'file-not-permitted', text: 'this user has no permission for it' },
  EPERM: { reason: 'file-not-permitted', text: 'the system does not permit it' },
  EROFS: { reason: 'file-not-permitted', text: 'the file system is read-only' },
  ENOTDIR: { reason: 'file-not-a-directory', text: 'a part of the path is a file, not a directory' },
  EISDIR: { reason: 'file-is-a-directory', text: 'it is a directory' },
  ENOSPC: { reason: 'file-no-space', text: 'no space is left on the device' },
  EDQUOT: { reason: 'file-no-space', text: 'the quota is used up' },
  EMFILE: { reason: 'file-io', text: 'too many files are open' },
};

export function isErrorCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

/** One message for each failure of the operating system; errors that are ours pass unchanged. */
export function fileError(action: string, path: string, cause: unknown): unknown {
  if (isMillraceError(cause)) return cause;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'no code';
  const explanation = Object.hasOwn(EXPLANATIONS, code) ? EXPLANATIONS[code] : undefined;
  const why = explanation?.text ?? (cause instanceof Error ? cause.message : String(cause));
  return new DataError(`Cannot ${action} '${path}': ${why} (${code}).`, { cause, reason: explanation?.reason ?? 'file-io' });
}
