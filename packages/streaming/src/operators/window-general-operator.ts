/**
 * Windows of every kind: any assigner, merging or not, any trigger, evictor and window function, in event time and processing time. All it knows is in keyed state
 * and timers, with the window as their namespace; what it keeps in fields is of the call under way. Flink: `WindowOperator`.
 *
 * W1 a window lives until its cleanup time; then contents, trigger state and, of windows that merge, its entry go. A record for a window whose cleanup time the
 *    watermark has reached is late for it.
 * W2 state is up to date before anything is emitted, and what is emitted does not hang on it: a suspended emission stops nothing but timers and watermarks.
 * W3 timers of windows that are gone do nothing.
 */
import type { MaybePromise } from '../contract/emittable.ts';
import type { KeyedStateBackend } from '../contract/keyed-state.ts';
import type { OneInputOperator, OperatorContext, Output } from '../contract/operator.ts';
import type { StateInitializationContext, StateSnapshotContext } from '../contract/snapshot.ts';
import { ValueStateDescriptor } from '../contract/state-descriptor.ts';
import type { InternalTimer, InternalTimerService, Triggerable } from '../contract/timers.ts';
import { MAX_TIMESTAMP, NO_TIMESTAMP } from '../contract/timestamp.ts';
import { MergingWindowAssigner } from '../window/merging-window-assigner.ts';
import type { Trigger } from '../window/trigger.ts';
import { fires, purges, type TriggerResult } from '../window/trigger-result.ts';
import type { Window } from '../window/window.ts';
import type { WindowAssignerContext } from '../window/window-assigner.ts';
import { FunctionOperator } from './function-life.ts';
import { type Assigning, assigningOf } from './window-assigning.ts';
import { type WindowContents, windowContents } from './window-contents.ts';
import { EvictingContents } from './window-evicting.ts';
import { processorOf, WindowFiring } from './window-firing.ts';
import { readLayout, type WindowLayout, writeLayout } from './window-layout.ts';
import { WindowLifetime } from './window-lifetime.ts';
import { type Merge, MergingWindows, type StoredMerging } from './window-merging.ts';
import { WindowNamespaces } from './window-namespaces.ts';
import { shrunk, withoutTimestamp } from './window-refusals.ts';
import type { WindowSpec } from './window-spec.ts';
import { WindowTriggering } from './window-triggering.ts';

const LAYOUT: WindowLayout = { kind: 'general', grid: undefined };

