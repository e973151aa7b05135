/** One trigger under test: the windows of its records, with state and timers that can be looked into. Timers fire in order of time, as those of a job do. */
import { OperatorServices } from '@millrace/runtime/task/operator-services';
import type { ListState, MapState, NamespacedState, ReducingState, ValueState } from '@millrace/streaming/contract/keyed-state';
import type { StateDescriptor, StateKind } from '@millrace/streaming/contract/state-descriptor';
import type { OnMergeContext, Trigger } from '@millrace/streaming/window/trigger';
import type { TriggerResult } from '@millrace/streaming/window/trigger-result';
import type { Window } from '@millrace/streaming/window/window';

interface Timer<W> {
  readonly isEventTime: boolean;
  readonly time: number;
  readonly window: W;
}

export interface BenchRecord<T> {
  readonly value: T;
  readonly timestamp: number;
}

/** More than a trigger may fire for one watermark or moment: beyond it, it goes on for ever. */
const FIRINGS_MAX = 10_000;

export class TriggerBench<T, W extends Window> {
  /** What every call returned, in order. */
  readonly results: string[] = [];
  readonly #backend = new OperatorServices({
    key: { type: undefined },
    flow: { timestamp: 0, blocked: 0 },
    freeze: undefined,
    currentProcessingTime: () => this.#now,
    mail: () => {},
    schedule: () => ({ cancel() {} }),
  }).keyedState;
  /** Every state of every window that the trigger has asked for. */
  readonly #used: { readonly descriptor: StateDescriptor<Contents>; readonly window: W }[] = [];
  #trigger: Trigger<T, W>;
  #timers: Timer<W>[] = [];
  #watermark = Number.MIN_SAFE_INTEGER;
  #now = 0;

  constructor(trigger: Trigger<T, W>) {
    this.#trigger = trigger;
    this.#backend.setCurrentKey('key');
  }

  timersOf(windows: readonly W[]): readonly number[] {
    const texts = new Set(windows.map(String));
    return this.#timers.filter(({ window }) => texts.has(window.toString())).map(({ time }) => time);
  }

  /** What its states hold, of all windows. */
  get stored(): readonly unknown[] {
    return this.#used.flatMap(({ descriptor, window }) => contentOf(descriptor.kind, this.#state(descriptor).at(window)));
  }

  /** Another object goes on: a trigger keeps nothing in its fields. */
  replace(trigger: Trigger<T, W>): void {
    this.#trigger = trigger;
  }

  record({ value, timestamp }: BenchRecord<T>, window: W): void {
    this.#note('onElement', window, this.#trigger.onElement(value, timestamp, window, this.#context(window)));
  }

  watermark(watermark: number): void {
    this.#watermark = watermark;
    this.#fire(({ isEventTime, time }) => isEventTime && time <= watermark);
  }

  clock(now: number): void {
    this.#now = now;
    this.#fire(({ isEventTime, time }) => !isEventTime && time <= now);
  }

  clear(window: W): void {
    this.#trigger.clear(window, this.#context(window));
  }

  /** As the window operator does it: `onMerge` of the result, then `clear` of each that has gone. */
  merge(merged: readonly W[], result: W): void {
    this.#trigger.onMerge(result, this.#context(result, merged));
    for (const window of merged) this.clear(window);
  }

  #fire(isDue: (timer: Timer<W>) => boolean): void {
    for (let fired = 0; ; fired++) {
      const due = this.#timers.filter(isDue).sort((a, b) => a.time - b.time)[0];
      if (due === undefined) return;
      if (fired === FIRINGS_MAX) throw new Error(`the trigger sets timers without end: ${FIRINGS_MAX} fired up to ${due.time}`);
      this.#timers = this.#timers.filter((timer) => timer !== due);
      const context = this.#context(due.window);
      const method = due.isEventTime ? 'onEventTime' : 'onProcessingTime';
      this.#note(`${method}(${due.time})`, due.window, this.#trigger[method](due.time, due.window, context));
    }
  }

  #note(call: string, window: W, result: TriggerResult): void {
    if (!['CONTINUE', 'FIRE', 'PURGE', 'FIRE_AND_PURGE'].includes(result))
      throw new Error(`${call} returned ${String(result)}: a trigger returns CONTINUE, FIRE, PURGE or FIRE_AND_PURGE`);
    this.results.push(`${call} of ${window.toString()}: ${result}`);
  }

  #context(window: W, merged: readonly W[] = []): OnMergeContext {
    const set = (isEventTime: boolean) => (time: number) => {
      if (!Number.isSafeInteger(time))
        throw new Error(`the trigger set a timer at ${time}: a time is a safe integer, milliseconds since the epoch`);
      this.#timers = [...this.#without(isEventTime, time, window), { isEventTime, time, window }];
    };
    const remove = (isEventTime: boolean) => (time: number) => {
      this.#timers = this.#without(isEventTime, time, window);
    };
    return {
      currentProcessingTime: () => this.#now,
      currentWatermark: () => this.#watermark,
      registerEventTimeTimer: set(true),
      registerProcessingTimeTimer: set(false),
      deleteEventTimeTimer: remove(true),
      deleteProcessingTimeTimer: remove(false),
      getPartitionedState: (descriptor) => this.#stateAt(descriptor, window),
      mergePartitionedState: (descriptor) => this.#state(descriptor).mergeNamespaces(window, merged),
    };
  }

  #state<S>(descriptor: StateDescriptor<S>): NamespacedState<S, W> {
    return this.#backend.getNamespacedState(descriptor, { idOf: (one: W) => one.toString() });
  }

  #stateAt<S>(descriptor: StateDescriptor<S>, window: W): S {
    this.#used.push({ descriptor: descriptor as unknown as StateDescriptor<Contents>, window });
    return this.#state(descriptor).at(window);
  }

  #without(isEventTime: boolean, time: number, window: W): Timer<W>[] {
    const isIt = (timer: Timer<W>) =>
      timer.isEventTime === isEventTime && timer.time === time && timer.window.toString() === window.toString();
    return this.#timers.filter((timer) => !isIt(timer));
  }
}

type Contents = ValueState<unknown> & ListState<unknown> & MapState<unknown, unknown> & ReducingState<unknown>;

function contentOf(kind: StateKind, state: Contents): readonly unknown[] {
  switch (kind) {
    case 'value':
      return state.value() === undefined ? [] : [state.value()];
    case 'list':
      return [...state.get()];
    case 'map':
      return [...state.entries()];
    default: {
      const value: unknown = (state as ReducingState<unknown>).get();
      return value === undefined ? [] : [value];
    }
  }
}
