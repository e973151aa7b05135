/**
 * A file that says whose a directory of checkpoints is: two processes never write the checkpoints of one job at the same time.
 *
 * K1 of those who take a lock at the same moment at most one has it. K2 a process that was killed leaves its lock behind; it counts no longer when that process is gone.
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

/** Between two looks at the directory others may have come and gone; whoever has not got it after so many is refused. */
const ATTEMPTS = 5;

/**
 * `subject` is for the message: whose checkpoints. Throws a `UsageError` while another process has the lock.
 *
 * The lock is a file `<path>.<n>`. Who finds that all such files are of processes that are gone makes the next one, whole at once by a link, which only one can; and has the lock
 * if there is no other one of a process that lives when it looks again. Nobody ever removes a file of a living process but that process.
 */
export async function takeCheckpointLock(fileSystem: FileSystem, path: string, subject: string): Promise<CheckpointLock> {
  const own: Owner = { pid: process.pid, host: hostname(), startedAt: startOf(process.pid), nonce: crypto.randomUUID() };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = await locksAt(fileSystem, path);
    refuseIfAlive(found, subject);
    const file = `${path}.${Math.max(0, ...found.map(({ number }) => number)) + 1}`;
    if (!(await tryCreate(fileSystem, file, own))) continue;
    const others = (await locksAt(fileSystem, path)).filter(({ owner }) => owner?.nonce !== own.nonce);
    if (!others.some(isHeld)) {
      for (const other of others) await fileSystem.remove(other.file);
      return { release: async () => void (await fileSystem.remove(file)) };
    }
    await fileSystem.remove(file);
  }
  refuseIfAlive(await locksAt(fileSystem, path), subject);
  throw taken(path, subject, undefined);
}

interface Lock {
  readonly file: string;
  readonly number: number;
  /** Undefined for one that has gone since the directory was read. */
  readonly owner: Owner | undefined;
}

async function locksAt(fileSystem: FileSystem, path: string): Promise<readonly Lock[]> {
  const children = await fileSystem.list(path.slice(0, path.lastIndexOf('/')));
  const files = children
    .map((child) => child.path)
    .filter((file) => file.startsWith(`${path}.`) && /^\d+$/.test(file.slice(path.length + 1)));
  return Promise.all(
    files.map(async (file) => ({ file, number: Number(file.slice(path.length + 1)), owner: await ownerOf(fileSystem, file) })),
  );
}

function isHeld({ owner }: Lock): boolean {
  return owner !== undefined && isAlive(owner);
}

function refuseIfAlive(locks: readonly Lock[], subject: string): void {
  const held = locks.find(isHeld);
  if (held !== undefined) throw taken(held.file, subject, held.owner);
}

/** False where the name is taken. */
async function tryCreate(fileSystem: FileSystem, file: string, owner: Owner): Promise<boolean> {
  const unfinished = `${file}-${owner.nonce}`;
  const writer = await fileSystem.create(unfinished);
  try {
    await writer.write(Buffer.from(JSON.stringify(owner)));
  } finally {
    await writer.close();
  }
  try {
    await fileSystem.rename(unfinished, file);
    return true;
  } catch (error) {
    await fileSystem.remove(unfinished);
    if ((error as { readonly reason?: unknown }).reason === 'file-exists') return false;
    throw error;
  }
}

/** What is no lock that this version wrote is nobody's. */
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
