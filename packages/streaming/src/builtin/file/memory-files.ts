/** A file system in memory, for tests: `memory:` paths, times that the test sets, nothing that waits for a disk. */
import { DataError } from '@millrace/core/base/errors';
import type { FileStatus, FileSystem } from '@millrace/core/fs/file-system';
import { registerFileSystem } from '@millrace/core/fs/file-systems';

interface MemoryFile {
  bytes: Uint8Array;
  modifiedAt: number;
}

export class MemoryFiles {
  /** A prefix of its own for each test: `memory:<name>/`. */
  readonly root: string;
  #now = 1;

  constructor(name: string) {
    this.root = `memory:${name}/`;
    registerFileSystem('memory', memory);
  }

  write(name: string, text: string): void {
    files.set(this.root + name, { bytes: new TextEncoder().encode(text), modifiedAt: this.#now++ });
  }

  append(name: string, text: string): void {
    this.write(name, this.read(name) + text);
  }

  read(name: string): string {
    return new TextDecoder().decode(files.get(this.root + name)?.bytes);
  }

  remove(name: string): void {
    files.delete(this.root + name);
  }
}

const files = new Map<string, MemoryFile>();

function statusOf(path: string): FileStatus | undefined {
  const file = files.get(path);
  if (file !== undefined) return { path, kind: 'file', size: file.bytes.byteLength, modifiedAt: file.modifiedAt };
  return path.endsWith('/') ? { path, kind: 'directory', size: 0, modifiedAt: 0 } : undefined;
}

function contentOf(path: string): Uint8Array {
  const file = files.get(path);
  if (file === undefined) throw new DataError(`'${path}' does not exist. Put it there first.`, { reason: 'file-not-found' });
  return file.bytes;
}

const refuse = (): never => {
  throw new Error('files in memory are written by the test');
};

const memory: FileSystem = {
  resolve: (path) => path,
  stat: (path) => Promise.resolve(statusOf(path)),
  list: (directory) =>
    Promise.resolve(
      [...files.keys()]
        .filter((path) => path.startsWith(directory) && !path.slice(directory.length).includes('/'))
        .sort()
        .map((path) => statusOf(path) as FileStatus),
    ),
  async open(path) {
    const bytes = contentOf(path);
    return { size: bytes.byteLength, read: (start, end) => Promise.resolve(bytes.slice(start, end)), close: () => Promise.resolve() };
  },
  async *stream(path, start = 0, end = Number.POSITIVE_INFINITY) {
    const bytes = contentOf(path);
    if (start < bytes.byteLength) yield bytes.slice(start, Math.min(end, bytes.byteLength));
  },
  create: refuse,
  rename: refuse,
  remove: refuse,
  makeDirectory: refuse,
  removeDirectory: refuse,
};
