/**
 * One process at a time for a directory: a file that names its owner. Of an owner that lives no more (killed, say) it is taken over.
 * Within a process the lock may be taken several times; it is free when all of them have released it.
 *
 * L1 the file is made whole under another name and linked into place, so that whoever finds it can read it.
 * L2 what a dead owner left is moved aside before it is removed, and put back if it was a living one's after all: two takers never both succeed.
 * L3 an owner is its process id with the time that process was started, where the system tells it: an id that was given out again is not mistaken.
 */
import { link, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../base/errors.ts';
import { fileError, isErrorCode } from './file-error.ts';

export interface DirectoryLock {
  release(): Promise<void>;
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly started: string;
}

export const LOCK_FILE = '_lock';
const TRIES = 10;
/** How often this process holds each. */
const held = new Map<string, number>();

/** `what` is for the message: `The checkpoint directory`. Throws a `UsageError` when another process has it. */
export async function lockDirectory(directory: string, what: string): Promise<DirectoryLock> {
  const path = join(directory, LOCK_FILE);
  const times = held.get(path) ?? 0;
  held.set(path, times + 1);
  try {
    if (times === 0) await take(path, directory, what);
  } catch (error) {
    held.set(path, (held.get(path) ?? 1) - 1);
    throw error;
  }
  return { release: () => release(path) };
}

async function take(path: string, directory: string, what: string): Promise<void> {
  const mine = `${path}.${process.pid}`;
  const owner: Owner = { pid: process.pid, host: hostname(), started: await startOf(process.pid) };
  try {
    await writeFile(mine, JSON.stringify(owner));
    for (let tried = 0; tried < TRIES; tried++) {
      if (await linked(mine, path)) return;
      await removeIfDead(path, what, directory);
    }
  } catch (error) {
    throw error instanceof UsageError ? error : fileError('lock', directory, error);
  } finally {
    await rm(mine, { force: true });
  }
  throw new UsageError(`${what} '${directory}' is being locked by several processes at once. Give each job a directory of its own.`, {
    reason: 'directory-locked',
  });
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isErrorCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function removeIfDead(path: string, what: string, directory: string): Promise<void> {
  const owner = await ownerOf(path);
  if (owner === undefined) return; // gone meanwhile
  if (owner.host === hostname() && (await startOf(owner.pid)) !== owner.started) {
    await moveAside(path, owner);
    return;
  }
  throw new UsageError(
    `${what} '${directory}' is in use by process ${owner.pid}${owner.host === hostname() ? '' : ` of ${owner.host}`}. ` +
      `Two jobs must not write one directory: give this one another, or end that process (if it is gone for good, remove '${path}').`,
    { reason: 'directory-locked' },
  );
}

/** L2 */
async function moveAside(path: string, dead: Owner): Promise<void> {
  const aside = `${path}.${process.pid}.dead`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isErrorCode(error, 'ENOENT')) return;
    throw error;
  }
  const found = await ownerOf(aside);
  if (found !== undefined && (found.pid !== dead.pid || found.started !== dead.started)) await linked(aside, path);
  await rm(aside, { force: true });
}

async function ownerOf(path: string): Promise<Owner | undefined> {
  try {
    const owner = JSON.parse(await readFile(path, 'utf8')) as Partial<Owner>;
    return { pid: Number(owner.pid), host: String(owner.host), started: String(owner.started) };
  } catch (error) {
    if (isErrorCode(error, 'ENOENT')) return undefined;
    if (error instanceof SyntaxError) return { pid: 0, host: hostname(), started: 'unreadable' };
    throw error;
  }
}

async function release(path: string): Promise<void> {
  const left = (held.get(path) ?? 0) - 1;
  if (left > 0) {
    held.set(path, left);
    return;
  }
  held.delete(path);
  const owner = await ownerOf(path);
  if (owner?.pid === process.pid && owner.started === (await startOf(process.pid))) await unlink(path);
}

/** Empty where no such process lives. */
async function startOf(pid: number): Promise<string> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!isErrorCode(error, 'EPERM')) return '';
  }
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'alive'; // field 22: start time; the name before may hold anything
  } catch {
    return 'alive';
  }
}
