/**
 * The checkpoints of one task that are under way: begins a snapshot when its barrier is here, writes it a little in every turn, and tells the coordinator.
 *
 * Owned by its task. `begin` comes from the input between two elements, `reached` from the walk, `advance` from the tasklet at the end of a turn.
 *
 * S1 a checkpoint is answered once at most: acknowledged, or declined with the reason.
 * S2 what `snapshotState` throws fails the task, as in Flink; what fails behind it (a promise of an operator, a write) declines the checkpoint only.
 * S3 several may be under way. One that is aborted is given up in whatever part it is; its barrier goes on, for others may not have heard of that yet.
 * S4 after `close` nothing is told any more; the files of what was not acknowledged are removed.
 * S5 notifications reach the operators in the order of the ids, each once; one that is not newer than another before it says nothing new.
 */
import { FailingCall } from '@millrace/streaming/contract/failing-call';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { CheckpointStreams } from '../checkpoint/state-streams.ts';
import type { FailureDescription } from '../protocol/execution-state.ts';
import type { FromSlot } from '../protocol/slot-messages.ts';
import { barrierElement, type ControlElement } from './control-element.ts';
import { declineFailure } from './decline.ts';
import type { Step } from './step.ts';
import type { TaskInput, WriteInput } from './task-input.ts';
import { TaskSnapshot } from './task-snapshot.ts';

/** Of one turn: what a record waits for a snapshot at most, but for one entry. */
const ADVANCE_MS = 2;
/** Ids remembered; a barrier of one that was forgotten costs a snapshot that nobody wants. */
const ABORTED_MAX = 1_000;

export interface TaskSnapshotsPorts {
  readonly executionId: string;
  readonly taskName: string;
  readonly head: Step;
  readonly operators: readonly Step[];
  readonly streams: CheckpointStreams;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** For the figures of the task: a barrier has come. */
  readonly begun: (barrier: CheckpointBarrier, alignmentMs: number) => void;
  readonly input: () => TaskInput;
  readonly walk: (element: ControlElement) => void;
  readonly post: (message: FromSlot) => void;
  /** Between two elements, in the task's thread; what it throws fails the task. */
  readonly mail: (action: () => void) => void;
  readonly locate: (error: unknown, step: Step) => Error;
}

export class TaskSnapshots {
  readonly #ports: TaskSnapshotsPorts;
  readonly #underWay = new Map<number, TaskSnapshot>();
  /** What the task itself writes into its head's state, until the barrier gets there. */
  readonly #inputs = new Map<number, WriteInput>();
  /** There is something to encode. */
  isWriting = false;
  #begunUpTo = 0;
  /** Given up before their barriers were here. */
  readonly #aborted = new Set<number>();
  #completeUpTo = 0;
  #isClosed = false;

  constructor(ports: TaskSnapshotsPorts) {
    this.#ports = ports;
  }

  /** Some checkpoint waits for its asynchronous part: the task must not end yet. */
  get isBusy(): boolean {
    return this.#underWay.size > 0;
  }

