/**
 * Bundles of jobs as files, named by their content hash, in a directory that only this user may enter (mode 0700).
 *
 * The JobManager's process makes the directory and fills it; the TaskManager's process on the same machine reads from it. B1 no file is handed out whose
 * content does not have the hash that it is named by: it is code that will run.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '@millrace/core/base/errors';

const HASH = /^[0-9a-f]{64}$/;

export class BlobDirectory {
  readonly path: string;
  readonly #verified = new Set<string>();

  constructor(path: string) {
    this.path = path;
  }

  static create(): BlobDirectory {
    return new BlobDirectory(mkdtempSync(join(tmpdir(), 'millrace-')));
  }

  /** Stores the bytes once; refuses bytes that do not have this hash. */
  put(hash: string, bytes: Uint8Array): void {
    const file = this.#fileOf(hash);
    if (existsSync(file)) return;
    verify(hash, bytes, 'was submitted');
    writeFileSync(`${file}.part`, bytes, { mode: 0o600 });
    renameSync(`${file}.part`, file);
  }

  /** The path of a file with this content; throws a DataError when it is missing or was changed. */
  pathOf(hash: string): string {
    const file = this.#fileOf(hash);
    if (this.#verified.has(hash)) return file;
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(file);
    } catch (cause) {
      throw new DataError(`The bundle ${hash} is not in the blob store ${this.path}. Was the directory emptied while the cluster ran?`, {
        cause,
      });
    }
    verify(hash, bytes, `lies in ${this.path}`);
    this.#verified.add(hash);
    return file;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 }); // the other process may be at it, too
  }

  #fileOf(hash: string): string {
    if (!HASH.test(hash)) throw new DataError(`'${hash.slice(0, 80)}' is no SHA-256 in hexadecimal, so it names no bundle.`);
    return join(this.path, `${hash}.mjs`);
  }
}

function verify(hash: string, bytes: Uint8Array, where: string): void {
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== hash)
    throw new DataError(`A bundle that should have the hash ${hash} ${where} with the hash ${actual}. It is not run.`, {
      reason: 'bundle-hash',
    });
}
