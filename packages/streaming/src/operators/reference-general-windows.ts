/**
 * Windows of every kind as the documentation describes them, for reading and for comparing: every key has a list of windows, every window a list of its elements,
 * and every timer is looked for among all. Triggers are the real ones, over maps; they have tests of their own.
 */
import assert from 'node:assert/strict';
import type { StateDescriptor } from '../contract/state-descriptor.ts';
import { MAX_TIMESTAMP } from '../contract/timestamp.ts';
import type { OnMergeContext, Trigger } from '../window/trigger.ts';
import type { Window } from '../window/window.ts';
import { PlainState } from './testing-services.ts';

export interface PlainElement {
  readonly id: number;
  readonly value: number;
  readonly timestamp: number;
}

export interface PlainFiring {
  readonly key: number;
  readonly window: string;
  readonly ids: readonly number[];
}

/** The elements that the function sees, and those that stay in the window. */
export type Evict = (elements: readonly PlainElement[]) => {
  readonly seen: readonly PlainElement[];
  readonly kept: readonly PlainElement[];
};

export interface GeneralOptions<W extends Window> {
  readonly isEventTime: boolean;
  readonly latenessMs: number;
  readonly trigger: Trigger<PlainElement, W>;
  readonly windowsOf: (element: PlainElement, now: number) => readonly W[];
  /** Of windows that merge: the windows of a key after one more has come. */
  readonly join?: (windows: readonly W[]) => readonly W[];
  readonly holds: (outer: W, inner: W) => boolean;
  readonly evict: Evict;
}

interface OpenWindow<W> {
  readonly key: number;
  readonly window: W;
  elements: readonly PlainElement[];
}

interface Timer<W> {
  readonly key: number;
  readonly window: W;
  readonly time: number;
}

export class ReferenceGeneralWindows<W extends Window> {
  readonly late: number[] = [];
  now = 0;
  readonly #options: GeneralOptions<W>;
  #windows: OpenWindow<W>[] = [];
  #watermark = Number.MIN_SAFE_INTEGER - 1;
  #eventTimers: Timer<W>[] = [];
  #processingTimers: Timer<W>[] = [];
  #fired: PlainFiring[] = [];
  /** Of triggers. */
  readonly #state = new PlainState();
  readonly #backend = this.#state.services({} as never).keyedState;

  constructor(options: GeneralOptions<W>) {
    this.#options = options;
  }

  get leftOver(): number {
    return this.#windows.length + this.#state.cells.size;
  }

  record(key: number, element: PlainElement): PlainFiring[] {
    const assigned = this.#options.windowsOf(element, this.now);
    let isTaken = false;
    for (const one of assigned) {
      const open = this.#options.join === undefined ? this.#openWindow(key, one) : this.#merge(key, one);
      if (this.#isLate(open.window)) {
        this.#windows = this.#windows.filter((other) => other !== open);
        continue;
      }
      isTaken = true;
      open.elements = [...open.elements, element];
      this.#act(open, this.#options.trigger.onElement(element, element.timestamp, open.window, this.#context(open)));
      this.#addCleanup(open);
    }
    if (assigned.length > 0 && !isTaken) this.late.push(element.id);
    return this.#take();
  }

  watermark(watermark: number): PlainFiring[] {
    this.#watermark = watermark;
    this.#fireTimers();
    return this.#take();
  }

  clock(now: number): PlainFiring[] {
    this.now = now;
    this.#fireTimers(false);
    return this.#take();
  }

