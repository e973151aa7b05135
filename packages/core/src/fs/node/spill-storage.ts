/**
 * A temporary file that is written at its end and read anywhere, synchronously: for a task that must get rid of bytes between two records and cannot wait.
 *
 * Owns its file, whose name is taken away at once where the system allows that, so that nothing stays behind when the process dies.
 */
import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileError } from './file-error.ts';

let serial = 0;

export class FileSpillStorage {
  readonly #path: string;
  readonly #file: number;
  #isUnlinked: boolean;
  #sizeBytes = 0;

  /** `directory` is made if it is not there; `name` says whose file it is and need not be unique. */
  constructor(directory: string, name: string) {
    this.#path = join(directory, `${name.replace(/[^A-Za-z0-9_-]+/g, '-')}-${process.pid}-${serial++}.spill`);
    this.#file = this.#attempt('create', () => {
      mkdirSync(directory, { recursive: true });
      return openSync(this.#path, 'wx+', 0o600);
    });
    this.#isUnlinked = this.#unlink();
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(bytes: Uint8Array): void {
    this.#attempt('write', () => {
      for (let done = 0; done < bytes.byteLength; ) {
        done += writeSync(this.#file, bytes, done, bytes.byteLength - done, this.#sizeBytes + done);
      }
    });
    this.#sizeBytes += bytes.byteLength;
  }

  read(target: Uint8Array, position: number): void {
    this.#attempt('read', () => {
      for (let done = 0; done < target.byteLength; ) {
        const count = readSync(this.#file, target, done, target.byteLength - done, position + done);
        if (count === 0) throw new Error(`it ends ${target.byteLength - done} bytes early`);
        done += count;
      }
    });
  }

  close(): void {
    closeSync(this.#file);
    if (!this.#isUnlinked) this.#isUnlinked = this.#unlink();
  }

  #unlink(): boolean {
    try {
      unlinkSync(this.#path);
      return true;
    } catch {
      return false; // a system that does not remove open files: `close` does it
    }
  }

  #attempt<R>(what: string, action: () => R): R {
    try {
      return action();
    } catch (error) {
      throw fileError(`${what} the spill file`, this.#path, error);
    }
  }
}
