/** What one task is built from: its place in the job, and the slot around it. */

import type { ManagedMemory } from '@millrace/streaming/contract/managed-memory';
import { createLogger, type Logger, type LogSettings } from '@millrace/core/base/log';
import type { RuntimeContext } from '@millrace/streaming/contract/functions';
import type { OperatorSettings } from '@millrace/streaming/contract/operator';
import type { StandardStreams } from '@millrace/streaming/contract/sink';
import { TaskAccumulators } from '@millrace/streaming/contract/task-accumulators';
import type { ChainedOperator, JobBindings, JobVertex } from '@millrace/streaming/graph/job-graph';
import { NO_STATE } from '../checkpoint/state-handles.ts';
import type { JobInformation } from '../protocol/deployment.ts';
import type { FromSlot, TaskInSlot } from '../protocol/slot-messages.ts';
import type { RestoredOperator } from '../state/snapshot/restored-states.ts';
import type { LocalChannels } from './local-channels.ts';
import type { SubtaskPlace } from './input-state.ts';
import { checkpointFiles } from './node/checkpoint-files.ts';
import type { SlotPorts } from './slot-ports.ts';
import type { TaskMemory } from './operator-memory.ts';
import { TaskMetricGroups } from './task-metric-groups.ts';
import type { FailingPlace } from './user-code-error.ts';

const DEFAULT_LOGGING: LogSettings = { level: 'info', format: 'text' };

export interface TaskEnvironment {
  readonly ports: SlotPorts;
  readonly job: JobInformation;
  readonly bindings: JobBindings;
  readonly deployed: TaskInSlot;
  readonly channels: LocalChannels;
  readonly memory: TaskMemory;
  /** Wakes the slot loop. */
  readonly wake: () => void;
  readonly post: (message: FromSlot) => void;
}

export function vertexOf({ job, deployed }: TaskEnvironment): JobVertex {
  const vertex = job.jobGraph.vertices.find(({ id }) => id === deployed.task.vertexId);
  if (vertex === undefined) throw new Error(`vertex ${deployed.task.vertexId} is not in the job graph of ${job.jobId}`);
  return vertex;
}

/** `map -> Sink: print (2/4)`, as in Flink. */
export function taskNameOf(environment: TaskEnvironment): string {
  const { name, parallelism } = vertexOf(environment);
  return `${name} (${environment.deployed.task.subtask + 1}/${parallelism})`;
}

/** A line on standard error, in the name of the task. */
export function tell(environment: TaskEnvironment, text: string): void {
  environment.post({ type: 'output', stream: 'stderr', text: `${taskNameOf(environment)}: ${text}\n` });
}

/** What the functions of one task have registered. */
export interface TaskRegistries {
  readonly accumulators: TaskAccumulators;
  readonly metricGroups: TaskMetricGroups;
}

export function createRegistries(): TaskRegistries {
  return { accumulators: new TaskAccumulators(), metricGroups: new TaskMetricGroups() };
}

export function runtimeContextOf(
  environment: TaskEnvironment,
  { accumulators, metricGroups }: TaskRegistries,
  operator: Pick<ChainedOperator, 'id' | 'name'>,
): RuntimeContext {
  const { parallelism, maxParallelism } = vertexOf(environment);
  const { subtask, attempt } = environment.deployed.task;
  const taskName = taskNameOf(environment);
  const metrics = metricGroups.of(operator);
  const logger = loggerOf(environment, operator.name);
  return {
    getTaskName: () => taskName,
    getIndexOfThisSubtask: () => subtask,
    getNumberOfParallelSubtasks: () => parallelism,
    getMaxNumberOfParallelSubtasks: () => maxParallelism,
    getAttemptNumber: () => attempt,
    getJobId: () => environment.job.jobId,
    getMetricGroup: () => metrics,
    getLogger: () => logger,
    ...accumulators.of(operator.name),
  };
}

/** Lines go the way of what the subtask prints, in its order. */
function loggerOf(environment: TaskEnvironment, operator: string): Logger {
  const { ports, job, deployed } = environment;
  const { subtask, attempt } = deployed.task;
  const place = { job: job.jobGraph.name, jobId: job.jobId, task: taskNameOf(environment), operator, subtask, attempt };
  const { logging: settings = DEFAULT_LOGGING, clock, standardStreams } = ports;
  return createLogger({ settings, place, now: () => clock.now(), write: (text) => writeOrDrop(standardStreams, text) });
}

/** A log that nobody can read any more fails no job, and waits for nobody. */
function writeOrDrop(streams: StandardStreams, text: string): void {
  try {
    Promise.resolve(streams.write('stderr', text)).catch(() => {});
  } catch {
    // The stream is closed.
  }
}

export function settingsOf({ job, bindings }: TaskEnvironment): OperatorSettings {
  const { autoWatermarkRecords, autoWatermarkIntervalMs } = job.jobGraph.configuration;
  const logics = [...bindings.operators.values()];
  const clockMayEmitWatermarks = logics.some(
    (logic) => logic.kind === 'source' && logic.source.getBoundedness() === 'CONTINUOUS_UNBOUNDED',
  );
  return { autoWatermarkRecords, autoWatermarkIntervalMs, clockMayEmitWatermarks, isBatch: job.jobGraph.configuration.isBatch === true };
}

/** The task's name is unique in a slot, and the operator's id in the task. */
export function memoryOfOperator(environment: TaskEnvironment, { id, name }: Pick<ChainedOperator, 'id' | 'name'>): ManagedMemory {
  return environment.memory.of(`Operator '${name}' (${id.slice(0, 8)}) of ${taskNameOf(environment)}`);
}

/** Undefined where nobody takes checkpoints. */
export function checkpointRequestOf({ ports, job, deployed, post }: TaskEnvironment): (() => void) | undefined {
  const takes = job.jobGraph.configuration.checkpointing !== undefined && ports.hasCheckpointCoordinator !== false;
  return takes ? () => post({ type: 'request-checkpoint', executionId: deployed.task.executionId }) : undefined;
}

export function subtaskPlaceOf(environment: TaskEnvironment): SubtaskPlace {
  return { subtask: environment.deployed.task.subtask, parallelism: vertexOf(environment).parallelism };
}

/** What an operator begins with of a checkpoint, and how it is to take part in the next ones: those in the JobManager's memory have no files to refer to. */
export function statePortsOf(
  { deployed, ports, job }: TaskEnvironment,
  { id }: Pick<ChainedOperator, 'id'>,
): { readonly restored: RestoredOperator | undefined; readonly isIncremental: boolean } {
  const { checkpointing } = job.jobGraph.configuration;
  const isIncremental = checkpointing?.incremental === true && checkpointing.storage !== undefined;
  const { restore } = deployed.task;
  if (restore === undefined) return { restored: undefined, isIncremental };
  const files = ports.checkpointFiles ?? checkpointFiles;
  const { checkpointId, base, operators, isOfSameProgram = false } = restore;
  return {
    isIncremental,
    restored: {
      checkpointId,
      state: operators[id] ?? NO_STATE,
      base,
      isOfSameProgram,
      openStream: (handle) => files.open(handle, base),
    },
  };
}

export function placeOf(environment: TaskEnvironment, operatorName: string, uid: string | undefined): FailingPlace {
  const { parallelism } = vertexOf(environment);
  const { workingDirectory } = environment.job.program;
  return { operatorName, uid, subtask: environment.deployed.task.subtask, parallelism, workingDirectory };
}
