/** Where records go that an operator emitted far beyond its credit: a file of the channel's own, gone when the channel or the process is. */
import { tmpdir } from 'node:os';
import { FileSpillStorage } from '@millrace/core/fs/node/spill-storage';
import { DataError } from '@millrace/core/base/errors';
import { SpillFile } from '@millrace/core/fs/node/spill-file';
import type { SpillStorage } from '@millrace/streaming/contract/managed-memory';
import { SEGMENT_BYTES } from '../../memory/segment.ts';
import type { SpillSink } from '../../network/overdraft.ts';

export function openSpillFile(name: string): SpillSink {
  return new OverdraftFile(() => new SpillFile(tmpdir(), `millrace ${name}`, SEGMENT_BYTES), name);
}

/** The same for what an operator's managed memory does not hold. */
export function openSpillStorage(name: string): SpillStorage {
  return new FileSpillStorage(tmpdir(), `millrace ${name}`);
}

/** Says what the file is for where there is no room for it: who reads the message has not asked for a file. */
export class OverdraftFile implements SpillSink {
  readonly #name: string;
  readonly #file: SpillSink;

  constructor(open: () => SpillSink, name: string) {
    this.#name = name;
    this.#file = this.#explained(open);
  }

  append(segment: Uint8Array): void {
    this.#explained(() => this.#file.append(segment));
  }

  take(target: Uint8Array): void {
    this.#file.take(target);
  }

  close(): void {
    this.#file.close();
  }

  #explained<R>(action: () => R): R {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof DataError) || error.reason !== 'file-no-space') throw error;
      throw new DataError(
        `${error.message} It keeps what was emitted at once and does not fit into the buffers (${this.#name}). Free space there, have TMPDIR name a larger disk, ` +
          'emit by a generator, which waits, or raise taskmanager.memory.overdraft.size.',
        { cause: error, reason: 'file-no-space' },
      );
    }
  }
}
