/** Keeps what arrives, of all subtasks, in the order of arrival. */
import type { Sink, SinkWriter } from '@millrace/streaming/contract/sink';

export class TestSink<out T> {
  readonly #arrived: T[];

  /** Internal: made by `collect`. */
  constructor(arrived: T[]) {
    this.#arrived = arrived;
  }

  /** What has arrived since the last call. */
  take(): T[] {
    return this.#arrived.splice(0);
  }
}

export class ArraySink<in out T> implements Sink<T> {
  readonly #arrived: T[];

  constructor(arrived: T[]) {
    this.#arrived = arrived;
  }

  createWriter(): SinkWriter<T> {
    return { write: (record) => void this.#arrived.push(record), flush() {}, close() {} };
  }
}
