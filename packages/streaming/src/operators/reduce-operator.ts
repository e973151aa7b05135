/**
 * The rolling reduce of a keyed stream: each record is joined with what its key has added up to, and the result is emitted. Flink: "Reduce".
 *
 * The reduced record of a key is both stored and emitted, so a reducer must make a new one (O4 of the operator contract).
 */
import { UsageError } from '@millrace/core/base/errors';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { KeyContext, OneInputOperator, OperatorContext, OperatorLogic, Output } from '../contract/operator.ts';
import type { KeyedTable } from '../contract/state.ts';
import { FinalResults } from './final-results.ts';

/** Flink's name of it. */
const STATE = '_op_state';

export interface ReduceSpec<T, K> {
  readonly key: KeyContext<T, K>;
  readonly reducer: (reduced: T, record: T) => T;
  /** Of the records. */
  readonly type?: TypeInformation<T> | undefined;
}

/** @cold */
export function reduceOperator<T, K>(spec: ReduceSpec<T, K>): OperatorLogic {
  const create = (context: OperatorContext) => new ReduceOperator(context, spec) as unknown as OneInputOperator;
  return { kind: 'operator', create, key: spec.key as unknown as KeyContext };
}

class ReduceOperator<T, K> implements OneInputOperator<T> {
  readonly #table: KeyedTable<K, T>;
  readonly #selector: (record: T) => K;
  readonly #reducer: (reduced: T, record: T) => T;
  readonly #output: Output<unknown>;
  readonly #guard: ((record: unknown) => void) | undefined;
  /** In BATCH mode. */
  readonly #finals: FinalResults<K, T> | undefined;

  constructor(context: OperatorContext, { key, reducer, type }: ReduceSpec<T, K>) {
    this.#table = context.tables.createTable<K, T>(STATE, key.type, type);
    this.#guard = context.tables.storedTypeGuard?.(STATE);
    this.#selector = key.selector;
    this.#reducer = reducer;
    this.#output = context.output;
    this.#finals = context.settings.isBatch ? new FinalResults<K, T>(context, this.#table, (reduced) => reduced) : undefined;
  }

  processElement(record: T): void {
    if (this.#guard !== undefined) this.#guard(record);
    const slot = this.#table.slotOf(this.#selector(record));
    const before = this.#table.values[slot];
    const reduced = before === undefined ? record : this.#reduce(before, record);
    this.#table.values[slot] = reduced;
    if (this.#finals === undefined) this.#output.collect(reduced);
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

  #reduce(before: T, record: T): T {
    const reduced = this.#reducer(before, record);
    if (reduced === undefined || reduced instanceof Promise) throw refused(reduced);
    return reduced;
  }
}

/** @cold */
function refused(result: unknown): UsageError {
  const seen = result === undefined ? 'undefined' : 'a promise';
  return new UsageError(`A reducer returned ${seen}. Return the reduced record itself, synchronously.`);
}
