/**
 * What dies at once in a simulation: a slot's isolate, the TaskManager's process, the whole program. Code runs in the name of its isolate, through promises and timers,
 * and nothing of it happens any more once the isolate or one around it is dead.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Cancellation, Clock } from '@millrace/core/base/clock';

const current = new AsyncLocalStorage<Isolate>();

export class Isolate {
  readonly name: string;
  readonly clock: Clock;
  readonly #parent: Isolate | undefined;
  readonly #timers = new Set<Cancellation>();
  #isDead = false;

  constructor(name: string, clock: Clock, parent?: Isolate) {
    this.name = name;
    this.#parent = parent;
    this.clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      schedule: (delayMs, action) => this.#schedule(clock, delayMs, action),
    };
  }

  static get current(): Isolate | undefined {
    return current.getStore();
  }

  get isDead(): boolean {
    return this.#isDead || this.#parent?.isDead === true;
  }

  /** For the look at what is left. */
  get numTimers(): number {
    return this.#timers.size;
  }

  run<R>(action: () => R): R {
    return current.run(this, action);
  }

  /** Settles as the work does, and not at all once the isolate is dead. */
  settling<R>(work: Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      work.then(
        (value) => (this.isDead ? undefined : resolve(value)),
        (error: unknown) => (this.isDead ? undefined : reject(error)),
      );
    });
  }

  kill(): void {
    this.#isDead = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #schedule(clock: Clock, delayMs: number, action: () => void): Cancellation {
    const timer = clock.schedule(delayMs, () => {
      this.#timers.delete(timer);
      if (!this.isDead) this.run(action);
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }
}
