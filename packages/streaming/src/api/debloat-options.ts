/** The options of buffer debloating, under Flink's keys. Here they are a job's: its slots are its own. */
import { type ConfigOption, option } from '@millrace/core/config/option';
import type { OptionGroup } from '@millrace/core/config/option-registry';
import type { BufferDebloatSettings } from '../graph/job-graph.ts';

const DEBLOAT_ENABLED = option({
  key: 'taskmanager.network.memory.buffer-debloat.enabled',
  type: 'boolean',
  default: false,
  text: 'Whether what is in flight towards a task is bounded to what the task drains in `taskmanager.network.memory.buffer-debloat.target`, by smaller buffers. Barriers and records are then quicker under back-pressure; a load that changes quickly finds smaller buffers.',
});
const DEBLOAT_TARGET = option({
  key: 'taskmanager.network.memory.buffer-debloat.target',
  type: 'duration',
  default: '1 s',
  min: 1,
  text: 'How long a task shall need for what is in flight towards it.',
});
const DEBLOAT_PERIOD = option({
  key: 'taskmanager.network.memory.buffer-debloat.period',
  type: 'duration',
  default: '200 ms',
  min: 1,
  text: 'How often the speed of a task is looked at, and the size of its buffers chosen again.',
});
const DEBLOAT_SAMPLES = option({
  key: 'taskmanager.network.memory.buffer-debloat.samples',
  type: 'int',
  default: 20,
  min: 1,
  text: 'From how many of the last sizes the size of buffers is smoothed: more of them change it more slowly.',
});
const DEBLOAT_THRESHOLD = option({
  key: 'taskmanager.network.memory.buffer-debloat.threshold-percentages',
  type: 'int',
  default: 25,
  min: 1,
  max: 100,
  text: 'By how much of the size in use, in per cent, a new size of buffers must differ to be used.',
});

export const DEBLOAT_OPTIONS: OptionGroup = {
  room: 'Buffer debloating',
  options: [DEBLOAT_ENABLED, DEBLOAT_TARGET, DEBLOAT_PERIOD, DEBLOAT_SAMPLES, DEBLOAT_THRESHOLD],
};

/** Undefined where it is off. */
export function bufferDebloatOf(get: <T>(option: ConfigOption<T>) => T): BufferDebloatSettings | undefined {
  if (!get(DEBLOAT_ENABLED)) return undefined;
  return {
    targetMs: get(DEBLOAT_TARGET).toMillis(),
    periodMs: get(DEBLOAT_PERIOD).toMillis(),
    samples: get(DEBLOAT_SAMPLES),
    thresholdPercentage: get(DEBLOAT_THRESHOLD),
  };
}
