/** How files that several checkpoints refer to are called: `shared/chk-<n>-…`, after the one that wrote them, so that what was given up can be found. */
import type { StreamHandle } from './state-handles.ts';

export const CHECKPOINT_PREFIX = 'chk-';
/** The directory in that of the job. */
export const SHARED = 'shared';

/** Of the shared files of a checkpoint, as handles name them. */
export function sharedPrefixOf(checkpointId: number): string {
  return `${SHARED}/${CHECKPOINT_PREFIX}${checkpointId}-`;
}

/** Somebody else's files are left alone. */
export function isSharedName(path: string): boolean {
  return /^shared\/chk-\d+-/.test(path);
}

export function isShared(stream: StreamHandle): boolean {
  return stream.kind === 'file' && stream.path.startsWith(`${SHARED}/`);
}
