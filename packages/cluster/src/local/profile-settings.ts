/** Which subtask is profiled, and where the profile goes: plain data, which travels to the slots. */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '@millrace/core/base/errors';
import type { JobGraph, JobVertex } from '@millrace/streaming/graph/job-graph';

export const PROFILE_EXTENSION = '.cpuprofile';

export interface ProfileSettings {
  /** Absolute. */
  readonly path: string;
  /** A file for each slot that is profiled, named after its subtask; else the path is the file. */
  readonly isDirectory: boolean;
  /** The name of a task or of an operator in it, or its uid; undefined: any. */
  readonly task: string | undefined;
  /** From 0. */
  readonly subtask: number;
  /** Paths are shown as seen from there. */
  readonly workingDirectory: string;
}

/** What the command's options say. Makes the directory, and takes an old file away. `subtask` is `name`, `number` or `name:number`. */
export function profileSettings(path: string, subtask: string | undefined, workingDirectory: string): ProfileSettings {
  const absolute = resolve(workingDirectory, path);
  const isDirectory = !absolute.endsWith(PROFILE_EXTENSION);
  try {
    if (isDirectory) mkdirSync(absolute, { recursive: true });
    else {
      mkdirSync(dirname(absolute), { recursive: true });
      rmSync(absolute, { force: true });
    }
  } catch (cause) {
    throw new ConfigError(
      `The CPU profile cannot be written to ${absolute} (--cpu-profile): ${(cause as Error).message}. Give a directory, or a file that ends with ${PROFILE_EXTENSION}.`,
      { cause, reason: 'cpu-profile' },
    );
  }
  return { path: absolute, isDirectory, ...subtaskOf(subtask), workingDirectory };
}

function subtaskOf(text: string | undefined): Pick<ProfileSettings, 'task' | 'subtask'> {
  if (text === undefined) return { task: undefined, subtask: 0 };
  if (/^\d+$/.test(text)) return { task: undefined, subtask: Number(text) };
  const numbered = /^(.+):(\d+)$/s.exec(text);
  return numbered === null ? { task: text, subtask: 0 } : { task: numbered[1], subtask: Number(numbered[2]) };
}

export function isProfiled({ task, subtask: wanted }: ProfileSettings, vertex: JobVertex, subtask: number): boolean {
  return subtask === wanted && (task === undefined || namesOf(vertex).includes(task));
}

/** What a job without such a subtask is warned of; undefined where it has one. */
export function profileWarning(settings: ProfileSettings, { name, vertices }: JobGraph): string | undefined {
  if (vertices.some((vertex) => settings.subtask < vertex.parallelism && isProfiled(settings, vertex, settings.subtask))) return undefined;
  const { task, subtask } = settings;
  const has = vertices.map((vertex) => `'${vertex.name}' with ${vertex.parallelism}`).join(', ');
  const wanted = task === undefined ? `subtask ${subtask}` : `subtask ${subtask} of '${task}'`;
  return `the job '${name}' is not profiled: it has no ${wanted} (--cpu-profile-subtask). It has ${has}; subtasks count from 0, and the name of an operator or its uid will do.`;
}

function namesOf({ name, operators }: JobVertex): readonly (string | undefined)[] {
  return [name, ...operators.flatMap((operator) => [operator.name, operator.uid])];
}

/** Whether a profile has been written since `sinceMs` (milliseconds since the epoch). */
export function hasProfile({ path, isDirectory }: ProfileSettings, sinceMs: number): boolean {
  if (!isDirectory) return existsSync(path);
  return readdirSync(path).some((name) => name.endsWith(PROFILE_EXTENSION) && statSync(join(path, name)).mtimeMs >= sinceMs - 1);
}
