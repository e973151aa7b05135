/** How a failure is shown to the person who runs a job: what failed, where, the record, the way out; the stack of our own code only when asked for. */
import { relative } from 'node:path';
import { isMillraceError, type UserCodeError } from '@millrace/core/base/errors';

export interface ReportOptions {
  readonly workingDirectory: string;
  /** Everything, with the stacks of all causes. */
  readonly debug: boolean;
}

export function describeFailure(error: unknown, { workingDirectory, debug }: ReportOptions): string {
  const lines = [messageOf(error), ...locationOf(error), ...framesOf(error, workingDirectory)];
  if (debug) lines.push(...stacksOf(error));
  return lines.join('\n');
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error))
    return `The program threw ${String(error)}, which is not an Error. Throw errors, so that their place is known.`;
  return isMillraceError(error) ? error.message : `${error.name}: ${error.message}`;
}

/** Parts that the message of a user's failure does not hold already. */
function locationOf(error: unknown): readonly string[] {
  if (!isMillraceError(error) || error.kind !== 'user-code' || !('location' in error)) return [];
  const { operatorName, uid, subtask, parallelism, record, position } = (error as UserCodeError).location;
  const parts: readonly (readonly [string, string | undefined])[] = [
    ['operator', `${operatorName}${uid === undefined ? '' : ` (uid ${uid})`}, subtask ${subtask + 1} of ${parallelism}`],
    ['record', record],
    ['at', position],
  ];
  return parts.filter(([, text]) => text !== undefined && !error.message.includes(text)).map(([name, text]) => `  ${name}: ${text}`);
}

/** A refusal is about one call of the program: its place, and not how the program came there. */
function framesOf(error: unknown, workingDirectory: string): readonly string[] {
  if (!isMillraceError(error)) return userFrames(error, workingDirectory);
  return error.kind === 'usage' ? userFrames(error, workingDirectory).slice(0, 1) : [];
}

/** Of the host's own functions (`Array.map`) no place is known. */
const FRAME = /^\s+at .*:\d+:\d+\)?$/;

/** The frames in the program's own files; of an error from elsewhere none, for they would only show our inside. */
function userFrames(error: unknown, workingDirectory: string): readonly string[] {
  if (!(error instanceof Error)) return [];
  const frames = (error.stack ?? '').split('\n').filter((line) => FRAME.test(line));
  return frames
    .filter((line) => !/node:|node_modules|\/packages\/[a-z]+\/(?:bin|dist|src)\//.test(line))
    .map((line) => shorten(line, workingDirectory).replace(/at <anonymous> \((.*)\)$/, 'at $1'));
}

function shorten(frame: string, workingDirectory: string): string {
  return frame.replace(
    /(?:file:\/\/)?(\/[^\s()]+?):(\d+:\d+)/,
    (_, path: string, place: string) => `${relative(workingDirectory, path) || path}:${place}`,
  );
}

function stacksOf(error: unknown): readonly string[] {
  const stacks: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    stacks.push(`${stacks.length === 0 ? '' : 'caused by '}${cause.stack}`);
  return stacks;
}

let quiet = false;

/**
 * For a program that runs without the CLI: what it does not catch ends the process with code 1 and a message, not with our stack. The program's own
 * handlers, if it has any, come first and last.
 */
export function quietFailures(workingDirectory: string): void {
  if (quiet) return;
  quiet = true;
  process.setSourceMapsEnabled(true);
  process.prependListener('uncaughtException', (error) => {
    if (process.listenerCount('uncaughtException') > 1) return;
    process.stderr.write(`${describeFailure(error, { workingDirectory, debug: false })}\n`);
    process.exitCode = 1;
    process.exit();
  });
}
