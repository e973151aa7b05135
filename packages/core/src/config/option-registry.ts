/**
 * The options of all rooms, by key. Each room declares a group; the border (the client) puts the groups together, parses what was written, once, and hands
 * typed values down. The reference page and the help are made from the same groups.
 */
import { ConfigError } from '../base/errors.ts';
import { nearest } from './nearest.ts';
import type { ConfigOption } from './option.ts';

export interface OptionGroup {
  readonly room: string; // `network memory`: a heading of the reference
  readonly options: readonly ConfigOption[];
}

export class OptionRegistry {
  readonly groups: readonly OptionGroup[];
  readonly #byKey = new Map<string, ConfigOption>();

  constructor(groups: readonly OptionGroup[]) {
    this.groups = groups;
    for (const declared of groups.flatMap((group) => group.options)) {
      for (const key of [declared.key, ...declared.deprecatedKeys]) {
        if (this.#byKey.has(key))
          throw new ConfigError(`The option ${key} is declared twice. Declare it once, next to the room that uses it.`);
        this.#byKey.set(key, declared);
      }
    }
  }

  /** By its key or one of its deprecated keys. */
  find(key: string): ConfigOption | undefined {
    return this.#byKey.get(key);
  }

  /** The known key that `key` is most likely a misspelling of. */
  nearestKey(key: string): string | undefined {
    return nearest(
      key,
      this.groups.flatMap((group) => group.options.map((declared) => declared.key)),
    );
  }
}
