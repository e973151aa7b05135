/**
 * Calls the window function of a firing and emits what it makes. Owned by one general window operator.
 *
 * F1 a result carries the last millisecond of its window as its timestamp, what the function sends to side outputs too.
 * F2 the current key of the backend is the window's during the call.
 */
import { DataError } from '@millrace/core/base/errors';
import type { Collector } from '../contract/emittable.ts';
import type { KeyedStateStore } from '../contract/keyed-state.ts';
import type { OperatorContext, Output } from '../contract/operator.ts';
import type { OutputTag } from '../contract/output-tag.ts';
import { MAX_TIMESTAMP } from '../contract/timestamp.ts';
import type { ReadOnlyTimerService } from '../contract/timers.ts';
import type { ProcessWindowContext } from '../window/process-window-context.ts';
import type { Window } from '../window/window.ts';
import type { WindowNamespaces } from './window-namespaces.ts';
import { WindowOutput } from './window-output.ts';
import { promiseRefused } from './window-refusals.ts';
import type { AnyWindowFunction, WindowProcessor } from './window-spec.ts';
import { WindowStateStore } from './window-state-store.ts';

export interface FiringPorts<W extends Window> {
  readonly context: OperatorContext;
  readonly time: ReadOnlyTimerService;
  readonly namespaces: WindowNamespaces<W>;
  /** Windows that merge have no state of their own, as in Flink: which one's would it be? */
  readonly merges: boolean;
}

/** The rich window function of a subtask, where there is one. */
export function processorOf<K, W extends Window, V, R>(
  fn: AnyWindowFunction<K, W, V, R> | undefined,
  context: OperatorContext,
): WindowProcessor<K, W, V, R> | undefined {
  return typeof fn === 'object' && 'create' in fn ? fn.create(context) : undefined;
}

export class WindowFiring<K, W extends Window, V, R> implements ProcessWindowContext<W>, Collector<unknown> {
  readonly emissions: WindowOutput;
  readonly #ports: FiringPorts<W>;
  readonly #record: ((key: K, window: W, value: V, context: ProcessWindowContext<W>) => R | undefined) | undefined;
  readonly #flat: ((key: K, window: W, value: V, context: ProcessWindowContext<W>) => Iterable<R>) | undefined;
  readonly #processor: WindowProcessor<K, W, V, R> | undefined;
  readonly #sideOutputs: Map<string, Output<unknown> | undefined>;
  #window: W | undefined;
  #timestamp: number;
  #windowState: WindowStateStore<W> | undefined;

  constructor(ports: FiringPorts<W>, fn: AnyWindowFunction<K, W, V, R> | undefined, processor: WindowProcessor<K, W, V, R> | undefined) {
    this.emissions = new WindowOutput(ports.context.flow, ports.context.output);
    this.#ports = ports;
    this.#record = typeof fn === 'function' ? fn : undefined;
    this.#flat = typeof fn === 'object' && 'flat' in fn ? fn.flat : undefined;
    this.#processor = processor;
    this.#sideOutputs = new Map();
    this.#window = undefined;
    this.#timestamp = 0;
    this.#windowState = undefined;
  }

  fire(key: K, window: W, value: V): void {
    this.#enter(window);
    if (this.#flat !== undefined) this.emissions.items(this.#flat(key, window, value, this), this.#timestamp);
    else if (this.#processor !== undefined) this.#refusePromise(this.#processor.process(key, this, value, this));
    else this.#emit(this.#record === undefined ? value : this.#record(key, window, value, this));
  }

  /** The window goes: the function forgets what it kept of it. */
  clear(window: W): void {
    if (this.#processor?.clear === undefined) return;
    this.#enter(window);
    this.#processor.clear(this);
  }

  /** Of a processor, which emits as it goes: beyond the credit it is overdraft (O2), for nobody could suspend it. */
  collect(record: unknown): void {
    const { flow, output } = this.#ports.context;
    if (record === undefined) throw new DataError('A window function collected undefined, which is no record. Collect null, or nothing.');
    if (this.emissions.isSuspended) this.emissions.record(record, this.#timestamp);
    else {
      flow.timestamp = this.#timestamp;
      output.collect(record);
    }
  }

  window(): W {
    return this.#window as W;
  }

  currentWatermark(): number {
    return this.#ports.time.currentWatermark();
  }

  currentProcessingTime(): number {
    return this.#ports.time.currentProcessingTime();
  }

  windowState(): KeyedStateStore {
    const { context, namespaces, merges } = this.#ports;
    this.#windowState ??= new WindowStateStore(context.keyedState, namespaces, merges);
    this.#windowState.window = this.#window;
    return this.#windowState;
  }

  globalState(): KeyedStateStore {
    return this.#ports.context.keyedState;
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    const { context } = this.#ports;
    if (!this.#sideOutputs.has(tag.id)) this.#sideOutputs.set(tag.id, context.sideOutput(tag.id));
    context.flow.timestamp = this.#timestamp;
    this.#sideOutputs.get(tag.id)?.collect(value);
  }

  #enter(window: W): void {
    this.#window = window;
    this.#timestamp = Math.min(window.maxTimestamp(), MAX_TIMESTAMP);
  }

  #emit(result: unknown): void {
    if (result === undefined) return;
    this.#refusePromise(result);
    this.emissions.record(result, this.#timestamp);
  }

  #refusePromise(result: unknown): void {
    if (result instanceof Promise)
      throw promiseRefused(
        this.#record === undefined && this.#processor === undefined ? 'getResult of an aggregate function' : 'A window function',
      );
  }
}
