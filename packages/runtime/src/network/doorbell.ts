/**
 * How the threads of a TaskManager wake each other: one doorbell per slot. The slot parks on it; whoever has something for the slot rings.
 *
 * Nothing blocks: a parked slot awaits a promise, so its sockets, timers and promises go on. `Atomics.waitAsync` holds no reference to the event loop;
 * the slot keeps a port open for that.
 *
 * The protocol against lost wake-ups. The parker: `prepare()`, then looks at all its inputs once more, then `park()` or, if it found work, `cancel()`.
 * The ringer: publishes first, then `ring()`. Both sides' accesses are sequentially consistent, so either the parker sees what was published, or the ringer
 * sees the parker.
 *
 * B1 one thread parks, and has one wait at a time; any thread rings.
 * B2 a wait ends by a ring, by its time limit or by `wake`, and each of the three settles it: no promise stays behind.
 * B3 one notify per park: who rings takes the parked mark away, so that others see that the slot is on its way.
 */
import { invariant } from '@millrace/core/base/assert';
import type { Cancellation, Clock } from '@millrace/core/base/clock';

const PARKED = 0; // 1 between `prepare` and the first ring
const SEQUENCE = 1; // counts rings, wraps
const WORDS = 16; // a cache line of its own

/** Rings the bell of a slot, maybe in another thread. */
export class DoorbellButton {
  protected readonly words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    invariant(memory.byteLength >= WORDS * 4, () => `a doorbell has ${WORDS * 4} bytes, this memory ${memory.byteLength}`);
    this.words = new Int32Array(memory, 0, WORDS);
  }

  /** Wakes the slot if it is parked or about to park; costs one atomic load otherwise. */
  ring(): void {
    if (Atomics.load(this.words, PARKED) === 0 || Atomics.exchange(this.words, PARKED, 0) === 0) return;
    Atomics.add(this.words, SEQUENCE, 1);
    Atomics.notify(this.words, SEQUENCE);
  }

  isParked(): boolean {
    return Atomics.load(this.words, PARKED) === 1;
  }
}

/** The slot's own end. */
export class Doorbell extends DoorbellButton {
  private readonly clock: Clock;
  private sequence = 0;
  private settle: (() => void) | undefined;

  constructor(memory: SharedArrayBuffer, clock: Clock) {
    super(memory);
    this.clock = clock;
  }

  static createMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(WORDS * 4);
  }

  /** Announces that the slot is about to park. From here on every ring is noticed. */
  prepare(): void {
    Atomics.store(this.words, PARKED, 1);
    this.sequence = Atomics.load(this.words, SEQUENCE);
  }

  /** Takes `prepare` back: there is work after all. */
  cancel(): void {
    Atomics.store(this.words, PARKED, 0);
  }

  /**
   * Waits for a ring since `prepare`, for `wake`, or until `timeoutMs` have passed (Infinity: no limit).
   * The limit is the clock's and not that of `waitAsync`, whose timers stay behind in the platform until they are due, even after a ring.
   */
  park(timeoutMs: number): Promise<void> {
    invariant(this.settle === undefined, () => 'the slot is parked already');
    const wait = Atomics.waitAsync(this.words, SEQUENCE, this.sequence);
    if (!wait.async) {
      this.cancel();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      let timer: Cancellation | undefined;
      const settle = () => {
        if (this.settle !== settle) return; // the wait of an earlier park: over already
        this.settle = undefined;
        timer?.cancel();
        this.cancel();
        resolve();
      };
      this.settle = settle;
      if (timeoutMs !== Number.POSITIVE_INFINITY) timer = this.clock.schedule(timeoutMs, () => this.wake());
      void wait.value.then(settle);
    });
  }

  /** Ends this slot's park from within its own thread, at once: for mail that came by another way, and for closing. */
  wake(): void {
    const settle = this.settle;
    if (settle === undefined) return;
    settle();
    Atomics.add(this.words, SEQUENCE, 1);
    Atomics.notify(this.words, SEQUENCE); // settles the wait in the platform (B2)
  }
}
