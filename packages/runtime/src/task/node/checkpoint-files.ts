/** The default of a slot's port to the files of checkpoints: the file systems that paths name. */
import { randomInt } from 'node:crypto';
import type { Random } from '@millrace/core/base/random';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import { FileCheckpointStreams } from '../../checkpoint/file-streams.ts';
import { openStateStream } from '../../checkpoint/stream-reader.ts';
import type { CheckpointFiles } from '../slot-ports.ts';

/** No seed that two processes may share: names of files come from it. */
const unpredictable: Random = { nextInt: (bound) => randomInt(bound), next: () => randomInt(2 ** 32) / 2 ** 32 };

export const checkpointFiles: CheckpointFiles = {
  streams: new FileCheckpointStreams({ fileSystemOf, random: unpredictable }),
  open: (handle, base) => openStateStream(handle, base, fileSystemOf),
};
