/**
 * What tests of operators need: a task of one operator, tables without cleverness, and an outbox that refuses every n-th record, so that each emission is
 * suspended and resumed many times. Everything that the operator sends is in `log`, in order.
 */
import { NO_LOGGER } from '@millrace/core/base/log';
import { MetricRegistry } from '@millrace/core/metrics/metric-group';
import type { OneInputOperator, OperatorContext, OperatorLogic, Output } from '../contract/operator.ts';
import type { KeyedTable, KeyedTableFactory } from '../contract/state.ts';
import { TaskAccumulators } from '../contract/task-accumulators.ts';
import { NO_TIMESTAMP } from '../contract/timestamp.ts';
import { FakeMemory } from './testing-memory.ts';

export type Sent = { readonly record: unknown; readonly timestamp: number; readonly tag?: string } | { readonly watermark: number };

export interface BenchOptions {
  /** After every so many records the outbox is full; 0 for never. */
  readonly fullEvery?: number;
  /** Side outputs that somebody reads. */
  readonly tags?: readonly string[];
  readonly tables?: KeyedTableFactory;
  /** Keyed state, operator state and timers: made by whoever may import the runtime. Without, an operator that asks for them fails. */
  readonly services?: (bench: BenchPorts) => BenchServices;
  /** A moment, or a clock. */
  readonly processingTime?: number | (() => number);
  readonly subtask?: number;
  readonly parallelism?: number;
}

/** What the services of a bench are built on. */
export interface BenchPorts {
  readonly flow: { timestamp: number; blocked: number };
  readonly currentProcessingTime: () => number;
  readonly mail: (action: () => void) => void;
}

export type BenchServices = Pick<OperatorContext, 'keyedState' | 'operatorState' | 'timers' | 'schedule'> & {
  readonly tables?: KeyedTableFactory;
};

export class OperatorBench {
  readonly operator: OneInputOperator;
  readonly flow: { timestamp: number; blocked: number };
  readonly tables: KeyedTableFactory;
  readonly metrics: MetricRegistry;
  log: Sent[];
  /** Records that came while the outbox was full: O2 allows none of one operator. */
  overdraft: number;
  /** How often an emission was resumed. */
  resumed: number;
  readonly #fullEvery: number;
  #count: number;
  #isFull: boolean;

  constructor(logic: OperatorLogic, options: BenchOptions = {}) {
    if (logic.kind !== 'operator') throw new Error(`the bench runs operators, not ${logic.kind}`);
    this.flow = { timestamp: NO_TIMESTAMP, blocked: 0 };
    this.tables = options.tables ?? new MapTableFactory();
    this.metrics = new MetricRegistry();
    this.log = [];
    this.overdraft = 0;
    this.resumed = 0;
    this.#fullEvery = options.fullEvery ?? 0;
    this.#count = 0;
    this.#isFull = false;
    this.operator = logic.create(this.#contextOf(options));
  }

  record(record: unknown, timestamp: number): void {
    this.flow.timestamp = timestamp;
    this.operator.processElement(record);
    while (this.flow.blocked > 0) this.#proceed();
  }

  watermark(timestamp: number): void {
    let isDone = this.operator.processWatermark?.(timestamp) ?? true;
    while (!isDone) isDone = this.#proceed();
    while (this.flow.blocked > 0) this.#proceed();
    this.log.push({ watermark: timestamp });
  }

  /** Empties the outbox until nothing is suspended. */
  settle(): void {
    while (this.flow.blocked > 0) this.#proceed();
  }

  /** What was sent since the last call. */
  takeLog(): Sent[] {
    const taken = this.log;
    this.log = [];
    return taken;
  }

  #proceed(): boolean {
    if (this.#isFull) {
      this.#isFull = false;
      this.flow.blocked--;
    }
    this.resumed++;
    return this.operator.resume?.() ?? true;
  }

