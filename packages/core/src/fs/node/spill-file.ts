/**
 * A temporary file that is written at one end and read at the other, in pieces of one size, synchronously: for a task that must get rid of bytes in the
 * middle of a record and cannot wait (architecture D4).
 *
 * Owns its file, whose name is taken away at once where the system allows that, so that nothing stays behind when the process dies.
 * Pieces that were read make room for new ones once all were read; the file is as long as the greatest backlog.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { invariant } from '../../base/assert.ts';
import { fileError } from './file-error.ts';

let serial = 0;

export class SpillFile {
  private readonly path: string;
  private readonly pieceBytes: number;
  private readonly file: number;
  private unlinked: boolean;
  private first = 0; // the oldest piece, in pieces from the start of the file
  private end = 0;

  /** `directory` is made if it is not there; `name` says whose file it is and need not be unique. */
  constructor(directory: string, name: string, pieceBytes: number) {
    this.pieceBytes = pieceBytes;
    this.path = join(directory, `${name.replace(/[^A-Za-z0-9_-]+/g, '-')}-${process.pid}-${serial++}.spill`);
    this.file = this.attempt('create', () => {
      mkdirSync(directory, { recursive: true });
      return openSync(this.path, 'wx+', 0o600);
    });
    this.unlinked = this.unlink();
  }

  get pieces(): number {
    return this.end - this.first;
  }

  append(piece: Uint8Array): void {
    invariant(
      piece.byteLength === this.pieceBytes,
      () => `${this.path} holds pieces of ${this.pieceBytes} bytes; this one has ${piece.byteLength}`,
    );
    this.attempt('write', () => {
      let done = 0;
      while (done < this.pieceBytes) done += writeSync(this.file, piece, done, this.pieceBytes - done, this.end * this.pieceBytes + done);
    });
    this.end += 1;
  }

  /** Moves the oldest piece to `target`. */
  take(target: Uint8Array): void {
    invariant(this.pieces > 0, () => `${this.path} is empty`);
    this.attempt('read', () => {
      for (let done = 0; done < this.pieceBytes; ) {
        const count = readSync(this.file, target, done, this.pieceBytes - done, this.first * this.pieceBytes + done);
        if (count === 0) throw new Error(`it ends ${this.pieceBytes - done} bytes early`);
        done += count;
      }
    });
    this.first += 1;
    if (this.first < this.end) return;
    this.first = 0;
    this.end = 0;
    this.attempt('truncate', () => ftruncateSync(this.file, 0));
  }

  /** Gives the disk space back. Not to be used afterwards. */
  close(): void {
    closeSync(this.file);
    if (!this.unlinked) this.unlinked = this.unlink();
  }

  private unlink(): boolean {
    try {
      unlinkSync(this.path);
      return true;
    } catch {
      return false; // a system that does not remove open files: `close` does it
    }
  }

  private attempt<R>(what: string, action: () => R): R {
    try {
      return action();
    } catch (error) {
      throw fileError(`${what} the spill file`, this.path, error);
    }
  }
}
