/** What a list held when it was read: later `add`s are not seen, so a function may add to the list that it walks over. Nothing is copied. */
export class ListView<T> implements Iterable<T> {
  readonly #values: readonly T[];
  readonly #length: number;

  constructor(values: readonly T[]) {
    this.#values = values;
    this.#length = values.length;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let index = 0; index < this.#length; index++) yield this.#values[index] as T;
  }
}
