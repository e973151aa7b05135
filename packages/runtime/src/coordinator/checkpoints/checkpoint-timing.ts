/**
 * When the next checkpoint is due: an interval after the last one began, not before the minimum pause after the last one ended, and not while as many are under way as
 * may be. One that was asked for waits for the pause alone. Owned by the CheckpointCoordinator.
 *
 * T1 between `start` and `stop` there is one timer, or `resume` will be called when what is waited for has happened.
 */
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import type { CompiledCheckpointing } from './checkpoint-settings.ts';

export class CheckpointTiming {
  readonly #settings: CompiledCheckpointing;
  readonly #clock: Clock;
  readonly #due: () => void;
  readonly #backlogs = new Set<string>(); // operator ids
  #timer: Cancellation | undefined;
  #isStarted = false;
  #lastBegunMs = 0;
  #lastEndedMs: number | undefined;
  #isRequested = false;
  /** Since a request no checkpoint has been completed: whoever waits for one waits on when that which was begun fails. */
  #isAwaited = false;

  constructor(settings: CompiledCheckpointing, clock: Clock, due: () => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#due = due;
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** The first one is due an interval from now. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#lastBegunMs = this.#clock.monotonic();
    this.resume();
  }

  stop(): void {
    this.#isStarted = false;
    this.#isRequested = false;
    this.#isAwaited = false;
    this.#pause();
  }

  begun(): void {
    this.#isRequested = false;
    this.#lastBegunMs = this.#clock.monotonic();
  }

  /** One that begins from now on is waited for. */
  request(): void {
    this.#isRequested = true;
    this.#isAwaited = true;
    this.resume();
  }

  completed(): void {
    this.#isAwaited = this.#isRequested;
  }

  ended(): void {
    this.#lastEndedMs = this.#clock.monotonic();
  }

  /** Looks again when the next one is due; at once where it is due already. */
  resume(): void {
    this.#pause();
    const intervalMs = this.#intervalMs();
    if (!this.#isStarted || (intervalMs === 0 && !this.#isRequested)) return;
    const afterPauseMs = this.#lastEndedMs === undefined ? 0 : this.#lastEndedMs + this.#settings.minPauseMs;
    const atMs = Math.max(this.#isRequested ? 0 : this.#lastBegunMs + intervalMs, afterPauseMs);
    this.#timer = this.#clock.schedule(Math.max(0, atMs - this.#clock.monotonic()), () => {
      this.#timer = undefined;
      this.#due();
    });
  }

  /** The enumerators are others now. */
  forgetBacklogs(): void {
    this.#backlogs.clear();
  }

  setBacklog(operatorId: string, isProcessingBacklog: boolean): void {
    if (isProcessingBacklog) this.#backlogs.add(operatorId);
    else this.#backlogs.delete(operatorId);
    if (this.#timer !== undefined || this.#intervalMs() === this.#settings.intervalMs) this.resume();
  }

  #pause(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #intervalMs(): number {
    const { intervalMs, intervalDuringBacklogMs } = this.#settings;
    if (this.#backlogs.size === 0 || (intervalDuringBacklogMs === 0 && this.#isAwaited)) return intervalMs;
    return intervalDuringBacklogMs;
  }
}
