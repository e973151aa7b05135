/**
 * Asks a set of peers for signs of life and says which of them have gone silent.
 *
 * A peer is lost after `missedLimit` rounds in a row without an answer. Rounds are counted rather than milliseconds, so a process that was itself held up
 * (a debugger, a suspended laptop) does not blame its peers for it.
 */
import type { Cancellation, Clock } from '@millrace/core/base/clock';

export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly missedLimit: number;
  ask(peer: string): void;
  onLost(peer: string): void;
}

export class Heartbeats {
  readonly #options: HeartbeatOptions;
  readonly #missed = new Map<string, number>();
  #timer: Cancellation | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= this.#options.clock.schedule(this.#options.intervalMs, () => this.#round());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#missed.clear();
  }

  add(peer: string): void {
    this.#missed.set(peer, 0);
  }

  remove(peer: string): void {
    this.#missed.delete(peer);
  }

  /** An answer, or any other sign of life. */
  heard(peer: string): void {
    if (this.#missed.has(peer)) this.#missed.set(peer, 0);
  }

  #round(): void {
    this.#timer = undefined;
    for (const [peer, missed] of [...this.#missed]) {
      if (missed < this.#options.missedLimit) {
        this.#missed.set(peer, missed + 1);
        this.#options.ask(peer);
      } else {
        this.#missed.delete(peer);
        this.#options.onLost(peer);
      }
    }
    this.start();
  }
}
