/**
 * A task as the slot loop sees it: one synchronous turn at a time (architecture D1, D2).
 *
 * Owned by its task (task.ts), which opens what it runs and closes it afterwards. Called by the slot loop only.
 *
 * T1 a turn is: mail, then what was suspended, then input up to the budget. Nothing in it waits.
 * T2 no input is taken while `flow.blocked` is not 0.
 * T3 at the end of the input: MAX_WATERMARK and `finish` go through the chain behind everything else; then the operators are flushed and settle, one promise at a time;
 *    then END_OF_INPUT leaves, and the tasklet is done when no output has overdraft left and no snapshot is under way.
 * T4 every turn ends with a little of the snapshots that are under way, whether the task is blocked, idle or ending.
 */
import { MAX_WATERMARK } from '@millrace/streaming/contract/timestamp';
import type { ChainWalk } from './chain-walk.ts';
import { FINISH, watermarkElement } from './control-element.ts';
import type { Flow } from './flow.ts';
import type { InputBuffers } from './input-buffers.ts';
import type { Mailbox } from './mailbox.ts';
import { ADVANCED, BLOCKED, DONE, DRAINING, IDLE, type Progress, WAITING } from './progress.ts';
import type { RecordOutput } from './record-output.ts';
import { INPUT_EMPTY, INPUT_ENDED, type InputResult, type TaskInput } from './task-input.ts';
import type { SlotFigures } from './slot-figures.ts';
import type { TaskMetrics } from './task-metrics.ts';
import type { TaskSnapshots } from './task-snapshots.ts';

type Phase = 'reading' | 'finishing' | 'flushing' | 'leaving' | 'done';

export interface TaskletParts {
  readonly name: string;
  readonly flow: Flow;
  readonly mailbox: Mailbox;
  readonly input: TaskInput;
  readonly walk: ChainWalk;
  readonly snapshots: TaskSnapshots;
  readonly outputs: readonly RecordOutput[];
  readonly buffers: InputBuffers;
  readonly metrics: TaskMetrics;
}

export class Tasklet {
  readonly name: string;
  readonly #flow: Flow;
  readonly #mailbox: Mailbox;
  readonly #input: TaskInput;
  readonly #walk: ChainWalk;
  readonly #snapshots: TaskSnapshots;
  readonly #outputs: readonly RecordOutput[];
  readonly #buffers: InputBuffers;
  readonly metrics: TaskMetrics;
  #phase: Phase = 'reading';
  /** The input had something since the last `elapse`. */
  #read = true;
  #elapsedAtMs = 0;
  /** Somebody was blocked since the last `elapse`: that time counts for nobody's idleness. */
  #wasBlocked = false;
  #abandoned = false;

  constructor(parts: TaskletParts) {
    this.name = parts.name;
    this.#flow = parts.flow;
    this.#mailbox = parts.mailbox;
    this.#input = parts.input;
    this.#walk = parts.walk;
    this.#snapshots = parts.snapshots;
    this.#outputs = parts.outputs;
    this.#buffers = parts.buffers;
    this.metrics = parts.metrics;
  }

