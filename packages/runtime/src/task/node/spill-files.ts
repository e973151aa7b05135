/** Where records go that an operator emitted far beyond its credit: a file of the channel's own, gone when the channel or the process is. */
import { tmpdir } from 'node:os';
import { SpillFile } from '@millrace/core/fs/node/spill-file';
import { SEGMENT_BYTES } from '../../memory/segment.ts';
import type { SpillSink } from '../../network/overdraft.ts';

export function openSpillFile(name: string): SpillSink {
  return new SpillFile(tmpdir(), `millrace ${name}`, SEGMENT_BYTES);
}
