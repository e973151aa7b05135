/** Where a task's records come from: the channels of its edges, or a source's reader. */
import type { MaybePromise } from '@millrace/streaming/contract/emittable';
import type { ReaderEvent } from '../protocol/slot-messages.ts';

/** There may be more right now. */
export const INPUT_MORE = 0;
/** Nothing for the moment; something wakes the task when there is. */
export const INPUT_EMPTY = 1;
export const INPUT_ENDED = 2;
export type InputResult = typeof INPUT_MORE | typeof INPUT_EMPTY | typeof INPUT_ENDED;

export interface TaskInput {
  /** Settles when records may be asked for. */
  start(): MaybePromise<void>;
  /** Hands up to about `budget` records to the chain and stops early where `flow.blocked` becomes positive. */
  poll(budget: number): InputResult;
  /** Records of the last `poll`, which may have thrown. */
  readonly polled: number;
  /** Of a source: input that was no record, since it started. */
  readonly numRecordsInErrors?: number;
  /** Time passed in which the input could have been read; `unread` if there was nothing in all of it. Returns in how many milliseconds to call again. */
  elapse(elapsedMs: number, unread: boolean): number;
  /** From the enumerator; only sources get any. */
  handleEvent(event: ReaderEvent): void;
  /** NO_TIMESTAMP before the first. */
  readonly watermark: number;
  close(): MaybePromise<void>;
}
