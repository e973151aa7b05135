/** What the process ends with; documented in the help and held stable. */
import { isMillraceError } from '@millrace/core/base/errors';

export const EXIT_OK = 0;
/** A job failed, or the program threw. */
export const EXIT_FAILED = 1;
/** The command, the configuration or the program was refused; no job has run on account of it. */
export const EXIT_REFUSED = 2;
/** Millrace itself failed: a bug, or a process of it that could not be started. */
export const EXIT_INTERNAL = 3;
export const EXIT_INTERRUPTED = 130; // 128 + SIGINT, as shells have it
export const EXIT_TERMINATED = 143; // 128 + SIGTERM
export const EXIT_BROKEN_PIPE = 141; // 128 + SIGPIPE: whoever read standard output has gone

export const EXIT_CODE_HELP = `Exit codes:
  ${EXIT_OK}    every job finished
  ${EXIT_FAILED}    a job failed, or the program threw
  ${EXIT_REFUSED}    refused before a job ran: the command, the configuration, or the program
  ${EXIT_INTERNAL}    an error inside Millrace
  ${EXIT_INTERRUPTED}  cancelled by SIGINT (Ctrl-C)
  ${EXIT_TERMINATED}  cancelled by SIGTERM
  ${EXIT_BROKEN_PIPE}  the reader of standard output went away`;

/** For an error that ends the program. `jobsStarted` tells a refusal before from a failure during a job. */
export function exitCodeOf(error: unknown, jobsStarted: number): number {
  if (!isMillraceError(error)) return EXIT_FAILED;
  if (error.kind === 'invariant') return EXIT_INTERNAL;
  const refused = error.kind === 'config' || error.kind === 'usage';
  return refused && jobsStarted === 0 ? EXIT_REFUSED : EXIT_FAILED;
}
