/**
 * The rolling aggregate of a keyed stream: each record is added to the accumulator of its key, and the accumulator's result is emitted. What `avg` and `fold` run on;
 * where the accumulator is a record, `reduce-operator.ts` does it without one.
 */
import type { AggregateFunction } from '../contract/functions.ts';
import type { KeyContext, OneInputOperator, OperatorContext, OperatorLogic, Output } from '../contract/operator.ts';
import type { KeyedTable } from '../contract/state.ts';
import { FinalResults } from './final-results.ts';

/** Flink's name of it. */
const STATE = '_op_state';

export interface RollingAggregateSpec<T, K, ACC, R> {
  readonly key: KeyContext<T, K>;
  readonly aggregate: AggregateFunction<T, ACC, R>;
}

/** @cold */
export function rollingAggregateOperator<T, K, ACC, R>(spec: RollingAggregateSpec<T, K, ACC, R>): OperatorLogic {
  const create = (context: OperatorContext) => new RollingAggregateOperator(context, spec) as unknown as OneInputOperator;
  return { kind: 'operator', create, key: spec.key as unknown as KeyContext };
}

class RollingAggregateOperator<T, K, ACC, R> implements OneInputOperator<T> {
  readonly #table: KeyedTable<K, ACC>;
  readonly #selector: (record: T) => K;
  readonly #aggregate: AggregateFunction<T, ACC, R>;
  readonly #output: Output<unknown>;
  /** In BATCH mode. */
  readonly #finals: FinalResults<K, ACC> | undefined;

  /** Where the state is that of another program: the accumulator is compared with it before the first record. */
  readonly #guard: ((accumulator: unknown) => void) | undefined;

  constructor(context: OperatorContext, { key, aggregate }: RollingAggregateSpec<T, K, ACC, R>) {
    this.#table = context.tables.createTable<K, ACC>(STATE, key.type, undefined);
    this.#guard = context.tables.storedTypeGuard?.(STATE);
    this.#selector = key.selector;
    this.#aggregate = aggregate;
    this.#output = context.output;
    this.#finals = context.settings.isBatch
      ? new FinalResults<K, ACC>(context, this.#table, (accumulator) => aggregate.getResult(accumulator))
      : undefined;
  }

  open(): void {
    this.#guard?.(this.#aggregate.createAccumulator());
  }

  processElement(record: T): void {
    const slot = this.#table.slotOf(this.#selector(record));
    const before = this.#table.values[slot];
    const accumulator = this.#aggregate.add(record, before === undefined ? this.#aggregate.createAccumulator() : before);
    this.#table.values[slot] = accumulator;
    if (this.#finals === undefined) this.#output.collect(this.#aggregate.getResult(accumulator));
  }

  processWatermark(timestamp: number): boolean {
    return this.#finals?.processWatermark(timestamp) ?? true;
  }

  resume(): boolean {
    return this.#finals?.resume() ?? true;
  }

  close(): void {
    this.#finals?.close();
  }
}
