/**
 * Sliding event-time windows whose aggregate has `merge`: a record is added to one pane of its key, and windows are made of panes, so the cost of a record does
 * not grow with size / slide. The pane is the greatest common divisor of size and slide.
 *
 * Owns one table from key to the panes of that key; a key without panes is not in it.
 *
 * S1 window k holds the panes from `k * panesPerSlide` on, `panesPerWindow` of them. Panes and windows count from the grid's origin.
 * S2 `#active` holds the keys that have a pane in the window that fires next, and may hold ones that have not; the others sleep in `#wakeUps` until the pane
 *    comes that makes them active, or, within the allowed lateness only, wait in `#expiries` to be cleaned up.
 * S3 the times from `#cachedFrom` to below `#cachedTo` are one pane, and no window that holds that pane has fired.
 * S4 `#next` is the window that fires next; while its emission is suspended, `#position` is the next key of `#active`, and below 0 it has not begun.
 */
import type { TypeInformation } from '@millrace/core/types/type-information';
import { Types } from '@millrace/core/types/types';
import type { OperatorContext } from '../contract/operator.ts';
import type { StateInitializationContext } from '../contract/snapshot.ts';
import type { KeyedTable } from '../contract/state.ts';
import type { TimeWindow } from '../window/time-window.ts';
import type { WindowAlignment } from '../window/window-assigner.ts';
import type { Accumulation } from './accumulation.ts';
import { AlignedWindowOperator } from './aligned-window-operator.ts';
import { PaneAgenda } from './pane-agenda.ts';
import { PANES, PANES_BEHIND, PaneStates } from './pane-states.ts';
import { greatestCommonDivisor, type WindowGrid } from './window-grid.ts';
import { accumulatorTypeOf, type WindowSpec } from './window-spec.ts';

const NEVER = Number.MAX_SAFE_INTEGER;

export class SharedPanesOperator<T, K, ACC, V, R> extends AlignedWindowOperator<T, K, ACC, V, R> {
  readonly #paneMs: number;
  readonly #panesPerSlide: number;
  readonly #panesPerWindow: number;
  readonly #keepsLate: boolean;
  readonly #accumulatorType: TypeInformation<ACC> | undefined;
  readonly #keyType: TypeInformation<K> | undefined;
  readonly #table: KeyedTable<K, PaneStates<K, ACC>>;
  readonly #active: PaneStates<K, ACC>[];
  readonly #wakeUps: PaneAgenda<PaneStates<K, ACC>>;
  readonly #expiries: PaneAgenda<PaneStates<K, ACC>>;
  #cachedFrom: number;
  #cachedTo: number;
  #cachedPane: number;
  #next: number;
  #position: number;
  #late: PaneStates<K, ACC> | undefined; // the view through which a late record fires
  #phases: number; // keys begun so far, to spread their turns

