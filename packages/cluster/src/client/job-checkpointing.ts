/** What a job is submitted with of checkpoints: the program's settings under those of the command, and what it begins with. */
import { resolve } from 'node:path';
import { ConfigError } from '@millrace/core/base/errors';
import type { Configuration } from '@millrace/core/config/configuration';
import type { CheckpointSettings, JobGraph } from '@millrace/streaming/graph/job-graph';
import type { RestoreSelection } from '../local/local-cluster.ts';
import { batchRefusal } from '../local/find-restore.ts';
import { IGNORE_UNCLAIMED_STATE, RESTORE_PATH } from './options.ts';

/** `--checkpoint-dir` and `--checkpoint-interval`: who starts a job says where its checkpoints go, and how often, whatever the program says. */
export interface CheckpointFlags {
  readonly directory?: string;
  readonly intervalMs?: number;
}

/** Of a job that is given a directory on the command line and no interval anywhere. */
const INTERVAL_WITH_DIRECTORY_MS = 10_000;
const LATEST = 'latest';
const SCHEME = /^[a-zA-Z][a-zA-Z0-9+.-]+:/;

/** The job graph with whole paths; its digest stays that of the program, which slots compare. In BATCH mode there are no checkpoints, whoever asks for them. */
export function withCheckpointing(jobGraph: JobGraph, flags: CheckpointFlags, workingDirectory: string): JobGraph {
  const { checkpointing, ...configuration } = jobGraph.configuration;
  if (configuration.isBatch === true) return jobGraph;
  const intervalMs =
    flags.intervalMs ?? checkpointing?.intervalMs ?? (flags.directory === undefined ? undefined : INTERVAL_WITH_DIRECTORY_MS);
  if (intervalMs === undefined) return jobGraph;
  const storage = flags.directory ?? checkpointing?.storage;
  const settings: CheckpointSettings = {
    ...checkpointing,
    intervalMs,
    ...(storage === undefined ? {} : { storage: wholePath(storage, workingDirectory) }),
  };
  return { ...jobGraph, configuration: { ...configuration, checkpointing: settings } };
}

/** What is meant by settings that do less than they say. */
export function checkpointWarnings({ name, configuration }: JobGraph, flags: CheckpointFlags, isRestored: boolean): readonly string[] {
  const { checkpointing, isBatch } = configuration;
  const warnings: string[] = [];
  if (isBatch === true && (flags.directory !== undefined || flags.intervalMs !== undefined))
    warnings.push(
      `the job '${name}' runs in BATCH mode, which takes no checkpoints: --checkpoint-dir and --checkpoint-interval are left out.`,
    );
  if (isBatch === true && isRestored && flags.directory === undefined)
    warnings.push(`the job '${name}' runs in BATCH mode, which takes no checkpoints: there is no latest one, and it begins without state.`);
  if (checkpointing?.unaligned === true)
    warnings.push(`the job '${name}' asks for unaligned checkpoints, which are not there yet: its barriers are aligned.`);
  if ((checkpointing?.minPauseMs ?? 0) > 0 && (checkpointing?.maxConcurrent ?? 1) > 1)
    warnings.push(
      `the job '${name}' has a minimum pause between checkpoints, so they are taken one at a time, not ${checkpointing?.maxConcurrent}.`,
    );
  return warnings;
}

interface RestoreFlags {
  readonly flags: CheckpointFlags;
  readonly workingDirectory: string;
}

/** Undefined where the job begins without state. */
export function restoreSelection(
  configuration: Configuration,
  jobGraph: JobGraph,
  { flags, workingDirectory }: RestoreFlags,
): RestoreSelection | undefined {
  const path = configuration.get(RESTORE_PATH);
  if (path === undefined) return undefined;
  const allowNonRestoredState = configuration.get(IGNORE_UNCLAIMED_STATE);
  if (jobGraph.configuration.isBatch === true) return batchSelection(path, jobGraph.name, { flags, workingDirectory });
  if (path !== LATEST) return { kind: 'path', path: wholePath(path, workingDirectory), allowNonRestoredState };
  const directory = jobGraph.configuration.checkpointing?.storage;
  if (directory === undefined) {
    throw new ConfigError(
      `The job '${jobGraph.name}' cannot begin with its latest checkpoint: it has no directory of checkpoints. Give it with --checkpoint-dir, or the path of a checkpoint with --restore.`,
      { reason: 'no-checkpoint-directory' },
    );
  }
  return { kind: 'latest', directory, allowNonRestoredState };
}

/** A job in BATCH mode begins at its beginning. `latest` lets it, as it does where there is no checkpoint; one that there is would be passed over, so it is looked for. */
function batchSelection(path: string, name: string, { flags, workingDirectory }: RestoreFlags): RestoreSelection | undefined {
  if (path !== LATEST) throw batchRefusal(`the checkpoint ${path}`, name);
  if (flags.directory === undefined) return undefined;
  return { kind: 'none', directory: wholePath(flags.directory, workingDirectory) };
}

function wholePath(path: string, workingDirectory: string): string {
  return SCHEME.test(path) ? path : resolve(workingDirectory, path);
}
