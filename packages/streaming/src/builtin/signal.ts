import type { InputStatus } from '../contract/source.ts';

/** What a reader's `isAvailable` waits for. Raised before anyone waits, it lets the next one through at once. */
export class Signal {
  #raised = true;
  #waiting: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  /** Nothing is at hand: those who wait from now on wait for the next `raise`. */
  none(): InputStatus {
    this.#raised = false;
    return 'NOTHING_AVAILABLE';
  }

  raise(): void {
    this.#raised = true;
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  wait(): Promise<void> {
    if (this.#raised) return Promise.resolve();
    if (this.#waiting === undefined) {
      let resolve: () => void = () => {};
      const promise = new Promise<void>((settle) => {
        resolve = settle;
      });
      this.#waiting = { promise, resolve };
    }
    return this.#waiting.promise;
  }
}
