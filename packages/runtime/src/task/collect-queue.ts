/** Batches on their way to the client, first sent first acknowledged. Owned by one sink; the slot tells it of acknowledgements. */
export class CollectQueue {
  readonly #post: (bytes: Uint8Array) => void;
  readonly #waiting: (() => void)[] = [];

  constructor(post: (bytes: Uint8Array) => void) {
    this.#post = post;
  }

  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#post(bytes);
    });
  }

  acknowledge(): void {
    this.#waiting.shift()?.();
  }
}
