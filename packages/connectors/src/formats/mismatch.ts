/** A value that is not of its declared type; gathers the path to it on the way up. */
export class Mismatch extends Error {
  #path = '';
  readonly #what: string;

  constructor(what: string) {
    super(what);
    this.name = 'Mismatch';
    this.#what = what;
  }

  within(step: string): this {
    this.#path = step + this.#path;
    this.message = `$${this.#path}: ${this.#what}`;
    return this;
  }

  static expected(expected: string, seen: unknown): Mismatch {
    return new Mismatch(`expected ${expected}, found ${shown(seen)}`);
  }
}

const SHOWN_CHARS_MAX = 60;

export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'bigint') return `${value}`;
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
}
