/** All options, by room, and those that the client itself compiles and hands down: rooms below receive values with units in their names, never keys. */

import { option } from '@millrace/core/config/option';
import { type OptionGroup, OptionRegistry } from '@millrace/core/config/option-registry';
import { JOB_OPTION_GROUPS } from '@millrace/streaming/api/job-configuration';
import { MEMORY_OPTIONS } from './memory-options.ts';

export const EXTERNAL_PACKAGES = option({
  key: 'pipeline.external-packages',
  type: 'list',
  default: '',
  text: "Packages that are not bundled with the program but loaded from the job's own node_modules. Packages with native code are recognised without being named.",
});
export const SLOTS = option({
  key: 'taskmanager.numberOfTaskSlots',
  type: 'int',
  min: 1,
  max: 1024,
  text: 'The slots of a TaskManager, each a thread of its own. By default `millrace run` takes as many as the job needs. The same as `--slots`.',
});
export const BUFFERS_PER_CHANNEL = option({
  key: 'taskmanager.network.memory.buffers-per-channel',
  type: 'int',
  default: 8,
  min: 1,
  max: 4096,
  text: 'Segments of each channel between two slots: how far a producer may be ahead of its consumer. Channels get fewer where the memory is short.',
});
export const OVERDRAFT_MEMORY = option({
  key: 'taskmanager.memory.overdraft.size',
  type: 'memory',
  default: '16 mb',
  min: 32 * 1024,
  text: 'What an operator emits at once beyond the free buffers of a channel is kept in memory up to this size for each channel, and beyond it in a file in the directory for temporary files.',
});
export const SLOT_REQUEST_TIMEOUT = option({
  key: 'slot.request.timeout',
  type: 'duration',
  default: '5 min',
  min: 1,
  text: 'A job that gets no slots for so long fails, and says how many it needs.',
});
export const TASK_CANCELLATION_TIMEOUT = option({
  key: 'task.cancellation.timeout',
  type: 'duration',
  default: '30 s',
  min: 1,
  text: 'A task that has not stopped so long after it was cancelled, because its user code does not return or a promise of its close() does not settle, is given up: the thread of its slot is ended and replaced, and the message says what the task was doing. Other slots and jobs go on.',
});
export const TASK_CANCELLATION_INTERVAL = option({
  key: 'task.cancellation.interval',
  type: 'duration',
  default: '5 s',
  min: 1,
  text: 'How often a task that was cancelled and has not stopped is looked at, with a warning that names its operator and where its code is. At most half of `task.cancellation.timeout`.',
});
export const WATCHDOG_LIMIT = option({
  key: 'task.watchdog.limit',
  type: 'duration',
  default: '10 s',
  text: 'A function that has not given the thread of its slot back for so long is named in a warning, with its stack. It goes on. 0 names none.',
});

export const RESTORE_PATH = option({
  key: 'execution.state-recovery.path',
  type: 'string',
  deprecatedKeys: ['execution.savepoint.path'],
  text: 'The checkpoint that a job begins with: its directory, or `latest` for the newest complete one of a job of this name in the directory of checkpoints. The same as `--restore`.',
});
export const IGNORE_UNCLAIMED_STATE = option({
  key: 'execution.state-recovery.ignore-unclaimed-state',
  type: 'boolean',
  default: false,
  deprecatedKeys: ['execution.savepoint.ignore-unclaimed-state'],
  text: 'Whether state of operators that the program has not any more is left behind. Otherwise a checkpoint with such state is refused, and they are listed. The same as `--allow-non-restored-state`.',
});

export const METRICS_PORT = option({
  key: 'metrics.reporter.prom.port',
  type: 'int',
  min: 0,
  max: 65535,
  text: 'Where `millrace run` serves the metrics of its jobs for Prometheus; 0 takes a port that is free and prints it. Without it none are served. The same as `--metrics-port`.',
});
export const METRICS_HOST = option({
  key: 'metrics.reporter.prom.host',
  type: 'string',
  default: '127.0.0.1',
  text: 'The address of that port. One that others than this machine reach is refused unless `metrics.reporter.prom.allow-remote` is set. The same as `--metrics-host`.',
});
export const METRICS_ALLOW_REMOTE = option({
  key: 'metrics.reporter.prom.allow-remote',
  type: 'boolean',
  default: false,
  text: 'Whether metrics may be served beyond this machine: they name jobs and operators to whoever asks. The same as `--metrics-allow-remote`.',
});

const GROUPS: readonly OptionGroup[] = [
  ...JOB_OPTION_GROUPS,
  { room: 'Restore', options: [RESTORE_PATH, IGNORE_UNCLAIMED_STATE] },
  { room: 'Metrics', options: [METRICS_PORT, METRICS_HOST, METRICS_ALLOW_REMOTE] },
  { room: 'Programs', options: [EXTERNAL_PACKAGES] },
  {
    room: 'TaskManagers',
    options: [
      SLOTS,
      BUFFERS_PER_CHANNEL,
      OVERDRAFT_MEMORY,
      SLOT_REQUEST_TIMEOUT,
      TASK_CANCELLATION_TIMEOUT,
      TASK_CANCELLATION_INTERVAL,
      WATCHDOG_LIMIT,
    ],
  },
  { room: 'Memory of a TaskManager', options: MEMORY_OPTIONS },
];

export const OPTIONS = new OptionRegistry(GROUPS);
