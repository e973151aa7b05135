/**
 * Aligned event-time windows with one table of accumulators for each window: tumbling windows, windows with gaps between them, and sliding windows whose
 * aggregate has no `merge`, where a record is added to each of its windows.
 *
 * Owns the tables of the windows that are open or within the allowed lateness.
 *
 * T1 `live` holds the indexes of the windows that have a table, ascending.
 * T2 the times from `cachedFrom` to below `cachedTo` are in exactly the windows of the cached tables, and none of those has ended.
 * T3 the window whose emission is suspended is the first of `live` above `#firedBefore`.
 */
import type { OperatorContext } from '../contract/operator.ts';
import type { KeyedTable, RestoredTable } from '../contract/state.ts';
import type { TimeWindow } from '../window/time-window.ts';
import type { WindowAlignment } from '../window/window-assigner.ts';
import { AlignedWindowOperator } from './aligned-window-operator.ts';
import { insertSorted, lowerBound } from './sorted-numbers.ts';
import type { WindowGrid } from './window-grid.ts';
import { accumulatorTypeOf, type WindowSpec } from './window-spec.ts';

const STATE = 'window-contents'; // Flink's name of it

export class WindowTablesOperator<T, K, ACC, V, R> extends AlignedWindowOperator<T, K, ACC, V, R> {
  readonly #tables: Map<number, KeyedTable<K, ACC>>;
  readonly #live: number[];
  readonly #createTable: (namespace: number) => KeyedTable<K, ACC>;
  readonly #restoredTables: () => readonly RestoredTable<K, ACC>[];
  readonly #releaseTable: (table: KeyedTable<K, ACC>) => void;
  #cachedFrom: number;
  #cachedTo: number;
  #cached: KeyedTable<K, ACC>[];
  #firedBefore: number; // windows up to this one have been emitted
  #slot: number; // where the emission of the next window goes on; −1 before its first key

  constructor(context: OperatorContext, spec: WindowSpec<T, K, TimeWindow, ACC, V, R>, alignment: WindowAlignment) {
    super(context, spec, { alignment, layout: 'tables', changesFired: (spec.allowedLatenessMs ?? 0) > 0 });
    const { tables } = context;
    this.#tables = new Map();
    this.#live = [];
    const accumulatorType = accumulatorTypeOf(spec.aggregation);
    this.#createTable = (namespace) => tables.createTable<K, ACC>(STATE, spec.key.type, accumulatorType, { namespace });
    this.#restoredTables = () => tables.restoredTables<K, ACC>(STATE, spec.key.type, accumulatorType);
    this.#releaseTable = (table) => tables.releaseTable(STATE, table);
    this.#cachedFrom = Number.POSITIVE_INFINITY;
    this.#cachedTo = Number.NEGATIVE_INFINITY;
    this.#cached = [];
    this.#firedBefore = Number.NEGATIVE_INFINITY;
    this.#slot = -1;
  }

  override processElement(record: T): void {
    const { timestamp } = this.flow;
    if (timestamp >= this.#cachedFrom && timestamp < this.#cachedTo) {
      const key = this.selector(record);
      const tables = this.#cached;
      for (let i = 0; i < tables.length; i++) this.#add(tables[i] as KeyedTable<K, ACC>, key, record);
    } else this.#place(record, timestamp);
  }

