/**
 * One task's part of one checkpoint: begun when the barrier enters the chain, complete when the states of all its operators are written.
 *
 * Owned by `TaskSnapshots`. Its synchronous part is what happens while the barrier is in the chain, its asynchronous part everything behind that.
 *
 * P1 each operator is snapshotted once, when the barrier has reached it: then its state is frozen and its `snapshotState` called.
 * P2 an operator's part is finished when its entries are written and its promise has settled; the snapshot, when those of all operators are.
 * P3 after `cancel` nothing is told any more, and no file of it stays.
 */
import { FailingCall } from '@millrace/streaming/contract/failing-call';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import { stateSizeOf } from '../checkpoint/metadata-walk.ts';
import type { OperatorSubtaskState, SubtaskCheckpointMetrics, TaskStateSnapshot } from '../checkpoint/state-handles.ts';
import type { CheckpointStreams } from '../checkpoint/state-streams.ts';
import type { OperatorSnapshot } from '../state/snapshot/operator-snapshot.ts';
import type { Step } from './step.ts';
import type { WriteInput } from './task-input.ts';

/** Entries between two looks at the clock. */
const ENTRIES = 256;

export interface TaskSnapshotOptions {
  readonly barrier: CheckpointBarrier;
  readonly alignmentMs: number;
  /** Operators that the barrier comes to. */
  readonly operators: number;
  readonly streams: CheckpointStreams;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly complete: (snapshot: TaskStateSnapshot, metrics: SubtaskCheckpointMetrics) => void;
  /** The asynchronous part has failed. */
  readonly failed: (error: unknown) => void;
}

interface Part {
  readonly step: Step;
  readonly snapshot: OperatorSnapshot;
  isEncoded: boolean;
  /** Settled, or never given. */
  isAnswered: boolean;
  state: OperatorSubtaskState | undefined;
  isFinishing: boolean;
}

export class TaskSnapshot {
  readonly #options: TaskSnapshotOptions;
  readonly #parts: Part[] = [];
  /** Operators that the barrier has not reached. */
  #left: number;
  #syncMs = 0;
  #asyncSinceMs = 0;
  #isOver = false;

  constructor(options: TaskSnapshotOptions) {
    this.#options = options;
    this.#left = options.operators;
  }

  get barrier(): CheckpointBarrier {
    return this.#options.barrier;
  }

  /** A head without an operator: what the task itself keeps there. */
  take(step: Step, write: WriteInput): void {
    this.#timed(() => this.#begin(step, write).snapshot.seal());
  }

  /** P1 */
  reached(step: Step, write: WriteInput | undefined): void {
    if (this.#isOver) return;
    this.#timed(() => {
      const part = this.#begin(step, write);
      this.#ask(part);
    });
    this.#left -= 1;
    if (this.#left === 0) this.#asyncSinceMs = this.#options.now();
  }

  /** The walk of a barrier that meets no operator is over at once. */
  entered(): void {
    if (this.#left === 0 && this.#asyncSinceMs === 0) this.#asyncSinceMs = this.#options.now();
    this.#completeIfDone();
  }

  /** There is something to encode. */
  get isEncoding(): boolean {
    return !this.#isOver && this.#parts.some(({ isEncoded }) => !isEncoded);
  }

  /** Encodes until the time is over; true when it did something. */
  advance(untilMs: number): boolean {
    let advanced = false;
    for (const part of this.#parts) {
      if (this.#isOver) break;
      if (!part.isEncoded && this.#encode(part, untilMs)) advanced = true;
      if (part.isEncoded) this.#finishIfWritten(part);
      if (advanced && this.#options.now() >= untilMs) break;
    }
    return advanced;
  }

  #encode(part: Part, untilMs: number): boolean {
    let advanced = false;
    try {
      while (!part.isEncoded) {
        const progress = part.snapshot.advance(ENTRIES);
        if (progress === 'waiting') break;
        advanced = true;
        part.isEncoded = progress === 'done';
        if (this.#options.now() >= untilMs) break;
      }
    } catch (error) {
      this.#fail(error);
    }
    return advanced;
  }

  async cancel(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#parts.map(({ snapshot }) => snapshot.cancel().catch(ignore)));
  }

  #begin(step: Step, write: WriteInput | undefined): Part {
    if (step.services === undefined) throw new Error(`step ${step.plan.index} is snapshotted and has no services`);
    const snapshot = step.services.beginSnapshot(this.#options.barrier, this.#options.streams);
    const part: Part = { step, snapshot, isEncoded: false, isAnswered: true, state: undefined, isFinishing: false };
    this.#parts.push(part);
    write?.(snapshot);
    return part;
  }

  #ask(part: Part): void {
    const { operator } = part.step;
    const answer = called(() => operator?.snapshotState?.(part.snapshot.context), this.barrier.checkpointId);
    part.snapshot.seal();
    if (typeof (answer as PromiseLike<void> | undefined)?.then !== 'function') return;
    part.isAnswered = false;
    (answer as PromiseLike<void>).then(
      () => {
        part.isAnswered = true;
        this.#finishIfWritten(part);
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #finishIfWritten(part: Part): void {
    if (!part.isEncoded || !part.isAnswered || part.isFinishing || this.#isOver) return;
    part.isFinishing = true;
    part.snapshot.finish().then(
      (state) => {
        part.state = state;
        this.#completeIfDone();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #completeIfDone(): void {
    if (this.#isOver || this.#left > 0 || this.#parts.some(({ state }) => state === undefined)) return;
    this.#isOver = true;
    const operators: Record<string, OperatorSubtaskState> = {};
    for (const { step, state } of this.#parts) if (state !== undefined && hasState(state)) operators[step.plan.operator.id] = state;
    const stateSizeBytes = Object.values(operators).reduce((sum, state) => sum + stateSizeOf(state), 0);
    this.#options.complete(
      { operators },
      {
        alignmentMs: this.#options.alignmentMs,
        syncMs: this.#syncMs,
        asyncMs: this.#options.now() - this.#asyncSinceMs,
        checkpointedSizeBytes: this.#parts.reduce((sum, { snapshot }) => sum + snapshot.checkpointedBytes, 0),
        stateSizeBytes,
      },
    );
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    void this.cancel();
    this.#options.failed(error);
  }

  #timed(action: () => void): void {
    const { now } = this.#options;
    const sinceMs = now();
    action();
    this.#syncMs += now() - sinceMs;
  }
}

function called<R>(action: () => R, checkpointId: number): R {
  try {
    return action();
  } catch (error) {
    throw FailingCall.of(`snapshotState (checkpoint ${checkpointId})`, error);
  }
}

function hasState({ keyed, operator }: OperatorSubtaskState): boolean {
  return keyed.length > 0 || operator.length > 0;
}

function ignore(): void {}