  #collect(sent: Sent): void {
    if (this.#isFull) this.overdraft++;
    this.log.push(sent);
    this.#count++;
    if (this.#fullEvery === 0 || this.#isFull || this.#count % this.#fullEvery !== 0) return;
    this.#isFull = true;
    this.flow.blocked++;
  }

  #contextOf({ tags = [], processingTime = 0, subtask = 0, parallelism = 1, services = noServices }: BenchOptions): OperatorContext {
    const ports: BenchPorts = {
      flow: this.flow,
      currentProcessingTime: typeof processingTime === 'number' ? () => processingTime : processingTime,
      mail: (action) => action(),
    };
    const made = services(ports);
    const { metrics } = this;
    const outputOf = (tag?: string): Output<unknown> => ({
      collect: (record) => this.#collect({ record, timestamp: this.flow.timestamp, ...(tag === undefined ? {} : { tag }) }),
    });
    return {
      flow: this.flow,
      output: outputOf(),
      sideOutput: (tag) => (tags.includes(tag) ? outputOf(tag) : undefined),
      runtime: {
        getTaskName: () => 'bench',
        getIndexOfThisSubtask: () => subtask,
        getNumberOfParallelSubtasks: () => parallelism,
        getMaxNumberOfParallelSubtasks: () => 128,
        getAttemptNumber: () => 0,
        getJobId: () => 'job',
        getMetricGroup: () => metrics,
        getLogger: () => NO_LOGGER,
        ...new TaskAccumulators().of('bench'),
      },
      tables: made.tables ?? this.tables,
      get keyedState() {
        return made.keyedState;
      },
      get operatorState() {
        return made.operatorState;
      },
      timers: made.timers,
      schedule: made.schedule,
      settings: { autoWatermarkRecords: 1000, autoWatermarkIntervalMs: 200, clockMayEmitWatermarks: false, isBatch: false },
      memory: new FakeMemory(),
      requestCheckpoint: undefined,
      emitWatermark: (watermark) => void this.log.push({ watermark }),
      emitWatermarkStatus: () => {},
      mail: ports.mail,
      fail: (error) => {
        throw error;
      },
      currentProcessingTime: ports.currentProcessingTime,
    };
  }
}

function noServices(): BenchServices {
  const none = () => {
    throw new Error('this bench has no services');
  };
  return { keyedState: undefined as never, operatorState: undefined as never, timers: none, schedule: none };
}

/** Counts the tables that are in use and what is in them, so that tests see state that is left over. */
export class MapTableFactory implements KeyedTableFactory {
  readonly inUse: Set<MapTable<unknown, unknown>> = new Set();

  get entries(): number {
    return [...this.inUse].reduce((sum, table) => sum + table.size, 0);
  }

  createTable<K, V>(): KeyedTable<K, V> {
    const table = new MapTable<K, V>();
    this.inUse.add(table as MapTable<unknown, unknown>);
    return table;
  }

  restoredTables(): readonly [] {
    return [];
  }

  releaseTable<K, V>(_name: string, table: KeyedTable<K, V>): void {
    if (!this.inUse.delete(table as MapTable<unknown, unknown>)) throw new Error('a table was released twice');
    table.clear();
  }
}

/** The contract at its plainest: keys by their JSON, slots moved at every removal. */
export class MapTable<K, V> implements KeyedTable<K, V> {
  readonly values: (V | undefined)[] = [];
  readonly #keys: K[] = [];
  readonly #slots = new Map<string, number>();

  get size(): number {
    return this.#keys.length;
  }

  get capacity(): number {
    return this.#keys.length;
  }

  touch(): void {}

  slotOf(key: K): number {
    const known = this.find(key);
    if (known >= 0) return known;
    this.#slots.set(JSON.stringify(key), this.#keys.length);
    this.values.push(undefined);
    return this.#keys.push(key) - 1;
  }

  find(key: K): number {
    return this.#slots.get(JSON.stringify(key)) ?? -1;
  }

  remove(key: K): boolean {
    const slot = this.find(key);
    if (slot < 0) return false;
    this.#keys.splice(slot, 1);
    this.values.splice(slot, 1);
    this.#slots.clear();
    for (let index = 0; index < this.#keys.length; index++) this.#slots.set(JSON.stringify(this.#keys[index]), index);
    return true;
  }

  clear(): void {
    this.#keys.length = 0;
    this.values.length = 0;
    this.#slots.clear();
  }

  isUsed(slot: number): boolean {
    return slot < this.#keys.length;
  }

  keyAt(slot: number): K {
    return this.#keys[slot] as K;
  }
}
