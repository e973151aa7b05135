import { invariant } from '../base/assert.ts';
import { identifierLike } from './identifiers.ts';

/**
 * Collects the text of one generated function, or of several that share constants.
 *
 * Owns: the lines, the names in use, and the hoisted constants, which the text refers to by name and receives as arguments of its enclosing function.
 * Used by one generator, for one text; `compile` turns it into something that runs.
 *
 * C1 every name that `local` or `constant` gave is an identifier and is used once.
 * C2 what users named reaches the text only through `identifiers.ts` or JSON.
 */
export class CodeWriter {
  readonly #lines: string[] = [];
  readonly #names = new Map<string, number>();
  readonly #constants = new Map<string, unknown>();
  readonly #constantNames = new Map<unknown, string>();
  #depth = 0;

  line(text: string): void {
    this.#lines.push(`${'  '.repeat(this.#depth)}${text}`);
  }

  /** `head {`, the body one step further in, `}` and what follows it. */
  block(head: string, body: () => void, tail = ''): void {
    this.line(`${head} {`);
    this.#depth++;
    body();
    this.#depth--;
    this.line(`}${tail}`);
  }

  /** A new name that reads like `name`. */
  local(name: string): string {
    const wanted = identifierLike(name);
    const uses = this.#names.get(wanted) ?? 0;
    this.#names.set(wanted, uses + 1);
    // A digit at the end might meet a user's own `name2`, so the suffix is checked as well.
    return uses === 0 ? wanted : this.#free(`${wanted}_${uses + 1}`);
  }

  #free(name: string): string {
    return this.#names.has(name) ? this.local(`${name}_`) : this.local(name);
  }

  /** Hoists `value`: the text refers to it by the name that is returned. The same value gets the same name. */
  constant(name: string, value: unknown): string {
    const known = this.#constantNames.get(value);
    if (known !== undefined) return known;
    const given = this.local(name);
    this.#constants.set(given, value);
    this.#constantNames.set(value, given);
    return given;
  }

  get constants(): ReadonlyMap<string, unknown> {
    return this.#constants;
  }

  toString(): string {
    invariant(this.#depth === 0, () => 'generated text was taken inside an open block');
    return this.#lines.join('\n');
  }
}
