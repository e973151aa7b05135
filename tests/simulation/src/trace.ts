/** What has happened in a simulation, step by step: a hash that two equal runs have in common, and on request the steps as text. */
const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

export class Trace {
  #hash = OFFSET;
  readonly #print: ((line: string) => void) | undefined;
  readonly #now: () => number;

  /** `print` gets every step; without it nothing is kept. */
  constructor(now: () => number, print?: (line: string) => void) {
    this.#now = now;
    this.#print = print;
  }

  step(text: string): void {
    let hash = this.#hash;
    for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), PRIME);
    this.#hash = Math.imul(hash ^ this.#now(), PRIME);
    this.#print?.(`${String(this.#now()).padStart(7)} ${text}`);
  }

  /** For reading only: no part of the hash. */
  note(text: string): void {
    this.#print?.(`${String(this.#now()).padStart(7)} | ${text}`);
  }

  get isPrinted(): boolean {
    return this.#print !== undefined;
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }
}