  /** The barrier is here, of all channels. Walks it through the chain. */
  begin(barrier: CheckpointBarrier, alignmentMs: number): void {
    const { head, operators, now, walk, input, streams } = this.#ports;
    const { checkpointId } = barrier;
    if (checkpointId <= this.#begunUpTo || this.#aborted.has(checkpointId)) return;
    this.#begunUpTo = checkpointId;
    this.#ports.begun(barrier, alignmentMs);
    for (const id of this.#aborted) if (id < checkpointId) this.#aborted.delete(id);
    const snapshot = new TaskSnapshot({
      barrier,
      alignmentMs,
      operators: operators.length,
      now,
      streams,
      complete: (state, metrics) => {
        this.#forget(checkpointId);
        this.#post({ type: 'acknowledge-checkpoint', checkpointId, snapshot: state, metrics });
      },
      failed: (error) => {
        this.#forget(checkpointId);
        this.decline(checkpointId, declineFailure.async(this.#ports.taskName, checkpointId, error));
      },
    });
    this.#underWay.set(checkpointId, snapshot);
    const write = input().snapshot(checkpointId);
    if (head.operator === undefined) snapshot.take(head, write);
    else this.#inputs.set(checkpointId, write);
    this.isWriting = true;
    walk(barrierElement(barrier));
    snapshot.entered();
  }

  /** The barrier has reached an operator. */
  reached(step: Step, { checkpointId }: CheckpointBarrier): void {
    const write = step === this.#ports.head ? this.#inputs.get(checkpointId) : undefined;
    if (write !== undefined) this.#inputs.delete(checkpointId);
    this.#underWay.get(checkpointId)?.reached(step, write);
    this.isWriting = true;
  }

  /** Oldest first. False when nothing could be encoded: what there is waits for its disk, and wakes the task when there is room. */
  advance(): boolean {
    const { now } = this.#ports;
    const untilMs = now() + ADVANCE_MS;
    let advanced = false;
    this.isWriting = false;
    for (const snapshot of [...this.#underWay.values()]) {
      if ((!advanced || now() < untilMs) && snapshot.advance(untilMs)) advanced = true;
      if (snapshot.isEncoding) this.isWriting = true;
    }
    return advanced;
  }

  /** The alignment has given it up. */
  abandoned(checkpointId: number, newerId: number): void {
    this.decline(checkpointId, declineFailure.subsumed(this.#ports.taskName, checkpointId, newerId));
  }

  notify(checkpointId: number, outcome: 'complete' | 'aborted'): void {
    if (outcome === 'aborted') {
      this.#ports.input().abortCheckpoint(checkpointId);
      this.#giveUp(checkpointId);
      this.#tellServices(checkpointId, outcome);
      this.#tell(`notifyCheckpointAborted (checkpoint ${checkpointId})`, ({ operator }) =>
        operator?.notifyCheckpointAborted?.(checkpointId),
      );
    } else if (checkpointId > this.#completeUpTo) {
      this.#completeUpTo = checkpointId;
      this.#tellServices(checkpointId, outcome);
      this.#ports.input().notifyCheckpointComplete(checkpointId);
      this.#tell(`notifyCheckpointComplete (checkpoint ${checkpointId})`, ({ operator }) =>
        operator?.notifyCheckpointComplete?.(checkpointId),
      );
    }
  }

  /** The task has failed or was canceled: nobody is told anything any more. */
  abandon(): void {
    this.#isClosed = true;
  }

  /** Settles when nothing of what was not acknowledged is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#underWay.values()].map((snapshot) => snapshot.cancel()));
    this.#underWay.clear();
  }

  #giveUp(checkpointId: number): void {
    if (checkpointId > this.#begunUpTo && this.#aborted.size < ABORTED_MAX) this.#aborted.add(checkpointId);
    const snapshot = this.#underWay.get(checkpointId);
    this.#forget(checkpointId);
    void snapshot?.cancel();
  }

  /** A task that is ending may have waited for this one. */
  #forget(checkpointId: number): void {
    this.#underWay.delete(checkpointId);
    this.#inputs.delete(checkpointId);
    if (!this.#isClosed) this.#ports.mail(nothing);
  }

  #tellServices(checkpointId: number, outcome: 'complete' | 'aborted'): void {
    for (const { services } of this.#ports.operators) services?.notifyCheckpoint(checkpointId, outcome);
  }

  /** Nobody waits for the promises; what they reject with fails the task (S5). */
  #tell(call: string, notify: (step: Step) => unknown): void {
    for (const step of this.#ports.operators) {
      const failing = (error: unknown) => this.#ports.locate(FailingCall.of(call, error), step);
      try {
        const answer = notify(step);
        if (typeof (answer as PromiseLike<void> | undefined)?.then !== 'function') continue;
        (answer as PromiseLike<void>).then(undefined, (error: unknown) =>
          this.#ports.mail(() => {
            throw failing(error);
          }),
        );
      } catch (error) {
        throw failing(error);
      }
    }
  }

  decline(checkpointId: number, failure: FailureDescription): void {
    this.#post({ type: 'decline-checkpoint', checkpointId, failure });
  }

  #post(message: Unaddressed): void {
    if (!this.#isClosed) this.#ports.post({ ...message, executionId: this.#ports.executionId } as Answer);
  }
}

function nothing(): void {}

type Answer = Extract<FromSlot, { readonly type: 'acknowledge-checkpoint' | 'decline-checkpoint' }>;
type Unaddressed<Each extends Answer = Answer> = Each extends Answer ? Omit<Each, 'executionId'> : never;
