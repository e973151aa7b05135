/** What a slot knows of its thread and process, for reporters: told in the figures of each of its tasks. */
import { TASK_METRIC } from '../protocol/slot-messages.ts';

/** Asked once in a second, where somebody reads it. */
export interface SystemPort {
  read(): SystemFigures;
}

export interface SystemFigures {
  /** Collections of this thread's garbage since it began, and the time that they took. */
  readonly garbageCollections: number;
  readonly garbageCollectionMs: number;
  /** How late the thread's event loop was at most since the last reading. */
  readonly eventLoopDelayMs: number;
  /** Of the whole process. */
  readonly processRssBytes: number;
  readonly processCpuMs: number;
}

export interface SlotFigures {
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
  readonly system: SystemFigures | undefined;
}

export function writeSlotFigures(block: Float64Array, { heapUsedBytes, externalBytes, system }: SlotFigures): void {
  block[TASK_METRIC.heapUsedBytes] = heapUsedBytes;
  block[TASK_METRIC.externalBytes] = externalBytes;
  if (system === undefined) return;
  block[TASK_METRIC.garbageCollections] = system.garbageCollections;
  block[TASK_METRIC.garbageCollectionMs] = system.garbageCollectionMs;
  block[TASK_METRIC.eventLoopDelayMs] = system.eventLoopDelayMs;
  block[TASK_METRIC.processRssBytes] = system.processRssBytes;
  block[TASK_METRIC.processCpuMs] = system.processCpuMs;
}
