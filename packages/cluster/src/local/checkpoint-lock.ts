/**
 * A file that says whose a directory of checkpoints is: two processes never write the checkpoints of one job at the same time.
 *
 * K1 of those who take a lock at the same moment one has it. K2 a process that was killed leaves its lock behind; it counts no longer when that process is gone.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { UsageError } from '@millrace/core/base/errors';
import type { FileSystem } from '@millrace/core/fs/file-system';

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process started, where the system says so: its id may be given to another one later. */
  readonly startedAt: string;
  readonly nonce: string;
}

export interface CheckpointLock {
  release(): Promise<void>;
}

/** `subject` is for the message: whose checkpoints. Throws a `UsageError` while another process has the lock. */
export async function takeCheckpointLock(fileSystem: FileSystem, path: string, subject: string): Promise<CheckpointLock> {
  const own: Owner = { pid: process.pid, host: hostname(), startedAt: startOf(process.pid), nonce: crypto.randomUUID() };
  const text = JSON.stringify(own);
  if (!(await tryCreate(fileSystem, path, text))) {
    await removeStale(fileSystem, path, subject);
    if (!(await tryCreate(fileSystem, path, text))) throw taken(path, subject, await ownerOf(fileSystem, path));
  }
  return { release: () => release(fileSystem, path, text) };
}

async function tryCreate(fileSystem: FileSystem, path: string, text: string): Promise<boolean> {
  try {
    const writer = await fileSystem.create(path);
    try {
      await writer.write(Buffer.from(text));
    } finally {
      await writer.close();
    }
    return true;
  } catch (error) {
    if ((error as { readonly reason?: unknown }).reason === 'file-exists') return false;
    throw error;
  }
}

/** Taken away by a rename, which only one of several does; what turns out to be somebody's new lock is put back. */
async function removeStale(fileSystem: FileSystem, path: string, subject: string): Promise<void> {
  const owner = await ownerOf(fileSystem, path);
  if (owner !== undefined && isAlive(owner)) throw taken(path, subject, owner);
  const aside = `${path}.${crypto.randomUUID()}`;
  try {
    await fileSystem.rename(path, aside);
  } catch {
    return; // another one was quicker; whose it is now the next attempt shows
  }
  const moved = await ownerOf(fileSystem, aside);
  if (moved?.nonce === owner?.nonce) await fileSystem.remove(aside);
  else {
    await fileSystem.rename(aside, path);
    throw taken(path, subject, moved);
  }
}

async function release(fileSystem: FileSystem, path: string, text: string): Promise<void> {
  const owner = await ownerOf(fileSystem, path);
  if (owner !== undefined && JSON.stringify(owner) === text) await fileSystem.remove(path);
}

/** Undefined for a file that is not there, or was cut off while it was written: its process was killed in that moment. */
async function ownerOf(fileSystem: FileSystem, path: string): Promise<Owner | undefined> {
  try {
    const file = await fileSystem.open(path);
    try {
      return JSON.parse(Buffer.from(await file.read(0, file.size)).toString('utf8')) as Owner;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** Of a process elsewhere nothing is known, so it counts as alive. */
function isAlive({ pid, host, startedAt }: Owner): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const now = startOf(pid);
  return now === '' || startedAt === '' || now === startedAt;
}

/** Where the system has no such file, the process id alone decides. */
function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold spaces; the start is the twentieth field behind it.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function taken(path: string, subject: string, owner: Owner | undefined): UsageError {
  const who = owner === undefined ? 'another process' : `the process ${owner.pid} on ${owner.host}`;
  return new UsageError(
    `${subject} are being written by ${who}. Wait for its end, or give this run a directory of its own (--checkpoint-dir). ` +
      `If that process is gone, remove ${path}.`,
    { reason: 'checkpoint-directory-in-use' },
  );
}
