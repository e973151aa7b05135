/**
 * All records of a subtask in order, at the end of a bounded input: sorted in managed memory and, past that, in files. For jobs that take no checkpoints: in those that do,
 * records are state, and `partitionWindowOperator` keeps them.
 *
 * SP1 everything is emitted when the last watermark comes and before it goes on, with the last timestamp there is, as from a global window.
 */
import { createCodec } from '@millrace/core/types/codec';
import { descriptionOf } from '@millrace/core/types/types';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { MemoryUse } from '../contract/memory-use.ts';
import type { OneInputOperator, OperatorContext } from '../contract/operator.ts';
import { MAX_TIMESTAMP, MAX_WATERMARK } from '../contract/timestamp.ts';
import { type Compare, ExternalSorter } from './external-sorter.ts';
import { IterableEmitter } from './iterable-emitter.ts';

export class SortPartitionOperator implements OneInputOperator {
  readonly #context: OperatorContext;
  readonly #sorter: ExternalSorter;
  readonly #emitter: IterableEmitter;

  constructor(context: OperatorContext, type: TypeInformation<unknown> | undefined, compare: Compare) {
    this.#context = context;
    this.#sorter = new ExternalSorter(createCodec(descriptionOf(type)), context.memory, compare);
    this.#emitter = new IterableEmitter(context.flow, context.output, 'sortPartition');
  }

  processElement(record: unknown): void {
    this.#sorter.add(record);
  }

  processWatermark(timestamp: number): boolean {
    if (timestamp !== MAX_WATERMARK) return true;
    this.#context.flow.timestamp = MAX_TIMESTAMP;
    this.#emitter.emit(this.#sorter.sorted());
    return !this.#emitter.isSuspended;
  }

  resume(): boolean {
    return this.#emitter.resume();
  }

  memoryUse(): readonly MemoryUse[] {
    return [this.#sorter.memoryUse()];
  }

  close(): void {
    this.#emitter.close();
    this.#sorter.close();
  }
}
