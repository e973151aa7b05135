/** What the tasks of a job tell of the processes and threads that they are in, once for each of these. Names as Flink has them for its JVMs; what a JVM has not is under `Slot` and `Process`. */
import type { MetricSample } from '@millrace/core/metrics/metric-group';
import type { SubtaskDetails } from '@millrace/runtime/protocol/control-messages';
import { TASK_METRIC } from '@millrace/runtime/protocol/slot-messages';

export interface TaskManagerFigures extends Pick<MetricSample, 'groups' | 'variables'> {
  readonly taskManagerId: string;
  readonly figures: readonly (readonly [name: string, value: number])[];
}

const NS_PER_MS = 1e6;

type Figures = readonly number[];

/** Of TaskManagers in which a subtask runs: the figures of one that has ended are of another time. */
export function taskManagerFigures(subtasks: readonly SubtaskDetails[]): readonly TaskManagerFigures[] {
  const byTaskManager = new Map<string, Map<number, Figures>>();
  for (const { location, metrics, state } of subtasks) {
    if (location === undefined || metrics === undefined || state !== 'RUNNING') continue;
    const slots = byTaskManager.get(location.taskManagerId) ?? new Map<number, Figures>();
    byTaskManager.set(location.taskManagerId, slots);
    if (figure(metrics, 'heapUsedBytes') > figure(slots.get(location.slot), 'heapUsedBytes')) slots.set(location.slot, metrics);
  }
  return [...byTaskManager].flatMap(([taskManagerId, slots]) => [
    { taskManagerId, groups: ['Status'], variables: [], figures: processFigures([...slots.values()]) },
    ...[...slots].map(([slot, metrics]) => slotFigures(taskManagerId, slot, metrics)),
  ]);
}

/** Heaps and collectors are those of the slots with tasks of the job, together. */
function processFigures(slots: readonly Figures[]): TaskManagerFigures['figures'] {
  const sum = (name: keyof typeof TASK_METRIC) => slots.reduce((total, metrics) => total + figure(metrics, name), 0);
  const most = (name: keyof typeof TASK_METRIC) => Math.max(0, ...slots.map((metrics) => figure(metrics, name)));
  const heaps = [
    ['JVM.Memory.Heap.Used', sum('heapUsedBytes')],
    ['JVM.Memory.NonHeap.Used', sum('externalBytes')],
  ] as const;
  if (most('processRssBytes') === 0) return heaps;
  return [
    ...heaps,
    ['JVM.GarbageCollector.All.Count', sum('garbageCollections')],
    ['JVM.GarbageCollector.All.Time', sum('garbageCollectionMs')],
    ['JVM.CPU.Time', most('processCpuMs') * NS_PER_MS],
    ['Process.Memory.Rss', most('processRssBytes')],
  ];
}

function slotFigures(taskManagerId: string, slot: number, metrics: Figures): TaskManagerFigures {
  const heap = [
    ['heapUsed', figure(metrics, 'heapUsedBytes')],
    ['external', figure(metrics, 'externalBytes')],
  ] as const;
  const rest = [
    ['garbageCollections', figure(metrics, 'garbageCollections')],
    ['garbageCollectionTimeMs', figure(metrics, 'garbageCollectionMs')],
    ['eventLoopDelayMs', figure(metrics, 'eventLoopDelayMs')],
  ] as const;
  const hasRest = figure(metrics, 'processRssBytes') > 0;
  return { taskManagerId, groups: ['Status', 'slot'], variables: [['slot', String(slot)]], figures: hasRest ? [...heap, ...rest] : heap };
}

function figure(metrics: Figures | undefined, name: keyof typeof TASK_METRIC): number {
  return metrics?.[TASK_METRIC[name]] ?? 0;
}
