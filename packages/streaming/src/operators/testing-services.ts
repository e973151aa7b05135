/**
 * Keyed state and timers without cleverness, for benches of operators: a Map from the JSON of key, state and namespace, a list of timers that is searched every time.
 * The runtime's own are tested against the same contracts in their room.
 */
import assert from 'node:assert/strict';
import type { AggregateFunction } from '../contract/functions.ts';
import type { KeyedStateBackend, NamespacedState, NamespaceType, OperatorStateStore } from '../contract/keyed-state.ts';
import type {
  AggregatingStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  StateDescriptor,
  StateKind,
} from '../contract/state-descriptor.ts';
import type { InternalTimerService, Triggerable } from '../contract/timers.ts';
import { NO_TIMESTAMP } from '../contract/timestamp.ts';
import type { BenchPorts, BenchServices } from './testing-fakes.ts';

const NONE = { idOf: () => '' };

/** Everything that is stored, so that tests see what is left over. */
export class PlainState {
  readonly cells = new Map<string, unknown>();
  readonly timers: PlainTimers<unknown, never>[] = [];
  now = 0;
  #key: unknown = undefined;

  get numTimers(): number {
    return this.timers.reduce((sum, service) => sum + service.numEventTimeTimers + service.numProcessingTimeTimers, 0);
  }

  /** Moves the clock and fires, as the runtime does between two elements. */
  advanceTo(now: number): boolean {
    this.now = now;
    return this.timers.every((service) => service.fireProcessingTime());
  }

  readonly services = (ports: BenchPorts): BenchServices => ({
    keyedState: this.#backend(),
    operatorState: undefined as unknown as OperatorStateStore,
    timers: <K, N>(_name: string, triggerable: Triggerable<K, N>, namespaces: NamespaceType<N>): InternalTimerService<N> => {
      const service = new PlainTimers<K, N>(triggerable, namespaces, { ports, state: this });
      this.timers.push(service as unknown as PlainTimers<unknown, never>);
      return service;
    },
    schedule: () => ({ cancel: () => {} }),
  });

  get key(): unknown {
    return this.#key;
  }

  setKey(key: unknown): void {
    this.#key = key;
  }

  #backend(): KeyedStateBackend {
    const outside = <S>(descriptor: StateDescriptor<S>) => this.#namespaced(descriptor, NONE).at(undefined);
    return {
      setCurrentKey: (key) => this.setKey(key),
      getCurrentKey: () => this.#key,
      clearCurrentKey: () => this.setKey(undefined),
      getPartitionedState: outside,
      getState: outside,
      getListState: outside,
      getMapState: <N, V>(descriptor: MapStateDescriptor<N, V>) => outside(descriptor),
      getReducingState: outside,
      getAggregatingState: outside,
      getNamespacedState: (descriptor, namespaces) => this.#namespaced(descriptor, namespaces),
      applyToAllKeys: () => {
        throw new Error('not here');
      },
    };
  }

  #namespaced<S, N>(descriptor: StateDescriptor<S>, namespaces: NamespaceType<N>): NamespacedState<S, N> {
    const idAt = (namespace: N) => JSON.stringify([this.#key, descriptor.name, namespaces.idOf(namespace)]);
    let here: N | undefined;
    const cell: Cell = {
      read: () => this.cells.get(idAt(here as N)),
      write: (value) => void this.cells.set(idAt(here as N), value),
      clear: () => void this.cells.delete(idAt(here as N)),
    };
    const handle = handleOf(descriptor, cell);
    return {
      at: (namespace) => {
        here = namespace;
        return handle as S;
      },
      mergeNamespaces: (target, sources) => {
        const values = [...new Set([target, ...sources].map(idAt))].flatMap((id) => (this.cells.has(id) ? [this.cells.get(id)] : []));
        for (const source of sources) this.cells.delete(idAt(source));
        if (values.length > 0)
          this.cells.set(
            idAt(target),
            values.reduce((a, b) => mergerOf(descriptor)(a, b)),
          );
      },
    };
  }
}

interface Cell {
  read(): unknown;
  write(value: unknown): void;
  clear(): void;
}

function mergerOf(descriptor: StateDescriptor<never> | object): (a: unknown, b: unknown) => unknown {
  const { kind } = descriptor as { readonly kind: StateKind };
  if (kind === 'list') return (a, b) => [...(a as unknown[]), ...(b as unknown[])];
  if (kind === 'reducing') return (descriptor as ReducingStateDescriptor<unknown>).reducer;
  const merge = (descriptor as AggregatingStateDescriptor<unknown, unknown, unknown>).aggregate?.merge;
  if (merge === undefined) throw new Error(`state of kind ${kind} does not merge`);
  return merge;
}

function handleOf(descriptor: object, cell: Cell): unknown {
  const { kind } = descriptor as { readonly kind: StateKind };
  const clear = () => cell.clear();
  if (kind === 'value') return { value: () => cell.read(), update: (value: unknown) => cell.write(plain(value)), clear };
  if (kind === 'list') {
    const read = () => [...((cell.read() as unknown[] | undefined) ?? [])];
    const update = (values: Iterable<unknown>) => ([...values].length === 0 ? cell.clear() : cell.write([...values]));
    return {
      get: read,
      add: (value: unknown) => cell.write([...read(), value]),
      addAll: (values: Iterable<unknown>) => update([...read(), ...values]),
      update,
      clear,
    };
  }
  if (kind === 'reducing') {
    const { reducer } = descriptor as ReducingStateDescriptor<unknown>;
    const add = (value: unknown) => cell.write(cell.read() === undefined ? value : reducer(cell.read(), value));
    return { get: () => cell.read(), add, clear };
  }
  if (kind !== 'aggregating') throw new Error(`no ${kind} state here`);
  const { aggregate } = descriptor as AggregatingStateDescriptor<unknown, unknown, unknown>;
  return aggregatingHandle(aggregate, cell);
}

