/**
 * Latency markers of one task: a source sends them, every operator behind it keeps how long they were under way. Made only for jobs that ask for it.
 *
 * Owned by the task. Called in its thread, between elements.
 *
 * L1 a marker leaves a source in band behind the records of the moment, every `intervalMs` of processing time, as long as its input has not ended.
 * L2 what is kept is bounded: a histogram of the last `historySize` markers for each operator and, by granularity, for each source or each of its subtasks.
 */
import { HistogramWindow } from '@millrace/core/metrics/histogram-window';
import type { ChainedOperator, LatencyTrackingSettings } from '@millrace/streaming/graph/job-graph';
import type { LatencyMarker } from '../network/latency-marker.ts';
import type { OperatorMetric } from '../protocol/user-metrics.ts';
import type { PlannedStep } from './chain-plan.ts';
import type { Mailbox } from './mailbox.ts';
import type { TaskEnvironment } from './task-environment.ts';
import type { TaskMetricGroups } from './task-metric-groups.ts';
import type { TaskSchedule } from './task-schedule.ts';

interface Tracked {
  readonly operator: ChainedOperator;
  readonly variables: OperatorMetric['variables'];
  readonly histogram: HistogramWindow;
}

export interface LatencyTrackingPorts {
  readonly settings: LatencyTrackingSettings;
  readonly subtask: number;
  readonly currentProcessingTime: () => number;
  /** Of a task whose head is a source. */
  readonly source: MarkerSource | undefined;
}

export interface MarkerSource {
  readonly operatorId: string;
  /** Runs the action in the task's thread after the delay, as long as the task runs. */
  readonly schedule: (delayMs: number, action: () => void) => void;
  /** False once the input has ended. */
  readonly isReading: () => boolean;
  readonly send: (marker: LatencyMarker) => void;
}

export class LatencyTracking {
  readonly #ports: LatencyTrackingPorts;
  readonly #tracked = new Map<string, Tracked>();

  constructor(ports: LatencyTrackingPorts) {
    this.#ports = ports;
  }

  /** Sends the first marker, and the others in their time (L1). */
  begin(): void {
    const { source, settings } = this.#ports;
    if (source === undefined || !source.isReading()) return;
    source.send({ markedMs: this.#ports.currentProcessingTime(), operatorId: source.operatorId, subtask: this.#ports.subtask });
    source.schedule(settings.intervalMs, () => this.begin());
  }

  /** A marker has come to an operator of the task; at the source itself it begins. */
  reached({ operator, logic }: PlannedStep, marker: LatencyMarker): void {
    if (logic.kind === 'source') return;
    const { settings, currentProcessingTime } = this.#ports;
    const latencyMs = currentProcessingTime() - marker.markedMs;
    const key = keyOf(settings.granularity, operator.id, marker);
    let tracked = this.#tracked.get(key);
    if (tracked === undefined) {
      const variables = variablesOf({ granularity: settings.granularity, operator, marker, subtask: this.#ports.subtask });
      tracked = { operator, variables, histogram: new HistogramWindow(settings.historySize) };
      this.#tracked.set(key, tracked);
    }
    tracked.histogram.add(latencyMs);
  }

  /** Under Flink's name: `latency.source_id.<id>.operator_id.<id>.operator_subtask_index.<n>.latency`. */
  *metrics(): Generator<OperatorMetric> {
    for (const { operator, variables, histogram } of this.#tracked.values()) {
      const { count, sum, statistics } = histogram;
      yield {
        operatorId: operator.id,
        operatorName: operator.name,
        origin: 'job',
        groups: ['latency', ...variables.map(([name]) => name)],
        variables,
        name: 'latency',
        value: { kind: 'histogram', count, sum, statistics },
      };
    }
  }
}

interface TrackedTask {
  readonly schedule: TaskSchedule;
  readonly mailbox: Mailbox;
  readonly metricGroups: TaskMetricGroups;
  readonly isReading: MarkerSource['isReading'];
  readonly send: MarkerSource['send'];
}

/** Undefined for a job that does not ask for it. */
export function trackLatency(
  { job, deployed, ports }: TaskEnvironment,
  { operator, logic }: PlannedStep,
  { schedule, mailbox, metricGroups, isReading, send }: TrackedTask,
): LatencyTracking | undefined {
  const { latencyTracking: settings } = job.jobGraph.configuration;
  if (settings === undefined) return undefined;
  const later = (delayMs: number, action: () => void) => void schedule.schedule(delayMs, () => mailbox.put(action));
  const tracking = new LatencyTracking({
    settings,
    subtask: deployed.task.subtask,
    currentProcessingTime: () => ports.clock.now(),
    source: logic.kind === 'source' ? { operatorId: operator.id, schedule: later, isReading, send } : undefined,
  });
  metricGroups.add(tracking);
  return tracking;
}

function keyOf(granularity: LatencyTrackingSettings['granularity'], operatorId: string, marker: LatencyMarker): string {
  if (granularity === 'single') return operatorId;
  return granularity === 'operator' ? `${operatorId} ${marker.operatorId}` : `${operatorId} ${marker.operatorId} ${marker.subtask}`;
}

function variablesOf(of: {
  readonly granularity: LatencyTrackingSettings['granularity'];
  readonly operator: ChainedOperator;
  readonly marker: LatencyMarker;
  readonly subtask: number;
}): OperatorMetric['variables'] {
  const { granularity, operator, marker, subtask } = of;
  return [
    ...(granularity === 'single' ? [] : [['source_id', marker.operatorId] as const]),
    ...(granularity === 'subtask' ? [['source_subtask_index', String(marker.subtask)] as const] : []),
    ['operator_id', operator.id],
    ['operator_subtask_index', String(subtask)],
  ];
}
