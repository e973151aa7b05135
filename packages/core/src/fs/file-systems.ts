/** Which file system a path belongs to: by its URI scheme, and the local one for plain paths. */
import { UsageError } from '../base/errors.ts';
import type { FileSystem } from './file-system.ts';
import { nodeFileSystem } from './node/node-file-system.ts';

// One letter is a Windows drive, not a scheme.
const SCHEME = /^(?<scheme>[a-zA-Z][a-zA-Z0-9+.-]+):/;
const fileSystems = new Map<string, FileSystem>([['file', nodeFileSystem]]);

/** Connectors call it when they are imported; the last one of a scheme wins. */
export function registerFileSystem(scheme: string, fileSystem: FileSystem): void {
  fileSystems.set(scheme.toLowerCase(), fileSystem);
}

export function fileSystemOf(path: string): FileSystem {
  if (path === '') throw new UsageError('The path is empty. Give a file, a directory or a glob.');
  const scheme = schemeOf(path);
  const found = fileSystems.get(scheme);
  if (found === undefined) {
    const known = [...fileSystems.keys()].sort().join(', ');
    throw new UsageError(
      `'${path}': no file system is registered for '${scheme}:'. Known are ${known}. Import the connector of that system.`,
    );
  }
  return found;
}

function schemeOf(path: string): string {
  const { scheme = 'file' } = SCHEME.exec(path)?.groups ?? {};
  return scheme.toLowerCase();
}