function aggregatingHandle(aggregate: AggregateFunction<unknown, unknown, unknown>, cell: Cell): unknown {
  return {
    get: () => (cell.read() === undefined ? undefined : structuredClone(aggregate.getResult(cell.read()))),
    add: (value: unknown) => cell.write(aggregate.add(value, cell.read() ?? aggregate.createAccumulator())),
    clear: () => cell.clear(),
  };
}

/** What a checkpoint could not write must not be stored either. */
function plain(value: unknown): unknown {
  assert.deepEqual(JSON.parse(JSON.stringify(value)), value);
  return value;
}

interface PlainTimer<N> {
  readonly id: string;
  readonly key: unknown;
  readonly namespace: N;
  readonly timestamp: number;
}

interface TimerPorts {
  readonly ports: BenchPorts;
  readonly state: PlainState;
}

export class PlainTimers<K, N> implements InternalTimerService<N> {
  readonly #triggerable: Triggerable<K, N>;
  readonly #namespaces: NamespaceType<N>;
  readonly #at: TimerPorts;
  #eventTimers: PlainTimer<N>[] = [];
  #processingTimers: PlainTimer<N>[] = [];
  #watermark = NO_TIMESTAMP;
  #isAdvancing = false;
  #isHolding = false;
  #isUnderWay = false;

  constructor(triggerable: Triggerable<K, N>, namespaces: NamespaceType<N>, at: TimerPorts) {
    this.#triggerable = triggerable;
    this.#namespaces = namespaces;
    this.#at = at;
  }

  get numEventTimeTimers(): number {
    return this.#eventTimers.length;
  }

  get numProcessingTimeTimers(): number {
    return this.#processingTimers.length;
  }

  currentProcessingTime(): number {
    return this.#at.state.now;
  }

  currentWatermark(): number {
    return this.#watermark;
  }

  registerEventTimeTimer(namespace: N, time: number): void {
    this.#eventTimers = added(this.#eventTimers, this.#timer(namespace, time));
  }

  registerProcessingTimeTimer(namespace: N, time: number): void {
    this.#processingTimers = added(this.#processingTimers, this.#timer(namespace, time));
  }

  deleteEventTimeTimer(namespace: N, time: number): void {
    const { id } = this.#timer(namespace, time);
    this.#eventTimers = this.#eventTimers.filter((timer) => timer.id !== id);
  }

  deleteProcessingTimeTimer(namespace: N, time: number): void {
    const { id } = this.#timer(namespace, time);
    this.#processingTimers = this.#processingTimers.filter((timer) => timer.id !== id);
  }

  advanceWatermark(timestamp: number): boolean {
    this.#watermark = timestamp;
    this.#isAdvancing = true;
    return this.#fire();
  }

  fireProcessingTime(): boolean {
    return this.#isHolding || this.#triggerable.isSuspended === true || this.#fire();
  }

  resume(): boolean {
    if (this.#isHolding) {
      this.#isHolding = false;
      this.#at.ports.flow.blocked--;
    }
    return !this.#isUnderWay || this.#fire(); // what has become due meanwhile waits for its own turn
  }

  #fire(): boolean {
    this.#isUnderWay = true;
    for (let due = this.#due(); due !== undefined; due = this.#due()) {
      const { flow } = this.#at.ports;
      if (flow.blocked !== 0) {
        this.#isHolding = true;
        flow.blocked++;
        return false;
      }
      const isEventTime = this.#eventTimers.includes(due);
      if (isEventTime) this.#eventTimers = this.#eventTimers.filter((timer) => timer !== due);
      else this.#processingTimers = this.#processingTimers.filter((timer) => timer !== due);
      this.#at.state.setKey(due.key);
      flow.timestamp = isEventTime ? due.timestamp : NO_TIMESTAMP;
      const timer = { key: due.key as K, namespace: due.namespace, timestamp: due.timestamp };
      if (!(isEventTime ? this.#triggerable.onEventTime(timer) : this.#triggerable.onProcessingTime(timer))) return false;
    }
    this.#isAdvancing = false;
    this.#isUnderWay = false;
    return true;
  }

  #due(): PlainTimer<N> | undefined {
    const event = least(this.#eventTimers);
    if (this.#isAdvancing && event !== undefined && event.timestamp <= this.#watermark) return event;
    const processing = least(this.#processingTimers);
    return processing !== undefined && processing.timestamp <= this.#at.state.now ? processing : undefined;
  }

  #timer(namespace: N, timestamp: number): PlainTimer<N> {
    if (!Number.isSafeInteger(timestamp)) throw new Error(`a timer at ${timestamp}`);
    const { key } = this.#at.state;
    return { id: JSON.stringify([key, this.#namespaces.idOf(namespace), timestamp]), key, namespace, timestamp };
  }
}

function added<N>(timers: PlainTimer<N>[], timer: PlainTimer<N>): PlainTimer<N>[] {
  return timers.some(({ id }) => id === timer.id) ? timers : [...timers, timer];
}

function least<N>(timers: readonly PlainTimer<N>[]): PlainTimer<N> | undefined {
  let found = timers[0];
  for (const timer of timers) if (found !== undefined && timer.timestamp < found.timestamp) found = timer;
  return found;
}
