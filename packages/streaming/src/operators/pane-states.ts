/**
 * The accumulators of one key in a sliding window whose panes are shared: one for each pane that had a record of the key, and the two stacks that make a window
 * of them (after Hirzel, Schneider and Tangwongsan, "Sliding-Window Aggregation Algorithms", DEBS 2017).
 *
 * Entries are in parallel arrays, ascending by pane. The entries from `low` to below `middle` are the front of the window: `front` holds, last first, what they
 * add up to from each of them on. Those from `middle` to below `absorbed` are the back, added up in `back`. So a window costs one merge, plus one when a pane
 * enters, plus one when it goes over to the front.
 *
 * P1 `front[j]` is the sum of the entries from `middle - 1 - j` to below `middle`. It may be short: what is missing is computed when a window needs it. So a
 *    record that comes late into a pane of the front just cuts off what held that pane before.
 * P2 where `low >= middle` the front is used up and `back` means nothing: the next window turns everything into the front.
 * P3 nothing in `front` and `back` is shared with `accumulators`: `merge` may change its arguments, and gets copies of what must stay.
 */
import type { Accumulation } from './accumulation.ts';
import { lowerBound } from './sorted-numbers.ts';

/** What a checkpoint calls the panes of keys; those that came behind the last window that had fired. */
export const PANES = 'window-panes';
export const PANES_BEHIND = 'window-panes-behind';

export class PaneStates<K, ACC> {
  key: K;
  readonly panes: number[];
  readonly accumulators: ACC[];
  low: number;
  middle: number;
  absorbed: number;
  readonly front: ACC[];
  back: ACC | undefined;
  /** Where the first turn of a full window splits it, so that the keys turn at different windows and not all at one. Below 0 once that is done. */
  phase: number;
  /** Position in the operator's list of active keys; −1 while the key is in none of the windows that come next. */
  activeAt: number;
  /** The pane whose coming wakes an inactive key; MAX_SAFE_INTEGER where none does. */
  wakeAt: number;

  constructor(key: K, phase: number) {
    this.key = key;
    this.panes = [];
    this.accumulators = [];
    this.low = 0;
    this.middle = 0;
    this.absorbed = 0;
    this.front = [];
    this.back = undefined;
    this.phase = phase;
    this.activeAt = -1;
    this.wakeAt = Number.MAX_SAFE_INTEGER;
  }

  /** Another view of the same panes with stacks of its own, to fire windows that have passed. To be used before the next record. */
  static over<K, ACC>({ key, panes, accumulators }: PaneStates<K, ACC>): PaneStates<K, ACC> {
    const view = new PaneStates<K, ACC>(key, -1);
    (view as { panes: number[] }).panes = panes;
    (view as { accumulators: ACC[] }).accumulators = accumulators;
    return view;
  }

  add(pane: number, record: unknown, accumulation: Accumulation<unknown, ACC, unknown>): void {
    const last = this.panes.length - 1;
    const at = last >= 0 && this.panes[last] === pane ? last : lowerBound(this.panes, pane);
    if (at < this.panes.length && this.panes[at] === pane) {
      this.accumulators[at] = accumulation.add(record, this.accumulators[at] as ACC);
    } else this.#insert(at, pane, accumulation.createAccumulator(record));
    if (at < this.absorbed) this.#mend(at, record, accumulation);
  }

  /** Of a checkpoint, before any window is asked for; what the pane has already is merged with it. */
  put(pane: number, accumulator: ACC, { merge }: Accumulation<never, ACC, unknown>): void {
    const at = lowerBound(this.panes, pane);
    if (this.panes[at] === pane) this.accumulators[at] = (merge as Merge<ACC>)(this.accumulators[at] as ACC, accumulator);
    else this.#insert(at, pane, accumulator);
  }

  #insert(at: number, pane: number, accumulator: ACC): void {
    if (at === this.panes.length) {
      this.panes.push(pane);
      this.accumulators.push(accumulator);
      return;
    }
    this.panes.splice(at, 0, pane);
    this.accumulators.splice(at, 0, accumulator);
    if (at < this.absorbed) {
      this.absorbed++;
      if (at < this.middle) this.middle++;
    }
  }

  /** Brings the stacks up to a record that came into a pane that they hold already (P1). */
  #mend(at: number, record: unknown, accumulation: Accumulation<unknown, ACC, unknown>): void {
    if (at >= this.middle) this.back = accumulation.add(record, this.back as ACC);
    else while (this.front.length > this.middle - 1 - at) this.front.pop();
  }

  /** What the panes from `from` to `to` add up to; undefined where the key has none of them. `from` never goes back. The caller must not change the result. */
  aggregate(from: number, to: number, accumulation: Accumulation<never, ACC, unknown>): ACC | undefined {
    const { panes, front } = this;
    while (this.low < panes.length && (panes[this.low] as number) < from) this.low++;
    if (this.low === panes.length || (panes[this.low] as number) > to) return undefined;
    if (this.low >= this.middle) this.#turn(to);
    else while (front.length > this.middle - this.low) front.pop();
    if (front.length < this.middle - this.low) this.#extendFront(accumulation);
    if (this.absorbed < panes.length && (panes[this.absorbed] as number) <= to) this.#absorb(to, accumulation);
    const older = front[front.length - 1] as ACC;
    if (this.absorbed === this.middle) return older;
    return (accumulation.merge as Merge<ACC>)(accumulation.copy(older), accumulation.copy(this.back as ACC));
  }

  #turn(to: number): void {
    const { panes, front } = this;
    while (front.length > 0) front.pop();
    let end = this.low + 1;
    while (end < panes.length && (panes[end] as number) <= to) end++;
    const count = end - this.low;
    if (this.phase >= 0 && count > 2) {
      end = this.low + 1 + (this.phase % count);
      this.phase = -1;
    }
    this.middle = Math.min(end, this.low + count);
    this.absorbed = this.middle;
    this.back = undefined;
  }

  #extendFront({ merge, copy }: Accumulation<never, ACC, unknown>): void {
    const { accumulators, front } = this;
    for (let at = this.middle - 1 - front.length; at >= this.low; at--) {
      const entry = copy(accumulators[at] as ACC);
      front.push(front.length === 0 ? entry : (merge as Merge<ACC>)(entry, copy(front[front.length - 1] as ACC)));
    }
  }

  #absorb(to: number, { merge, copy }: Accumulation<never, ACC, unknown>): void {
    const { panes, accumulators } = this;
    while (this.absorbed < panes.length && (panes[this.absorbed] as number) <= to) {
      const entry = copy(accumulators[this.absorbed] as ACC);
      this.back = this.absorbed === this.middle ? entry : (merge as Merge<ACC>)(this.back as ACC, entry);
      this.absorbed++;
    }
  }

  /** The panes below `from` are in no window that is still to come. True when it is worth while to drop what is needed no more. */
  leave(from: number): boolean {
    const { panes } = this;
    while (this.low < panes.length && (panes[this.low] as number) < from) this.low++;
    return this.low >= 8 + (panes.length >> 2) || this.low === panes.length;
  }

  dropBelow(pane: number): void {
    const count = lowerBound(this.panes, pane);
    if (count < this.panes.length && count < 8 + (this.panes.length >> 2)) return;
    this.panes.splice(0, count);
    this.accumulators.splice(0, count);
    this.low = Math.max(0, this.low - count);
    this.middle = Math.max(0, this.middle - count);
    this.absorbed = Math.max(0, this.absorbed - count);
  }
}

type Merge<ACC> = (a: ACC, b: ACC) => ACC;
