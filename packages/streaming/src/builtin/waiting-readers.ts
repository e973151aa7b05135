/**
 * The subtasks that have asked for a split and got no answer, first asked first. Owned by an enumerator.
 *
 * W1 a reader that is gone is not among them: nothing can be sent to a subtask before its next reader has registered, and that one asks for itself.
 */
interface Readers {
  registeredReaders(): ReadonlyMap<number, unknown>;
}

export class WaitingReaders {
  readonly #context: Readers;
  #subtasks: readonly number[] = [];

  constructor(context: Readers) {
    this.#context = context;
  }

  /** It is at its beginning: what the reader before it asked for is nobody's wish any more. */
  registered(subtask: number): void {
    this.#subtasks = this.#subtasks.filter((each) => each !== subtask);
  }

  add(subtask: number): void {
    this.#subtasks = [...this.#subtasks, subtask];
  }

  get all(): readonly number[] {
    const readers = this.#context.registeredReaders();
    return this.#subtasks.filter((subtask) => readers.has(subtask));
  }

  /** Waits no longer then. */
  take(): number | undefined {
    const [first, ...others] = this.all;
    this.#subtasks = others;
    return first;
  }
}
