/**
 * Decides whose turn it is: one tasklet, or one message, at a time, chosen by a seed. Stands in for the loops of all slots of a simulated job.
 *
 * Owned by its job. `run` is synchronous; what comes back from promises wakes it (`wake`, `enqueue`), and whoever drives it looks at `activity`.
 *
 * D1 the same seed, program and calls give the same order of turns. No time passes in here.
 * D2 messages of one sender to one receiver keep their order; between pairs there is none.
 * D3 `run` returns true only when every tasklet, after all buffers were let go, had nothing to do in a turn of its own.
 */
import type { Random } from '@millrace/core/base/random';
import { ADVANCED, DONE, type Progress } from '@millrace/runtime/task/progress';
import type { LoopMember, SlotLoopOptions, TaskletLoop } from '@millrace/runtime/task/slot-loop';
import type { Tasklet } from '@millrace/runtime/task/tasklet';

/** Small budgets interleave finely, the large one fills channels. */
const BUDGETS = [1, 2, 7, 64, 1024] as const;
/** Of 8 draws, how many a tasklet takes: some sleep or are slow for a while, so that the channels before them fill. */
const SPEEDS = [8, 8, 4, 1, 0] as const;
const DRAWS_MAX = 8;
const TURNS_AT_ONE_SPEED = 64;

interface Seat {
  readonly member: LoopMember;
  readonly options: SlotLoopOptions;
  speed: number;
  /** Had nothing to do in its last turn, and nothing has happened since. */
  resting: boolean;
}

export class SeededScheduler {
  readonly #random: Random;
  #seats: Seat[] = [];
  readonly #messages = new Map<string, (() => void)[]>();
  #turns = 0;
  /** How often buffers were let go since a tasklet advanced. */
  #rounds = 0;
  /** Grows with everything that happens. */
  activity = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  createLoop(options: SlotLoopOptions): TaskletLoop {
    return {
      add: (member) => this.#add(member, options),
      remove: (tasklet) => this.#remove(tasklet),
      wake: () => this.wake(),
    };
  }

  wake(): void {
    this.activity += 1;
    for (const seat of this.#seats) seat.resting = false;
  }

  /** A message between two parties that `pair` names. */
  enqueue(pair: string, deliver: () => void): void {
    const queue = this.#messages.get(pair);
    if (queue === undefined) this.#messages.set(pair, [deliver]);
    else queue.push(deliver);
    this.activity += 1;
  }

  /** Forgets the messages that are under way: whoever they are for has crashed. */
  clear(): void {
    this.#messages.clear();
    this.wake();
  }

  /** True when nobody can do anything; false after `turns` turns. */
  run(turns: number): boolean {
    this.#rounds = 0;
    for (const seat of this.#seats) seat.resting = false; // time may have passed since, and have emitted
    for (let turn = 0; turn < turns; turn++) {
      if (!this.#step() && !this.#flushAll()) return true;
    }
    return false;
  }

  /** Delivers messages only: while tasks are being opened. */
  deliver(): void {
    while (this.#messages.size > 0) this.#deliverOne();
  }

  /** Tells every tasklet what time it is; returns in how many milliseconds the first of them wants a turn. What time brings may emit. */
  elapse(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const seat of [...this.#seats]) dueMs = Math.min(dueMs, this.#elapse(seat));
    if (dueMs === 0) this.wake();
    return dueMs;
  }

  #add(member: LoopMember, options: SlotLoopOptions): void {
    member.tasklet.begin(options.clock.monotonic());
    this.#seats.push({ member, options, speed: this.#drawSpeed(), resting: false });
    this.wake();
  }

  #remove(tasklet: Tasklet): void {
    this.#seats = this.#seats.filter((seat) => seat.member.tasklet !== tasklet);
    this.wake();
  }

  #step(): boolean {
    this.#turns += 1;
    if (this.#turns % TURNS_AT_ONE_SPEED === 0) for (const seat of this.#seats) seat.speed = this.#drawSpeed();
    const ready = this.#seats.filter((seat) => !seat.resting);
    const chosen = this.#random.nextInt(ready.length + this.#messages.size + 1);
    if (this.#messages.size > 0 && chosen >= ready.length) this.#deliverOne();
    else if (ready.length > 0) this.#turn(this.#among(ready));
    else return false;
    return true;
  }

  #among(ready: readonly Seat[]): Seat {
    for (let draw = 0; ; draw++) {
      const seat = ready[this.#random.nextInt(ready.length)] as Seat;
      if (draw === DRAWS_MAX || this.#random.nextInt(8) < seat.speed) return seat;
    }
  }

  #turn(seat: Seat): void {
    const { member, options } = seat;
    const { tasklet } = member;
    options.onSwitch(tasklet);
    tasklet.metrics.turnBegins(options.clock.monotonic());
    let progress: Progress = DONE;
    try {
      progress = tasklet.run(BUDGETS[this.#random.nextInt(BUDGETS.length)] as number);
      tasklet.metrics.turnEnds(options.clock.monotonic(), progress);
      if (progress === ADVANCED && this.#random.nextInt(4) === 0) tasklet.flushBeforePark();
    } catch (error) {
      this.#remove(tasklet);
      return member.failed(error);
    } finally {
      options.onSwitch(undefined);
    }
    if (progress === DONE) this.#leave(seat);
    else if (progress === ADVANCED) this.#advanced();
    else seat.resting = true;
  }

  #advanced(): void {
    this.#rounds = 0;
    this.wake();
  }

  /** A tasklet may have left by a cancellation of its own in its last turn. */
  #leave(seat: Seat): void {
    if (!this.#seats.includes(seat)) return;
    this.#remove(seat.member.tasklet);
    this.#rounds = 0;
    seat.member.ended();
  }

  /**
   * True when buffers have been let go that consumers must look at. A turn in which a tasklet passed on a watermark alone does not count as an advance, so there is
   * a round for each tasklet that the watermark may have to pass.
   */
  #flushAll(): boolean {
    if (this.#rounds > this.#seats.length) return false;
    this.#rounds += 1;
    for (const seat of this.#seats) {
      seat.member.tasklet.flushBeforePark();
      seat.resting = false;
    }
    return this.#seats.length > 0;
  }

  #elapse(seat: Seat): number {
    const { member, options } = seat;
    try {
      return member.tasklet.elapse(options.clock.monotonic());
    } catch (error) {
      this.#remove(member.tasklet);
      member.failed(error);
      return Number.POSITIVE_INFINITY;
    }
  }

  #deliverOne(): void {
    const pairs = [...this.#messages.keys()];
    const pair = pairs[this.#random.nextInt(pairs.length)] as string;
    const queue = this.#messages.get(pair) as (() => void)[];
    const deliver = queue.shift();
    if (queue.length === 0) this.#messages.delete(pair);
    this.wake();
    deliver?.();
  }

  #drawSpeed(): number {
    return SPEEDS[this.#random.nextInt(SPEEDS.length)] as number;
  }
}
