/**
 * The timers of one kind of one operator in one subtask: deduplicated by key, time and namespace, in order of time. Called by the timer service only.
 *
 * Q1 every timer is in the columns, in the heap and in the index, or in none of them.
 * Q2 no call takes longer with the number of timers but by its logarithm: ten million of them stop nobody.
 */
import { canonicalKey } from '@millrace/core/types/key';
import { finish, hashNumber, hashString, mix } from '@millrace/core/types/key-hash';
import type { NamespaceType } from '@millrace/streaming/contract/keyed-state';
import { VOID_NAMESPACES } from '@millrace/streaming/contract/timers';
import { CHUNK_BITS, CHUNK_MASK } from './timer-chunks.ts';
import { TimerColumns } from './timer-columns.ts';
import { TimerFreeze } from './timer-freeze.ts';
import { TimerHeap } from './timer-heap.ts';
import { TimerIndex } from './timer-index.ts';

export class TimerQueue<N> {
  /** Of the timer that `poll` took last. */
  key: unknown;
  namespace: N | undefined;
  time: number;
  readonly #columns: TimerColumns;
  readonly #heap: TimerHeap;
  readonly #index: TimerIndex;
  readonly #namespaces: NamespaceType<N>;
  readonly #hasNamespaces: boolean;
  // What `matches` compares with: fields, so that a look-up makes no closure.
  #wantedKey: unknown;
  #wantedTime: number;
  #wantedNamespaceId: string | number;
  readonly #matches: (id: number) => boolean;
  #freezes: TimerFreeze | undefined; // the newest; the others behind it

  constructor(namespaces: NamespaceType<N>) {
    this.key = undefined;
    this.namespace = undefined;
    this.time = 0;
    this.#namespaces = namespaces;
    this.#hasNamespaces = (namespaces as unknown) !== VOID_NAMESPACES;
    this.#columns = new TimerColumns(this.#hasNamespaces);
    this.#heap = new TimerHeap(this.#columns);
    this.#index = new TimerIndex();
    this.#wantedKey = undefined;
    this.#wantedTime = 0;
    this.#wantedNamespaceId = 0;
    this.#matches = (id) => this.#isWanted(id);
    this.#freezes = undefined;
  }

  get size(): number {
    return this.#heap.size;
  }

  /** Infinity when there is none. */
  get leastTime(): number {
    return this.#heap.leastTime;
  }

  /** False when it was registered already. */
  add(key: unknown, keyHash: number, namespace: N, time: number): boolean {
    const hash = this.#want(key, keyHash, namespace, time);
    if (this.#index.find(hash, this.#matches) >= 0) return false;
    const id = this.#columns.add(time, hash, key, namespace);
    for (let freeze = this.#freezes; freeze !== undefined; freeze = freeze.next) freeze.insert(id);
    this.#heap.push(id, time);
    this.#index.insert(hash, id);
    return true;
  }

  /** False when it was not registered. */
  remove(key: unknown, keyHash: number, namespace: N, time: number): boolean {
    const hash = this.#want(key, keyHash, namespace, time);
    const id = this.#index.find(hash, this.#matches);
    if (id < 0) return false;
    this.#removeId(id, hash);
    return true;
  }

  /** Takes the timer with the least time out; what it was stands in the fields. Only when there is one. */
  poll(): void {
    const id = this.#heap.leastId;
    this.key = this.#columns.key(id);
    this.namespace = this.#columns.namespace(id) as N | undefined;
    this.time = this.#heap.leastTime;
    this.#removeId(id, this.#columns.hash(id));
  }

  /** Shows every timer that there is now to `take`: before it goes, or when `advance` comes to it. Until `thaw`. `take` never throws. */
  freeze(take: (key: unknown, namespace: N | undefined, time: number) => void): TimerFreeze {
    const columns = this.#columns;
    const view = { idBound: columns.idBound, isUsed: (id: number) => this.#isUsed(id) };
    const freeze = new TimerFreeze(view, (id) => take(columns.key(id), columns.namespace(id) as N | undefined, columns.time(id)));
    freeze.next = this.#freezes;
    this.#freezes = freeze;
    return freeze;
  }

  thaw(freeze: TimerFreeze): void {
    if (this.#freezes === freeze) this.#freezes = freeze.next;
    else for (let before = this.#freezes; before !== undefined; before = before.next) if (before.next === freeze) before.next = freeze.next;
  }

  /** Q1: of a free id the heap knows nothing. */
  #isUsed(id: number): boolean {
    const place = (this.#columns.places[id >>> CHUNK_BITS] as Int32Array)[id & CHUNK_MASK] as number;
    return place >= 0 && place < this.#heap.size && this.#heap.idAt(place) === id;
  }

  #removeId(id: number, hash: number): void {
    for (let freeze = this.#freezes; freeze !== undefined; freeze = freeze.next) freeze.release(id);
    this.#heap.removeAt((this.#columns.places[id >>> CHUNK_BITS] as Int32Array)[id & CHUNK_MASK] as number);
    this.#index.remove(hash, id);
    this.#columns.release(id);
  }

  #want(key: unknown, keyHash: number, namespace: N, time: number): number {
    this.#wantedKey = key;
    this.#wantedTime = time;
    let hash = mix(keyHash, hashNumber(time));
    if (this.#hasNamespaces) {
      const id = this.#namespaces.idOf(namespace);
      this.#wantedNamespaceId = id;
      hash = mix(hash, typeof id === 'number' ? hashNumber(id) : hashString(id));
    }
    return finish(hash, 0);
  }

  #isWanted(id: number): boolean {
    if (this.#columns.time(id) !== this.#wantedTime) return false;
    if (this.#hasNamespaces && this.#namespaces.idOf(this.#columns.namespace(id) as N) !== this.#wantedNamespaceId) return false;
    const wanted = this.#wantedKey;
    if (typeof wanted === 'number' || typeof wanted === 'string') {
      const isKey = this.#columns.hasKey(id, wanted);
      if (isKey !== undefined) return isKey;
    }
    const key = this.#columns.key(id);
    if (key === wanted) return true;
    return typeof key === 'object' && typeof wanted === 'object' && canonicalKey(key) === canonicalKey(wanted);
  }
}
