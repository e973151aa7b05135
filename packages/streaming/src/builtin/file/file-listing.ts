/**
 * Which files a source reads: files as they are named; directories with everything below them; globs. Names that begin with '.' or '_' are passed over in
 * directories, as unfinished output has such names; one that is named itself, or by its glob, is read.
 */
import { DataError } from '@millrace/core/base/errors';
import type { FileStatus, FileSystem } from '@millrace/core/fs/file-system';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import { compileGlob, globRoot, isGlob } from '@millrace/core/fs/glob';

/** A glob over whole paths, or over names where it has no '/'; or a test of the path. */
export type PathFilter = string | ((path: string) => boolean);

export interface ListingOptions {
  /** No files are no error: more may come. A path that is not there is one all the same, unless it is a glob. */
  readonly mayBeNone?: boolean;
}

/** The files of all paths, each path's in the order of their names. A file that two paths give is read once. */
export async function listFiles(
  paths: readonly string[],
  filter: PathFilter | undefined,
  { mayBeNone = false }: ListingOptions = {},
): Promise<FileStatus[]> {
  const accepts = compileFilter(filter);
  const files = new Map<string, FileStatus>();
  for (const path of paths) {
    for (const file of await filesOf(path, mayBeNone)) if (accepts(file.path)) files.set(file.path, file);
  }
  if (files.size === 0 && filter !== undefined && !mayBeNone) {
    throw new DataError(
      `None of the files of ${quoted(paths)} passes the filter ${typeof filter === 'string' ? `'${filter}'` : 'function'}. Correct the filter or the paths.`,
      { reason: 'file-not-found' },
    );
  }
  return [...files.values()];
}

async function filesOf(path: string, mayBeNone: boolean): Promise<FileStatus[]> {
  const fileSystem = fileSystemOf(path);
  const status = await fileSystem.stat(path);
  if (status?.kind === 'file') return [status];
  if (status?.kind === 'directory') {
    const files = await filesBelow(fileSystem, status.path, (name) => !isHidden(name));
    if (files.length > 0 || mayBeNone) return files;
    throw new DataError(
      `The directory '${status.path}' has no files to read (names that begin with '.' or '_' are passed over). Check the path.`,
      {
        reason: 'file-not-found',
      },
    );
  }
  if (isGlob(path)) return filesOfGlob(fileSystem, fileSystem.resolve(path), mayBeNone);
  throw new DataError(`The input '${path}' does not exist${whereFrom(path, fileSystem)}. Check the path.`, { reason: 'file-not-found' });
}

async function filesOfGlob(fileSystem: FileSystem, pattern: string, mayBeNone: boolean): Promise<FileStatus[]> {
  const root = globRoot(pattern);
  const found = (await fileSystem.stat(root))?.kind === 'directory' ? await filesBelow(fileSystem, root, () => true) : [];
  const matches = compileGlob(pattern);
  const mayBeHidden = /(^|\/)[._]/.test(pattern);
  const files = found.filter((file) => matches(file.path) && (mayBeHidden || !file.path.slice(root.length).split('/').some(isHidden)));
  if (files.length === 0 && !mayBeNone)
    throw new DataError(`No file matches '${pattern}'. Check the pattern and the directory '${root}'.`, { reason: 'file-not-found' });
  return files;
}

async function filesBelow(fileSystem: FileSystem, directory: string, accepts: (name: string) => boolean): Promise<FileStatus[]> {
  const files: FileStatus[] = [];
  for (const child of await fileSystem.list(directory)) {
    if (!accepts(nameOf(child.path))) continue;
    if (child.kind === 'directory') files.push(...(await filesBelow(fileSystem, child.path, accepts)));
    else files.push(child);
  }
  return files;
}

function compileFilter(filter: PathFilter | undefined): (path: string) => boolean {
  if (filter === undefined) return () => true;
  if (typeof filter === 'function') return filter;
  const matches = compileGlob(filter);
  return filter.includes('/') ? matches : (path) => matches(nameOf(path));
}

function isHidden(name: string): boolean {
  return name.startsWith('.') || name.startsWith('_');
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function whereFrom(path: string, fileSystem: FileSystem): string {
  const full = fileSystem.resolve(path);
  return full === path ? ` (the working directory is '${fileSystem.resolve('.')}')` : ` (looked for '${full}')`;
}

function quoted(paths: readonly string[]): string {
  return paths.map((path) => `'${path}'`).join(', ');
}
