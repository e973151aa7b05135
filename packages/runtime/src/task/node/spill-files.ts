/** Where records go that an operator emitted far beyond its credit: a file of the channel's own, gone when the channel or the process is. */
import { tmpdir } from 'node:os';
import { FileSpillStorage } from '@millrace/core/fs/node/spill-storage';
import { SpillFile } from '@millrace/core/fs/node/spill-file';
import type { SpillStorage } from '@millrace/streaming/contract/managed-memory';
import { SEGMENT_BYTES } from '../../memory/segment.ts';
import type { SpillSink } from '../../network/overdraft.ts';

export function openSpillFile(name: string): SpillSink {
  return new SpillFile(tmpdir(), `millrace ${name}`, SEGMENT_BYTES);
}

/** The same for what an operator's managed memory does not hold. */
export function openSpillStorage(name: string): SpillStorage {
  return new FileSpillStorage(tmpdir(), `millrace ${name}`);
}
