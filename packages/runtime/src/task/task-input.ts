/** Where a task's records come from: the channels of its edges, or a source's reader. */
import type { MaybePromise } from '@millrace/streaming/contract/emittable';
import type { StateInitializationContext } from '@millrace/streaming/contract/snapshot';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { ChannelReader } from '../network/channel.ts';
import type { ReaderEvent } from '../protocol/slot-messages.ts';
import type { OperatorSnapshot } from '../state/snapshot/operator-snapshot.ts';
import type { SplitFigures } from './split-times.ts';

/** There may be more right now. */
export const INPUT_MORE = 0;
/** Nothing for the moment; something wakes the task when there is. */
export const INPUT_EMPTY = 1;
export const INPUT_ENDED = 2;
export type InputResult = typeof INPUT_MORE | typeof INPUT_EMPTY | typeof INPUT_ENDED;

/** Writes what the input itself keeps into the state of the task's head. */
export type WriteInput = (snapshot: Pick<OperatorSnapshot, 'context'>) => void;

/** Where a gate stands: its own watermark, which may be ahead of what its inputs make of it now, and those of its one or two inputs. */
export interface GateWatermarks {
  readonly watermark: number;
  readonly inputs: readonly number[];
}

export interface TaskInput {
  /** Of the channels of all its edges; absent where it has none. */
  readonly readers?: readonly ChannelReader<unknown>[];
  /** What the state of the task's head has for it; before `start`. */
  restore(context: StateInitializationContext): void;
  /** Settles when records may be asked for. */
  start(): MaybePromise<void>;
  /** Before the first poll: says where a restored input stands. */
  begin(): void;
  /** From the coordinator: the barrier of this checkpoint begins here (a source), or comes when the channels have ended. */
  triggerCheckpoint(barrier: CheckpointBarrier): void;
  /** False: a checkpoint is not to begin here yet. Of sources. */
  readonly isReadyForCheckpoint?: boolean;
  abortCheckpoint(checkpointId: number): void;
  /** All barriers are here: what it keeps stands as it is now, and is written when the head is snapshotted. */
  snapshot(checkpointId: number): WriteInput;
  notifyCheckpointComplete(checkpointId: number): void;
  /** Hands up to about `budget` records to the chain and stops early where `flow.blocked` becomes positive. */
  poll(budget: number): InputResult;
  /** Takes barriers that are next in their channels, and nothing else: while a burst of timers keeps records away. */
  pollBarriers?(): void;
  /** Records of the last `poll`, which may have thrown. */
  readonly polled: number;
  /** Of a source: input that was no record, since it started. */
  readonly numRecordsInErrors?: number;
  /** Of a source: where the time of its splits went, where somebody reads metrics. */
  splitFigures?(): readonly SplitFigures[];
  /** Time passed in which the input could have been read; `unread` if there was nothing in all of it. Returns in how many milliseconds to call again. */
  elapse(elapsedMs: number, unread: boolean): number;
  /** From the enumerator; only sources get any. */
  handleEvent(event: ReaderEvent): void;
  /** NO_TIMESTAMP before the first. */
  readonly watermark: number;
  close(): MaybePromise<void>;
}
