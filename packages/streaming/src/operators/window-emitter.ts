/**
 * Turns the accumulator of a key and window into a record behind the operator. Owned by one window operator.
 *
 * E1 `flow.timestamp` is the window's last millisecond when `collect` is called, for the side outputs of the window function too.
 */
import type { KeyedStateStore } from '../contract/keyed-state.ts';
import type { OperatorContext, Output, TaskFlow } from '../contract/operator.ts';
import type { OutputTag } from '../contract/output-tag.ts';
import { NO_TIMESTAMP } from '../contract/timestamp.ts';
import type { ProcessWindowContext } from '../window/process-window-context.ts';
import type { TimeWindow } from '../window/time-window.ts';
import type { Accumulation } from './accumulation.ts';
import { resultTimestamp } from './window-grid.ts';
import { WindowNamespaces } from './window-namespaces.ts';
import { promiseRefused } from './window-refusals.ts';
import type { WindowFunction } from './window-spec.ts';
import { WindowStateStore } from './window-state-store.ts';

export class WindowEmitter<K, ACC, V, R> implements ProcessWindowContext<TimeWindow> {
  /** As the last one was announced, for `currentWatermark`. */
  watermark: number;
  readonly #context: OperatorContext;
  readonly #flow: TaskFlow;
  readonly #output: Output<unknown>;
  readonly #accumulation: Accumulation<never, ACC, V>;
  readonly #windowFunction: WindowFunction<K, TimeWindow, V, R> | undefined;
  readonly #sideOutputs: Map<string, Output<unknown> | undefined>;
  /** True where the accumulator lives on after a firing, so that a result that is the accumulator itself must be a copy. */
  readonly #keepsState: boolean;
  #window: TimeWindow | undefined;
  #timestamp: number;
  #key: K | undefined; // of the call under way
  #windowState: WindowStateStore<TimeWindow> | undefined;

  constructor(
    context: OperatorContext,
    accumulation: Accumulation<never, ACC, V>,
    windowFunction: WindowFunction<K, TimeWindow, V, R> | undefined,
    keepsState: boolean,
  ) {
    this.watermark = NO_TIMESTAMP;
    this.#context = context;
    this.#flow = context.flow;
    this.#output = context.output;
    this.#accumulation = accumulation;
    this.#windowFunction = windowFunction;
    this.#sideOutputs = new Map();
    this.#keepsState = keepsState;
    this.#window = undefined;
    this.#timestamp = NO_TIMESTAMP;
    this.#key = undefined;
    this.#windowState = undefined;
  }

  /** The window that `emit` is about, until the next call. */
  enter(window: TimeWindow): void {
    this.#window = window;
    this.#timestamp = resultTimestamp(window);
  }

  emit(key: K, accumulator: ACC): void {
    this.#flow.timestamp = this.#timestamp; // E1
    this.#key = key;
    let value = this.#accumulation.getResult(accumulator);
    if (this.#keepsState && (value as unknown) === accumulator) value = this.#accumulation.copy(accumulator) as unknown as V;
    const result = this.#windowFunction === undefined ? value : this.#windowFunction(key, this.window(), value, this);
    if (result === undefined) return;
    if (result instanceof Promise)
      throw promiseRefused(this.#windowFunction === undefined ? 'getResult of an aggregate function' : 'A window function');
    this.#output.collect(result);
  }

  window(): TimeWindow {
    return this.#window as TimeWindow;
  }

  currentWatermark(): number {
    return this.watermark;
  }

  currentProcessingTime(): number {
    return this.#context.currentProcessingTime();
  }

  windowState(): KeyedStateStore {
    const { keyedState } = this.#context;
    keyedState.setCurrentKey(this.#key);
    this.#windowState ??= new WindowStateStore(keyedState, new WindowNamespaces<TimeWindow>(true), false);
    this.#windowState.window = this.#window;
    return this.#windowState;
  }

  globalState(): KeyedStateStore {
    const { keyedState } = this.#context;
    keyedState.setCurrentKey(this.#key);
    return keyedState;
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    if (!this.#sideOutputs.has(tag.id)) this.#sideOutputs.set(tag.id, this.#context.sideOutput(tag.id));
    this.#sideOutputs.get(tag.id)?.collect(value);
  }
}
