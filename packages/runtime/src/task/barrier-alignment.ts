/**
 * Brings the barriers of one task's channels together, so that a snapshot of the task lies on one cut through all of them (Chandy and Lamport, as Flink does it).
 *
 * Owned by the task; its gates tell it what their channels deliver, and ask which they may drain. Channels are numbered over all gates.
 *
 * A1 a checkpoint passes once: when each channel has delivered its barrier or has ended.
 * A2 exactly once: a channel that has delivered is held (`isHeld`) until its checkpoint has passed, or was abandoned or aborted. What follows the barrier stays in the
 *    channel, within the channel's own credit. At least once: no channel is ever held.
 * A3 the checkpoints that pass ascend. A barrier of one that has passed, was abandoned or aborted, or that comes a second time, changes nothing.
 * A4 under way at a time: exactly once, one; at least once, PENDING_MAX. A newer one beyond that abandons the oldest, and one that passes abandons those before it.
 * A5 a checkpoint that was triggered without a barrier (its producers have all finished) passes when the channels have ended, at once if they have already.
 */
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';

const PENDING_MAX = 50;
/** Ids that were given up and may still come; beyond that the least go, with all that are less. */
const GIVEN_UP_MAX = 1_000;

export interface AlignmentOptions {
  readonly channels: number;
  readonly mode: 'EXACTLY_ONCE' | 'AT_LEAST_ONCE';
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** All barriers are here; `alignmentMs` after the first. */
  readonly pass: (barrier: CheckpointBarrier, alignmentMs: number) => void;
  /** A newer checkpoint came before the barriers of this one were complete. */
  readonly abandon: (checkpointId: number, newerId: number) => void;
}

interface Pending {
  readonly barrier: CheckpointBarrier;
  readonly sinceMs: number;
  readonly delivered: Uint8Array; // by channel
}

export class BarrierAlignment {
  readonly #options: AlignmentOptions;
  readonly #pendingMax: number;
  readonly #held: Uint8Array; // by channel
  readonly #ended: Uint8Array; // by channel
  /** Ascending by id. */
  #pending: Pending[] = [];
  /** Checkpoints up to here are over. */
  #over = 0;
  readonly #givenUp = new Set<number>();
  /** Checkpoints that have passed. */
  passed = 0;

  constructor(options: AlignmentOptions) {
    this.#options = options;
    this.#pendingMax = options.mode === 'EXACTLY_ONCE' ? 1 : PENDING_MAX;
    this.#held = new Uint8Array(options.channels);
    this.#ended = new Uint8Array(options.channels);
  }

  /** Whether the channel must not be drained for now (A2). */
  isHeld(channel: number): boolean {
    return this.#held[channel] === 1;
  }

  /** A channel has delivered a barrier. */
  arrived(channel: number, barrier: CheckpointBarrier): void {
    const pending = this.#pendingOf(barrier);
    if (pending === undefined || pending.delivered[channel] === 1) return;
    pending.delivered[channel] = 1;
    if (this.#options.mode === 'EXACTLY_ONCE') this.#held[channel] = 1;
    this.#passIfComplete();
  }

  ended(channel: number): void {
    this.#ended[channel] = 1;
    this.#passIfComplete();
  }

  /** By the coordinator, to a task whose producers have all finished (A5). */
  triggered(barrier: CheckpointBarrier): void {
    if (this.#pendingOf(barrier) !== undefined) this.#passIfComplete();
  }

  aborted(checkpointId: number): void {
    if (checkpointId > this.#over) this.#giveUp(checkpointId);
  }

  /** The state of this checkpoint; undefined where it is over (A3). */
  #pendingOf(barrier: CheckpointBarrier): Pending | undefined {
    const { checkpointId } = barrier;
    if (checkpointId <= this.#over || this.#givenUp.has(checkpointId)) return undefined;
    const known = this.#pending.find((each) => each.barrier.checkpointId === checkpointId);
    if (known !== undefined) return known;
    const oldest = this.#pending[0];
    if (oldest !== undefined && this.#pending.length === this.#pendingMax) {
      const newest = this.#pending.at(-1) as Pending;
      if (checkpointId < oldest.barrier.checkpointId) {
        this.#abandon(checkpointId, newest.barrier.checkpointId);
        return undefined;
      }
      this.#abandon(oldest.barrier.checkpointId, checkpointId);
    }
    const pending = { barrier, sinceMs: this.#options.now(), delivered: new Uint8Array(this.#options.channels) };
    this.#pending.push(pending);
    this.#pending.sort((a, b) => a.barrier.checkpointId - b.barrier.checkpointId);
    return pending;
  }

  /** The newest that is complete; older ones are abandoned by it (A4). */
  #passIfComplete(): void {
    const complete = this.#pending.findLast(({ delivered }) =>
      this.#ended.every((ended, channel) => ended === 1 || delivered[channel] === 1),
    );
    if (complete === undefined) return;
    const { barrier, sinceMs } = complete;
    for (const older of this.#pending.filter((each) => each.barrier.checkpointId < barrier.checkpointId)) {
      this.#abandon(older.barrier.checkpointId, barrier.checkpointId);
    }
    this.#pending = this.#pending.filter((each) => each !== complete);
    this.#over = barrier.checkpointId;
    for (const id of this.#givenUp) if (id <= this.#over) this.#givenUp.delete(id);
    this.#held.fill(0);
    this.passed += 1;
    this.#options.pass(barrier, this.#options.now() - sinceMs);
  }

  #abandon(checkpointId: number, newerId: number): void {
    this.#giveUp(checkpointId);
    this.#options.abandon(checkpointId, newerId);
  }

  #giveUp(checkpointId: number): void {
    const isPending = this.#pending.some(({ barrier }) => barrier.checkpointId === checkpointId);
    this.#pending = this.#pending.filter(({ barrier }) => barrier.checkpointId !== checkpointId);
    if (isPending) this.#held.fill(0); // exactly once: it was the only one
    this.#givenUp.add(checkpointId);
    if (this.#givenUp.size <= GIVEN_UP_MAX) return;
    this.#over = Math.max(this.#over, Math.min(...this.#givenUp));
    this.#givenUp.delete(this.#over);
  }
}
