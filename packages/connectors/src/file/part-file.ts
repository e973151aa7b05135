/**
 * One part of a file sink's output while it is written.
 *
 * Owns its file and the records that were not handed to it yet. Called by its writer, one call at a time.
 */
import type { FileSystem, FileWriter } from '@millrace/core/fs/file-system';
import type { PendingFile } from './file-committer.ts';

const BUFFER_CHARS = 64 * 1024;

export interface PartNames {
  readonly pending: string;
  readonly final: string;
}

export class PartFile {
  readonly names: PartNames;
  readonly createdAt: number; // processing time
  lastWriteAt: number;
  /** Written and buffered; text counts its characters until it is written. */
  sizeBytes = 0;
  readonly #fileSystem: FileSystem;
  readonly #file: FileWriter;
  #isPersisted = false;
  #text = '';
  #writtenBytes = 0;

  private constructor(fileSystem: FileSystem, file: FileWriter, names: PartNames, now: number) {
    this.#fileSystem = fileSystem;
    this.#file = file;
    this.names = names;
    this.createdAt = now;
    this.lastWriteAt = now;
  }

  static async create(fileSystem: FileSystem, names: PartNames, now: number): Promise<PartFile> {
    return new PartFile(fileSystem, await fileSystem.create(names.pending), names, now);
  }

  /** A promise only when the buffer went out. */
  append(content: string | Uint8Array): Promise<void> | undefined {
    if (typeof content !== 'string') return this.#writeBytes(content);
    this.#text += content;
    this.sizeBytes += content.length;
    return this.#text.length >= BUFFER_CHARS ? this.#writeOut() : undefined;
  }

  /** Closes the file; its content survives a power failure from here on. */
  async finish(): Promise<PendingFile> {
    await this.#writeOut();
    await this.#file.sync();
    await this.#file.close();
    return { ...this.names, sizeBytes: this.#writtenBytes };
  }

  /** What is in the file by now survives a failure of this process, and a power failure: a checkpoint may refer to it. */
  async persist(): Promise<PendingFile> {
    await this.#writeOut();
    await this.#file.sync();
    this.#isPersisted = true;
    return { ...this.names, sizeBytes: this.#writtenBytes };
  }

  /** True once a checkpoint may need the file, complete or not. */
  get isPersisted(): boolean {
    return this.#isPersisted;
  }

  /** What a checkpoint may need stays. */
  async discard(): Promise<void> {
    await this.#file.close();
    if (!this.#isPersisted) await this.#fileSystem.remove(this.names.pending);
  }

  async #writeBytes(bytes: Uint8Array): Promise<void> {
    if (this.#text !== '') await this.#writeOut();
    await this.#write(bytes);
  }

  async #writeOut(): Promise<void> {
    if (this.#text === '') return;
    const bytes = new TextEncoder().encode(this.#text);
    this.#text = '';
    await this.#write(bytes);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#file.write(bytes);
    this.#writtenBytes += bytes.byteLength;
    this.sizeBytes = this.#writtenBytes + this.#text.length;
  }
}
