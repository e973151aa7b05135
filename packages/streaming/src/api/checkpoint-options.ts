/** The options of checkpoints, under Flink's keys, and what they come to for a job. */
import { ConfigError } from '@millrace/core/base/errors';
import type { ConfigOption } from '@millrace/core/config/option';
import { option } from '@millrace/core/config/option';
import type { OptionGroup } from '@millrace/core/config/option-registry';
import type { CheckpointSettings } from '../graph/job-graph.ts';

export const CHECKPOINTING_MODES = ['EXACTLY_ONCE', 'AT_LEAST_ONCE'] as const;
export const CHECKPOINT_RETENTIONS = ['RETAIN_ON_CANCELLATION', 'DELETE_ON_CANCELLATION', 'NO_EXTERNALIZED_CHECKPOINTS'] as const;

export const CHECKPOINT_INTERVAL = option({
  key: 'execution.checkpointing.interval',
  type: 'duration',
  min: 1,
  text: 'How often a checkpoint is begun. Without one there are no checkpoints. The same as `--checkpoint-interval`, which counts more than what the program sets.',
});
export const CHECKPOINT_DIRECTORY = option({
  key: 'execution.checkpointing.dir',
  type: 'string',
  deprecatedKeys: ['state.checkpoints.dir'],
  text: "Where checkpoints are kept: a path or a URI; a relative one starts where the command runs. Without one they are in the JobManager's memory and end with it. The same as `--checkpoint-dir`, which counts more than what the program sets.",
});
export const CHECKPOINT_STORAGE = option({
  key: 'execution.checkpointing.storage',
  type: ['jobmanager', 'filesystem'],
  deprecatedKeys: ['state.checkpoint-storage'],
  text: 'Where checkpoints are kept. By default `filesystem` where there is an `execution.checkpointing.dir`, else `jobmanager`.',
});
export const CHECKPOINT_MODE = option({
  key: 'execution.checkpointing.mode',
  type: CHECKPOINTING_MODES,
  default: 'EXACTLY_ONCE',
  text: 'Whether barriers are aligned. Without it (AT_LEAST_ONCE) no channel waits for another, and records may count twice in the state after a failure.',
});
export const CHECKPOINT_TIMEOUT = option({
  key: 'execution.checkpointing.timeout',
  type: 'duration',
  default: '10 min',
  min: 1,
  text: 'A checkpoint that is not complete after so long is given up.',
});
export const CHECKPOINT_MIN_PAUSE = option({
  key: 'execution.checkpointing.min-pause',
  type: 'duration',
  default: '0 ms',
  min: 0,
  text: 'The least time between the end of a checkpoint and the begin of the next. Above 0 ms there is one checkpoint at a time, whatever `execution.checkpointing.max-concurrent-checkpoints` says.',
});
export const CHECKPOINT_MAX_CONCURRENT = option({
  key: 'execution.checkpointing.max-concurrent-checkpoints',
  type: 'int',
  default: 1,
  min: 1,
  text: 'How many checkpoints may be under way at the same time.',
});
export const CHECKPOINT_TOLERABLE_FAILURES = option({
  key: 'execution.checkpointing.tolerable-failed-checkpoints',
  type: 'int',
  default: 0,
  min: 0,
  text: 'So many checkpoints in a row may fail; one more fails the job, which is then restarted.',
});
export const CHECKPOINTS_RETAINED = option({
  key: 'execution.checkpointing.num-retained',
  type: 'int',
  default: 1,
  min: 1,
  deprecatedKeys: ['state.checkpoints.num-retained'],
  text: 'How many complete checkpoints are kept; older ones are removed.',
});
export const CHECKPOINT_RETENTION = option({
  key: 'execution.checkpointing.externalized-checkpoint-retention',
  type: CHECKPOINT_RETENTIONS,
  default: 'DELETE_ON_CANCELLATION',
  deprecatedKeys: ['execution.checkpointing.externalized-checkpoint-retention-policy'],
  text: 'What becomes of the checkpoints of a job that has ended. They are removed when it has finished; DELETE_ON_CANCELLATION removes them when it is cancelled too and keeps them when it fails, RETAIN_ON_CANCELLATION keeps them in both cases, NO_EXTERNALIZED_CHECKPOINTS in neither.',
});
export const CHECKPOINT_BACKLOG_INTERVAL = option({
  key: 'execution.checkpointing.interval-during-backlog',
  type: 'duration',
  min: 0,
  text: 'The interval while a source says that it works off a backlog; 0 ms takes none then. By default the same as `execution.checkpointing.interval`.',
});
export const CHECKPOINT_INCREMENTAL = option({
  key: 'execution.checkpointing.incremental',
  type: 'boolean',
  default: false,
  deprecatedKeys: ['state.backend.incremental'],
  text: 'Whether a checkpoint holds only what has changed in keyed state since an older one, to whose files it refers. Of use where little of a large state changes between two checkpoints; each access of state costs a little more, and restoring reads more. Without a directory for checkpoints it does nothing.',
});
export const CHECKPOINT_INLINE_THRESHOLD = option({
  key: 'execution.checkpointing.data-inline-threshold',
  type: 'memory',
  default: '20 kb',
  max: 1024 * 1024,
  deprecatedKeys: ['state.storage.fs.memory-threshold'],
  text: "State of a subtask up to this size is kept in the checkpoint's `_metadata` instead of a file of its own.",
});
export const CHECKPOINT_MEMORY_LIMIT = option({
  key: 'execution.checkpointing.storage.memory.max-state-size',
  type: 'memory',
  default: '5 mb',
  text: "The most state that one subtask may have in one checkpoint where checkpoints are kept in the JobManager's memory.",
});
export const CHECKPOINT_UNALIGNED = option({
  key: 'execution.checkpointing.unaligned.enabled',
  type: 'boolean',
  default: false,
  deprecatedKeys: ['execution.checkpointing.unaligned'],
  text: 'Barriers that overtake records. Not there yet: they are aligned all the same, and a warning says so.',
});
export const CHECKPOINT_ALIGNED_TIMEOUT = option({
  key: 'execution.checkpointing.aligned-checkpoint-timeout',
  type: 'duration',
  default: '0 ms',
  min: 0,
  text: 'With unaligned checkpoints: how long a barrier is aligned before it overtakes.',
});

