/** Makes the one message that a failing user function deserves: which operator, which subtask, where in the program, and what record it got. */
import { isMillraceError, UserCodeError, type UserCodeLocation } from '@millrace/core/base/errors';
import { FailingCall } from '@millrace/streaming/contract/failing-call';
import { shorten } from './shortened-record.ts';

export interface FailingPlace {
  readonly operatorName: string;
  readonly uid: string | undefined;
  readonly subtask: number;
  readonly parallelism: number;
  readonly workingDirectory: string | undefined;
}

/** An error that says already where it belongs stays as it is: the innermost place is the right one. */
export function locateError(thrown: unknown, place: FailingPlace, record?: { readonly value: unknown }): Error {
  const failing = thrown instanceof FailingCall ? thrown : undefined;
  const error = failing === undefined ? thrown : failing.cause;
  if (isMillraceError(error) && (error.kind === 'user-code' || error.kind === 'invariant')) return error;
  const position = error instanceof Error ? userPosition(error.stack, place.workingDirectory) : undefined;
  const of = failing?.record ?? record;
  const shown = of === undefined ? undefined : shorten(of.value);
  const location: UserCodeLocation = {
    operatorName: place.operatorName,
    uid: place.uid,
    subtask: place.subtask,
    parallelism: place.parallelism,
    ...(shown === undefined ? {} : { record: shown }),
    ...(position === undefined ? {} : { position }),
    ...(failing === undefined ? {} : { call: callOf(failing) }),
  };
  return new UserCodeError(messageOf(error, location), location, error);
}

/** For sources and sinks, whose own errors name the file or the system that failed: those stay as they are. */
export function locateUnlessNamed(error: unknown, place: FailingPlace, record?: { readonly value: unknown }): Error {
  return isMillraceError(error) ? error : locateError(error, place, record);
}

function callOf({ call, key }: FailingCall): string {
  return key === undefined ? call : `${call}, key ${shorten(key.value)},`;
}

function messageOf(error: unknown, location: UserCodeLocation): string {
  const uid = location.uid === undefined ? '' : ` (uid ${location.uid})`;
  const where = `Operator '${location.operatorName}'${uid}, subtask ${location.subtask + 1}/${location.parallelism}, failed`;
  const call = location.call === undefined ? '' : ` in ${location.call}`;
  const at = location.position === undefined ? '' : ` at ${location.position}`;
  const record = location.record === undefined ? '' : ` Record: ${location.record}`;
  return `${where}${call}${at}: ${sentence(textOf(error))}${record}`;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${shorten(error)}`;
  return isMillraceError(error) ? error.message : `${error.name}: ${error.message}`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/**
 * Frames of the engine, of Node and of generated code; what is left is the user's. Tests of the engine play the user. A lambda of the user's is a frame
 * `at <anonymous> (job.ts:3:9)`: only a place that is anonymous is not theirs.
 */
const OURS =
  /node:|millrace-generated\/|(?:\(|at |, )<anonymous>(?::\d|\))|[\\/]@millrace[\\/]|[\\/]packages[\\/](?:core|streaming|runtime|connectors|cluster|table|libraries|testing)[\\/](?:src|dist)[\\/](?!.*\.test\.)|[\\/]node_modules[\\/]millrace[\\/]/;
const FRAME = /(?:\(|at (?:async )?)((?:file:\/\/)?[^()\s][^()]*?):(\d+):(\d+)\)?$/;

/** `file.ts:line:column` of the first frame that is the user's, relative to the directory the job was started in. */
export function userPosition(stack: string | undefined, workingDirectory: string | undefined): string | undefined {
  for (const line of (stack ?? '').split('\n')) {
    const position = positionOf(line, workingDirectory);
    if (position !== undefined) return position;
  }
  return undefined;
}

/** All frames that are the user's, innermost first: `name (file.ts:line:column)`, or the position alone of a function without a name. */
export function userFrames(stack: string, workingDirectory: string | undefined): readonly string[] {
  return stack.split('\n').flatMap((line) => {
    const position = positionOf(line, workingDirectory);
    const [, name = '<anonymous>'] = /^\s*at (?:async )?(.+?) \(/.exec(line) ?? [];
    return position === undefined ? [] : [name.includes('<anonymous>') ? position : `${name} (${position})`];
  });
}

function positionOf(line: string, workingDirectory: string | undefined): string | undefined {
  const frame = FRAME.exec(line.trimEnd());
  if (!line.trimStart().startsWith('at ') || frame === null || OURS.test(line)) return undefined;
  const [, file, row, column] = frame as unknown as [string, string, string, string];
  return `${nameOfFile(file, workingDirectory)}:${row}:${column}`;
}

function nameOfFile(file: string, workingDirectory: string | undefined): string {
  const path = file.startsWith('file://') ? decodeURIComponent(file.slice('file://'.length)) : file;
  return workingDirectory !== undefined && path.startsWith(`${workingDirectory}/`) ? path.slice(workingDirectory.length + 1) : path;
}
