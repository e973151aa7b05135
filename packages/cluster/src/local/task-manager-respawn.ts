/**
 * When another TaskManager is started in the place of one that was lost: soon at first, then later and later, and not for ever. A process that cannot live is not
 * started again and again.
 *
 * RS1 after `MAX_LOSSES` in a row, none of which lived for `CALM_MS`, there is no other one, and the jobs that wait are told.
 */
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import type { FailureDescription } from '@millrace/runtime/protocol/execution-state';
import { terminalFailure } from '@millrace/runtime/protocol/failure-description';

const MAX_LOSSES = 10;
const CALM_MS = 60_000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5_000;

export interface RespawnPorts {
  /** Whether anybody waits for one, when the time has come. */
  isNeeded(): boolean;
  start(): void;
  giveUp(failure: FailureDescription): void;
}

export class TaskManagerRespawn {
  readonly #clock: Clock;
  #losses = 0;
  #startedMs = 0;
  #timer: Cancellation | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  lost(failure: FailureDescription, ports: RespawnPorts): void {
    const nowMs = this.#clock.monotonic();
    this.#losses = nowMs - this.#startedMs >= CALM_MS ? 1 : this.#losses + 1;
    if (this.#losses > MAX_LOSSES) return ports.giveUp(givenUp(failure));
    const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#losses - 1));
    this.#timer = this.#clock.schedule(delayMs, () => {
      if (!ports.isNeeded()) return;
      this.#startedMs = this.#clock.monotonic();
      ports.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}

function givenUp(failure: FailureDescription): FailureDescription {
  return terminalFailure(
    'task-manager-lost',
    `The TaskManager was lost ${MAX_LOSSES + 1} times in a row, each time within ${CALM_MS / 1_000} s; it is not started again. The last time: ${failure.message}`,
    failure,
  );
}