  run(budget: number): Progress {
    const progress = this.#run(budget);
    if (!this.#snapshots.isWriting) return progress;
    return this.#snapshots.advance() && progress !== DONE ? ADVANCED : progress;
  }

  /** Whether a barrier can still go through the chain: not behind the end of the input. */
  get takesBarriers(): boolean {
    return this.#phase !== 'leaving' && this.#phase !== 'done';
  }

  /** Whether the input has not ended. */
  get isReading(): boolean {
    return this.#phase === 'reading';
  }

  /** Before the first turn, of a task that had finished when its checkpoint was taken: nothing was opened, and nothing but the end is sent. */
  finishAtOnce(): void {
    for (const output of this.#outputs) output.writeControl(watermarkElement(MAX_WATERMARK));
    this.#leave();
  }

  #run(budget: number): Progress {
    const hadMail = this.#mailbox.hasMail;
    if (hadMail) this.#mailbox.process();
    if (this.#flow.blocked !== 0) {
      this.#wasBlocked = true;
      if (this.#walk.takesBarriers) this.#input.pollBarriers?.();
      if (this.#unblock() || hadMail) return ADVANCED;
      return this.#outputs.some(isBlocked) ? BLOCKED : WAITING;
    }
    const progress = this.#turn(budget);
    return hadMail && progress !== DONE ? ADVANCED : progress;
  }

  /** Lets buffers go that are due, or whose consumer waits. At the end of a turn that did something. */
  flushDue(nowMs: number): void {
    for (let index = 0; index < this.#outputs.length; index++) (this.#outputs[index] as RecordOutput).flushIfDue(nowMs);
  }

  flushBeforePark(): void {
    for (const output of this.#outputs) output.flushBeforePark();
  }

  /**
   * Lets time pass: idleness, watermarks by the clock, sinks that flush when there is nothing to do. Returns in how many milliseconds this tasklet wants a
   * turn; Infinity if it waits for others only.
   */
  elapse(nowMs: number): number {
    const elapsedMs = nowMs - this.#elapsedAtMs;
    this.#elapsedAtMs = nowMs;
    const { blocked } = this.#flow;
    const counts = !this.#wasBlocked && blocked === 0;
    this.#wasBlocked = blocked !== 0;
    if (this.#phase !== 'reading' || blocked !== 0) return Number.POSITIVE_INFINITY;
    if (!counts) return 0;
    return this.#elapse(elapsedMs);
  }

  #elapse(elapsedMs: number): number {
    const unread = !this.#read;
    this.#read = false;
    let againMs = this.#input.elapse(elapsedMs, unread);
    if (unread) {
      againMs = Math.min(againMs, this.#walk.idle(elapsedMs));
    } else if (this.#walk.caresForIdleness) againMs = 0;
    return againMs;
  }

  /** The task has failed or was canceled: what is flushed now goes no further. */
  abandon(): void {
    this.#abandoned = true;
    this.#mailbox.clear();
  }

  begin(nowMs: number): void {
    this.#elapsedAtMs = nowMs;
  }

  publishMetrics(nowMs: number, slot: SlotFigures | undefined): void {
    const { metrics } = this;
    metrics.outputQueueSize = 0;
    for (const output of this.#outputs) {
      metrics.numRecordsOut += output.takeRecords();
      metrics.outputQueueSize += output.overdraftBytes;
    }
    this.#buffers.publish(nowMs, metrics);
    metrics.numRecordsInErrors = this.#input.numRecordsInErrors ?? 0;
    metrics.numLateRecordsDropped = this.#walk.numLateRecordsDropped;
    metrics.currentInputWatermark = Math.max(this.#input.watermark, metrics.currentInputWatermark);
    metrics.currentOutputWatermark = Math.max(metrics.currentOutputWatermark, this.#walk.watermark);
    metrics.inPoolUsage = poolUsageOf(this.#input.readers ?? []);
    metrics.outPoolUsage = poolUsageOf(this.#outputs.flatMap(({ writers }) => writers));
    metrics.publish(slot);
  }

  /** True when the way is free again. */
  #unblock(): boolean {
    const before = this.#flow.blocked;
    for (const output of this.#outputs) if (output.isBlocked) output.tryDrain();
    return this.#walk.resumeAll() || this.#flow.blocked < before;
  }

  #turn(budget: number): Progress {
    switch (this.#phase) {
      case 'reading':
        return this.#readInput(budget);
      case 'finishing':
        this.#phase = 'flushing';
        void this.#flush();
        return ADVANCED;
      case 'flushing':
        return DRAINING;
      case 'leaving':
        if (this.#snapshots.isBusy) return DRAINING;
        this.#phase = 'done';
        return DONE;
      case 'done':
        return DONE;
    }
  }

  #readInput(budget: number): Progress {
    const result = this.#poll(budget);
    const { polled } = this.#input;
    if (polled > 0) this.#read = true;
    if (result === INPUT_ENDED) {
      this.#phase = 'finishing';
      this.#walk.fromInput(watermarkElement(MAX_WATERMARK));
      this.#walk.fromInput(FINISH);
      return ADVANCED;
    }
    return result === INPUT_EMPTY && polled === 0 ? IDLE : ADVANCED;
  }

  /** What came in before a failure counts as well. */
  #poll(budget: number): InputResult {
    try {
      return this.#input.poll(budget);
    } finally {
      this.metrics.numRecordsIn += this.#input.polled;
    }
  }

  /** The operators one after another, then the end of the input. What a flush throws comes back as mail and fails the task. */
  async #flush(): Promise<void> {
    try {
      for (const step of this.#walk.operators) {
        if (this.#abandoned) return;
        await this.#walk.flush(step);
      }
      for (const step of this.#walk.operators) {
        if (this.#abandoned) return;
        await this.#walk.settle(step);
      }
      if (!this.#abandoned) this.#mailbox.put(() => this.#leave());
    } catch (error) {
      if (this.#abandoned) return;
      this.#mailbox.put(() => {
        throw error;
      });
    }
  }

  #leave(): void {
    this.metrics.currentInputWatermark = MAX_WATERMARK;
    this.metrics.currentOutputWatermark = MAX_WATERMARK;
    for (const output of this.#outputs) output.writeEndOfInput();
    this.#phase = 'leaving';
  }
}

/** Of all channels together. */
function poolUsageOf(channels: readonly { readonly poolUsage: number }[]): number {
  let sum = 0;
  for (const { poolUsage } of channels) sum += poolUsage;
  return channels.length === 0 ? 0 : sum / channels.length;
}

function isBlocked(output: RecordOutput): boolean {
  return output.isBlocked;
}
