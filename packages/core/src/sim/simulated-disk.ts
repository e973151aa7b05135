/**
 * A disk under a simulated clock, with the faults that real ones have: slow, full, lying, and the sudden end of a machine. From one seed; the same calls give the same run.
 *
 * Used by simulations and tests only, as the file system of one scheme.
 *
 * D1 what was written is seen by later reads at once; after `crash` only what was synced is certain: of the rest some prefix is left, as the seed has it.
 * D2 names (create, rename, remove, directories) are durable when the call has settled: a file system with a journal.
 * D3 a disk that lies settles `sync` and has nothing durable; it says so nowhere.
 * D4 calls settle after their latency, in the order of their times; nothing settles after `crash` that was asked before it.
 */
import type { Clock } from '../base/clock.ts';
import { DataError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { FileErrorReason, FileStatus, FileSystem, FileWriter, RandomAccessFile } from '../fs/file-system.ts';

export interface DiskFaults {
  /** Of each call, drawn evenly from 0 to this. */
  latencyMsMax: number;
  /** Bytes that it can hold; beyond that writes fail with 'file-no-space'. */
  capacityBytes: number;
  isLying: boolean;
  /** How likely a write, sync, create or rename fails with 'file-io', from 0 to 1. */
  failureRate: number;
}

interface StoredFile {
  bytes: Uint8Array;
  durableBytes: number;
  modifiedAt: number;
}

export class SimulatedDisk implements FileSystem {
  readonly faults: DiskFaults = { latencyMsMax: 0, capacityBytes: Number.POSITIVE_INFINITY, isLying: false, failureRate: 0 };
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #files = new Map<string, StoredFile>();
  readonly #directories = new Set<string>();
  #epoch = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Everything that ran is gone; so is what was not synced (D1). */
  crash(): void {
    this.#epoch += 1;
    for (const file of this.#files.values()) {
      const lost = file.bytes.byteLength - file.durableBytes;
      file.bytes = file.bytes.slice(0, file.durableBytes + (lost > 0 ? this.#random.nextInt(lost + 1) : 0));
      file.durableBytes = file.bytes.byteLength;
    }
  }

  /** A process that was killed leaves a machine that goes on: nothing is lost, but nothing settles any more. */
  killProcess(): void {
    this.#epoch += 1;
  }

  /** Flips one bit of a file, for tests of checksums. */
  damage(path: string, at: number): void {
    const { bytes } = this.#fileAt(path);
    bytes[at] = (bytes[at] as number) ^ 1;
  }

  /** Every file with its size, by path. */
  get files(): readonly (readonly [path: string, bytes: number])[] {
    return [...this.#files].map(([path, { bytes }]) => [path, bytes.byteLength] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  textOf(path: string): string {
    return new TextDecoder().decode(this.bytesOf(path));
  }

  bytesOf(path: string): Uint8Array {
    return this.#fileAt(path).bytes;
  }

  resolve(path: string): string {
    return path.endsWith('/') ? path.slice(0, -1) : path;
  }

  stat(path: string): Promise<FileStatus | undefined> {
    return this.#after(() => this.#statusOf(this.resolve(path)));
  }

  list(directory: string): Promise<readonly FileStatus[]> {
    return this.#after(() => {
      const root = this.resolve(directory);
      if (!this.#directories.has(root)) throw fileError('list', root, 'file-not-found');
      const children = [...this.#files.keys(), ...this.#directories].filter((path) => parentOf(path) === root).sort();
      return children.map((path) => this.#statusOf(path) as FileStatus);
    });
  }

  open(path: string): Promise<RandomAccessFile> {
    return this.#after(() => {
      const { bytes } = this.#fileAt(path);
      return {
        size: bytes.byteLength,
        read: (start: number, end: number) => this.#after(() => bytes.slice(start, end) as Uint8Array<ArrayBuffer>),
        close: () => this.#after(() => {}),
      };
    });
  }

  async *stream(path: string, start = 0, end = Number.POSITIVE_INFINITY): AsyncIterable<Uint8Array> {
    const bytes = await this.#after(() => this.#fileAt(path).bytes);
    if (start < Math.min(end, bytes.byteLength)) yield bytes.slice(start, Math.min(end, bytes.byteLength));
  }

  create(path: string): Promise<FileWriter> {
    const resolved = this.resolve(path);
    return this.#changing('create', resolved, () => {
      this.#requireFree('create', resolved);
      if (!this.#directories.has(parentOf(resolved))) throw fileError('create', resolved, 'file-not-found');
      const file: StoredFile = { bytes: new Uint8Array(0), durableBytes: 0, modifiedAt: this.#clock.now() };
      this.#files.set(resolved, file);
      return this.#writerOf(resolved, file);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#changing('rename', from, () => {
      const file = this.#fileAt(from);
      this.#requireFree('rename to', this.resolve(to));
      this.#files.delete(this.resolve(from));
      this.#files.set(this.resolve(to), file);
    });
  }

  remove(path: string): Promise<boolean> {
    return this.#after(() => this.#files.delete(this.resolve(path)));
  }

  removeDirectory(path: string): Promise<boolean> {
    const root = this.resolve(path);
    return this.#after(() => {
      const isEmpty = ![...this.#files.keys(), ...this.#directories].some((child) => parentOf(child) === root);
      if (!isEmpty) throw fileError('remove the directory', root, 'file-io');
      return this.#directories.delete(root);
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#after(() => {
      for (let each = this.resolve(path); each !== '' && !each.endsWith(':'); each = parentOf(each)) {
        if (this.#files.has(each)) throw fileError('make the directory', each, 'file-not-a-directory');
        this.#directories.add(each);
      }
    });
  }

  #writerOf(path: string, file: StoredFile): FileWriter {
    return {
      write: (bytes) =>
        this.#changing('write', path, () => {
          if (this.#used() + bytes.byteLength > this.faults.capacityBytes) throw fileError('write', path, 'file-no-space');
          const grown = new Uint8Array(file.bytes.byteLength + bytes.byteLength);
          grown.set(file.bytes);
          grown.set(bytes, file.bytes.byteLength);
          file.bytes = grown;
          file.modifiedAt = this.#clock.now();
        }),
      sync: () =>
        this.#changing('sync', path, () => {
          if (!this.faults.isLying) file.durableBytes = file.bytes.byteLength; // D3
        }),
      close: () => this.#after(() => {}),
    };
  }

  #used(): number {
    let used = 0;
    for (const { bytes } of this.#files.values()) used += bytes.byteLength;
    return used;
  }

  #fileAt(path: string): StoredFile {
    const file = this.#files.get(this.resolve(path));
    if (file === undefined) throw fileError('open', path, 'file-not-found');
    return file;
  }

  #statusOf(path: string): FileStatus | undefined {
    const file = this.#files.get(path);
    if (file !== undefined) return { path, kind: 'file', size: file.bytes.byteLength, modifiedAt: file.modifiedAt };
    return this.#directories.has(path) ? { path, kind: 'directory', size: 0, modifiedAt: 0 } : undefined;
  }

  #requireFree(action: string, path: string): void {
    if (this.#files.has(path) || this.#directories.has(path)) throw fileError(action, path, 'file-exists');
  }

  #changing<R>(action: string, path: string, change: () => R): Promise<R> {
    return this.#after(() => {
      if (this.faults.failureRate > 0 && this.#random.next() < this.faults.failureRate) throw fileError(action, path, 'file-io');
      return change();
    });
  }

  /** D4 */
  #after<R>(work: () => R): Promise<R> {
    const epoch = this.#epoch;
    const { latencyMsMax } = this.faults;
    const delayMs = latencyMsMax === 0 ? 0 : this.#random.nextInt(latencyMsMax + 1);
    return new Promise((resolve, reject) => {
      this.#clock.schedule(delayMs, () => {
        if (epoch !== this.#epoch) return;
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function fileError(action: string, path: string, reason: FileErrorReason): DataError {
  return new DataError(`Could not ${action} '${path}': ${reason}.`, { reason });
}
