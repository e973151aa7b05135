/**
 * State streams over a file system, and those that stay in memory and travel with the acknowledgement.
 *
 * F1 a stream becomes a file once it is larger than the location's `inlineBytesMax`; small ones go into `_metadata`, which saves a file for each subtask.
 * F2 a file has a name that nobody else makes; nothing is overwritten.
 * F3 after `discard` no file of the stream is left, whatever else failed.
 */
import { DataError } from '@millrace/core/base/errors';
import type { Random } from '@millrace/core/base/random';
import type { FileSystem, FileWriter } from '@millrace/core/fs/file-system';
import type { CheckpointLocation } from './checkpoint-options.ts';
import type { StreamHandle } from './state-handles.ts';
import { type CheckpointStreams, STREAM_HEADER, type StateStream, type StreamScope } from './state-streams.ts';

/** Smaller writes are gathered: a file system call each would cost more than the bytes. */
const WRITE_BYTES = 256 * 1024;

export interface FileStreamPorts {
  fileSystemOf(path: string): FileSystem;
  /** For names of files (F2): not a seed that two processes may share. */
  readonly random: Random;
}

export class FileCheckpointStreams implements CheckpointStreams {
  readonly #ports: FileStreamPorts;

  constructor(ports: FileStreamPorts) {
    this.#ports = ports;
  }

  create(location: CheckpointLocation, scope: StreamScope): StateStream {
    if (location.kind === 'memory') return new MemoryStateStream(location.maxStateBytes);
    const { exclusive, shared } = location;
    // By the name of its checkpoint a shared file is found again when that is given up (shared-files.ts).
    const directory = scope === 'exclusive' ? `${exclusive}/` : `${shared}/${exclusive.slice(exclusive.lastIndexOf('/') + 1)}-`;
    const path = `${directory}${this.#newName()}`;
    return new FileStateStream(this.#ports.fileSystemOf(path), path, location);
  }

  #newName(): string {
    return Array.from({ length: 4 }, () => this.#ports.random.nextInt(0x1_0000_0000).toString(16).padStart(8, '0')).join('');
  }
}

/** What was written and not yet passed on, in memory that is used again and again. */
class Gathered {
  #bytes: Uint8Array = Uint8Array.from(STREAM_HEADER);
  size = STREAM_HEADER.byteLength;

  add(bytes: Uint8Array): void {
    const size = this.size + bytes.byteLength;
    if (size > this.#bytes.byteLength) {
      const longer = new Uint8Array(Math.max(size, this.#bytes.byteLength * 2));
      longer.set(this.#bytes.subarray(0, this.size));
      this.#bytes = longer;
    }
    this.#bytes.set(bytes, this.size);
    this.size = size;
  }

  /** Not a copy: valid until the next `add`. */
  get contents(): Uint8Array {
    return this.#bytes.subarray(0, this.size);
  }

  /** The next bytes overwrite the memory. */
  rewind(): void {
    this.size = 0;
  }

  release(): void {
    this.#bytes = new Uint8Array(0);
    this.size = 0;
  }

  take(): Uint8Array {
    const taken = this.contents.slice();
    this.release();
    return taken;
  }
}

class MemoryStateStream implements StateStream {
  readonly #gathered = new Gathered();
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get position(): number {
    return this.#gathered.size;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#gathered.add(bytes);
    if (this.#gathered.size > this.#bytesMax) throw tooLarge(this.#gathered.size, this.#bytesMax);
  }

  async finish(): Promise<StreamHandle> {
    return { kind: 'inline', bytes: this.#gathered.take() };
  }

  async discard(): Promise<void> {
    this.#gathered.release();
  }
}

class FileStateStream implements StateStream {
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  readonly #location: CheckpointLocation & { readonly kind: 'directory' };
  readonly #gathered = new Gathered();
  #writer: FileWriter | undefined = undefined;
  #passedOn = 0;
  #isDiscarded = false;
  /** The file operation under way, so that `discard` comes after it. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(fileSystem: FileSystem, path: string, location: CheckpointLocation & { readonly kind: 'directory' }) {
    this.#fileSystem = fileSystem;
    this.#path = path;
    this.#location = location;
  }

  get position(): number {
    return this.#passedOn + this.#gathered.size;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#gathered.add(bytes);
    const isSmall = this.#writer === undefined && this.#gathered.size <= this.#location.inlineBytesMax; // F1
    if (!isSmall && this.#gathered.size >= WRITE_BYTES) await this.#inOrder(() => this.#passOn());
  }

  async finish(): Promise<StreamHandle> {
    if (this.#writer === undefined && this.#gathered.size <= this.#location.inlineBytesMax)
      return { kind: 'inline', bytes: this.#gathered.take() };
    await this.#inOrder(async () => {
      await this.#passOn();
      await this.#writer?.sync();
      await this.#writer?.close();
      this.#writer = undefined;
      this.#gathered.release();
    });
    return { kind: 'file', path: relativeTo(this.#location.base, this.#path), size: this.#passedOn };
  }

  async discard(): Promise<void> {
    if (this.#isDiscarded) return;
    this.#isDiscarded = true;
    await this.#last.catch(() => {}); // whoever waited for it has been told
    this.#gathered.release();
    await this.#writer?.close().catch(() => {});
    if (this.#passedOn > 0 || this.#writer !== undefined) await this.#fileSystem.remove(this.#path); // F3
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => {});
    return mine;
  }

  async #passOn(): Promise<void> {
    if (this.#isDiscarded) return;
    this.#writer ??= await this.#fileSystem.create(this.#path);
    const bytes = this.#gathered.contents;
    this.#gathered.rewind();
    this.#passedOn += bytes.byteLength;
    await this.#writer.write(bytes); // no `write` comes before this one has settled
  }
}

function relativeTo(base: string, path: string): string {
  return path.startsWith(`${base}/`) ? path.slice(base.length + 1) : path;
}

function tooLarge(size: number, max: number): DataError {
  return new DataError(
    `The state of a subtask is at least ${size} bytes, above the ${max} bytes that a checkpoint in the JobManager's memory may have for each stream ` +
      '(execution.checkpointing.storage.memory.max-state-size). Raise it, or give checkpoints a directory (execution.checkpointing.dir).',
    { reason: 'state-too-large' },
  );
}
