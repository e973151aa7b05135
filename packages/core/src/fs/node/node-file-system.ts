/** The local disk. Takes plain paths and `file:` URIs. */
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat, link, unlink, type FileHandle } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileStatus, FileSystem, FileWriter, RandomAccessFile } from '../file-system.ts';
import { fileError, isErrorCode } from './file-error.ts';

const STREAM_CHUNK_BYTES = 256 * 1024;

export const nodeFileSystem: FileSystem = {
  resolve: localPath,

  async stat(path) {
    const full = localPath(path);
    try {
      return await statusOf(full);
    } catch (error) {
      if (isErrorCode(error, 'ENOENT') || isErrorCode(error, 'ENOTDIR')) return undefined;
      throw fileError('look at', full, error);
    }
  },

  async list(directory) {
    const full = localPath(directory);
    return guarded('list', full, async () => {
      const names = (await readdir(full)).sort((a, b) => (a < b ? -1 : 1));
      const found = await Promise.all(names.map((name) => nodeFileSystem.stat(join(full, name))));
      return found.filter((status) => status !== undefined); // a file may have been removed since it was listed
    });
  },

  async open(path) {
    const full = localPath(path);
    return guarded('open', full, async () => {
      const handle = await open(full, 'r');
      return randomAccess(full, handle, (await handle.stat()).size);
    });
  },

  async *stream(path, start = 0, end = Number.POSITIVE_INFINITY) {
    if (end <= start) return;
    const full = localPath(path);
    const content = createReadStream(full, { start, end: end - 1, highWaterMark: STREAM_CHUNK_BYTES });
    try {
      for await (const chunk of content) yield chunk as Uint8Array;
    } catch (error) {
      throw fileError('read', full, error);
    }
  },

  async create(path) {
    const full = localPath(path);
    return guarded('create', full, async () => appender(full, await open(full, 'ax')));
  },

  async rename(from, to) {
    const source = localPath(from);
    const target = localPath(to);
    return guarded('rename', `${source}' to '${target}`, () => renameIfFree(source, target));
  },

  async remove(path) {
    const full = localPath(path);
    if ((await nodeFileSystem.stat(full)) === undefined) return false;
    return guarded('remove', full, async () => {
      await rm(full, { force: true });
      return true;
    });
  },

  async removeDirectory(path) {
    const full = localPath(path);
    if ((await nodeFileSystem.stat(full)) === undefined) return false;
    return guarded('remove the directory', full, async () => {
      await rmdir(full);
      return true;
    });
  },

  async makeDirectory(path) {
    const full = localPath(path);
    await guarded('make the directory', full, () => mkdir(full, { recursive: true }));
  },
};

function localPath(path: string): string {
  return resolve(/^file:\/\//i.test(path) ? fileURLToPath(path) : path.replace(/^file:/i, ''));
}

async function statusOf(full: string): Promise<FileStatus> {
  const found = await stat(full);
  const directory = found.isDirectory();
  return { path: full, kind: directory ? 'directory' : 'file', size: directory ? 0 : found.size, modifiedAt: Math.trunc(found.mtimeMs) };
}

/** POSIX rename replaces its target; a hard link does not. Stores without links get the check alone. */
async function renameIfFree(source: string, target: string): Promise<void> {
  try {
    await link(source, target);
  } catch (error) {
    if (!isErrorCode(error, 'EPERM') && !isErrorCode(error, 'ENOTSUP') && !isErrorCode(error, 'ENOSYS')) throw error;
    if ((await nodeFileSystem.stat(target)) !== undefined) throw Object.assign(new Error('the target exists'), { code: 'EEXIST' });
    await rename(source, target);
    return;
  }
  await unlink(source);
}

function randomAccess(full: string, handle: FileHandle, size: number): RandomAccessFile {
  return {
    size,
    read: (start, end) =>
      guarded('read', full, async () => {
        const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
        let filled = 0;
        while (filled < bytes.byteLength) {
          const { bytesRead } = await handle.read(bytes, filled, bytes.byteLength - filled, start + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return filled === bytes.byteLength ? bytes : bytes.slice(0, filled);
      }),
    close: () => handle.close(),
  };
}

function appender(full: string, handle: FileHandle): FileWriter {
  return {
    write: (bytes) =>
      guarded('write', full, async () => {
        let written = 0;
        while (written < bytes.byteLength) written += (await handle.write(bytes, written)).bytesWritten;
      }),
    sync: () => guarded('sync', full, () => handle.datasync()),
    close: () => guarded('close', full, () => handle.close()),
  };
}

async function guarded<T>(action: string, full: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(action, full, error);
  }
}
