/** The figures of one task. Plain fields while it runs; written to shared memory at event-loop turns, where anyone may read them. */
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import { TASK_METRIC, TASK_METRICS, UNKNOWN_THREAD } from '../protocol/slot-messages.ts';
import { type SlotFigures, writeSlotFigures } from './slot-figures.ts';
import { ADVANCED, BLOCKED, type Progress, WAITING } from './progress.ts';

export class TaskMetrics {
  numRecordsIn = 0;
  numRecordsOut = 0;
  currentInputWatermark = NO_TIMESTAMP;
  currentOutputWatermark = NO_TIMESTAMP;
  numLateRecordsDropped = 0;
  numRecordsInErrors = 0;
  inPoolUsage = 0;
  outPoolUsage = 0;
  checkpointAlignmentMs = 0;
  checkpointStartDelayMs = 0;
  busyTimeMs = 0;
  backPressuredTimeMs = 0;
  idleTimeMs = 0;
  inputQueueSize = 0;
  outputQueueSize = 0;
  debloatedBufferSize = 0;
  estimatedTimeToConsumeBuffersMs = 0;
  readonly #block: Float64Array;
  #lastMs: number;
  #last: Progress = ADVANCED;

  constructor(memory: SharedArrayBuffer, nowMs: number) {
    this.#block = new Float64Array(memory);
    this.#lastMs = nowMs;
  }

  /** The barrier of a checkpoint that was begun `startDelayMs` ago has come through all channels, the first of them `alignmentMs` ago. */
  barrierCame(startDelayMs: number, alignmentMs: number): void {
    this.checkpointStartDelayMs = startDelayMs;
    this.checkpointAlignmentMs = alignmentMs;
  }

  /** Between two turns a task was what it last reported. One that waits for what its own operators have begun is busy: nobody behind it is the reason. */
  turnBegins(nowMs: number): void {
    const passedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (this.#last === ADVANCED || this.#last === WAITING) this.busyTimeMs += passedMs;
    else if (this.#last === BLOCKED) this.backPressuredTimeMs += passedMs;
    else this.idleTimeMs += passedMs;
  }

  turnEnds(nowMs: number, progress: Progress): void {
    const passedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    this.#last = progress;
    if (progress === ADVANCED || progress === BLOCKED || progress === WAITING) this.busyTimeMs += passedMs;
    else this.idleTimeMs += passedMs;
  }

  /** The slot's figures stay what they were where they are not given. */
  publish(slot?: SlotFigures): void {
    const block = this.#block;
    block[TASK_METRIC.numRecordsIn] = this.numRecordsIn;
    block[TASK_METRIC.numRecordsOut] = this.numRecordsOut;
    block[TASK_METRIC.currentInputWatermark] = this.currentInputWatermark;
    block[TASK_METRIC.currentOutputWatermark] = this.currentOutputWatermark;
    block[TASK_METRIC.numLateRecordsDropped] = this.numLateRecordsDropped;
    block[TASK_METRIC.numRecordsInErrors] = this.numRecordsInErrors;
    block[TASK_METRIC.busyTimeMs] = this.busyTimeMs;
    block[TASK_METRIC.backPressuredTimeMs] = this.backPressuredTimeMs;
    block[TASK_METRIC.idleTimeMs] = this.idleTimeMs;
    block[TASK_METRIC.inputQueueSize] = this.inputQueueSize;
    block[TASK_METRIC.outputQueueSize] = this.outputQueueSize;
    block[TASK_METRIC.debloatedBufferSize] = this.debloatedBufferSize;
    block[TASK_METRIC.estimatedTimeToConsumeBuffersMs] = this.estimatedTimeToConsumeBuffersMs;
    block[TASK_METRIC.inPoolUsage] = this.inPoolUsage;
    block[TASK_METRIC.outPoolUsage] = this.outPoolUsage;
    block[TASK_METRIC.checkpointAlignmentMs] = this.checkpointAlignmentMs;
    block[TASK_METRIC.checkpointStartDelayMs] = this.checkpointStartDelayMs;
    if (slot !== undefined) writeSlotFigures(block, slot);
  }
}

/** Of a task that has published nothing yet. */
export function createMetricsBlock(): SharedArrayBuffer {
  const block = new SharedArrayBuffer(TASK_METRICS * Float64Array.BYTES_PER_ELEMENT);
  const figures = new Float64Array(block);
  figures[TASK_METRIC.currentInputWatermark] = NO_TIMESTAMP; // 0 would be a watermark of 1970
  figures[TASK_METRIC.currentOutputWatermark] = NO_TIMESTAMP;
  figures[TASK_METRIC.threadId] = UNKNOWN_THREAD;
  return block;
}
