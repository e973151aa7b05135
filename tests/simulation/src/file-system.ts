/** The disk of the world that runs, as the file system of the scheme `sim:`. Calls belong to the isolate that makes them; oracles and faults see every one. */

import type { FileSystem, FileWriter, RandomAccessFile } from '@millrace/core/fs/file-system';
import { registerFileSystem } from '@millrace/core/fs/file-systems';
import { Isolate } from './isolate.ts';
import { world } from './world.ts';

class DiskOfTheWorld implements FileSystem {
  resolve(path: string): string {
    return path.endsWith('/') ? path.slice(0, -1) : path;
  }

  stat(path: string) {
    return call('stat', path, () => world().disk.stat(path));
  }

  list(directory: string) {
    return call('list', directory, () => world().disk.list(directory));
  }

  open(path: string): Promise<RandomAccessFile> {
    return call('open', path, () => world().disk.open(path)).then((file) => ({
      size: file.size,
      read: (start: number, end: number) => call('read', path, () => file.read(start, end)),
      close: () => call('close', path, () => file.close()),
    }));
  }

  async *stream(path: string, start = 0, end = Number.POSITIVE_INFINITY): AsyncIterable<Uint8Array> {
    const file = await this.open(path);
    yield await file.read(start, Math.min(end, file.size));
  }

  create(path: string): Promise<FileWriter> {
    return call('create', path, () => world().disk.create(path)).then((writer) => ({
      write: (bytes: Uint8Array) => {
        const copy = bytes.slice();
        return call('write', path, () => writer.write(copy));
      },
      sync: () =>
        call(
          'sync',
          path,
          () => writer.sync(),
          () => world().oracles.synced(path),
        ),
      close: () => call('close', path, () => writer.close()),
    }));
  }

  rename(from: string, to: string) {
    return call(
      'rename',
      to,
      () => world().disk.rename(from, to),
      () => world().oracles.renamed(from, to),
    );
  }

  remove(path: string) {
    return call(
      'remove',
      path,
      () => world().disk.remove(path),
      () => world().oracles.files.removed(path),
    );
  }

  removeDirectory(path: string) {
    return call('removeDirectory', path, () => world().disk.removeDirectory(path));
  }

  makeDirectory(path: string) {
    return call('makeDirectory', path, () => world().disk.makeDirectory(path));
  }
}

/** The effect is there as soon as the disk says so, whoever is left to hear of it. */
function call<R>(action: string, path: string, work: () => Promise<R>, done?: () => void): Promise<R> {
  const { trace, faults } = world();
  const isolate = Isolate.current;
  if (isolate?.isDead === true) return new Promise(() => {});
  const made = work().then((value) => {
    trace.step(`disk ${action} ${anonymous(path)}`);
    done?.();
    faults.happened('disk');
    return value;
  });
  return isolate === undefined ? made : isolate.settling(made);
}

/** Without the parts of names that no seed gives. */
function anonymous(path: string): string {
  return path.replaceAll(/[0-9a-f]{8,}/g, '*');
}

let isRegistered = false;

export function registerSimulatedDisk(): void {
  if (!isRegistered) registerFileSystem('sim', new DiskOfTheWorld());
  isRegistered = true;
}
