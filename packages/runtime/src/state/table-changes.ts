/**
 * What has changed in a table since which checkpoint: a stamp for each slot, and the keys that were removed. Owned by its table, read when a checkpoint freezes it.
 *
 * TC1 `mark` is the checkpoint that froze the table last. A change stamps its slot with it, so what has changed since checkpoint c has a stamp of c or above.
 * TC2 a stamp moves with its entry. That of a free slot means nothing.
 * TC3 keys that were removed since checkpoint c are all in `#lists` as long as c is not below `knownSince`; keys that came back meanwhile may be there too.
 */

/** A table from which more keys are removed than this, and than it holds, is not worth a difference. */
const REMOVED_LEAST = 1024;
/** Until the next freeze nothing is known. */
const UNKNOWN = Number.POSITIVE_INFINITY;

interface RemovedKeys<K> {
  readonly mark: number;
  readonly keys: K[];
}

export class TableChanges<K> {
  /** By slot; at least as many as the table has. */
  stamps: Uint32Array;
  mark: number;
  /** The checkpoint that froze the table last when it was made. */
  readonly madeAt: number;
  knownSince = 0;
  #lists: RemovedKeys<K>[] = [];
  #current: RemovedKeys<K>;
  #count = 0;

  constructor(capacity: number, mark: number) {
    this.stamps = new Uint32Array(capacity);
    this.mark = mark;
    this.madeAt = mark;
    this.#current = { mark, keys: [] };
  }

  /** What comes now counts as changed after that checkpoint. Nothing has been removed since the last one. */
  setMark(mark: number): void {
    this.mark = mark;
    this.#current = { mark, keys: [] };
  }

  inserted(slot: number): void {
    if (slot >= this.stamps.length) this.#reserve(slot);
    this.stamps[slot] = this.mark;
  }

  move(from: number, to: number): void {
    this.stamps[to] = this.stamps[from] as number;
  }

  /** The table goes over to other arrays; returns the stamps of its old slots. */
  moveTo(capacity: number): Uint32Array {
    const before = this.stamps;
    this.stamps = new Uint32Array(capacity);
    return before;
  }

  /** `size` is that of the table. */
  removed(key: K, size: number): void {
    if (this.knownSince === UNKNOWN) return;
    this.#current.keys.push(key);
    this.#count += 1;
    if (this.#count > REMOVED_LEAST && this.#count > size) this.#forget();
  }

  cleared(capacity: number): void {
    this.stamps = new Uint32Array(capacity);
    this.#forget();
  }

  /** A checkpoint freezes the table; nobody will ask for changes since one before `keepSince`. Returns the keys that were removed since `since` (TC3). */
  cut(checkpointId: number, since: number | undefined, keepSince: number): readonly (readonly K[])[] {
    if (this.knownSince === UNKNOWN) this.knownSince = checkpointId;
    if (this.#current.keys.length > 0) this.#lists.push(this.#current);
    const cut = since === undefined ? [] : this.#lists.filter(({ mark }) => mark >= since).map(({ keys }) => keys);
    this.#lists = this.#lists.filter(({ mark }) => mark >= keepSince);
    this.#count = this.#lists.reduce((sum, { keys }) => sum + keys.length, 0);
    this.#current = { mark: checkpointId, keys: [] };
    this.mark = checkpointId;
    return cut;
  }

  #forget(): void {
    this.#lists = [];
    this.#current = { mark: this.mark, keys: [] };
    this.#count = 0;
    this.knownSince = UNKNOWN;
  }

  /** @cold */
  #reserve(slot: number): void {
    const before = this.stamps;
    this.stamps = new Uint32Array(Math.max(16, (slot + 1) * 2));
    this.stamps.set(before);
  }
}
