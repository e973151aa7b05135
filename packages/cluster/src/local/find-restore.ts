/** Which checkpoint a job begins with, found before it is submitted. */
import { ConfigError, DataError } from '@millrace/core/base/errors';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import type { FileSystem } from '@millrace/core/fs/file-system';
import { type ListedCheckpoint, listCheckpoints } from '@millrace/runtime/checkpoint/checkpoint-list';
import { filesOf } from '@millrace/runtime/checkpoint/metadata-walk';
import type { RestoreRequest } from '@millrace/runtime/protocol/control-messages';
import { describeFailure } from '@millrace/runtime/protocol/failure-description';
import type { RestoreSelection } from './local-cluster.ts';

export interface FoundRestore {
  readonly restore: RestoreRequest | undefined;
  /** Of a job that goes on: it is the same job, and its older checkpoints are its own. */
  readonly jobId: string | undefined;
}

/** `warn` hears of checkpoints that cannot be used, and where a job begins without any. */
export async function findRestore(selection: RestoreSelection, jobName: string, warn: (message: string) => void): Promise<FoundRestore> {
  if (selection.kind === 'path')
    return { restore: { path: selection.path, allowNonRestoredState: selection.allowNonRestoredState }, jobId: undefined };
  const found = await latestOf(selection.directory, jobName, warn);
  if (found === undefined) {
    warn(`there is no complete checkpoint of a job '${jobName}' in ${selection.directory}: it begins without state.`);
    return { restore: undefined, jobId: undefined };
  }
  if (selection.kind === 'none') throw batchRefusal(`its checkpoint ${found.path}`, jobName);
  return { restore: { path: found.path, allowNonRestoredState: selection.allowNonRestoredState }, jobId: found.metadata.jobId };
}

export function batchRefusal(checkpoint: string, jobName: string): ConfigError {
  return new ConfigError(
    `The job '${jobName}' cannot begin with ${checkpoint}: it runs in BATCH mode, which begins without state. ` +
      'Run it in STREAMING mode (-D execution.runtime-mode=STREAMING, or env.setRuntimeMode) to go on from there, or without --restore to begin anew.',
    { reason: 'batch-restore' },
  );
}

type Completed = ListedCheckpoint & { readonly status: 'COMPLETED' };

async function latestOf(directory: string, jobName: string, warn: (message: string) => void): Promise<Completed | undefined> {
  const fileSystem = fileSystemOf(directory);
  if ((await fileSystem.stat(fileSystem.resolve(directory))) === undefined) return undefined;
  const listed = await listCheckpoints(fileSystem, directory);
  const unusable: string[] = [];
  // Whose the damaged ones are nobody can say, nor how old: they may be what is looked for.
  for (const checkpoint of listed) {
    if (checkpoint.status !== 'DAMAGED') continue;
    warn(`a checkpoint cannot be used: ${describeFailure(checkpoint.error).message}`);
    unusable.push(checkpoint.path);
  }
  for (const checkpoint of listed) {
    if (checkpoint.status !== 'COMPLETED' || checkpoint.metadata.jobName !== jobName) continue;
    const missing = await missingFile(fileSystem, checkpoint);
    if (missing === undefined) return checkpoint;
    warn(`the checkpoint ${checkpoint.path} cannot be used: ${missing}. An older one is looked for.`);
    unusable.push(checkpoint.path);
  }
  // Beginning anew would write once more what was committed with them.
  if (unusable.length > 0) throw noneUsable(directory, jobName, unusable);
  return undefined;
}

function noneUsable(directory: string, jobName: string, unusable: readonly string[]): DataError {
  return new DataError(
    `No checkpoint of the job '${jobName}' in ${directory} can be used: ${unusable.join(', ')}. ` +
      'Bring the files back, or give the path of another checkpoint; without --restore the job begins without state, and writes its output once more.',
    { reason: 'checkpoint-damaged' },
  );
}

/** The first of its files that is not there, for the message; what is in them is checked when they are read. */
async function missingFile(fileSystem: FileSystem, { base, metadata }: Completed): Promise<string | undefined> {
  for (const file of filesOf(metadata)) {
    const path = file.startsWith('/') ? file : `${base}/${file}`;
    if ((await fileSystem.stat(path)) === undefined) return `its file ${path} is missing`;
  }
  return undefined;
}
