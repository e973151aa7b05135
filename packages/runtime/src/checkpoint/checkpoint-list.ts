/** What lies under a directory of checkpoints, for commands and for `latest`: nothing is changed. */
import type { FileStatus, FileSystem } from '@millrace/core/fs/file-system';
import { readCheckpoint, type StoredCheckpoint } from './checkpoint-directory.ts';
import { CHECKPOINT_PREFIX } from './shared-files.ts';

export type ListedCheckpoint =
  | (StoredCheckpoint & { readonly status: 'COMPLETED' })
  /** Begun and never completed, or being written right now. */
  | { readonly status: 'IN_PROGRESS'; readonly path: string }
  | { readonly status: 'DAMAGED'; readonly path: string; readonly error: unknown };

/**
 * The newest first. `directory` may be that of all jobs, of one job, or of one checkpoint; anything else in it is passed over.
 * Throws a `DataError` when it is not there.
 */
export async function listCheckpoints(fileSystem: FileSystem, directory: string): Promise<readonly ListedCheckpoint[]> {
  const root = fileSystem.resolve(directory);
  const directories = isCheckpoint(root) ? [root] : await checkpointsIn(fileSystem, root);
  const listed = await Promise.all(directories.map((path) => look(fileSystem, path)));
  return sorted(listed);
}

/** Of one job the ids say which is newer, whatever clocks said; jobs go by the latest of theirs. What is not complete is told last. */
function sorted(listed: readonly ListedCheckpoint[]): readonly ListedCheckpoint[] {
  const latest = new Map<string, number>();
  for (const each of listed) latest.set(jobOf(each), Math.max(timeOf(each), latest.get(jobOf(each)) ?? Number.NEGATIVE_INFINITY));
  const isComplete = ({ status }: ListedCheckpoint) => Number(status === 'COMPLETED');
  const time = (each: ListedCheckpoint) => latest.get(jobOf(each)) as number;
  return listed.toSorted(
    (a, b) =>
      isComplete(b) - isComplete(a) ||
      time(b) - time(a) ||
      (jobOf(a) === jobOf(b) ? checkpointIdOf(b.path) - checkpointIdOf(a.path) : jobOf(a) < jobOf(b) ? -1 : 1),
  );
}

/** The directory of the job. */
function jobOf({ path }: ListedCheckpoint): string {
  return path.slice(0, path.lastIndexOf('/'));
}

async function checkpointsIn(fileSystem: FileSystem, root: string): Promise<readonly string[]> {
  const children = (await fileSystem.list(root)).filter(isDirectory);
  const own = children.filter(({ path }) => isCheckpoint(path)).map(({ path }) => path);
  const others = children.filter(({ path }) => !isCheckpoint(path));
  const below = await Promise.all(others.map(({ path }) => fileSystem.list(path)));
  const ofJobs = below.flat().filter((status) => isDirectory(status) && isCheckpoint(status.path));
  return [...own, ...ofJobs.map(({ path }) => path)];
}

async function look(fileSystem: FileSystem, path: string): Promise<ListedCheckpoint> {
  try {
    return { status: 'COMPLETED', ...(await readCheckpoint(fileSystem, path)) };
  } catch (error) {
    const isMissing = (error as { readonly reason?: unknown } | undefined)?.reason === 'checkpoint-missing';
    return isMissing ? { status: 'IN_PROGRESS', path } : { status: 'DAMAGED', path, error };
  }
}

function isDirectory({ kind }: FileStatus): boolean {
  return kind === 'directory';
}

function isCheckpoint(path: string): boolean {
  return !Number.isNaN(checkpointIdOf(path));
}

/** By the name of its directory; NaN where that is not a checkpoint's. */
export function checkpointIdOf(path: string): number {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.startsWith(CHECKPOINT_PREFIX) && /^\d+$/.test(name.slice(CHECKPOINT_PREFIX.length))
    ? Number(name.slice(CHECKPOINT_PREFIX.length))
    : Number.NaN;
}

function timeOf(checkpoint: ListedCheckpoint): number {
  return checkpoint.status === 'COMPLETED' ? checkpoint.metadata.completionTimestamp : Number.NEGATIVE_INFINITY;
}