  constructor(context: OperatorContext, spec: WindowSpec<T, K, TimeWindow, ACC, V, R>, alignment: WindowAlignment) {
    super(context, spec, { alignment, layout: 'panes', changesFired: false });
    this.#paneMs = greatestCommonDivisor(alignment.sizeMs, alignment.slideMs);
    this.#panesPerSlide = alignment.slideMs / this.#paneMs;
    this.#panesPerWindow = alignment.sizeMs / this.#paneMs;
    this.#keepsLate = (spec.allowedLatenessMs ?? 0) > 0;
    this.#accumulatorType = accumulatorTypeOf(spec.aggregation);
    this.#keyType = spec.key.type;
    this.#table = context.tables.createTable<K, PaneStates<K, ACC>>(PANES, spec.key.type, this.#accumulatorType as never, {
      entriesOf: ({ panes, accumulators }, write) => {
        for (const [at, pane] of panes.entries()) write(this.#timeOf(pane), accumulators[at]);
      },
      ofEntry: (states, time, accumulator) => this.#restored(states, time, accumulator as ACC),
    });
    this.#active = [];
    this.#wakeUps = new PaneAgenda();
    this.#expiries = new PaneAgenda();
    this.#cachedFrom = Number.POSITIVE_INFINITY;
    this.#cachedTo = Number.NEGATIVE_INFINITY;
    this.#cachedPane = 0;
    this.#next = Number.NEGATIVE_INFINITY;
    this.#position = -1;
    this.#late = undefined;
    this.#phases = 0;
  }

  override processElement(record: T): void {
    const { timestamp } = this.flow;
    if (timestamp >= this.#cachedFrom && timestamp < this.#cachedTo) {
      const key = this.selector(record);
      const slot = this.#table.slotOf(key);
      const states = this.#table.values[slot];
      if (states !== undefined) {
        const last = states.panes.length - 1;
        if (states.panes[last] === this.#cachedPane) {
          states.accumulators[last] = this.accumulation.add(record, states.accumulators[last] as ACC); // S3: no stack holds it
          return;
        }
      }
      this.#add(key, this.#cachedPane, record);
    } else this.#place(record, timestamp);
  }

  /** The way of a record off the cached pane: into another one, late for some windows, or for all. */
  #place(record: T, timestamp: number): void {
    const grid = this.gridFor(timestamp);
    const last = grid.lastWindow(timestamp);
    if (last <= this.expired) {
      this.refuseLate(record);
      return;
    }
    const from = Math.max(grid.firstWindow(timestamp), this.expired + 1);
    const pane = Math.floor((timestamp - grid.origin) / this.#paneMs);
    const key = this.selector(record);
    const states = this.#add(key, pane, record);
    if (from <= this.fired) {
      this.#late = PaneStates.over(states);
      this.fireLate(key, from, Math.min(last, this.fired));
    } else if (pane > this.#frontier()) {
      this.#cachedPane = pane;
      this.#cachedFrom = grid.origin + pane * this.#paneMs;
      this.#cachedTo = this.#cachedFrom + this.#paneMs;
    }
  }

  /** The last pane of the last window that has fired. */
  #frontier(): number {
    return (this.#next - 1) * this.#panesPerSlide + this.#panesPerWindow - 1;
  }

  #add(key: K, pane: number, record: T): PaneStates<K, ACC> {
    const table = this.#table;
    const slot = table.slotOf(key);
    let states = table.values[slot];
    if (states === undefined) {
      states = new PaneStates<K, ACC>(key, this.#phases++ % this.#panesPerWindow);
      table.values[slot] = states;
    }
    states.add(pane, record, this.accumulation as Accumulation<unknown, ACC, unknown>);
    if (states.activeAt < 0 && pane < states.wakeAt) this.#enlist(states, pane);
    return states;
  }

  /** Sees to it that an inactive key is looked at when a new pane of it matters (S2). */
  #enlist(states: PaneStates<K, ACC>, pane: number): void {
    if (pane < this.#next * this.#panesPerSlide) {
      if (states.panes.length === 1) this.#expiries.add(pane, states); // an older key has its entry there
    } else if (pane <= this.#frontier()) this.#activate(states);
    else this.#sleepUntil(states, pane);
  }

  #activate(states: PaneStates<K, ACC>): void {
    states.wakeAt = NEVER;
    states.activeAt = this.#active.length;
    this.#active.push(states);
  }

  #sleepUntil(states: PaneStates<K, ACC>, pane: number): void {
    states.wakeAt = pane;
    this.#wakeUps.add(pane, states);
  }

  /** In checkpoints a pane is known by its first millisecond: indexes count from the grid's origin, which is another one in every subtask. */
  #timeOf(pane: number): number {
    return (this.grid as WindowGrid).origin + pane * this.#paneMs;
  }

  #paneAt(time: number): number {
    return Math.floor((time - this.openGrid(time).origin) / this.#paneMs);
  }

  /** One pane of a key from a checkpoint. The key itself comes in `restoreWindows`. */
  #restored(known: PaneStates<K, ACC> | undefined, time: number, accumulator: ACC): PaneStates<K, ACC> {
    const states = known ?? new PaneStates<K, ACC>(undefined as K, this.#phases++ % this.#panesPerWindow);
    states.put(this.#paneAt(time), accumulator, this.accumulation);
    return states;
  }

  protected override restoreWindows(context: StateInitializationContext): void {
    const types = { keyType: this.#keyType, namespaceType: Types.DOUBLE, valueType: this.#accumulatorType };
    context.readKeyed<K, number, ACC>({ name: PANES_BEHIND, ...types }, (key, time, accumulator) => {
      const slot = this.#table.slotOf(key);
      this.#table.values[slot] = this.#restored(this.#table.values[slot], time, accumulator);
    });
    if (this.grid === undefined) return;
    this.#next = this.fired + 1; // A4
    const table = this.#table;
    for (let slot = 0; slot < table.capacity; slot++) {
      const states = table.isUsed(slot) ? table.values[slot] : undefined;
      if (states === undefined) continue;
      states.key = table.keyAt(slot);
      this.#settle(states);
    }
  }

  /** Puts a restored key where the panes that it has belong (S2). */
  #settle(states: PaneStates<K, ACC>): void {
    const { panes } = states;
    const first = this.#next * this.#panesPerSlide;
    while (states.low < panes.length && (panes[states.low] as number) < first) states.low++;
    const next = panes[states.low];
    if (next !== undefined && next <= this.#frontier()) this.#activate(states);
    else if (next !== undefined) this.#sleepUntil(states, next);
    if (states.activeAt < 0 && states.low > 0) this.#expiries.add(panes[states.low - 1] as number, states);
  }

  protected override watermarkMoved(): void {
    this.#cachedFrom = Number.POSITIVE_INFINITY;
    this.#cachedTo = Number.NEGATIVE_INFINITY;
  }

  protected override emitDue(mayStop: boolean): boolean {
    while (this.lateNext <= this.lateLast) {
      if (mayStop && this.flow.blocked !== 0) return false;
      this.#emitLate(this.lateKey as K, this.lateNext++);
    }
    this.#late = undefined;
    while (this.#next <= this.fired && this.#findWindow()) {
      if (!this.#emitWindow(mayStop)) return false;
      this.#next++;
      this.#position = -1;
    }
    if (this.fired > this.#next - 1) this.#next = this.fired + 1;
    this.#expire();
    return true;
  }

  #emitLate(key: K, window: number): void {
    const from = window * this.#panesPerSlide;
    const accumulator = (this.#late as PaneStates<K, ACC>).aggregate(from, from + this.#panesPerWindow - 1, this.accumulation);
    this.emitter.enter((this.grid as WindowGrid).windowAt(window));
    this.emitter.emit(key, accumulator as ACC);
  }

  /** Moves `#next` to the next window that may have a key and wakes the keys that it brings in; false when no ended window is left. */
  #findWindow(): boolean {
    if (this.#position >= 0) return true;
    if (this.#active.length === 0) {
      const first = Math.floor((this.#wakeUps.next - this.#panesPerWindow) / this.#panesPerSlide) + 1;
      if (first === Number.POSITIVE_INFINITY || first > this.fired) return false;
      this.#next = Math.max(this.#next, first);
    }
    const last = this.#next * this.#panesPerSlide + this.#panesPerWindow - 1;
    for (let pane = this.#wakeUps.next; pane <= last; pane = this.#wakeUps.next) {
      for (const states of this.#wakeUps.takeNext(pane)) if (states.activeAt < 0 && states.wakeAt === pane) this.#activate(states);
    }
    return true;
  }

  #emitWindow(mayStop: boolean): boolean {
    const active = this.#active;
    const from = this.#next * this.#panesPerSlide;
    const to = from + this.#panesPerWindow - 1;
    const keepFrom = (Math.min(this.expired, this.#next) + 1) * this.#panesPerSlide;
    if (this.#position < 0) {
      this.#position = 0;
      this.emitter.enter((this.grid as WindowGrid).windowAt(this.#next));
    }
    while (this.#position < active.length) {
      if (mayStop && this.flow.blocked !== 0) return false;
      const states = active[this.#position] as PaneStates<K, ACC>;
      const accumulator = states.aggregate(from, to, this.accumulation);
      if (accumulator !== undefined) this.emitter.emit(states.key, accumulator);
      if (states.leave(from + this.#panesPerSlide)) this.#forget(states, keepFrom);
      if (states.low < states.panes.length && (states.panes[states.low] as number) <= to + this.#panesPerSlide) this.#position++;
      else this.#deactivate(states);
    }
    return true;
  }

  /** The table is told first: a snapshot may have to write the panes that go. */
  #forget(states: PaneStates<K, ACC>, keepFrom: number): void {
    this.#table.find(states.key);
    states.dropBelow(keepFrom);
  }

  /** The last of the active keys takes the place of one that is in no window for now. */
  #deactivate(states: PaneStates<K, ACC>): void {
    const last = this.#active.pop() as PaneStates<K, ACC>;
    if (last !== states) {
      this.#active[states.activeAt] = last;
      last.activeAt = states.activeAt;
    }
    states.activeAt = -1;
    const { panes, low } = states;
    if (low < panes.length) this.#sleepUntil(states, panes[low] as number);
    if (panes.length === 0) this.#table.remove(states.key);
    else if (this.#keepsLate && low > 0) this.#expiries.add(panes[low - 1] as number, states);
  }

  /** Forgets the panes whose last window is out of the allowed lateness, of keys that no window visits. */
  #expire(): void {
    if (!this.#keepsLate) return;
    const keepFrom = (this.expired + 1) * this.#panesPerSlide;
    while (this.#expiries.next < keepFrom) {
      for (const states of this.#expiries.takeNext(keepFrom)) this.#expireKey(states, keepFrom);
    }
  }

  #expireKey(states: PaneStates<K, ACC>, keepFrom: number): void {
    if (states.activeAt >= 0) return; // visited at every window, and listed again when that ends
    const { panes } = states;
    const newest = panes[panes.length - 1] as number;
    this.#forget(states, keepFrom);
    if (panes.length === 0) this.#table.remove(states.key);
    else if (states.wakeAt === NEVER) this.#expiries.add(newest, states);
  }
}
