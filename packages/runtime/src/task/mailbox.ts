/**
 * How anything that is not data reaches a task: promises that settled, timers, events, cancellation. One check per turn (style §9).
 *
 * M1 mail runs in the task's thread, between two elements, in the order of arrival; mail that comes while mail runs waits for the next turn.
 * M2 mail wakes the slot loop, so a parked slot never misses it.
 */
export class Mailbox {
  #letters: (() => void)[] = [];
  readonly #wake: () => void;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  get hasMail(): boolean {
    return this.#letters.length > 0;
  }

  put(letter: () => void): void {
    this.#letters.push(letter);
    this.#wake();
  }

  /** Runs what is there; what a letter throws leaves the rest unread, for it fails the task. */
  process(): void {
    const letters = this.#letters;
    this.#letters = [];
    for (const letter of letters) letter();
  }

  clear(): void {
    this.#letters = [];
  }
}
