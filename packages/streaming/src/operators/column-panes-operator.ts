/**
 * Sliding event-time windows whose aggregate has `merge`, without allowed lateness: a record is added to one pane, and windows are made of panes, so the cost of a
 * record does not grow with size / slide. The pane is the greatest common divisor of size and slide. Keys are numbered, and the state lies in columns by pane.
 *
 * Owns the table from key to number, the columns, and, for the few records that come behind the last window that has fired, the panes of their keys.
 *
 * N1 window k holds the panes from `k * panesPerSlide` on, `panesPerWindow` of them.
 * N2 a column takes records until a window with its pane fires; a record that comes later for a pane of an open window goes to `#behind` of its key.
 * N3 `#paneOf[id]` is the newest pane with a record of the key, `#placeOf[id]` its place there, −1 before the first; only ever of columns that are not yet in a
 *    window. `#counts[id]` is the number of columns with the key.
 * N4 `#active` holds the ids that have something in the window that fires next; `#activeAt` says where.
 * N5 the times from `#cachedFrom` to below `#cachedTo` are the pane of `#cached`, and no window with it has fired.
 * N6 `#next` is the window that fires next; while its emission is suspended, `#position` is the next id of `#active`, and below 0 it has not begun.
 */
import { estimatedBytesOfMany } from '@millrace/core/types/estimated-size';
import { Types } from '@millrace/core/types/types';
import type { MemoryUse } from '../contract/memory-use.ts';
import type { OperatorContext } from '../contract/operator.ts';
import type { KeyedSnapshot, StateInitializationContext, StateSnapshotContext } from '../contract/snapshot.ts';
import type { KeyedTable } from '../contract/state.ts';
import type { TimeWindow } from '../window/time-window.ts';
import type { WindowAlignment } from '../window/window-assigner.ts';
import type { Accumulation } from './accumulation.ts';
import { AlignedWindowOperator } from './aligned-window-operator.ts';
import { ColumnStacks } from './column-stacks.ts';
import { FrozenColumns } from './frozen-columns.ts';
import { PaneColumn, PlaceMemory } from './pane-column.ts';
import { PANES, PANES_BEHIND, PaneStates } from './pane-states.ts';
import { greatestCommonDivisor, type WindowGrid } from './window-grid.ts';
import { accumulatorTypeOf, type WindowSpec } from './window-spec.ts';

/** Of a key in a pane beside its accumulator: its id, and what it adds up to. */
const PLACE_BYTES = 16;

export class ColumnPanesOperator<T, K, ACC, V, R> extends AlignedWindowOperator<T, K, ACC, V, R> {
  readonly #paneMs: number;
  readonly #panesPerSlide: number;
  readonly #panesPerWindow: number;
  readonly #table: KeyedTable<K, number>;
  readonly #panes: KeyedSnapshot<K, number, ACC>;
  readonly #panesBehind: KeyedSnapshot<K, number, ACC>;
  readonly #stacks: ColumnStacks<ACC>;
  readonly #keys: (K | undefined)[];
  readonly #freeIds: number[];
  readonly #paneOf: number[];
  readonly #placeOf: number[];
  readonly #counts: number[];
  readonly #behind: (PaneStates<K, ACC> | undefined)[];
  readonly #active: number[];
  readonly #activeAt: number[];
  readonly #enter: (id: number) => void;
  readonly #leave: (id: number) => void;
  #cached: PaneColumn<ACC>;
  #cachedFrom: number;
  #cachedTo: number;
  #next: number;
  #position: number;

  constructor(context: OperatorContext, spec: WindowSpec<T, K, TimeWindow, ACC, V, R>, alignment: WindowAlignment) {
    super(context, spec, { alignment, layout: 'panes', changesFired: false });
    this.#paneMs = greatestCommonDivisor(alignment.sizeMs, alignment.slideMs);
    this.#panesPerSlide = alignment.slideMs / this.#paneMs;
    this.#panesPerWindow = alignment.sizeMs / this.#paneMs;
    this.#table = context.tables.createTable<K, number>('window-keys', spec.key.type, undefined, { isTransient: true });
    const types = { keyType: spec.key.type, namespaceType: Types.DOUBLE, valueType: accumulatorTypeOf(spec.aggregation) };
    this.#panes = { name: PANES, ...types };
    this.#panesBehind = { name: PANES_BEHIND, ...types };
    this.#stacks = new ColumnStacks(this.#panesPerWindow, this.accumulation);
    this.#keys = [];
    this.#freeIds = [];
    this.#paneOf = [];
    this.#placeOf = [];
    this.#counts = [];
    this.#behind = [];
    this.#active = [];
    this.#activeAt = [];
    this.#enter = (id) => this.#activate(id);
    this.#leave = (id) => this.#leavePane(id);
    this.#cached = new PaneColumn(0, new PlaceMemory());
    this.#cachedFrom = Number.POSITIVE_INFINITY;
    this.#cachedTo = Number.NEGATIVE_INFINITY;
    this.#next = Number.NEGATIVE_INFINITY;
    this.#position = -1;
  }

