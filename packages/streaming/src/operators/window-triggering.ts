/** What a trigger sees of its key and window. One object for one operator, moved from window to window; the current key is the backend's. */
import type { KeyedStateBackend, NamespacedState } from '../contract/keyed-state.ts';
import type { StateDescriptor } from '../contract/state-descriptor.ts';
import type { InternalTimerService } from '../contract/timers.ts';
import type { OnMergeContext } from '../window/trigger.ts';
import type { Window } from '../window/window.ts';
import type { WindowLifetime } from './window-lifetime.ts';
import type { WindowNamespaces } from './window-namespaces.ts';

export interface TriggeringPorts<W extends Window> {
  readonly backend: KeyedStateBackend;
  readonly namespaces: WindowNamespaces<W>;
  readonly timers: InternalTimerService<W>;
  readonly lifetime: WindowLifetime;
}

export class WindowTriggering<W extends Window> implements OnMergeContext {
  window: W | undefined;
  /** The windows that became `window`, during `onMerge`. */
  merged: readonly W[];
  readonly #ports: TriggeringPorts<W>;

  constructor(ports: TriggeringPorts<W>) {
    this.window = undefined;
    this.merged = [];
    this.#ports = ports;
  }

  currentProcessingTime(): number {
    return this.#ports.timers.currentProcessingTime();
  }

  currentWatermark(): number {
    return this.#ports.timers.currentWatermark();
  }

  registerEventTimeTimer(time: number): void {
    this.#ports.timers.registerEventTimeTimer(this.#here(), time);
  }

  registerProcessingTimeTimer(time: number): void {
    this.#ports.timers.registerProcessingTimeTimer(this.#here(), time);
  }

  /** The timer that ends the window is the operator's: a trigger that deletes one of its own at the same time does not keep the window for ever. */
  deleteEventTimeTimer(time: number): void {
    const { lifetime, timers } = this.#ports;
    if (lifetime.isEventTime && time === lifetime.cleanupTime(this.#here())) return;
    timers.deleteEventTimeTimer(this.#here(), time);
  }

  deleteProcessingTimeTimer(time: number): void {
    const { lifetime, timers } = this.#ports;
    if (!lifetime.isEventTime && time === lifetime.cleanupTime(this.#here())) return;
    timers.deleteProcessingTimeTimer(this.#here(), time);
  }

  getPartitionedState<S>(descriptor: StateDescriptor<S>): S {
    return this.#state(descriptor).at(this.#here());
  }

  mergePartitionedState<S>(descriptor: StateDescriptor<S>): void {
    this.#state(descriptor).mergeNamespaces(this.#here(), this.merged);
  }

  #state<S>(descriptor: StateDescriptor<S>): NamespacedState<S, W> {
    return this.#ports.backend.getNamespacedState(descriptor, this.#ports.namespaces);
  }

  #here(): W {
    return this.window as W;
  }
}