export const CHECKPOINT_OPTIONS: OptionGroup = {
  room: 'Checkpoints',
  options: [
    CHECKPOINT_INTERVAL,
    CHECKPOINT_DIRECTORY,
    CHECKPOINT_STORAGE,
    CHECKPOINT_MODE,
    CHECKPOINT_TIMEOUT,
    CHECKPOINT_MIN_PAUSE,
    CHECKPOINT_MAX_CONCURRENT,
    CHECKPOINT_TOLERABLE_FAILURES,
    CHECKPOINTS_RETAINED,
    CHECKPOINT_RETENTION,
    CHECKPOINT_BACKLOG_INTERVAL,
    CHECKPOINT_INCREMENTAL,
    CHECKPOINT_INLINE_THRESHOLD,
    CHECKPOINT_MEMORY_LIMIT,
    CHECKPOINT_UNALIGNED,
    CHECKPOINT_ALIGNED_TIMEOUT,
  ],
};

/** Undefined for an option that nobody has set. */
export type FindOption = <T>(option: ConfigOption<T>) => T | undefined;

/** Undefined where nobody has set anything of checkpoints. They are off as long as there is no interval. */
export function checkpointSettingsOf(find: FindOption): CheckpointSettings | undefined {
  const settings: { -readonly [K in keyof CheckpointSettings]: CheckpointSettings[K] | undefined } = {
    intervalMs: find(CHECKPOINT_INTERVAL)?.toMillis(),
    mode: find(CHECKPOINT_MODE),
    storage: directoryOf(find),
    timeoutMs: find(CHECKPOINT_TIMEOUT)?.toMillis(),
    minPauseMs: find(CHECKPOINT_MIN_PAUSE)?.toMillis(),
    maxConcurrent: find(CHECKPOINT_MAX_CONCURRENT),
    tolerableFailures: find(CHECKPOINT_TOLERABLE_FAILURES),
    retention: find(CHECKPOINT_RETENTION),
    unaligned: find(CHECKPOINT_UNALIGNED),
    alignedTimeoutMs: find(CHECKPOINT_ALIGNED_TIMEOUT)?.toMillis(),
    intervalDuringBacklogMs: find(CHECKPOINT_BACKLOG_INTERVAL)?.toMillis(),
    retained: find(CHECKPOINTS_RETAINED),
    incremental: find(CHECKPOINT_INCREMENTAL),
    inlineBytesMax: find(CHECKPOINT_INLINE_THRESHOLD)?.getBytes(),
    memoryBytesMax: find(CHECKPOINT_MEMORY_LIMIT)?.getBytes(),
  };
  const set = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as CheckpointSettings;
  return Object.keys(set).length === 0 ? undefined : set;
}

function directoryOf(find: FindOption): string | undefined {
  const directory = find(CHECKPOINT_DIRECTORY);
  const storage = find(CHECKPOINT_STORAGE);
  if (storage === 'jobmanager') return undefined;
  if (storage === 'filesystem' && directory === undefined) {
    throw new ConfigError(
      `${CHECKPOINT_STORAGE.key} is filesystem, but there is no directory. Set ${CHECKPOINT_DIRECTORY.key}, or start with --checkpoint-dir.`,
      { reason: 'option-value' },
    );
  }
  return directory;
}