  #add(table: KeyedTable<K, ACC>, key: K, record: T): void {
    const slot = table.slotOf(key);
    const accumulator = table.values[slot];
    table.values[slot] =
      accumulator === undefined ? this.accumulation.createAccumulator(record) : this.accumulation.add(record, accumulator);
  }

  /** The way of a record off the cached window: into other windows, late for some, or for all. */
  #place(record: T, timestamp: number): void {
    const grid = this.gridFor(timestamp);
    const first = grid.firstWindow(timestamp);
    const last = grid.lastWindow(timestamp);
    if (first > last) return; // in a gap: in no window, and not late either
    if (last <= this.expired) {
      this.refuseLate(record);
      return;
    }
    const from = Math.max(first, this.expired + 1);
    const key = this.selector(record);
    for (let window = from; window <= last; window++) this.#add(this.#tableOf(window), key, record);
    if (from <= this.fired) this.fireLate(key, from, Math.min(last, this.fired));
    else if (from === first) this.#cacheAround(first, last, grid);
  }

  #tableOf(window: number): KeyedTable<K, ACC> {
    const known = this.#tables.get(window);
    if (known !== undefined) return known;
    const table = this.#createTable((this.grid as WindowGrid).windowAt(window).start);
    this.#keep(window, table);
    return table;
  }

  #keep(window: number, table: KeyedTable<K, ACC>): void {
    this.#tables.set(window, table);
    insertSorted(this.#live, window);
  }

  /** @cold A window's table is known by its start: indexes count from the grid's origin, which is another one in every subtask. */
  protected override restoreWindows(): void {
    for (const { namespace, table } of this.#restoredTables()) {
      const start = namespace as number;
      this.#keep(this.openGrid(start).lastWindow(start), table);
    }
    this.#firedBefore = this.fired; // A4
  }

  #cacheAround(first: number, last: number, { origin, slideMs, sizeMs }: WindowGrid): void {
    this.#cachedFrom = origin + Math.max(last * slideMs, (first - 1) * slideMs + sizeMs);
    this.#cachedTo = origin + Math.min((last + 1) * slideMs, first * slideMs + sizeMs);
    this.#cached = [];
    for (let window = first; window <= last; window++) this.#cached.push(this.#tableOf(window));
  }

  protected override watermarkMoved(): void {
    const first = this.#live[lowerBound(this.#live, this.#firedBefore + 1)];
    if (first === undefined || first > this.fired) return; // no table goes, so the cache holds
    this.#cachedFrom = Number.POSITIVE_INFINITY;
    this.#cachedTo = Number.NEGATIVE_INFINITY;
    this.#cached = [];
  }

  protected override emitDue(mayStop: boolean): boolean {
    while (this.lateNext <= this.lateLast) {
      if (mayStop && this.flow.blocked !== 0) return false;
      this.#emitLate(this.lateKey as K, this.lateNext++);
    }
    for (let at = lowerBound(this.#live, this.#firedBefore + 1); ; at = lowerBound(this.#live, this.#firedBefore + 1)) {
      const window = this.#live[at];
      if (window === undefined || window > this.fired) break;
      if (!this.#emitWindow(window, mayStop)) return false;
      this.#firedBefore = window;
      this.#slot = -1;
      if (window <= this.expired && at === 0) this.#drop(window); // those before it go below
    }
    this.#firedBefore = this.fired;
    for (let oldest = this.#live[0]; oldest !== undefined && oldest <= this.expired; oldest = this.#live[0]) this.#drop(oldest);
    return true;
  }

  #emitLate(key: K, window: number): void {
    const table = this.#tableOf(window);
    this.emitter.enter((this.grid as WindowGrid).windowAt(window));
    this.emitter.emit(key, table.values[table.find(key)] as ACC);
  }

  #emitWindow(window: number, mayStop: boolean): boolean {
    const table = this.#tables.get(window) as KeyedTable<K, ACC>;
    if (this.#slot < 0) {
      this.#slot = 0;
      this.emitter.enter((this.grid as WindowGrid).windowAt(window));
    }
    for (const { capacity } = table; this.#slot < capacity; this.#slot++) {
      if (!table.isUsed(this.#slot)) continue;
      if (mayStop && this.flow.blocked !== 0) return false;
      this.emitter.emit(table.keyAt(this.#slot), table.values[this.#slot] as ACC);
    }
    return true;
  }

  #drop(window: number): void {
    this.#live.shift();
    this.#releaseTable(this.#tables.get(window) as KeyedTable<K, ACC>);
    this.#tables.delete(window);
  }
}
