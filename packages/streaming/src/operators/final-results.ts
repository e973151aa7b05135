/**
 * In BATCH mode a rolling aggregate emits the last result of each key alone, when the last watermark comes and before it goes on.
 *
 * Owned by the operator, which hands on its `processWatermark`, `resume` and `close`.
 */
import type { OperatorContext } from '../contract/operator.ts';
import type { KeyedTable } from '../contract/state.ts';
import { MAX_TIMESTAMP, MAX_WATERMARK } from '../contract/timestamp.ts';
import { IterableEmitter } from './iterable-emitter.ts';

export class FinalResults<K, V> {
  readonly #table: KeyedTable<K, V>;
  readonly #resultOf: (value: V) => unknown;
  readonly #emitter: IterableEmitter;

  constructor({ flow, output }: OperatorContext, table: KeyedTable<K, V>, resultOf: (value: V) => unknown) {
    this.#table = table;
    this.#resultOf = resultOf;
    this.#emitter = new IterableEmitter(flow, output, 'A rolling aggregate');
  }

  processWatermark(timestamp: number): boolean {
    if (timestamp !== MAX_WATERMARK) return true;
    this.#emitter.emitAll({ iterator: this.#results(), timestamp: MAX_TIMESTAMP });
    return !this.#emitter.isSuspended;
  }

  resume(): boolean {
    return this.#emitter.resume();
  }

  close(): void {
    this.#emitter.close();
  }

  /** Nothing is added any more: slots stay where they are (T1 of the table's contract). */
  *#results(): Generator<unknown, void> {
    const table = this.#table;
    for (let slot = 0; slot < table.capacity; slot++) {
      if (table.isUsed(slot)) yield this.#resultOf(table.values[slot] as V);
    }
  }
}