  override processElement(record: T): void {
    const { timestamp } = this.flow;
    if (timestamp >= this.#cachedFrom && timestamp < this.#cachedTo) this.#add(this.#idOf(this.selector(record)), this.#cached, record);
    else this.#place(record, timestamp);
  }

  #add(id: number, column: PaneColumn<ACC>, record: T): void {
    const place = this.#paneOf[id] === column.pane ? (this.#placeOf[id] as number) : this.#olderPlace(id, column);
    if (place < 0) this.#begin(id, column, record);
    else {
      if (column.freezes !== undefined) column.touch(place);
      column.accumulators[place] = this.accumulation.add(record, column.accumulators[place] as ACC);
    }
  }

  #olderPlace(id: number, column: PaneColumn<ACC>): number {
    return (this.#placeOf[id] as number) < 0 || column.pane > (this.#paneOf[id] as number) ? -1 : column.placeOf(id);
  }

  #begin(id: number, column: PaneColumn<ACC>, record: T): void {
    this.#put(id, column, column.push(id, this.accumulation.createAccumulator(record)));
  }

  #put(id: number, column: PaneColumn<ACC>, place: number): void {
    (this.#counts[id] as number)++;
    if ((this.#placeOf[id] as number) >= 0 && column.pane < (this.#paneOf[id] as number)) return; // N3
    this.#paneOf[id] = column.pane;
    this.#placeOf[id] = place;
  }

  /** The way of a record off the cached pane: into another one, behind the last window that fired, or late for all windows. */
  #place(record: T, timestamp: number): void {
    const grid = this.gridFor(timestamp);
    if (grid.lastWindow(timestamp) <= this.expired) {
      this.refuseLate(record);
      return;
    }
    const pane = Math.floor((timestamp - grid.origin) / this.#paneMs);
    const id = this.#idOf(this.selector(record));
    if (pane < (this.#next - 1) * this.#panesPerSlide + this.#panesPerWindow) {
      this.#addBehind(id, pane, record); // N2
      return;
    }
    const column = this.#stacks.columnOf(pane);
    this.#add(id, column, record);
    this.#cached = column;
    this.#cachedFrom = grid.origin + pane * this.#paneMs;
    this.#cachedTo = this.#cachedFrom + this.#paneMs;
  }

  #addBehind(id: number, pane: number, record: T): void {
    const known = this.#behind[id];
    const states = known ?? new PaneStates<K, ACC>(this.#keys[id] as K, -1);
    if (known === undefined) this.#behind[id] = states;
    states.add(pane, record, this.accumulation as Accumulation<unknown, ACC, unknown>);
    this.#activate(id);
  }

  #idOf(key: K): number {
    const slot = this.#table.slotOf(key);
    return this.#table.values[slot] ?? this.#newId(key, slot);
  }

  #newId(key: K, slot: number): number {
    let id = this.#freeIds.pop();
    if (id === undefined) {
      id = this.#keys.length;
      this.#stacks.addId();
      this.#paneOf.push(0);
      this.#counts.push(0);
      this.#behind.push(undefined);
      this.#activeAt.push(-1);
    }
    this.#keys[id] = key;
    this.#placeOf[id] = -1;
    this.#table.values[slot] = id;
    return id;
  }

  #activate(id: number): void {
    if ((this.#activeAt[id] as number) >= 0) return;
    this.#activeAt[id] = this.#active.length;
    this.#active.push(id);
  }

  /** A column with the key has gone. */
  #leavePane(id: number): void {
    (this.#counts[id] as number)--;
    if (this.#stacks.front[id] === undefined && this.#stacks.back[id] === undefined && this.#behind[id] === undefined) this.#deactivate(id);
  }

  /** The last of the active ids takes the place of one that has nothing in the window any more. */
  #deactivate(id: number): void {
    const last = this.#active.pop() as number;
    const at = this.#activeAt[id] as number;
    if (last !== id) {
      this.#active[at] = last;
      this.#activeAt[last] = at;
    }
    this.#activeAt[id] = -1;
    if (this.#counts[id] !== 0) return; // there are records for windows to come
    this.#table.remove(this.#keys[id] as K);
    this.#keys[id] = undefined;
    this.#freeIds.push(id);
  }

  /** @cold In checkpoints a pane is known by its first millisecond: indexes count from the grid's origin, which is another one in every subtask. */
  protected override snapshotWindows(context: StateSnapshotContext): void {
    const { grid } = this;
    if (grid === undefined) return;
    const keys = this.#keys.slice(); // ids go to other keys
    const timeOf = (pane: number) => grid.origin + pane * this.#paneMs;
    const { panes } = this.#stacks;
    context.writeKeyedLater(
      this.#panes,
      (write) => new FrozenColumns([...panes.values()], (pane, id, accumulator) => write(keys[id] as K, timeOf(pane), accumulator as ACC)),
    );
    const writeBehind = context.writeKeyed(this.#panesBehind);
    for (const [id, states] of this.#behind.entries())
      if (states !== undefined)
        for (const [at, pane] of states.panes.entries()) writeBehind(keys[id] as K, timeOf(pane), states.accumulators[at] as ACC);
  }

  /** @cold */
  protected override restoreWindows(context: StateInitializationContext): void {
    context.readKeyed(this.#panes, (key, time, accumulator) => {
      const pane = this.#restoredPane(time);
      if (pane < (this.fired + 1) * this.#panesPerSlide) return; // was kept for late records, which are none here any more
      const id = this.#idOf(key);
      const column = this.#stacks.columnOf(pane);
      this.#put(id, column, column.push(id, accumulator));
    });
    context.readKeyed(this.#panesBehind, (key, time, accumulator) => {
      const id = this.#idOf(key);
      const states = this.#behind[id] ?? new PaneStates<K, ACC>(key, -1);
      this.#behind[id] = states;
      states.put(this.#restoredPane(time), accumulator, this.accumulation);
      this.#activate(id);
    });
    if (this.grid === undefined || this.fired === Number.NEGATIVE_INFINITY) return;
    this.#next = this.fired + 1; // A4
    this.#stacks.restartAt(this.#next * this.#panesPerSlide);
  }

  #restoredPane(time: number): number {
    return Math.floor((time - this.openGrid(time).origin) / this.#paneMs);
  }

  /** @cold */
  memoryUse(): readonly MemoryUse[] {
    let entries = 0;
    let bytes = estimatedBytesOfMany(this.#keys.length, this.#keys);
    for (const { size, accumulators } of this.#stacks.panes.values()) {
      entries += size;
      bytes += PLACE_BYTES * size + estimatedBytesOfMany(size, accumulators);
    }
    return [{ name: `state '${PANES}'`, entries, unit: 'keys in panes', bytes }];
  }

  protected override watermarkMoved(): void {
    this.#cachedFrom = Number.POSITIVE_INFINITY;
    this.#cachedTo = Number.NEGATIVE_INFINITY;
  }

  protected override emitDue(mayStop: boolean): boolean {
    while (this.#next <= this.fired && (this.#position >= 0 || this.#findWindow())) {
      if (!this.#emitWindow(mayStop)) return false;
      this.#next++;
      this.#position = -1;
      this.#stacks.evict(this.#next * this.#panesPerSlide, this.#leave);
    }
    if (this.fired >= this.#next) {
      this.#next = this.fired + 1;
      this.#stacks.restartAt(this.#next * this.#panesPerSlide); // the first key of the next window may be one that comes behind
    }
    return true;
  }

  /** Moves `#next` to the next window that has a key; false when no ended window is left that has one. */
  #findWindow(): boolean {
    if (this.#active.length > 0) return true;
    const first = Math.floor((this.#stacks.first - this.#panesPerWindow) / this.#panesPerSlide) + 1;
    if (first === Number.POSITIVE_INFINITY || first > this.fired) return false;
    this.#next = Math.max(this.#next, first);
    this.#stacks.restartAt(this.#next * this.#panesPerSlide);
    return true;
  }

  #emitWindow(mayStop: boolean): boolean {
    const from = this.#next * this.#panesPerSlide;
    if (this.#position < 0) {
      this.#position = 0;
      this.#stacks.absorb(from + this.#panesPerWindow - 1, this.#enter);
      this.emitter.enter((this.grid as WindowGrid).windowAt(this.#next));
    }
    while (this.#position < this.#active.length) {
      if (mayStop && this.flow.blocked !== 0) return false;
      const id = this.#active[this.#position] as number;
      if (this.#behind[id] !== undefined) this.#emitWithBehind(id, from);
      else {
        this.emitter.emit(this.#keys[id] as K, this.#stacks.sumOf(id) as ACC);
        this.#position++;
      }
    }
    return true;
  }

  /** As the others, with what came behind the last window; moves `#position` on unless the id has left the list. */
  #emitWithBehind(id: number, from: number): void {
    const states = this.#behind[id] as PaneStates<K, ACC>;
    const { merge, copy } = this.accumulation;
    const sum = this.#stacks.sumOf(id);
    const more = states.aggregate(from, from + this.#panesPerWindow - 1, this.accumulation);
    const both = sum === undefined || more === undefined ? (sum ?? more) : (merge as (a: ACC, b: ACC) => ACC)(copy(sum), copy(more));
    if (both !== undefined) this.emitter.emit(this.#keys[id] as K, both);
    if (states.leave(from + this.#panesPerSlide)) states.dropBelow(from + this.#panesPerSlide);
    if (states.panes.length === 0) this.#behind[id] = undefined;
    if (this.#behind[id] === undefined && sum === undefined) this.#deactivate(id);
    else this.#position++;
  }
}
