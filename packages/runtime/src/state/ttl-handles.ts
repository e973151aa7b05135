/**
 * State with a time to live: the cells hold `Timed` values, and what has expired is not seen.
 *
 * E1 what has expired is removed when it is come upon, and returned that once only where the state is told to.
 * E2 what has not expired is never removed.
 */
import type { ListState, MapState } from '@millrace/streaming/contract/keyed-state';
import type { Cells } from './cells.ts';
import { NameMap } from './name-map.ts';
import { Timed } from './snapshot/entry-codec.ts';
import type { Mergeable } from './state-handles.ts';
import type { TtlClock, TtlSweep } from './ttl-clean-up.ts';
import type { ValueCheck } from './value-check.ts';

/** What all handles of such a state stand on. */
export interface TtlPorts {
  readonly clock: TtlClock;
  /** Undefined where nothing is cleaned up by the way. */
  readonly sweep: TtlSweep | undefined;
}

/** Of value, reducing and aggregating state: single values. */
export class TtlCells<V> implements Cells<V> {
  readonly keepsTime = true;
  readonly #cells: Cells<Timed<V>>;
  readonly #ports: TtlPorts;

  constructor(cells: Cells<Timed<V>>, ports: TtlPorts) {
    this.#cells = cells;
    this.#ports = ports;
  }

  read(): V | undefined {
    const { clock, sweep } = this.#ports;
    sweep?.step();
    const timed = this.#cells.read();
    if (timed === undefined) return undefined;
    const now = clock.now();
    if (clock.isExpired(timed, now)) {
      this.#cells.remove(); // E1
      return clock.ttl.returnsExpired ? timed.value : undefined;
    }
    if (clock.ttl.countsReads) timed.time = now;
    return timed.value;
  }

  write(value: V): void {
    this.#ports.sweep?.step();
    this.#cells.write(new Timed(value, this.#ports.clock.now()));
  }

  remove(): void {
    this.#cells.remove();
  }

  forEach(visit: (key: unknown, namespace: unknown, value: V) => void): void {
    const { clock } = this.#ports;
    this.#cells.forEach((key, namespace, timed) => {
      if (clock.ttl.returnsExpired || !clock.isExpired(timed, clock.now())) visit(key, namespace, timed.value);
    });
  }
}

export class TtlListState<T> implements ListState<T>, Mergeable<Timed<T>[]> {
  readonly #cells: Cells<Timed<T>[]>;
  readonly #check: ValueCheck;
  readonly #ports: TtlPorts;

  constructor(cells: Cells<Timed<T>[]>, check: ValueCheck, ports: TtlPorts) {
    this.#cells = cells;
    this.#check = check;
    this.#ports = ports;
  }

  get(): Iterable<T> {
    const { clock, sweep } = this.#ports;
    sweep?.step();
    const list = this.#cells.read();
    if (list === undefined) return [];
    const now = clock.now();
    const live = clock.pruned(list, now) ?? [];
    if (clock.ttl.countsReads) for (const timed of live) timed.time = now;
    if (live.length === 0) this.#cells.remove();
    else if (live !== list) this.#cells.write(live);
    return Array.from(clock.ttl.returnsExpired ? list : live, ({ value }) => value);
  }

  add(value: T): void {
    this.#check.check(value);
    this.#ports.sweep?.step();
    const timed = new Timed(value, this.#ports.clock.now());
    const list = this.#cells.read();
    if (list === undefined) this.#cells.write([timed]);
    else list.push(timed);
  }

  addAll(values: Iterable<T>): void {
    for (const value of [...values]) this.add(value);
  }

  update(values: Iterable<T>): void {
    const now = this.#ports.clock.now();
    const list = Array.from(values, (value) => new Timed(value, now));
    for (const { value } of list) this.#check.check(value);
    if (list.length === 0) this.#cells.remove();
    else this.#cells.write(list);
  }

  clear(): void {
    this.#cells.remove();
  }

  merge(a: Timed<T>[], b: Timed<T>[]): Timed<T>[] {
    return [...a, ...b];
  }
}

export class TtlMapState<N, V> implements MapState<N, V> {
  readonly #cells: Cells<NameMap<N, Timed<V>>>;
  readonly #names: ValueCheck;
  readonly #values: ValueCheck;
  readonly #ports: TtlPorts;

  constructor(cells: Cells<NameMap<N, Timed<V>>>, names: ValueCheck, values: ValueCheck, ports: TtlPorts) {
    this.#cells = cells;
    this.#names = names;
    this.#values = values;
    this.#ports = ports;
  }

  get(name: N): V | undefined {
    const { clock, sweep } = this.#ports;
    sweep?.step();
    const map = this.#cells.read();
    const timed = map?.get(name);
    if (map === undefined || timed === undefined) return undefined;
    const now = clock.now();
    if (clock.isExpired(timed, now)) {
      this.#drop(map, name);
      return clock.ttl.returnsExpired ? timed.value : undefined;
    }
    if (clock.ttl.countsReads) timed.time = now;
    return timed.value;
  }

  contains(name: N): boolean {
    return this.get(name) !== undefined;
  }

  isEmpty(): boolean {
    return this.#live().length === 0;
  }

  entries(): Iterable<[N, V]> {
    return this.#live();
  }

  keys(): Iterable<N> {
    return this.#live().map(([name]) => name);
  }

  values(): Iterable<V> {
    return this.#live().map(([, value]) => value);
  }

  put(name: N, value: V): void {
    this.#names.check(name);
    this.#values.check(value);
    this.#ports.sweep?.step();
    let map = this.#cells.read();
    if (map === undefined) {
      map = new NameMap();
      this.#cells.write(map);
    }
    map.set(name, new Timed(value, this.#ports.clock.now()));
  }

  putAll(entries: Iterable<readonly [N, V]>): void {
    for (const [name, value] of [...entries]) this.put(name, value);
  }

  remove(name: N): void {
    const map = this.#cells.read();
    if (map !== undefined) this.#drop(map, name);
  }

  clear(): void {
    this.#cells.remove();
  }

  #drop(map: NameMap<N, Timed<V>>, name: N): void {
    map.delete(name);
    if (map.size === 0) this.#cells.remove();
  }

  /** What may be seen, and what has expired removed (E1). */
  #live(): [N, V][] {
    const { clock, sweep } = this.#ports;
    sweep?.step();
    const map = this.#cells.read();
    if (map === undefined) return [];
    const now = clock.now();
    const seen: [N, V][] = [];
    for (const [name, timed] of [...map.entries()]) {
      const isExpired = clock.isExpired(timed, now);
      if (!isExpired || clock.ttl.returnsExpired) seen.push([name, timed.value]);
      if (isExpired) map.delete(name);
      else if (clock.ttl.countsReads) timed.time = now;
    }
    if (map.size === 0) this.#cells.remove();
    return seen;
  }
}
