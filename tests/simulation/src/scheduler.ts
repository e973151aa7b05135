/**
 * Whose turn it is, of all tasklets and messages of a simulated cluster: one at a time, chosen by the seed.
 *
 * S1 messages of one sender to one receiver keep their order; between pairs there is none. S2 what belongs to a dead isolate has no turn.
 * S3 a tasklet that had nothing to do rests until something else happened.
 */
import type { Random } from '@millrace/core/base/random';
import { ADVANCED, DONE, type Progress } from '@millrace/runtime/task/progress';
import type { LoopMember, SlotLoopOptions, TaskletLoop } from '@millrace/runtime/task/slot-loop';
import type { Isolate } from './isolate.ts';
import type { Trace } from './trace.ts';

const BUDGETS = [1, 2, 5, 20, 200] as const;
/** Of 8 draws, how many a tasklet takes: some are slow for a while, so that the channels before them fill. */
const SPEEDS = [8, 8, 8, 3, 1] as const;
const TURNS_AT_ONE_SPEED = 100;

interface Seat {
  readonly member: LoopMember;
  readonly options: SlotLoopOptions;
  readonly isolate: Isolate;
  speed: number;
  isResting: boolean;
}

interface Message {
  readonly isolate: Isolate;
  readonly deliver: () => void;
}

export class Scheduler {
  readonly #random: Random;
  readonly #trace: Trace;
  #seats: Seat[] = [];
  readonly #messages = new Map<string, Message[]>();
  #turns = 0;
  /** Set to end a slice at once: something has died. */
  isStopped = false;

  constructor(random: Random, trace: Trace) {
    this.#random = random;
    this.#trace = trace;
  }

  get numTasklets(): number {
    return this.#seats.length;
  }

  createLoop(options: SlotLoopOptions, isolate: Isolate): TaskletLoop {
    return {
      add: (member) => {
        if (isolate.isDead) return; // S2: it was opened while it died
        member.tasklet.begin(options.clock.monotonic());
        this.#seats.push({ member, options, isolate, speed: 8, isResting: false });
        this.wake();
      },
      remove: (tasklet) => {
        this.#seats = this.#seats.filter((seat) => seat.member.tasklet !== tasklet);
        this.wake();
      },
      wake: () => this.wake(),
    };
  }

  wake(): void {
    for (const seat of this.#seats) seat.isResting = false;
  }

  /** `pair` names sender and receiver; `isolate` is the receiver's. */
  enqueue(pair: string, isolate: Isolate, deliver: () => void): void {
    const queue = this.#messages.get(pair);
    if (queue === undefined) this.#messages.set(pair, [{ isolate, deliver }]);
    else queue.push({ isolate, deliver });
  }

  /** Everything of dead isolates goes. */
  sweep(): void {
    this.#seats = this.#seats.filter(({ isolate }) => !isolate.isDead);
    for (const [pair, queue] of this.#messages) if (queue.every(({ isolate }) => isolate.isDead)) this.#messages.delete(pair);
    this.wake();
  }

  /** Up to `turns` turns; true when nobody had anything to do at the end. */
  slice(turns: number): boolean {
    for (let turn = 0; turn < turns && !this.isStopped; turn++) if (!this.#step() && !this.#flush()) return true;
    return false;
  }

  /** Tells every tasklet what time it is; in how many milliseconds the first wants a turn. */
  elapse(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const seat of [...this.#seats]) dueMs = Math.min(dueMs, this.#elapse(seat));
    this.wake();
    return dueMs;
  }

  #step(): boolean {
    this.#turns += 1;
    if (this.#turns % TURNS_AT_ONE_SPEED === 0)
      for (const seat of this.#seats) seat.speed = SPEEDS[this.#random.nextInt(SPEEDS.length)] as number;
    const ready = this.#seats.filter((seat) => !seat.isResting);
    const { size } = this.#messages;
    if (ready.length + size === 0) return false;
    const chosen = this.#random.nextInt(ready.length + size);
    if (chosen >= ready.length) this.#deliver();
    else this.#turn(this.#among(ready, ready[chosen] as Seat));
    return true;
  }

  #among(ready: readonly Seat[], first: Seat): Seat {
    let seat = first;
    for (let draw = 0; draw < 4 && this.#random.nextInt(8) >= seat.speed; draw++) seat = ready[this.#random.nextInt(ready.length)] as Seat;
    return seat;
  }

  #turn(seat: Seat): void {
    const { tasklet } = seat.member;
    const budget = BUDGETS[this.#random.nextInt(BUDGETS.length)] as number;
    const flushes = this.#random.nextInt(3) === 0;
    let progress: Progress = DONE;
    try {
      progress = seat.isolate.run(() => {
        const made = tasklet.run(budget);
        if (made === ADVANCED && flushes) tasklet.flushBeforePark();
        return made;
      });
    } catch (error) {
      this.#trace.step(`turn ${tasklet.name} throws`);
      this.#leave(seat);
      return seat.isolate.run(() => seat.member.failed(error));
    }
    this.#trace.step(`turn ${tasklet.name} ${String(progress)}`);
    if (progress === DONE) {
      if (!this.#seats.includes(seat)) return; // it has left by itself, in its last turn
      this.#leave(seat);
      seat.isolate.run(() => seat.member.ended());
    } else if (progress === ADVANCED) this.wake();
    else seat.isResting = true;
  }

  #leave(seat: Seat): void {
    this.#seats = this.#seats.filter((each) => each !== seat);
    this.wake();
  }

  /** Buffers are let go, once; false when that has woken nobody who does something. */
  #flush(): boolean {
    for (const seat of this.#seats) {
      seat.isolate.run(() => seat.member.tasklet.flushBeforePark());
      seat.isResting = false;
    }
    let moved = false;
    for (const seat of [...this.#seats]) {
      if (!this.#seats.includes(seat)) continue;
      this.#turn(seat);
      if (!seat.isResting) moved = true;
    }
    return moved || this.#messages.size > 0;
  }

  #elapse(seat: Seat): number {
    const { member, options, isolate } = seat;
    try {
      return isolate.run(() => member.tasklet.elapse(options.clock.monotonic()));
    } catch (error) {
      this.#leave(seat);
      isolate.run(() => member.failed(error));
      return Number.POSITIVE_INFINITY;
    }
  }

  #deliver(): void {
    const pairs = [...this.#messages.keys()];
    const pair = pairs[this.#random.nextInt(pairs.length)] as string;
    const queue = this.#messages.get(pair) as Message[];
    const message = queue.shift() as Message;
    if (queue.length === 0) this.#messages.delete(pair);
    this.wake();
    if (message.isolate.isDead) return;
    this.#trace.step(`message ${pair}`);
    message.isolate.run(message.deliver);
  }
}
