/** Batches on their way to the client, first sent first acknowledged, each with the last checkpoint that it is not part of. Owned by one sink; the slot tells it of acknowledgements. */
export class CollectQueue {
  readonly #post: (bytes: Uint8Array, afterCheckpoint: number) => void;
  readonly #waiting: (() => void)[] = [];

  #afterCheckpoint = 0;

  constructor(post: (bytes: Uint8Array, afterCheckpoint: number) => void) {
    this.#post = post;
  }

  barrierPassed(checkpointId: number): void {
    this.#afterCheckpoint = checkpointId;
  }

  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#post(bytes, this.#afterCheckpoint);
    });
  }

  acknowledge(): void {
    this.#waiting.shift()?.();
  }
}
