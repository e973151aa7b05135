/** The options of a job: what `env.configure`, `-D` and `config.yaml` may say of it, under Flink's keys. */
import { option } from '@millrace/core/config/option';
import type { OptionGroup } from '@millrace/core/config/option-registry';

export const DEFAULT_PARALLELISM = option({
  key: 'parallelism.default',
  type: 'int',
  default: 1,
  min: 1,
  max: 32_768,
  text: 'How many subtasks an operator has that sets no parallelism of its own. The same as `--parallelism`.',
});
export const MAX_PARALLELISM = option({
  key: 'pipeline.max-parallelism',
  type: 'int',
  min: 1,
  max: 32_768,
  text: 'The number of key groups, and so the highest parallelism to which a job can be rescaled. By default it follows from the parallelism: half as much again, rounded up to a power of two, from 128 to 32768.',
});
export const OPERATOR_CHAINING = option({
  key: 'pipeline.operator-chaining.enabled',
  type: 'boolean',
  default: true,
  text: 'Whether operators that are joined by a forward edge run as one task. Switch it off to see the figures of each operator by itself; it costs speed.',
});
export const RUNTIME_MODE = option({
  key: 'execution.runtime-mode',
  type: ['STREAMING', 'BATCH', 'AUTOMATIC'],
  default: 'STREAMING',
  text: 'STREAMING emits results as records come. BATCH is for bounded inputs only: rolling aggregates give the last result of each key, watermarks come at the end alone, so nothing is late. AUTOMATIC is BATCH where all sources are bounded.',
});
export const AUTO_WATERMARK_INTERVAL = option({
  key: 'pipeline.auto-watermark-interval',
  type: 'duration',
  default: '200 ms',
  min: 0,
  text: 'How often a source that has nothing to read emits a watermark by the clock. While there are records, `pipeline.auto-watermark-records` decides.',
});
export const AUTO_WATERMARK_RECORDS = option({
  key: 'pipeline.auto-watermark-records',
  type: 'int',
  default: 1000,
  min: 1,
  unit: 'records',
  text: 'After how many records of a split a watermark follows. Counting records instead of time makes late records the same on every run.',
});
export const FREEZE_RECORDS = option({
  key: 'pipeline.freeze-records',
  type: 'boolean',
  default: false,
  text: 'Freezes every record that is emitted, so that code which changes one afterwards throws where it does so. For development; it costs speed.',
});
export const MAX_SHAPES = option({
  key: 'pipeline.max-shapes-per-edge',
  type: 'int',
  default: 64,
  min: 1,
  max: 4096,
  text: 'How many different sets of fields undeclared records of one edge may have before the rest is written as maps, which is slower.',
});
export const BUFFER_TIMEOUT = option({
  key: 'execution.buffer-timeout.interval',
  type: 'duration',
  default: '100 ms',
  min: -1,
  text: 'How long a record waits at most in a buffer that is not full. 0 ms sends each record at once, -1 ms only full buffers. A consumer that waits gets its records at the end of the turn in any case.',
});

export const LATENCY_INTERVAL = option({
  key: 'metrics.latency.interval',
  type: 'duration',
  default: '0 ms',
  min: 0,
  text: 'How often a source sends a latency marker, by which every operator behind it tells how long records are under way. 0 ms sends none, and then nothing is measured.',
});
export const LATENCY_GRANULARITY = option({
  key: 'metrics.latency.granularity',
  type: ['single', 'operator', 'subtask'],
  default: 'operator',
  text: 'How finely latencies are told apart: for each operator over all sources (single), for each source (operator), or for each subtask of a source (subtask).',
});
export const LATENCY_HISTORY_SIZE = option({
  key: 'metrics.latency.history-size',
  type: 'int',
  default: 128,
  min: 1,
  max: 65_536,
  text: 'How many of the last latencies of an operator its statistics are of.',
});

export const JOB_OPTIONS: OptionGroup = {
  room: 'Jobs',
  options: [
    DEFAULT_PARALLELISM,
    MAX_PARALLELISM,
    OPERATOR_CHAINING,
    AUTO_WATERMARK_INTERVAL,
    AUTO_WATERMARK_RECORDS,
    FREEZE_RECORDS,
    MAX_SHAPES,
    BUFFER_TIMEOUT,
    RUNTIME_MODE,
    LATENCY_INTERVAL,
    LATENCY_GRANULARITY,
    LATENCY_HISTORY_SIZE,
  ],
};