  #take(): PlainFiring[] {
    const fired = this.#fired;
    this.#fired = [];
    return fired;
  }

  #fireTimers(isEventTime = true): void {
    for (;;) {
      const event = isEventTime ? least(this.#eventTimers, this.#watermark) : undefined;
      const timer = event ?? least(this.#processingTimers, this.now);
      if (timer === undefined) return;
      const isEvent = timer === event;
      if (isEvent) this.#eventTimers = this.#eventTimers.filter((other) => other !== timer);
      else this.#processingTimers = this.#processingTimers.filter((other) => other !== timer);
      const open = this.#find(timer.key, timer.window);
      if (open !== undefined) this.#fireTimer(open, timer.time, isEvent);
    }
  }

  #fireTimer(open: OpenWindow<W>, time: number, isEvent: boolean): void {
    const { trigger, isEventTime } = this.#options;
    const context = this.#context(open);
    this.#act(open, isEvent ? trigger.onEventTime(time, open.window, context) : trigger.onProcessingTime(time, open.window, context));
    if (isEvent !== isEventTime || time !== this.#end(open.window)) return;
    trigger.clear(open.window, this.#context(open));
    this.#windows = this.#windows.filter((other) => other !== open);
  }

  #act(open: OpenWindow<W>, result: string): void {
    if (result.startsWith('FIRE') && open.elements.length > 0) {
      const { seen, kept } = this.#options.evict(open.elements);
      this.#fired.push({ key: open.key, window: String(open.window), ids: seen.map(({ id }) => id) });
      open.elements = kept;
    }
    if (result.endsWith('PURGE')) open.elements = [];
  }

  #merge(key: number, added: W): OpenWindow<W> {
    const mine = this.#windows.filter((open) => open.key === key);
    const after = (this.#options.join as (windows: readonly W[]) => readonly W[])([...mine.map(({ window }) => window), added]);
    const result = after.find((window) => this.#options.holds(window, added)) as W;
    const olds = mine.filter(({ window }) => this.#options.holds(result, window));
    const [first] = olds;
    if (first !== undefined && olds.length === 1 && String(first.window) === String(result)) return first;
    const open = { key, window: result, elements: olds.flatMap(({ elements }) => elements) };
    this.#windows = [...this.#windows.filter((other) => !olds.includes(other)), open];
    if (olds.length === 0) return open;
    const { trigger } = this.#options;
    trigger.onMerge(
      result,
      this.#context(
        open,
        olds.map(({ window }) => window),
      ),
    );
    for (const old of olds) {
      trigger.clear(old.window, this.#context(old));
      if (String(old.window) === String(result)) continue;
      this.#eventTimers = this.#eventTimers.filter((timer) => !same(timer, old));
      this.#processingTimers = this.#processingTimers.filter((timer) => !same(timer, old));
    }
    return open;
  }

  #openWindow(key: number, window: W): OpenWindow<W> {
    const known = this.#find(key, window);
    if (known !== undefined) return known;
    const open = { key, window, elements: [] };
    this.#windows.push(open);
    return open;
  }

  #find(key: number, window: W): OpenWindow<W> | undefined {
    return this.#windows.find((open) => open.key === key && String(open.window) === String(window));
  }

  #end(window: W): number {
    const { isEventTime, latenessMs } = this.#options;
    return Math.min(window.maxTimestamp() + (isEventTime ? latenessMs : 0), MAX_TIMESTAMP);
  }

  #isLate(window: W): boolean {
    return this.#options.isEventTime && this.#end(window) <= this.#watermark;
  }

  #addCleanup({ key, window }: OpenWindow<W>): void {
    const time = this.#end(window);
    if (time === MAX_TIMESTAMP) return;
    if (this.#options.isEventTime) this.#eventTimers = withTimer(this.#eventTimers, { key, window, time });
    else this.#processingTimers = withTimer(this.#processingTimers, { key, window, time });
  }

  #context(open: OpenWindow<W>, merged: readonly W[] = []): OnMergeContext {
    const { key, window } = open;
    const keeps = (isEventTime: boolean, time: number) => isEventTime === this.#options.isEventTime && time === this.#end(window);
    const state = <S>(descriptor: StateDescriptor<S>) => {
      this.#state.setKey(key);
      return this.#backend.getNamespacedState(descriptor, { idOf: (one: W) => String(one) });
    };
    return {
      currentProcessingTime: () => this.now,
      currentWatermark: () => this.#watermark,
      registerEventTimeTimer: (time) => {
        this.#eventTimers = withTimer(this.#eventTimers, { key, window, time });
      },
      registerProcessingTimeTimer: (time) => {
        this.#processingTimers = withTimer(this.#processingTimers, { key, window, time });
      },
      deleteEventTimeTimer: (time) => {
        if (!keeps(true, time)) this.#eventTimers = this.#eventTimers.filter((timer) => !(timer.time === time && same(timer, open)));
      },
      deleteProcessingTimeTimer: (time) => {
        if (!keeps(false, time))
          this.#processingTimers = this.#processingTimers.filter((timer) => !(timer.time === time && same(timer, open)));
      },
      getPartitionedState: (descriptor) => state(descriptor).at(window),
      mergePartitionedState: (descriptor) => state(descriptor).mergeNamespaces(window, merged),
    };
  }
}

function same(timer: Timer<Window>, { key, window }: OpenWindow<Window>): boolean {
  return timer.key === key && String(timer.window) === String(window);
}

function withTimer<W extends Window>(timers: Timer<W>[], { key, window, time }: Timer<W>): Timer<W>[] {
  assert.ok(Number.isSafeInteger(time), `a timer at ${time}`);
  const isThere = timers.some((timer) => timer.time === time && same(timer, { key, window, elements: [] }));
  return isThere ? timers : [...timers, { key, window, time }];
}

function least<W>(timers: readonly Timer<W>[], until: number): Timer<W> | undefined {
  const due = timers.filter(({ time }) => time <= until);
  return due.reduce<Timer<W> | undefined>((a, b) => (a === undefined || b.time < a.time ? b : a), undefined);
}
