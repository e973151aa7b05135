/**
 * What a map state holds for one key: values by names that are compared by value, in the order of first insertion.
 *
 * N1 in the *plain form* every name is its own canonical form (numbers, nearly all strings, booleans, null), and the Map holds the values themselves. The first other
 *    name moves all to the *entry form*, by canonical form.
 */
import { type HasMemoryEntries, MEMORY_ENTRIES } from '@millrace/core/types/estimated-size';
import { canonicalKey, type CanonicalKey } from '@millrace/core/types/key';

interface Entry<N, V> {
  readonly name: N;
  value: V;
}

export class NameMap<N, V> implements HasMemoryEntries {
  #plain: Map<N, V> | undefined;
  #entries: Map<CanonicalKey, Entry<N, V>> | undefined;

  constructor() {
    this.#plain = new Map();
    this.#entries = undefined;
  }

  get size(): number {
    return this.#plain?.size ?? this.#entries?.size ?? 0;
  }

  get(name: N): V | undefined {
    const canonical = canonicalKey(name);
    return this.#plain === undefined ? this.#entries?.get(canonical)?.value : this.#plain.get(canonical as N);
  }

  set(name: N, value: V): void {
    const canonical = canonicalKey(name);
    if (this.#plain !== undefined) {
      if (canonical === name) {
        this.#plain.set(canonical as N, value);
        return;
      }
      this.#leavePlainForm(this.#plain);
    }
    const entries = this.#entries as Map<CanonicalKey, Entry<N, V>>;
    const known = entries.get(canonical);
    if (known === undefined) entries.set(canonical, { name, value });
    else known.value = value;
  }

  delete(name: N): void {
    const canonical = canonicalKey(name);
    this.#plain?.delete(canonical as N);
    this.#entries?.delete(canonical);
  }

  copy(): NameMap<N, V> {
    const copy = new NameMap<N, V>();
    for (const [name, value] of this.entries()) copy.set(name, value);
    return copy;
  }

  *entries(): Generator<[N, V]> {
    if (this.#plain !== undefined) yield* this.#plain;
    else for (const { name, value } of (this.#entries as Map<CanonicalKey, Entry<N, V>>).values()) yield [name, value];
  }

  [MEMORY_ENTRIES](): { readonly size: number; readonly entries: Iterable<[N, V]> } {
    return { size: this.size, entries: this.entries() };
  }

  #leavePlainForm(plain: Map<N, V>): void {
    this.#entries = new Map();
    for (const [name, value] of plain) this.#entries.set(canonicalKey(name), { name, value });
    this.#plain = undefined;
  }
}
