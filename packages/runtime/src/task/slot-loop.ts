/**
 * Runs the tasklets of one slot: sweeps them, gives the event loop a turn every few milliseconds, parks when none of them can do anything.
 *
 * Owned by its slot. One loop at most is under way, from the first tasklet to the last.
 *
 * L1 no busy loop: when no tasklet advanced in SPINS sweeps, the loop parks until the doorbell rings, mail comes, or something is due.
 * L2 no lost wake-up: the doorbell is prepared, then everything is swept once more, then the loop parks (doorbell.ts); `wake` during a sweep keeps it awake.
 * L3 a tasklet that throws leaves the loop and fails alone.
 */
import type { Clock } from '@millrace/core/base/clock';
import type { Doorbell } from '../network/doorbell.ts';
import { ADVANCED, DONE, type Progress } from './progress.ts';
import type { Tasklet } from './tasklet.ts';

/** Records of one turn of one tasklet: a few tens of microseconds of work. */
const BUDGET = 1024;
/** How long the event loop waits for its turn at most, but for one sweep. */
const SWEEPS_MS = 5;
const SPINS = 20;
/** A wait without a bound would be one more way to hang; and its timer keeps the process alive while a slot with tasks is parked. */
const PARK_MS_MAX = 10_000;

export interface LoopMember {
  readonly tasklet: Tasklet;
  ended(): void;
  failed(error: unknown): void;
}

/** What runs the tasklets of a slot. `SlotLoop` in production; the test kit drives them itself, one turn at a time (slot-ports.ts). */
export interface TaskletLoop {
  add(member: LoopMember): void;
  remove(tasklet: Tasklet): void;
  /** Something happened in this thread that a tasklet should look at. */
  wake(): void;
}

export interface SlotLoopOptions {
  readonly clock: Clock;
  readonly doorbell: Doorbell;
  /** Lets promises, sockets and timers of user code move, and calls `action` then. */
  nextTurn(action: () => void): void;
  /** Once for each turn of the event loop. */
  readonly onTurn: (nowMs: number) => void;
  /** Whose turn it is now: whose user code runs. */
  readonly onSwitch: (tasklet: Tasklet | undefined) => void;
}

export class SlotLoop implements TaskletLoop {
  readonly #options: SlotLoopOptions;
  #members: LoopMember[] = [];
  #isRunning = false;
  #awake = false;

  constructor(options: SlotLoopOptions) {
    this.#options = options;
  }

  add(member: LoopMember): void {
    member.tasklet.begin(this.#options.clock.monotonic());
    this.#members.push(member);
    this.wake();
    if (!this.#isRunning) void this.#run();
  }

  remove(tasklet: Tasklet): void {
    this.#members = this.#members.filter((member) => member.tasklet !== tasklet);
    this.wake();
  }

  wake(): void {
    this.#awake = true;
    this.#options.doorbell.wake();
  }

  async #run(): Promise<void> {
    const { clock, onTurn } = this.#options;
    this.#isRunning = true;
    while (this.#members.length > 0) {
      const moved = this.#sweepForAWhile();
      this.#letTimePass(clock.monotonic());
      onTurn(clock.monotonic());
      if (moved) await this.#eventLoopTurn();
      else if (this.#members.length > 0) await this.#park();
    }
    this.#isRunning = false;
  }

  /** True when something advanced lately. */
  #sweepForAWhile(): boolean {
    const { clock } = this.#options;
    const untilMs = clock.monotonic() + SWEEPS_MS;
    let still = 0;
    while (still < SPINS && this.#members.length > 0) {
      this.#awake = false;
      still = this.#sweep() ? 0 : still + 1;
      if (clock.monotonic() >= untilMs) return true;
    }
    return false;
  }

  /** One turn for every tasklet; true when one of them did something. */
  #sweep(): boolean {
    let moved = false;
    for (const member of this.#members) if (this.#turn(member)) moved = true;
    return moved;
  }

  #turn(member: LoopMember): boolean {
    const { tasklet } = member;
    const { clock, onSwitch } = this.#options;
    onSwitch(tasklet);
    tasklet.metrics.turnBegins(clock.monotonic());
    let progress: Progress = DONE;
    try {
      progress = tasklet.run(BUDGET);
      const nowMs = clock.monotonic();
      tasklet.metrics.turnEnds(nowMs, progress);
      if (progress === ADVANCED) tasklet.flushDue(nowMs);
    } catch (error) {
      this.remove(tasklet);
      member.failed(error);
    } finally {
      onSwitch(undefined);
    }
    if (progress === DONE && this.#members.includes(member)) {
      this.remove(tasklet);
      member.ended();
    }
    return progress === ADVANCED;
  }

  #eventLoopTurn(): Promise<void> {
    return new Promise((resolve) => this.#options.nextTurn(resolve));
  }

  async #park(): Promise<void> {
    const { clock, doorbell } = this.#options;
    const nowMs = clock.monotonic();
    for (const { tasklet } of this.#members) tasklet.flushBeforePark();
    const dueMs = this.#letTimePass(nowMs);
    doorbell.prepare();
    if (this.#awake || this.#sweep() || this.#awake) {
      doorbell.cancel();
      return this.#eventLoopTurn();
    }
    if (this.#members.length === 0) return doorbell.cancel();
    return doorbell.park(Math.max(dueMs, 1));
  }

  /** Returns in how many milliseconds somebody wants a turn. What time brings may emit, and so may fail. */
  #letTimePass(nowMs: number): number {
    let dueMs = PARK_MS_MAX;
    for (const member of this.#members) {
      try {
        dueMs = Math.min(dueMs, member.tasklet.elapse(nowMs));
      } catch (error) {
        this.remove(member.tasklet);
        member.failed(error);
      }
    }
    return dueMs;
  }
}