export class GeneralWindowOperator<T, K, W extends Window, ACC, V, R>
  extends FunctionOperator
  implements OneInputOperator<T>, Triggerable<K, W>, WindowAssignerContext
{
  numLateRecordsDropped: number;
  readonly #context: OperatorContext;
  readonly #selector: (record: T) => K;
  readonly #assigning: Assigning<T, W>;
  readonly #backend: KeyedStateBackend;
  readonly #timers: InternalTimerService<W>;
  readonly #lifetime: WindowLifetime;
  readonly #contents: WindowContents<T, W, V>;
  readonly #trigger: Trigger<T, W>;
  readonly #triggering: WindowTriggering<W>;
  readonly #firing: WindowFiring<K, W, V, R>;
  readonly #merging: MergingWindows<T, W> | undefined;
  readonly #lateTagId: string | undefined;
  readonly #lateOutput: Output<unknown> | undefined;
  /** Of the firing under way, for `#emit`. */
  #key: K | undefined;
  #window: W | undefined;
  readonly #emit: (value: V) => void;
  readonly #onMerge: (merge: Merge<W>) => void;

  constructor(context: OperatorContext, spec: WindowSpec<T, K, W, ACC, V, R>) {
    const { assigner, lateTagId } = spec;
    const processor = processorOf(spec.windowFunction, context);
    super(processor?.life);
    const namespaces = new WindowNamespaces<W>(assigner.alignment() !== undefined, assigner as Pick<typeof assigner, 'windowOf'>);
    this.numLateRecordsDropped = 0;
    this.#context = context;
    this.#selector = spec.key.selector;
    this.#assigning = assigningOf(assigner, context);
    this.#backend = context.keyedState;
    this.#timers = context.timers<K, W>('window-timers', this, namespaces); // Flink's name of them
    this.#lifetime = new WindowLifetime(assigner.isEventTime(), spec.allowedLatenessMs ?? 0);
    this.#contents = contentsOf(context, spec, { namespaces, timers: this.#timers });
    this.#trigger = spec.trigger ?? assigner.getDefaultTrigger();
    const { keyedState: backend } = context;
    this.#triggering = new WindowTriggering({ backend, namespaces, timers: this.#timers, lifetime: this.#lifetime });
    this.#merging = mergingOf(spec, backend, namespaces);
    const ports = { context, time: this.#timers, namespaces, merges: this.#merging !== undefined };
    this.#firing = new WindowFiring(ports, spec.windowFunction, processor);
    this.#lateTagId = lateTagId;
    this.#lateOutput = lateTagId === undefined ? undefined : context.sideOutput(lateTagId);
    this.#key = undefined;
    this.#window = undefined;
    this.#emit = (value) => this.#firing.fire(this.#key as K, this.#window as W, value);
    this.#onMerge = (merge) => this.#merged(merge);
  }

  override initializeState(context: StateInitializationContext): MaybePromise<void> {
    readLayout(context, LAYOUT, this.#context.runtime);
    this.#assigning.initializeState(context);
    return super.initializeState(context);
  }

  override snapshotState(context: StateSnapshotContext): MaybePromise<void> {
    writeLayout(context, LAYOUT, this.#context.runtime, this.#timers.currentWatermark());
    this.#assigning.snapshotState(context);
    return super.snapshotState(context);
  }

  override close(): MaybePromise<void> {
    this.#firing.emissions.close();
    return super.close();
  }

  get isSuspended(): boolean {
    return this.#firing.emissions.isSuspended;
  }

  getCurrentProcessingTime(): number {
    return this.#context.currentProcessingTime();
  }

  processElement(record: T): void {
    const { timestamp } = this.#context.flow;
    if (timestamp === NO_TIMESTAMP && this.#lifetime.isEventTime) throw withoutTimestamp();
    this.#key = this.#selector(record);
    this.#backend.setCurrentKey(this.#key);
    this.#merging?.load();
    let isInWindow = false;
    let isLate = true;
    for (const window of this.#assigning.assign(record, timestamp, this)) {
      isInWindow = true;
      if (this.#take(record, timestamp, window)) isLate = false;
    }
    this.#merging?.save();
    if (isInWindow && isLate) this.#refuseLate(record, timestamp);
  }

  processWatermark(timestamp: number): boolean {
    return this.#timers.advanceWatermark(timestamp);
  }

  resume(): boolean {
    return this.#firing.emissions.resume() && this.#timers.resume();
  }

  onEventTime(timer: InternalTimer<K, W>): boolean {
    if (this.#enter(timer, true)) {
      const { timestamp, namespace } = timer;
      this.#act(this.#trigger.onEventTime(timestamp, namespace, this.#triggering), namespace);
      if (this.#lifetime.isEventTime && timestamp === this.#lifetime.cleanupTime(namespace)) this.#drop(namespace);
    }
    return !this.isSuspended;
  }

  onProcessingTime(timer: InternalTimer<K, W>): boolean {
    if (this.#enter(timer, false)) {
      const { timestamp, namespace } = timer;
      this.#act(this.#trigger.onProcessingTime(timestamp, namespace, this.#triggering), namespace);
      if (!this.#lifetime.isEventTime && timestamp === this.#lifetime.cleanupTime(namespace)) this.#drop(namespace);
    }
    return !this.isSuspended;
  }

  /** Adds a record to one of its windows; false when it is late for it. */
  #take(record: T, timestamp: number, assigned: W): boolean {
    const window = this.#merging === undefined ? assigned : this.#merging.add(assigned, this.#onMerge);
    if (this.#lifetime.isLate(window, this.#timers.currentWatermark())) {
      this.#merging?.retire(window);
      return false;
    }
    this.#contents.at(this.#merging?.stateWindowOf(window) ?? window);
    this.#contents.add(record, timestamp);
    this.#triggering.window = window;
    this.#act(this.#trigger.onElement(record, timestamp, window, this.#triggering), window);
    this.#registerCleanup(window);
    return true;
  }

  /** Moves everything to the timer's key and window; false when that window is gone (W3). */
  #enter({ key, namespace, timestamp }: InternalTimer<K, W>, isEventTimer: boolean): boolean {
    this.#key = key;
    this.#triggering.window = namespace;
    if (this.#isOver(namespace, timestamp, isEventTimer)) return false;
    if (this.#merging === undefined) {
      this.#contents.at(namespace);
      return true;
    }
    this.#merging.load();
    const stateWindow = this.#merging.stateWindowOf(namespace);
    if (stateWindow !== undefined) this.#contents.at(stateWindow);
    return stateWindow !== undefined;
  }

  /** Whether a timer comes after the window's end: by its own time where that is the window's, else by the watermark. */
  #isOver(window: W, timestamp: number, isEventTimer: boolean): boolean {
    const { isEventTime } = this.#lifetime;
    if (isEventTime === isEventTimer) return timestamp > this.#lifetime.cleanupTime(window);
    return this.#lifetime.isLate(window, this.#timers.currentWatermark());
  }

  #act(result: TriggerResult, window: W): void {
    if (fires(result)) {
      this.#window = window;
      this.#contents.evaluate(window, this.#emit);
    }
    if (purges(result)) this.#contents.clear();
  }

  /** W1 */
  #drop(window: W): void {
    this.#contents.clear();
    this.#trigger.clear(window, this.#triggering);
    this.#firing.clear(window);
    this.#merging?.retire(window);
    this.#merging?.save();
  }

  #merged({ result, merged, stateWindow, stateWindows }: Merge<W>): void {
    const now = this.#lifetime.isEventTime ? this.#timers.currentWatermark() : this.#timers.currentProcessingTime();
    if (this.#lifetime.cleanupTime(result) <= now) throw shrunk(result, merged);
    this.#triggering.window = result;
    this.#triggering.merged = merged;
    this.#trigger.onMerge(result, this.#triggering);
    for (const window of merged) {
      this.#triggering.window = window;
      this.#trigger.clear(window, this.#triggering);
      this.#deleteCleanup(window);
    }
    this.#contents.merge(stateWindow, stateWindows);
  }

  #registerCleanup(window: W): void {
    const time = this.#lifetime.cleanupTime(window);
    if (time === MAX_TIMESTAMP) return; // stays to the end
    if (this.#lifetime.isEventTime) this.#timers.registerEventTimeTimer(window, time);
    else this.#timers.registerProcessingTimeTimer(window, time);
  }

  #deleteCleanup(window: W): void {
    const time = this.#lifetime.cleanupTime(window);
    if (this.#lifetime.isEventTime) this.#timers.deleteEventTimeTimer(window, time);
    else this.#timers.deleteProcessingTimeTimer(window, time);
  }

  #refuseLate(record: T, timestamp: number): void {
    if (this.#lateTagId === undefined) this.numLateRecordsDropped++;
    else {
      this.#context.flow.timestamp = timestamp;
      this.#lateOutput?.collect(record);
    }
  }
}

interface ContentsPorts<W extends Window> {
  readonly namespaces: WindowNamespaces<W>;
  readonly timers: InternalTimerService<W>;
}

function contentsOf<T, K, W extends Window, ACC, V, R>(
  { keyedState: backend }: OperatorContext,
  { aggregation, evictor }: WindowSpec<T, K, W, ACC, V, R>,
  { namespaces, timers }: ContentsPorts<W>,
): WindowContents<T, W, V> {
  if (evictor === undefined) return windowContents(backend, aggregation, namespaces);
  return new EvictingContents({ backend, namespaces, aggregation, evictor, context: timers });
}

function mergingOf<T, K, W extends Window, ACC, V, R>(
  { assigner }: WindowSpec<T, K, W, ACC, V, R>,
  backend: KeyedStateBackend,
  namespaces: WindowNamespaces<W>,
): MergingWindows<T, W> | undefined {
  if (!(assigner instanceof MergingWindowAssigner)) return undefined;
  const state = backend.getPartitionedState(new ValueStateDescriptor<StoredMerging>('merging-window-set')); // Flink's name of it
  return new MergingWindows<T, W>(assigner, namespaces, state);
}
